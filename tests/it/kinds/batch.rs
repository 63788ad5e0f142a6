//! Jobs and ReplicationControllers, through the front door.

use serde_json::{Value, json};

use crate::{client::Client, harness};

pub const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";
const CONTROLLERS: &str = "/api/v1/namespaces/default/replicationcontrollers";

/// A template whose pods are labelled and restarted in this way.
pub fn template(labels: Value, policy: &str) -> Value {
    json!({
        "metadata": {"labels": labels},
        "spec": {"restartPolicy": policy, "containers": [{"name": "c", "image": "i:1"}]},
    })
}

/// A job with these members of its spec beside the template.
fn job(name: &str, members: &Value) -> Value {
    let mut spec = json!({"template": template(json!({}), "Never")});
    for (member, value) in members.as_object().expect("members") {
        spec[member] = value.clone();
    }
    json!({"metadata": {"name": name}, "spec": spec})
}

/// The causes of a refusal as `field: message`.
pub fn causes(status: &Value) -> Vec<String> {
    let causes = status["details"]["causes"].as_array().cloned().unwrap_or_default();
    let text = |cause: &Value, member: &str| cause[member].as_str().unwrap_or_default().to_owned();
    causes.iter().map(|cause| format!("{}: {}", text(cause, "field"), text(cause, "message"))).collect()
}

#[tokio::test]
async fn a_new_job_selects_its_own_pods() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let made = client.post(JOBS, &job("a", &json!({}))).await.expect(201).json();
    let uid = &made["metadata"]["uid"];
    let labels = json!({
        "job-name": "a", "batch.kubernetes.io/job-name": "a",
        "controller-uid": uid, "batch.kubernetes.io/controller-uid": uid,
    });
    assert_eq!(made["spec"]["template"]["metadata"]["labels"], labels);
    assert_eq!(made["metadata"]["labels"], labels);
    assert_eq!(made["spec"]["selector"], json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
    for (member, value) in [
        ("backoffLimit", json!(6)),
        ("completions", json!(1)),
        ("parallelism", json!(1)),
        ("completionMode", json!("NonIndexed")),
        ("podReplacementPolicy", json!("TerminatingOrFailed")),
        ("suspend", json!(false)),
    ] {
        assert_eq!(made["spec"][member], value, "{member}");
    }
    let alone = client.post(JOBS, &job("b", &json!({"manualSelector": true}))).await.expect(422).json();
    assert_eq!(
        causes(&alone),
        [
            "spec.selector: Required value",
            "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
        ]
    );
}

#[tokio::test]
async fn what_jobs_are_refused() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let rules =
        |rules: Value| json!({"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": rules}});
    for (members, expected) in [
        (json!({"completions": -1}), "spec.completions: Invalid value: -1: must be greater than or equal to 0"),
        (
            json!({"parallelism": 1, "completionMode": "Indexed"}),
            "spec.completions: Required value: when completion mode is Indexed",
        ),
        (
            json!({"template": template(json!({}), "Always")}),
            "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"",
        ),
        (
            json!({"backoffLimitPerIndex": 1}),
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        ),
        (
            json!({"managedBy": "me"}),
            "spec.managedBy: Invalid value: \"me\": must be a domain-prefixed path (such as \"acme.io/foo\")",
        ),
        (
            json!({"podFailurePolicy": {"rules": [{"action": "Count"}]}}),
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
        ),
        (
            rules(json!([{"succeededIndexes": "2,1"}])),
            "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"2,1\": error parsing succeededIndexes: \
             non-increasing order, previous: 2, current: 1",
        ),
        (
            rules(json!([{"succeededIndexes": "0-1", "succeededCount": 3}])),
            "spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number \
             of indexes in the specified succeededIndexes field)",
        ),
    ] {
        let refused = client.post(JOBS, &job("a", &members)).await.expect(422).json();
        assert_eq!(causes(&refused), [expected]);
    }
}

#[tokio::test]
async fn a_suspended_job_can_still_be_scheduled_elsewhere() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(JOBS, &job("a", &json!({"suspend": true}))).await.expect(201);
    let at = format!("{JOBS}/a");
    let moved = |zone: &str| json!({"spec": {"template": {"spec": {"nodeSelector": {"zone": zone}}}}});
    client.patch(&at, &moved("a")).await.expect(200);
    let resumed = client.patch(&at, &json!({"spec": {"suspend": false}})).await.expect(200).json();
    assert_eq!(resumed["metadata"]["generation"], 3);
    let refused = causes(&client.patch(&at, &moved("b")).await.expect(422).json());
    assert!(refused[0].starts_with("spec.template: Invalid value: {") && refused[0].ends_with("field is immutable"));
    let refused = causes(&client.patch(&at, &json!({"spec": {"completions": 2}})).await.expect(422).json());
    assert_eq!(refused, ["spec.completions: Invalid value: 2: field is immutable"]);
}

#[tokio::test]
async fn the_end_of_a_job_is_told_as_a_whole() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(JOBS, &job("a", &json!({}))).await.expect(201);
    let at = format!("{JOBS}/a/status");
    let condition = |kind: &str| json!({"type": kind, "status": "True"});
    let refused = client.patch(&at, &json!({"status": {"conditions": [condition("Complete")]}})).await.expect(422);
    assert_eq!(
        causes(&refused.json()),
        [
            "status.completionTime: Required value: completionTime is required for Complete jobs",
            "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true \
             condition",
            "status.startTime: Required value: startTime is required for finished job",
        ]
    );
    let status = json!({
        "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:01:00Z", "succeeded": 1,
        "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
    });
    client.patch(&at, &json!({"status": status})).await.expect(200);
    let table = "application/json;as=Table;g=meta.k8s.io;v=v1";
    let table = client.send("GET", &format!("{JOBS}/a"), &[("accept", table)], "").await.expect(200).json();
    assert_eq!(table["rows"][0]["cells"].as_array().expect("cells")[1..4], ["Complete", "1/1", "60s"]);
    let taken_back = client.patch(&at, &json!({"status": {"succeeded": 0}})).await.expect(422).json();
    assert_eq!(causes(&taken_back), ["status.succeeded: Invalid value: 0: cannot decrease the succeeded counter"]);
}

#[tokio::test]
async fn who_deletes_a_job_without_a_word_on_its_pods_is_warned_and_keeps_them() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(JOBS, &job("a", &json!({}))).await.expect(201);
    let at = format!("{JOBS}/a");
    let deleted = client.delete(&at).await.expect(200);
    assert!(deleted.header("warning").contains("child pods are preserved by default"));
    assert_eq!(deleted.json()["metadata"]["finalizers"], json!(["orphan"]));
    client.post(JOBS, &job("b", &json!({}))).await.expect(201);
    let options = json!({"propagationPolicy": "Background"}).to_string();
    let headers = [("content-type", "application/json")];
    let deleted = client.send("DELETE", &format!("{JOBS}/b"), &headers, options).await.expect(200);
    assert_eq!(deleted.header("warning"), "");
    assert_eq!(deleted.json()["status"], "Success");
}

#[tokio::test]
async fn a_replication_controller_takes_its_labels_from_its_pods() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let spec = json!({"template": template(json!({"app": "a"}), "Always")});
    let made = client.post(CONTROLLERS, &json!({"metadata": {"name": "a"}, "spec": spec})).await.expect(201).json();
    assert_eq!((&made["spec"]["selector"], &made["metadata"]["labels"]), (&json!({"app": "a"}), &json!({"app": "a"})));
    let scale = client.get(&format!("{CONTROLLERS}/a/scale")).await.expect(200).json();
    assert_eq!(scale["status"], json!({"replicas": 0, "selector": "app=a"}));
    let spec = json!({"replicas": -1, "selector": {"app": "b"}, "template": template(json!({"app": "a"}), "Never")});
    let refused = client.post(CONTROLLERS, &json!({"metadata": {"name": "b"}, "spec": spec})).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        [
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            "spec.template.metadata.labels: Invalid value: {\"app\":\"a\"}: `selector` does not match template `labels`",
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
        ]
    );
    let moved = json!({"spec": {"selector": {"app": "b"}, "template": {"metadata": {"labels": {"app": "b"}}}}});
    let moved = client.patch(&format!("{CONTROLLERS}/a"), &moved).await.expect(200).json();
    assert_eq!(moved["metadata"]["generation"], 2);
}

#[tokio::test]
async fn schedules_are_those_of_cron() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = "/apis/batch/v1/namespaces/default/cronjobs";
    let cron = |name: &str, members: Value| {
        let mut spec =
            json!({"schedule": "@daily", "jobTemplate": {"spec": {"template": template(json!({}), "Never")}}});
        for (member, value) in members.as_object().expect("members") {
            spec[member] = value.clone();
        }
        json!({"metadata": {"name": name}, "spec": spec})
    };
    let made = client.post(path, &cron("a", json!({"timeZone": "Europe/Berlin"}))).await.expect(201).json();
    for (member, value) in [
        ("concurrencyPolicy", json!("Allow")),
        ("suspend", json!(false)),
        ("successfulJobsHistoryLimit", json!(3)),
        ("failedJobsHistoryLimit", json!(1)),
    ] {
        assert_eq!(made["spec"][member], value, "{member}");
    }
    assert_eq!(made["spec"]["jobTemplate"]["spec"].get("backoffLimit"), None);
    for schedule in ["*/15 0-6,22 * jan-mar sun", "@every 1h30m", "0 0 31 2 *"] {
        client.post(&format!("{path}?dryRun=All"), &cron("b", json!({"schedule": schedule}))).await.expect(201);
    }
    for (schedule, why) in [
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("a * * * *", "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax"),
        ("@often", "unrecognized descriptor: @often"),
    ] {
        let refused = client.post(path, &cron("b", json!({"schedule": schedule}))).await.expect(422).json();
        assert_eq!(causes(&refused), [format!("spec.schedule: Invalid value: {}: {why}", json!(schedule))]);
    }
    let refused = client.post(path, &cron("b", json!({"timeZone": "europe/berlin"}))).await.expect(422).json();
    assert_eq!(causes(&refused), ["spec.timeZone: Invalid value: \"europe/berlin\": unknown time zone europe/berlin"]);
    let raised = client.patch(&format!("{path}/a"), &json!({"spec": {"suspend": true}})).await.expect(200).json();
    assert_eq!(raised["metadata"]["generation"], 2);
}
