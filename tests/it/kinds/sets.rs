//! StatefulSets, DaemonSets, ControllerRevisions and PodTemplates, through the front door.

use serde_json::{Value, json};

use super::batch::{causes, template};
use crate::{client::Client, harness};

const APPS: &str = "/apis/apps/v1/namespaces/default";

fn set(name: &str, members: &Value) -> Value {
    let mut spec = json!({
        "selector": {"matchLabels": {"app": "a"}}, "template": template(json!({"app": "a"}), "Always"),
    });
    for (member, value) in members.as_object().expect("members") {
        spec[member] = value.clone();
    }
    json!({"metadata": {"name": name}, "spec": spec})
}

#[tokio::test]
async fn the_pods_of_a_stateful_set_may_mount_what_is_claimed_for_them() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = format!("{APPS}/statefulsets");
    let claim = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    let mut object = set("a", &json!({"serviceName": "s", "volumeClaimTemplates": [claim]}));
    object["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] =
        json!([{"name": "data", "mountPath": "/data"}]);
    let made = client.post(&path, &object).await.expect(201).json();
    assert_eq!(made["spec"]["updateStrategy"], json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
    assert_eq!(made["spec"]["podManagementPolicy"], "OrderedReady");
    let claim = &made["spec"]["volumeClaimTemplates"][0];
    assert_eq!((&claim["kind"], &claim["status"]), (&json!("PersistentVolumeClaim"), &json!({"phase": "Pending"})));
    object["spec"]["volumeClaimTemplates"] = json!([]);
    let refused = client.put(&format!("{path}/a"), &object).await.expect(422).json();
    let last = causes(&refused).pop().expect("a cause");
    assert!(last.starts_with("spec: Forbidden: updates to statefulset spec for fields other than"), "{last}");
    let scaled = client.patch(&format!("{path}/a/scale"), &json!({"spec": {"replicas": 3}})).await.expect(200).json();
    assert_eq!(scaled["status"]["selector"], "app=a");
}

#[tokio::test]
async fn what_stateful_sets_are_refused() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    for (members, expected) in [
        (
            json!({"podManagementPolicy": "Wild"}),
            "spec.podManagementPolicy: Invalid value: \"Wild\": must be 'OrderedReady' or 'Parallel'",
        ),
        (
            json!({"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}}),
            "spec.updateStrategy.rollingUpdate: Invalid value: {\"Partition\":1,\"MaxUnavailable\":null}: only allowed for \
             updateStrategy 'RollingUpdate'",
        ),
        (json!({"selector": {}}), "spec.selector: Invalid value: {}: empty selector is invalid for statefulset"),
        (
            json!({"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Keep"}}),
            "spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: \"Keep\": supported values: \
             \"Retain\", \"Delete\"",
        ),
        (
            json!({"volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]}),
            "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
        ),
    ] {
        let refused = client.post(&format!("{APPS}/statefulsets"), &set("a", &members)).await.expect(422).json();
        assert_eq!(causes(&refused), [expected]);
    }
}

#[tokio::test]
async fn a_daemon_set_counts_the_changes_of_its_template() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = format!("{APPS}/daemonsets");
    let made = client.post(&path, &set("a", &json!({}))).await.expect(201).json();
    let count = |object: &Value| object["metadata"]["annotations"]["deprecated.daemonset.template.generation"].clone();
    assert_eq!(count(&made), "1");
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}});
    assert_eq!(made["spec"]["updateStrategy"], rolling);
    let at = format!("{path}/a");
    let changed = client.patch(&at, &json!({"spec": {"minReadySeconds": 1}})).await.expect(200).json();
    assert_eq!((count(&changed), &changed["metadata"]["generation"]), (json!("1"), &json!(2)));
    let newer = json!({"spec": {"template": {"spec": {"nodeSelector": {"disk": "fast"}}}}});
    let changed = client.patch(&at, &newer).await.expect(200).json();
    assert_eq!((count(&changed), &changed["metadata"]["generation"]), (json!("2"), &json!(3)));
    for (rolling, expected) in [
        (json!({"maxSurge": 1}), "maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"),
        (json!({"maxUnavailable": 0}), "maxUnavailable: Required value: cannot be 0 when maxSurge is 0"),
        (json!({"maxUnavailable": "150%"}), "maxUnavailable: Invalid value: \"150%\": must not be greater than 100%"),
    ] {
        let strategy = json!({"updateStrategy": {"rollingUpdate": rolling}});
        let refused = client.post(&path, &set("b", &strategy)).await.expect(422).json();
        assert_eq!(causes(&refused), [format!("spec.updateStrategy.rollingUpdate.{expected}")]);
    }
}

#[tokio::test]
async fn a_revision_says_what_was_and_does_not_change() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = format!("{APPS}/controllerrevisions");
    let revision = |data: Value, number: i64| json!({"metadata": {"name": "a"}, "data": data, "revision": number});
    client.post(&path, &revision(json!({"spec": {"a": 1}}), 1)).await.expect(201);
    client.put(&format!("{path}/a"), &revision(json!({"spec": {"a": 1}}), 2)).await.expect(200);
    let refused = client.put(&format!("{path}/a"), &revision(json!({"spec": {"a": 2}}), 2)).await.expect(422).json();
    assert_eq!(causes(&refused), ["data: Invalid value: {\"spec\":{\"a\":2}}: field is immutable"]);
    let refused = client.post(&path, &revision(json!("text"), -1)).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        [
            "data: Required value: data must be a valid JSON object",
            "revision: Invalid value: -1: must be greater than or equal to 0",
        ]
    );
}

#[tokio::test]
async fn a_template_is_checked_before_anybody_uses_it() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = "/api/v1/namespaces/default/podtemplates";
    let object = json!({"metadata": {"name": "a"}, "template": template(json!({"app": "a"}), "Always")});
    let made = client.post(path, &object).await.expect(201).json();
    assert_eq!(made["template"]["spec"]["dnsPolicy"], "ClusterFirst");
    let empty = json!({"metadata": {"name": "b"}, "template": {"spec": {"containers": []}}});
    let refused = client.post(path, &empty).await.expect(422).json();
    assert_eq!(causes(&refused), ["template.spec.containers: Required value"]);
    let labelled = json!({"template": {"metadata": {"labels": {"app": "b"}}}});
    let changed = client.patch(&format!("{path}/a"), &labelled).await.expect(200).json();
    assert_eq!(changed["metadata"]["generation"], 2);
}
