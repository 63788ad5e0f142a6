//! The requests about Services that the workloads are made of.

use serde_json::json;

use crate::client::Call;

/// The annotation that carries when a change was sent.
pub const SENT: &str = "kubedouble-load/sent";

/// The Services of one namespace.
///
/// They have no selector, so a server with controllers has no more to do than one without.
#[derive(Clone)]
pub struct Services {
    namespace: String,
    headless: bool,
}

impl Services {
    /// The Services of `namespace`.
    pub fn new(namespace: &str, headless: bool) -> Services {
        Services { namespace: namespace.to_owned(), headless }
    }

    /// Creates the Service `name`.
    pub fn create(&self, name: &str) -> Call {
        let mut service = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": name,
                "labels": {
                    "app.kubernetes.io/name": "load",
                    "app.kubernetes.io/instance": name,
                    "app.kubernetes.io/component": "frontend",
                },
                "annotations": { "example.com/owner": "team-a", "example.com/runbook": "https://example.com/runbook" },
            },
            "spec": {
                "ports": [
                    { "name": "http", "port": 80, "targetPort": "http", "protocol": "TCP" },
                    { "name": "metrics", "port": 9090, "targetPort": 9090, "protocol": "TCP" },
                ],
            },
        });
        if self.headless {
            service["spec"]["clusterIP"] = json!("None");
        }
        Call::post(self.collection(), service.to_string())
    }

    /// Reads the Service `name`.
    pub fn get(&self, name: &str) -> Call {
        Call::get(self.path(name))
    }

    /// Reads all Services.
    pub fn list(&self) -> Call {
        Call::get(self.collection())
    }

    /// Reads little more than the list's resourceVersion.
    pub fn list_one(&self) -> Call {
        Call::get(format!("{}?limit=1", self.collection()))
    }

    /// Changes a label of the Service `name`.
    pub fn label(&self, name: &str, value: u64) -> Call {
        let patch = json!({ "metadata": { "labels": { "kubedouble-load/turn": value.to_string() } } });
        Call::merge_patch(self.path(name), patch.to_string())
    }

    /// Writes the time of sending into the Service `name`.
    pub fn stamp(&self, name: &str, sent_nanos: u64) -> Call {
        let patch = json!({ "metadata": { "annotations": { SENT: sent_nanos.to_string() } } });
        Call::merge_patch(self.path(name), patch.to_string())
    }

    /// Watches all Services for at most `seconds`.
    pub fn watch(&self, resource_version: &str, seconds: u64) -> Call {
        Call::get(format!(
            "{}?watch=true&resourceVersion={resource_version}&timeoutSeconds={seconds}",
            self.collection()
        ))
    }

    fn collection(&self) -> String {
        format!("/api/v1/namespaces/{}/services", self.namespace)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.collection())
    }
}

/// The name of the Service that was there before the measurement, with this number.
pub fn seeded(number: u64) -> String {
    format!("seeded-{number}")
}

/// The name of the Service that the measurement creates, with this number.
pub fn created(number: u64) -> String {
    format!("created-{number}")
}
