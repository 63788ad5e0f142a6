//! What admission adds to the audit log.

use std::path::Path;

use serde_json::{Value, json};

use super::hook::{Hook, allow, configuration};
use crate::{client::Client, harness};

const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// The annotations of the last request for config maps in the log.
async fn annotations(log: &Path, count: usize) -> Value {
    loop {
        let text = std::fs::read_to_string(log).expect("the log");
        let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let events: Vec<Value> = events.filter(|event| event["objectRef"]["resource"] == "configmaps").collect();
        if events.len() == count {
            return events[count - 1]["annotations"].clone();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn policies_annotate_requests() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let log = folder.path().join("audit.log");
    let server = harness::start(&[&format!("--audit-log-path={}", log.display())]).await;
    let client = Client::new(server.url());
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]});
    let spec = json!({
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "true"}, {"expression": "object.data.a != 'x'", "message": "no <x>"}],
        "auditAnnotations": [
            {"key": "value", "valueExpression": "' a is ' + object.data.a"},
            {"key": "none", "valueExpression": "null"},
            {"key": "blank", "valueExpression": "'  '"},
        ],
    });
    let policies = format!("{GROUP}/validatingadmissionpolicies");
    client.post(&policies, &json!({"metadata": {"name": "example.com"}, "spec": spec})).await.expect(201);
    let bindings = format!("{GROUP}/validatingadmissionpolicybindings");
    for name in ["first", "second"] {
        let binding = json!({"policyName": "example.com", "validationActions": ["Audit", "Warn"]});
        client.post(&bindings, &json!({"metadata": {"name": name}, "spec": binding})).await.expect(201);
    }
    client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c"}, "data": {"a": "x"}})).await.expect(201);
    let found = annotations(&log, 1).await;
    let failure = "[{\"message\":\"no \\u003cx\\u003e\",\"policy\":\"example.com\",\"binding\":\"first\",\
                   \"expressionIndex\":1,\"validationActions\":[\"Audit\",\"Warn\"]}]";
    assert_eq!(found["validation.policy.admission.k8s.io/validation_failure"], json!(failure));
    assert_eq!(found["example.com/value"], json!("a is x"));
    assert_eq!((&found["example.com/none"], &found["example.com/blank"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn webhooks_annotate_requests() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let log = folder.path().join("audit.log");
    let server = harness::start(&[&format!("--audit-log-path={}", log.display())]).await;
    let client = Client::new(server.url());
    let patch = "W3sib3AiOiJhZGQiLCJwYXRoIjoiL2RhdGEvdyIsInZhbHVlIjoiMSJ9XQ==";
    let hook = Hook::start(move |path, request| match path {
        "/m" => allow(request, &json!({"patch": patch, "patchType": "JSONPatch"})),
        _ => allow(request, &json!({"auditAnnotations": {"seen": "yes", "not/a/key": "no"}})),
    })
    .await;
    let mut dead = hook.webhook("dead", &json!({"failurePolicy": "Ignore"}));
    dead["clientConfig"]["url"] = json!("https://127.0.0.1:1/x");
    let mutating = configuration("MutatingWebhookConfiguration", "m", &[dead.clone(), hook.webhook("m", &json!({}))]);
    client.post(&format!("{GROUP}/mutatingwebhookconfigurations"), &mutating).await.expect(201);
    let validating = configuration("ValidatingWebhookConfiguration", "v", &[dead, hook.webhook("v", &json!({}))]);
    client.post(&format!("{GROUP}/validatingwebhookconfigurations"), &validating).await.expect(201);
    client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c"}, "data": {"a": "x"}})).await.expect(201);
    let found = annotations(&log, 1).await;
    let mutation = |index: usize| &found[format!("mutation.webhook.admission.k8s.io/round_0_index_{index}")];
    let said = |name: &str, mutated: bool| {
        json!(format!("{{\"configuration\":\"m\",\"webhook\":\"{name}.example.com\",\"mutated\":{mutated}}}"))
    };
    assert_eq!((mutation(0), mutation(1)), (&said("dead", false), &said("m", true)));
    assert_eq!(found["failed-open.mutation.webhook.admission.k8s.io/round_0_index_0"], json!("dead.example.com"));
    assert_eq!(found["failed-open.validating.webhook.admission.k8s.io/round_0_index_0"], json!("dead.example.com"));
    assert_eq!(found["v.example.com/seen"], json!("yes"));
    assert_eq!(found["v.example.com/not/a/key"], Value::Null);
}
