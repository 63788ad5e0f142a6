//! Waiting for controllers, holding them, and stepping them.

use std::pin::Pin;

use kubedouble::{
    controllers::{
        engine::controller::{Context, Controller},
        start_all,
    },
    object::status::Result,
    world::change::Change,
};
use serde_json::json;

use crate::{
    client::{Client, SERVICES, at, service, settle},
    harness,
};

const ENDPOINTS: &str = "/api/v1/namespaces/default/endpoints";
const CONTROLLER: &str = "/kubedouble/controllers/endpoint-controller";

#[tokio::test]
async fn what_controllers_do_is_done_once_the_server_has_settled() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    for number in 0..20 {
        let mut web = service(&format!("web-{number}"));
        web["spec"]["selector"] = json!({"app": "web"});
        client.post(SERVICES, &web).await.expect(201);
    }
    settle(&client).await;
    for number in 0..20 {
        client.get(&format!("{ENDPOINTS}/web-{number}")).await.expect(200);
    }
}

#[tokio::test]
async fn a_paused_controller_leaves_its_work_until_it_is_stepped_or_resumed() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    settle(&client).await;
    client.post(&format!("{CONTROLLER}/pause"), &json!({})).await.expect(200);
    for name in ["a", "b"] {
        let mut object = service(name);
        object["spec"]["selector"] = json!({"app": name});
        client.post(SERVICES, &object).await.expect(201);
    }
    // What is held back is not waited for.
    settle(&client).await;
    client.get(&format!("{ENDPOINTS}/a")).await.expect(404);
    let stepped = client.post(&format!("{CONTROLLER}/step"), &json!({})).await.expect(200).json();
    assert_eq!(stepped["key"], "default/a");
    client.get(&format!("{ENDPOINTS}/a")).await.expect(200);
    client.get(&format!("{ENDPOINTS}/b")).await.expect(404);
    client.post(&format!("{CONTROLLER}/resume"), &json!({})).await.expect(200);
    settle(&client).await;
    client.get(&format!("{ENDPOINTS}/b")).await.expect(200);
}

#[tokio::test]
async fn a_step_without_work_says_so() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    settle(&client).await;
    let stepped = client.post(&format!("{CONTROLLER}/step"), &json!({})).await.expect(200).json();
    assert_eq!(stepped["key"], json!(null));
}

#[tokio::test]
async fn work_that_takes_longer_than_the_timeout_is_named() {
    let server = harness::start(&["--simulate-pods=true", "--pod-start-delay=1h"]).await;
    let client = Client::new(server.url());
    let pod = json!({"metadata": {"name": "slow"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    client.post("/api/v1/namespaces/default/pods", &pod).await.expect(201);
    let left = client.get("/kubedouble/settled?timeout=1s").await.expect(504).json();
    assert_eq!(left["work"], json!({"pod-simulator": ["default/slow"]}));
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_what_can() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let unknown = client.post("/kubedouble/controllers/nobody/pause", &json!({})).await.expect(404).json();
    assert!(unknown["controllers"].as_array().is_some_and(|names| names.contains(&json!("endpoint-controller"))));
    client.post(&format!("{CONTROLLER}/dance"), &json!({})).await.expect(404);
    client.get("/kubedouble/settled?timeout=soon").await.expect(400);
    client.delete(&at("kubernetes")).await.expect(200);
}

#[tokio::test]
async fn metrics_tell_how_many_keys_never_rest() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let text = client.get("/metrics").await.expect(200).text();
    assert!(text.contains("kubedouble_restless_keys{controller=\"endpoint-controller\"} 0\n"), "{text}");
}

/// A controller with a fault.
struct Faulty;

impl Controller for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn keys(&self, _change: &Change, _context: Context<'_>) -> Vec<String> {
        vec!["key".to_owned()]
    }

    fn reconcile<'a>(
        &'a self,
        _key: &'a str,
        _context: Context<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        Box::pin(async { panic!("a fault") })
    }
}

#[tokio::test]
async fn the_end_of_a_controller_is_noticed() {
    let server = harness::start(&[]).await;
    let mut runner = start_all(server.api(), vec![Box::new(Faulty)]);
    assert!(runner.ended().await.contains("a fault"));
}
