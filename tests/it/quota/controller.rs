//! The controller says in a quota's status what may be used and what is.

use serde_json::json;

use super::{CONTROLLER, PODS, QUOTAS, pod, refusal, used};
use crate::{
    client::{Client, SERVICES, service},
    harness,
};

async fn settle(client: &Client) {
    client.get("/kubedouble/settled?timeout=30s").await.expect(200);
}

#[tokio::test]
async fn a_new_quota_counts_what_is_there_and_limits_from_then_on() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(SERVICES, &service("a")).await.expect(201);
    let requests = json!({"requests": {"cpu": "1500m", "memory": "1Gi"}});
    client.post(PODS, &pod("p", requests.clone())).await.expect(201);
    let hard = json!({"services": "3", "requests.cpu": "2", "pods": "5", "count/jobs.example.com": "1"});
    client.post(QUOTAS, &json!({"metadata": {"name": "q"}, "spec": {"hard": hard}})).await.expect(201);
    settle(&client).await;
    let status = client.get(&format!("{QUOTAS}/q")).await.expect(200).json()["status"].clone();
    assert_eq!(status["hard"], hard);
    // `kubernetes` is a Service of this namespace too. Nobody knows how to count what is not served.
    assert_eq!(status["used"], json!({"services": "2", "requests.cpu": "1500m", "pods": "1"}));
    assert!(refusal(&client, PODS, &pod("q", requests)).await.contains("requested: requests.cpu=1500m"));
    client.post(SERVICES, &service("b")).await.expect(201);
    assert_eq!(used(&client, "q").await["services"], "3");
}

#[tokio::test]
async fn what_goes_or_becomes_less_is_given_back() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hard =
        json!({"services": "5", "services.nodeports": "5", "pods": "2", "count/pods": "3", "count/configmaps": "9"});
    client.post(QUOTAS, &json!({"metadata": {"name": "q"}, "spec": {"hard": hard}})).await.expect(201);
    settle(&client).await;
    let before = used(&client, "q").await;
    client.post(SERVICES, &service("a")).await.expect(201);
    client.patch(&format!("{SERVICES}/a"), &json!({"spec": {"type": "NodePort"}})).await.expect(200);
    client.post(PODS, &pod("p", json!({}))).await.expect(201);
    settle(&client).await;
    assert_eq!(used(&client, "q").await["services.nodeports"], "1");
    client.patch(&format!("{SERVICES}/a"), &json!({"spec": {"type": "ClusterIP"}})).await.expect(200);
    client.patch(&format!("{PODS}/p/status"), &json!({"status": {"phase": "Succeeded"}})).await.expect(200);
    settle(&client).await;
    let after = used(&client, "q").await;
    assert_eq!((&after["services.nodeports"], &after["pods"]), (&json!("0"), &json!("0")));
    // A pod that has ended is still an object.
    assert_eq!(after["count/pods"], "1");
    client.delete(&format!("{SERVICES}/a")).await.expect(200);
    client.delete(&format!("{PODS}/p")).await.expect(200);
    settle(&client).await;
    assert_eq!(used(&client, "q").await, before);
}

#[tokio::test]
async fn a_changed_spec_becomes_the_status() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {"services": "1"}}});
    client.post(QUOTAS, &quota).await.expect(201);
    settle(&client).await;
    assert!(refusal(&client, SERVICES, &service("a")).await.contains("exceeded quota: q"));
    client
        .patch(&format!("{QUOTAS}/q"), &json!({"spec": {"hard": {"services": "2", "secrets": "1"}}}))
        .await
        .expect(200);
    settle(&client).await;
    client.post(SERVICES, &service("a")).await.expect(201);
    assert_eq!(used(&client, "q").await, json!({"services": "2", "secrets": "0"}));
    client.post(&format!("{CONTROLLER}/pause"), &json!({})).await.expect(200);
    client.patch(&format!("{QUOTAS}/q"), &json!({"spec": {"hard": {"services": "3"}}})).await.expect(200);
    assert!(refusal(&client, SERVICES, &service("b")).await.contains("limited: services=2"));
}

#[tokio::test]
async fn objects_of_a_kind_that_is_defined_later_are_counted_from_then_on() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hard = json!({"count/widgets.example.com": "1"});
    client.post(QUOTAS, &json!({"metadata": {"name": "q"}, "spec": {"hard": hard}})).await.expect(201);
    let schema = json!({"openAPIV3Schema": {"type": "object"}});
    let definition = json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}],
        },
    });
    client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &definition).await.expect(201);
    settle(&client).await;
    let widgets = "/apis/example.com/v1/namespaces/default/widgets";
    let widget = |name: &str| json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}});
    client.post(widgets, &widget("a")).await.expect(201);
    assert!(refusal(&client, widgets, &widget("b")).await.contains("used: count/widgets.example.com=1"));
    client.delete(&format!("{widgets}/a")).await.expect(200);
    settle(&client).await;
    client.post(widgets, &widget("b")).await.expect(201);
}
