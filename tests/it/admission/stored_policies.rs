//! Policies and bindings as objects: what is refused when they are written, and how they look in tables.

use serde_json::{Value, json};

use crate::{client::Client, harness};

const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";

/// What is wrong with an object: the fields, with what is said of them.
async fn wrong(client: &Client, resource: &str, spec: Value) -> Vec<(String, String)> {
    let object = json!({"metadata": {"name": "p"}, "spec": spec});
    let refused = client.post(&format!("{GROUP}/{resource}"), &object).await.expect(422).json();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let causes = refused["details"]["causes"].as_array().expect("causes").clone();
    causes.iter().map(|cause| (text(&cause["field"]), text(&cause["message"]))).collect()
}

fn constraints(operations: &[&str]) -> Value {
    json!({"resourceRules": [{
        "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": operations, "resources": ["deployments"],
    }]})
}

#[tokio::test]
async fn what_mutates_is_not_for_deletes_or_unknown_operations() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let mutation = json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}});
    let constraints = constraints(&["DELETE", "X"]);
    let spec = json!({"matchConstraints": constraints, "mutations": [mutation], "reinvocationPolicy": "Never"});
    let supported = "supported values: \"*\", \"CONNECT\", \"CREATE\", \"UPDATE\"";
    let all = "supported values: \"*\", \"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\"";
    let expect = |at: &str| {
        let operations = format!("spec.{at}.resourceRules.operations");
        vec![
            (format!("spec.{at}.resourceRules[0].operations[1]"), format!("Unsupported value: \"X\": {all}")),
            (operations.clone(), format!("Unsupported value: \"DELETE\": {supported}")),
            (operations, format!("Unsupported value: \"X\": {supported}")),
        ]
    };
    assert_eq!(wrong(&client, "mutatingadmissionpolicies", spec).await, expect("matchConstraints"));
    let spec = json!({"policyName": "p", "matchResources": constraints});
    assert_eq!(wrong(&client, "mutatingadmissionpolicybindings", spec).await, expect("matchResources"));
}

#[tokio::test]
async fn selectors_of_parameters_are_checked_and_shown() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let bind = |selector: Value| {
        let param = json!({"selector": selector, "parameterNotFoundAction": "Deny"});
        json!({"policyName": "p", "validationActions": ["Deny"], "paramRef": param})
    };
    let requirement = json!({"key": "a", "operator": "Near"});
    let bad = bind(json!({"matchLabels": {"a": "b c"}, "matchExpressions": [requirement]}));
    let found = wrong(&client, "validatingadmissionpolicybindings", bad).await;
    let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
    let at = "spec.paramRef.selector";
    assert_eq!(fields, [format!("{at}.matchLabels"), format!("{at}.matchExpressions[0].operator")]);
    let requirement = json!({"key": "b", "operator": "In", "values": ["x", "y"]});
    let good = bind(json!({"matchLabels": {"d": "e", "a": "b"}, "matchExpressions": [requirement]}));
    let path = format!("{GROUP}/validatingadmissionpolicybindings");
    client.post(&path, &json!({"metadata": {"name": "p"}, "spec": good})).await.expect(201);
    let accept = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let table = client.send("GET", &path, &accept, "").await.expect(200).json();
    let wanted = "&LabelSelector{MatchLabels:map[string]string{a: b,d: e,},MatchExpressions:[]LabelSelectorRequirement{\
                  LabelSelectorRequirement{Key:b,Operator:In,Values:[x y],},},}";
    assert_eq!(table["rows"][0]["cells"][2], json!(wanted));
}

#[tokio::test]
async fn annotations_need_keys_and_expressions_may_have_lines() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let spec = json!({
        "matchConstraints": constraints(&["CREATE"]),
        "validations": [{"expression": "\n  true &&\n  true\n"}],
        "auditAnnotations": [{"key": "", "valueExpression": "'v'"}],
    });
    let found = wrong(&client, "validatingadmissionpolicies", spec).await;
    let key =
        ("spec.auditAnnotations[0].key".to_owned(), "Invalid value: \"p/\": name part must be non-empty".to_owned());
    assert_eq!((found.len(), &found[0]), (2, &key));
}

#[tokio::test]
async fn conditions_of_a_status_are_checked() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let spec = json!({"matchConstraints": constraints(&["CREATE"]), "validations": [{"expression": "true"}]});
    let path = format!("{GROUP}/validatingadmissionpolicies");
    client.post(&path, &json!({"metadata": {"name": "p"}, "spec": spec})).await.expect(201);
    let condition = |reason: &str| json!({"type": "A", "status": "True", "reason": reason, "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let patch = json!({"status": {"conditions": [condition("Fine"), condition("a.b")]}});
    let refused = client.patch(&format!("{path}/p/status"), &patch).await.expect(422).json();
    let causes = refused["details"]["causes"].as_array().expect("causes");
    let fields: Vec<_> = causes.iter().map(|cause| &cause["field"]).collect();
    assert_eq!(fields, ["status.conditions[1].type", "status.conditions[1].reason"]);
}

#[tokio::test]
async fn a_strategic_patch_that_does_not_fit_is_refused_as_the_converter_does() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let webhook = json!({
        "name": "a.example.com", "clientConfig": {"url": "https://192.0.2.1/x"}, "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    });
    let path = format!("{GROUP}/validatingwebhookconfigurations");
    client.post(&path, &json!({"metadata": {"name": "p"}, "webhooks": [webhook]})).await.expect(201);
    let patch = async |patch: Value| {
        let strategic = [("content-type", "application/strategic-merge-patch+json")];
        let refused = client.send("PATCH", &format!("{path}/p"), &strategic, patch.to_string()).await.expect(422);
        refused.json()["message"].as_str().expect("a message").to_owned()
    };
    let bundle = json!({"webhooks": [{"name": "a.example.com", "clientConfig": {"caBundle": "aGk"}}]});
    let found = patch(bundle).await;
    assert!(found.ends_with(": error decoding from json: illegal base64 data at input byte 0"), "{found}");
    let found = patch(json!({"metadata": {"creationTimestamp": "yesterday"}, "webhooks": 5})).await;
    assert!(found.ends_with(": cannot parse \"yesterday\" as \"2006\""), "{found}");
}
