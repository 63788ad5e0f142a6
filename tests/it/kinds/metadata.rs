//! Metadata, whatever the kind: how often it is checked, what is cleared, and which writes change nothing.

use serde_json::{Value, json};

use crate::{
    client::{Client, revision},
    harness,
};

const CORE: &str = "/api/v1/namespaces/default";
const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";

/// The path of a kind, an object of it, and how often an update reports the same bad label, from the kind's own checks
/// and those of all kinds.
fn checked() -> Vec<(String, Value, usize)> {
    let role = json!({"kind": "ClusterRole", "name": "view", "apiGroup": "rbac.authorization.k8s.io"});
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    vec![
        (format!("{CORE}/configmaps"), json!({}), 4),
        (format!("{CORE}/secrets"), json!({}), 4),
        (format!("{CORE}/serviceaccounts"), json!({}), 4),
        (format!("{CORE}/endpoints"), json!({}), 4),
        (format!("{CORE}/services"), json!({"spec": {"ports": [{"port": 80}]}}), 3),
        ("/api/v1/nodes".to_owned(), json!({}), 4),
        ("/api/v1/namespaces".to_owned(), json!({}), 4),
        (format!("{rbac}/roles"), json!({"rules": []}), 4),
        (format!("{rbac}/rolebindings"), json!({"roleRef": role}), 4),
        (INGRESSES.to_owned(), json!({"spec": {"defaultBackend": backend}}), 4),
        (
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices".to_owned(),
            json!({"addressType": "IPv4", "endpoints": []}),
            3,
        ),
    ]
}

fn named(mut object: Value, metadata: Value) -> Value {
    object["metadata"] = metadata;
    object["metadata"]["name"] = "x".into();
    object
}

fn fields(answer: &Value) -> Vec<&str> {
    let causes = answer["details"]["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    causes.iter().filter_map(|cause| cause["field"].as_str()).collect()
}

#[tokio::test]
async fn an_update_reports_bad_metadata_as_often_as_it_is_checked() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    for (path, object, times) in checked() {
        client.post(&path, &named(object.clone(), json!({}))).await.expect(201);
        let bad = named(object.clone(), json!({"labels": {"a b": "c"}}));
        let found = client.put(&format!("{path}/x"), &bad).await.expect(422).json();
        assert_eq!(fields(&found), vec!["metadata.labels"; times], "{path}");
        let bad = named(object, json!({"finalizers": ["plain"]}));
        let found = client.put(&format!("{path}/x"), &bad).await.expect(422).json();
        assert!(fields(&found).iter().all(|field| *field == "metadata.finalizers[0]"), "{path}: {found}");
    }
}

#[tokio::test]
async fn a_new_object_may_come_with_a_revision_that_is_none() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = format!("{CORE}/configmaps");
    client.post(&path, &named(json!({}), json!({"resourceVersion": "abc"}))).await.expect(201);
    client.delete(&format!("{path}/x")).await.expect(200);
    client.post(&path, &named(json!({}), json!({"resourceVersion": "7"}))).await.expect(500);
    let dry = format!("{path}?dryRun=All");
    let found = client.post(&dry, &named(json!({}), json!({"resourceVersion": "7"}))).await.expect(201).json();
    assert_eq!(revision(&found), "7");
}

#[tokio::test]
async fn a_cluster_wide_object_loses_its_namespace() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let found = client.post("/api/v1/nodes", &named(json!({}), json!({"namespace": "a"}))).await.expect(201).json();
    assert_eq!(found["metadata"].get("namespace"), None);
}

#[tokio::test]
async fn only_a_change_of_the_spec_raises_the_generation() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let object =
        named(json!({"spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}}), json!({}));
    let first = client.post(INGRESSES, &object).await.expect(201).json();
    let path = format!("{INGRESSES}/x");
    let same = client.patch(&path, &json!({})).await.expect(200).json();
    assert_eq!(revision(&same), revision(&first));
    let same = client.put(&path, &first).await.expect(200).json();
    assert_eq!(revision(&same), revision(&first));
    let labelled = client.patch(&path, &json!({"metadata": {"labels": {"a": "b"}}})).await.expect(200).json();
    assert_eq!(labelled["metadata"]["generation"], 1);
    let changed = client.patch(&path, &json!({"spec": {"ingressClassName": "c"}})).await.expect(200).json();
    assert_eq!(changed["metadata"]["generation"], 2);
}

#[tokio::test]
async fn a_time_that_nobody_gave_has_no_owner() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let event = json!({"involvedObject": {"namespace": "default"}, "reason": "R", "message": "m", "type": "Normal"});
    let found = client.post(&format!("{CORE}/events"), &named(event, json!({}))).await.expect(201).json();
    assert_eq!(found["eventTime"], Value::Null);
    assert_eq!(found["metadata"]["managedFields"][0]["fieldsV1"].get("f:eventTime"), None);
}

#[tokio::test]
async fn owners_are_told_apart_without_comparing_each_with_all() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let owner =
        |i: usize| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": format!("o{i}"), "uid": format!("{i}")});
    let mut owners: Vec<_> = (0..10_000).map(owner).collect();
    owners.push(owner(3));
    let object = named(json!({}), json!({"ownerReferences": owners}));
    let found = client.post(&format!("{CORE}/configmaps"), &object).await.expect(201).json();
    assert_eq!(found["metadata"]["ownerReferences"].as_array().map(Vec::len), Some(10_000));
    let bad = json!({"apiVersion": "a/b/c", "kind": "K", "name": "n", "uid": "u"});
    let bad = named(json!({}), json!({"ownerReferences": [bad]}));
    let found = client.post(&format!("{CORE}/secrets"), &bad).await.expect(422).json();
    assert_eq!(fields(&found), ["metadata.ownerReferences.apiVersion"]);
}
