//! Quotas and limit ranges: what they refuse, what they fill in, and that their status tells the truth.

mod concurrency;
mod controller;
mod enforcement;
mod limits;

use kubedouble::server::Server;
use serde_json::{Value, json};

use crate::{client::Client, harness};

const QUOTAS: &str = "/api/v1/namespaces/default/resourcequotas";
const PODS: &str = "/api/v1/namespaces/default/pods";
const CONTROLLER: &str = "/kubedouble/controllers/resourcequota-controller";

/// A server whose quota controller is paused, so that a quota's status is what the test says.
async fn paused() -> (Server, Client) {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(&format!("{CONTROLLER}/pause"), &json!({})).await.expect(200);
    (server, client)
}

/// Makes a quota with this spec, whose status says that nothing is used.
async fn limit(client: &Client, name: &str, spec: &Value) {
    let quota = json!({"metadata": {"name": name}, "spec": spec});
    client.post(QUOTAS, &quota).await.expect(201);
    let hard = &spec["hard"];
    let used: serde_json::Map<_, _> =
        hard.as_object().expect("amounts").keys().map(|name| (name.clone(), "0".into())).collect();
    let status = json!({"status": {"hard": hard, "used": used}});
    client.patch(&format!("{QUOTAS}/{name}/status"), &status).await.expect(200);
}

/// What a quota says is used.
async fn used(client: &Client, name: &str) -> Value {
    client.get(&format!("{QUOTAS}/{name}")).await.expect(200).json()["status"]["used"].clone()
}

/// Sends an object that is refused; returns the message.
async fn refusal(client: &Client, path: &str, object: &Value) -> String {
    let status = client.post(path, object).await.expect(403).json();
    status["message"].as_str().expect("a message").to_owned()
}

/// A pod of one container with these resources.
fn pod(name: &str, resources: Value) -> Value {
    json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]}})
}
