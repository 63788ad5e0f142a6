//! Type checking of ValidatingAdmissionPolicies: the warnings in their status.

use serde_json::{Value, json};

use crate::{
    client::{Client, settle},
    harness,
};

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";

/// The status of a policy about these resources of these groups, after it was checked.
async fn status(client: &Client, groups: Value, resources: Value, mut spec: Value) -> Value {
    let rule = json!({"apiGroups": groups, "apiVersions": ["v1"], "operations": ["*"], "resources": resources});
    spec["matchConstraints"] = json!({"resourceRules": [rule]});
    client.post(POLICIES, &json!({"metadata": {"name": "p"}, "spec": spec})).await.expect(201);
    settle(client).await;
    let policy = client.get(&format!("{POLICIES}/p")).await.expect(200).json();
    client.delete(&format!("{POLICIES}/p")).await.expect(200);
    policy["status"].clone()
}

#[tokio::test]
async fn expressions_that_do_not_fit_a_kind_are_warned_of() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let spec = json!({"validations": [
        {"expression": "object.spec.replicas < 5", "messageExpression": "'at most ' + string(object.spec.most)"},
        {"expression": "object.replicas > 1"},
        {"expression": "object.metadata.labels['a'] == 1 || request.name == ''"},
    ]});
    let found = status(&client, json!(["apps"]), json!(["deployments", "deployments/scale", "*"]), spec).await;
    assert_eq!(found["observedGeneration"], json!(1));
    let warnings = found["typeChecking"]["expressionWarnings"].as_array().expect("warnings").clone();
    let fields: Vec<_> = warnings.iter().map(|warning| &warning["fieldRef"]).collect();
    let at = |index: usize, member: &str| json!(format!("spec.validations[{index}].{member}"));
    assert_eq!(fields, [&at(0, "messageExpression"), &at(1, "expression"), &at(2, "expression")]);
    let wanted = "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | \
                  ......^\n";
    assert_eq!(warnings[1]["warning"], json!(wanted));
    let overload = "found no matching overload for '_==_' applied to '(string, int)'";
    assert!(warnings[2]["warning"].as_str().is_some_and(|text| text.contains(overload)), "{warnings:?}");
}

#[tokio::test]
async fn each_kind_is_checked_and_variables_and_parameters_have_types() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let spec = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "variables": [{"name": "n", "expression": "object.spec.replicas"}],
        "validations": [{"expression": "variables.n < int(params.data['max']) && params.spec == 1"}],
    });
    let found = status(&client, json!(["apps"]), json!(["replicasets", "deployments"]), spec).await;
    let warnings = found["typeChecking"]["expressionWarnings"].as_array().expect("warnings").clone();
    let text = warnings[0]["warning"].as_str().expect("a warning");
    assert_eq!(text.matches("undefined field 'spec'").count(), 2);
    let places = ["Kind=Deployment", "Kind=ReplicaSet"].map(|kind| text.find(kind));
    assert!(places[0] < places[1], "{text}");
}

#[tokio::test]
async fn what_fits_or_cannot_be_checked_is_not_warned_of() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let fine = json!({"validations": [{"expression": "object.spec.replicas < 5 && oldObject.metadata.name != ''"}]});
    let found = status(&client, json!(["apps"]), json!(["deployments"]), fine).await;
    assert_eq!(found, json!({"observedGeneration": 1, "typeChecking": {}}));
    let unknown = json!({"validations": [{"expression": "object.whatever == 1"}]});
    let found = status(&client, json!(["none.example.com"]), json!(["things"]), unknown).await;
    assert_eq!(found, json!({"observedGeneration": 1, "typeChecking": {}}));
}

#[tokio::test]
async fn a_paused_controller_leaves_the_status_alone() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let controller = "/kubedouble/controllers/validatingadmissionpolicy-status-controller";
    client.post(&format!("{controller}/pause"), &json!({})).await.expect(200);
    let rule = json!({"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["deployments"]});
    let spec = json!({"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "object.x"}]});
    let made = client.post(POLICIES, &json!({"metadata": {"name": "p"}, "spec": spec})).await;
    made.expect(422);
    let spec = json!({"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "object.x == 1"}]});
    client.post(POLICIES, &json!({"metadata": {"name": "p"}, "spec": spec})).await.expect(201);
    let policy = client.get(&format!("{POLICIES}/p")).await.expect(200).json();
    assert_eq!(policy["status"], json!({}));
    client.post(&format!("{controller}/resume"), &json!({})).await.expect(200);
    settle(&client).await;
    let policy = client.get(&format!("{POLICIES}/p")).await.expect(200).json();
    assert_eq!(policy["status"]["observedGeneration"], json!(1));
    let manager = &policy["metadata"]["managedFields"].as_array().expect("managers")[0];
    let wanted = json!(["validatingadmissionpolicy-status", "Apply", "status"]);
    assert_eq!(json!([manager["manager"], manager["operation"], manager["subresource"]]), wanted);
}
