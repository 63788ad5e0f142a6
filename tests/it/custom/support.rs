//! A server, and definitions of Widgets.

use kubedouble::server::Server;
use serde_json::{Value, json};

use crate::{client::Client, harness};

/// Where definitions are.
pub const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/// The definition of Widgets.
pub const WIDGETS_DEFINITION: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com";
/// Widgets of version `v1` in a namespace.
pub const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";

/// A server and a client of it.
pub async fn start() -> (Server, Client) {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    (server, client)
}

/// A definition of Widgets with these versions.
pub fn definition(versions: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "scope": "Namespaced",
            "versions": versions,
        },
    })
}

/// A version whose objects have these fields in `spec`, and a status of any form.
pub fn version(name: &str, is_stored: bool, fields: &Value) -> Value {
    json!({
        "name": name,
        "served": true,
        "storage": is_stored,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "spec": {"type": "object", "properties": fields},
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        }}},
    })
}

/// A Widget.
pub fn widget(version: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": format!("example.com/{version}"), "kind": "Widget", "metadata": {"name": name}, "spec": spec})
}

/// Defines Widgets and waits until they are served, or their definition serves what it says now.
pub async fn define(client: &Client, definition: &Value) {
    client.post(DEFINITIONS, definition).await.expect(201);
    wait_for(client, WIDGETS_DEFINITION, |definition| condition(definition, "Established") == "True").await;
}

/// Waits until what is at a path is as it should be.
pub async fn wait_for(client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    loop {
        let answer = client.get(path).await;
        let found = serde_json::from_str(&answer.text()).unwrap_or_default();
        if is_so(&found) {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

/// The status of a condition, empty if there is none.
pub fn condition<'a>(object: &'a Value, kind: &str) -> &'a str {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let mut found = conditions.filter(|condition| condition["type"] == kind);
    found.next().and_then(|condition| condition["status"].as_str()).unwrap_or_default()
}
