//! PodSecurity: which pods are refused, who is warned, and what a namespace's labels must be.

use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    harness,
};

const PRIVILEGED: &str = "privileged (container \"c\" must not set securityContext.privileged=true)";

async fn namespace(client: &Client, name: &str, labels: Value) {
    let labels: serde_json::Map<_, _> = labels
        .as_object()
        .expect("labels")
        .iter()
        .map(|(mode, level)| (format!("pod-security.kubernetes.io/{mode}"), level.clone()))
        .collect();
    client.post("/api/v1/namespaces", &json!({"metadata": {"name": name, "labels": labels}})).await.expect(201);
}

fn pod(name: &str) -> Value {
    let container = json!({"name": "c", "image": "i", "securityContext": {"privileged": true}});
    json!({"metadata": {"name": name}, "spec": {"containers": [container]}})
}

fn deployment() -> Value {
    let mut template = pod("t");
    template["metadata"] = json!({"labels": {"a": "b"}});
    json!({"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}})
}

fn warnings(answer: &Answer) -> Vec<String> {
    let all = answer.headers.get_all("warning").into_iter();
    let texts =
        all.filter_map(|value| value.to_str().ok()?.strip_prefix("299 - \"")?.strip_suffix('"').map(str::to_owned));
    texts.map(|text| text.replace("\\\"", "\"")).collect()
}

#[tokio::test]
async fn what_is_enforced_is_refused_and_makers_of_pods_are_warned() {
    let server = harness::start(&["--disable-admission-plugins=ServiceAccount"]).await;
    let client = Client::new(server.url());
    namespace(&client, "a", json!({"enforce": "baseline"})).await;
    let refused = client.post("/api/v1/namespaces/a/pods", &pod("p")).await.expect(403).json();
    let violates = format!("violates PodSecurity \"baseline:latest\": {PRIVILEGED}");
    assert_eq!(refused["message"], format!("pods \"p\" is forbidden: {violates}"));
    let made = client.post("/apis/apps/v1/namespaces/a/deployments", &deployment()).await.expect(201);
    assert_eq!(warnings(&made), [format!("would {}", violates.replacen("violates", "violate", 1))]);
}

#[tokio::test]
async fn users_are_warned_at_a_level_and_version_of_its_own() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    namespace(&client, "a", json!({"enforce": "privileged", "warn": "baseline", "warn-version": "v1.30"})).await;
    let made = client.post("/api/v1/namespaces/a/pods", &pod("p")).await.expect(201);
    assert_eq!(warnings(&made), [format!("would violate PodSecurity \"baseline:v1.30\": {PRIVILEGED}")]);
    let labeled = client.patch("/api/v1/namespaces/a/pods/p", &json!({"metadata": {"labels": {"x": "y"}}})).await;
    assert_eq!(warnings(&labeled.expect(200)), [""; 0]);
    namespace(&client, "b", json!({"enforce": "privileged"})).await;
    let made = client.post("/api/v1/namespaces/b/pods", &pod("p")).await.expect(201);
    assert_eq!(warnings(&made), [""; 0]);
}

#[tokio::test]
async fn only_what_changes_a_pods_rights_is_checked_again() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    namespace(&client, "a", json!({})).await;
    client.post("/api/v1/namespaces/a/pods", &pod("p")).await.expect(201);
    let labels = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}});
    client.patch("/api/v1/namespaces/a", &labels).await.expect(200);
    let path = "/api/v1/namespaces/a/pods/p";
    client
        .patch(path, &json!({"metadata": {"labels": {"x": "y"}}, "spec": {"activeDeadlineSeconds": 5}}))
        .await
        .expect(200);
    let mut other = client.get(path).await.expect(200).json();
    other["spec"]["containers"][0]["image"] = json!("j");
    client.put(path, &other).await.expect(403);
    let mut debugged = client.get(path).await.expect(200).json();
    debugged["spec"]["ephemeralContainers"] = json!([{"name": "e", "image": "i"}]);
    client.put(&format!("{path}/ephemeralcontainers"), &debugged).await.expect(403);
    client.patch(&format!("{path}/status"), &json!({"status": {"phase": "Running"}})).await.expect(200);
}

#[tokio::test]
async fn who_tightens_a_namespace_is_told_of_its_pods() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    namespace(&client, "a", json!({})).await;
    for name in ["r", "q"] {
        client.post("/api/v1/namespaces/a/pods", &pod(name)).await.expect(201);
    }
    let relabel = async |value: Value| {
        let labels = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": value}}});
        client.patch("/api/v1/namespaces/a", &labels).await
    };
    let relabeled = relabel(json!("baseline")).await.expect(200);
    let new = "existing pods in namespace \"a\" violate the new PodSecurity enforce level \"baseline:latest\"";
    assert_eq!(warnings(&relabeled), [new, "q (and 1 other pod): privileged"]);
    assert_eq!(warnings(&relabel(json!("privileged")).await.expect(200)), [""; 0]);
    let refused = relabel(json!("odd")).await.expect(422).json();
    let wrong = "Invalid value: \"odd\": must be one of privileged, baseline, restricted";
    assert_eq!(refused["details"]["causes"][0]["message"], wrong);
}
