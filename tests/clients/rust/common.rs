//! What the tests share: a client, a namespace for each test, and patience.

use k8s_openapi::api::core::v1::{Namespace, Service};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client, Config, ResourceExt};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a test may wait for the server.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Gives a test a client and a namespace of its own, which goes when the test succeeds.
///
/// Fails without a server, so that no test is skipped by mistake.
pub async fn in_namespace<T: Future<Output = ()>>(test: impl FnOnce(Client, String) -> T) {
    let client = Client::try_from(config().await).expect("a client");
    let namespaces = Api::<Namespace>::all(client.clone());
    let wanted = object(json!({"metadata": {"generateName": "rust-"}}));
    let namespace = namespaces.create(&PostParams::default(), &wanted).await.expect("a namespace").name_any();
    within(test(client, namespace.clone())).await;
    namespaces.delete(&namespace, &DeleteParams::default()).await.expect("the namespace is deleted");
}

/// How to reach the server: as a kubeconfig says, or at an address where nothing is asked.
async fn config() -> Config {
    if std::env::var_os("KUBECONFIG").is_some() {
        return Config::infer().await.expect("a kubeconfig");
    }
    let url = std::env::var("KUBEDOUBLE_URL").expect("KUBEDOUBLE_URL is the address of a fresh server");
    Config::new(url.parse().expect("KUBEDOUBLE_URL is an address"))
}

/// Waits, but not for ever.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("in time")
}

/// Polls until there is something.
pub async fn eventually<T>(mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = poll().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A Service with one port and a label.
pub fn service(name: &str, tier: &str) -> Service {
    object(json!({
        "metadata": {"name": name, "labels": {"tier": tier}},
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80}]},
    }))
}

/// Writes an object down as JSON.
pub fn object<K: serde::de::DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).expect("an object of its kind")
}

/// The ports of a Service.
pub fn ports(service: &Service) -> Vec<i32> {
    service.spec.iter().flat_map(|spec| spec.ports.iter().flatten()).map(|port| port.port).collect()
}
