//! What a write returns, kind by kind: refusals, warnings, and the object as it becomes.

mod dry_run;
mod events;
mod managed_fields;
mod namespaces;
mod networking;
mod nodes;
mod patches;
mod pods;
mod rbac;
mod reviews;

use kubedouble::server::Server;
use serde_json::Value;

use crate::{
    client::{Answer, Client},
    harness,
};

/// A server with one client.
struct World {
    client: Client,
    _server: Server,
}

impl World {
    async fn new() -> Self {
        let server = harness::start(&[]).await;
        Self { client: Client::new(server.url()), _server: server }
    }

    async fn created(&self, path: &str, object: Value) -> Value {
        self.client.post(path, &object).await.expect(201).json()
    }

    /// A patch of this kind: `json`, `merge`, `strategic-merge` or `apply`.
    async fn patch(&self, kind: &str, path: &str, patch: Value) -> Answer {
        let media = match kind {
            "apply" => "application/apply-patch+yaml".to_owned(),
            kind => format!("application/{kind}-patch+json"),
        };
        self.client.send("PATCH", path, &[("content-type", &media)], patch.to_string()).await
    }
}

/// The causes of a refusal, each as `field: message`.
#[track_caller]
fn causes(answer: Answer) -> Vec<String> {
    let status = answer.expect(422).json();
    let causes = status["details"]["causes"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    causes.iter().map(|cause| format!("{}: {}", text(&cause["field"]), text(&cause["message"]))).collect()
}
