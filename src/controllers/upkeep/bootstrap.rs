//! What a cluster has before anybody asks: its first namespaces, its service range, and the `kubernetes` Service.

use std::net::SocketAddr;

use futures_util::future::{try_join, try_join_all, try_join3};
use serde_json::{Value, json};

use super::default_roles;
use crate::controllers::{engine::writes, services::service_cidrs};
use crate::{
    kinds::{
        Family, Kind,
        core::{endpoints, namespace},
        endpoint_slice,
        networking::service_cidr,
        priority_class, service,
    },
    object::{Reason, meta, status::Result},
    verbs::{Api, Target},
};

/// The namespaces that every cluster has.
pub const NAMESPACES: [&str; 4] = [NAMESPACE, "kube-system", "kube-public", "kube-node-lease"];
/// Where the Service is that leads to this server.
pub const NAMESPACE: &str = "default";
/// What the Service that leads to this server is called, and the default ServiceCIDR.
pub const NAME: &str = "kubernetes";
/// The port that the `kubernetes` Service leads to where there is no secure one.
pub const SECURE_PORT: u16 = 6443;

/// Creates what is missing. The `kubernetes` Service leads to `advertised`.
///
/// What does not depend on each other is written at the same time, so that a start waits for the disk a few times only.
pub async fn bootstrap(api: &Api, advertised: SocketAddr) -> Result<()> {
    try_join3(namespaces(api), service_cidr(api), priority_classes(api)).await?;
    if api.has_roles() {
        default_roles::create(api).await?;
    }
    kubernetes_service(api, advertised).await
}

/// Creates what is missing of that which is kept while the server runs.
pub async fn ensure_essentials(api: &Api, advertised: SocketAddr) -> Result<()> {
    try_join(namespaces(api), service_cidr(api)).await?;
    kubernetes_service(api, advertised).await
}

async fn namespaces(api: &Api) -> Result<()> {
    try_join_all(NAMESPACES.map(|name| ensure(api, &namespace::DEF, json!({"metadata": {"name": name}})))).await?;
    Ok(())
}

/// The priority classes that every cluster has; one that is removed comes back with the next start.
async fn priority_classes(api: &Api) -> Result<()> {
    let class = |class: &priority_class::SystemClass| {
        json!({
            "metadata": {"name": class.name},
            "value": class.value,
            "description": class.description,
            "preemptionPolicy": priority_class::PREEMPT,
        })
    };
    try_join_all(priority_class::SYSTEM.iter().map(|system| ensure(api, &priority_class::DEF, class(system)))).await?;
    Ok(())
}

async fn service_cidr(api: &Api) -> Result<()> {
    let cidrs: Vec<_> = api.settings().cluster_ip_ranges.iter().map(ToString::to_string).collect();
    let object = json!({"metadata": {"name": NAME}, "spec": {"cidrs": cidrs}});
    match ensure(api, &service_cidr::DEF, object).await? {
        Some(created) => service_cidrs::bring_up(api, created).await,
        None => Ok(()),
    }
}

async fn kubernetes_service(api: &Api, advertised: SocketAddr) -> Result<()> {
    let range = api.settings().cluster_ip_ranges.first().expect("the configuration holds at least one range");
    let Some(first) = range.hosts().next() else { return Ok(()) };
    let metadata = |labels: Value| json!({"name": NAME, "namespace": NAMESPACE, "labels": labels});
    let service = json!({
        "metadata": metadata(json!({"component": "apiserver", "provider": "kubernetes"})),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": first.to_string(),
            "ipFamilyPolicy": "SingleStack",
            "sessionAffinity": "None",
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": advertised.port()}],
        },
    });
    let port = json!({"name": "https", "port": advertised.port(), "protocol": "TCP"});
    let endpoints = json!({
        "metadata": metadata(json!({"endpointslice.kubernetes.io/skip-mirror": "true"})),
        "subsets": [{"addresses": [{"ip": advertised.ip().to_string()}], "ports": [port]}],
    });
    let slice = json!({
        "metadata": metadata(json!({"kubernetes.io/service-name": "kubernetes"})),
        "addressType": Family::of(&advertised.ip()).name(),
        "endpoints": [{"addresses": [advertised.ip().to_string()], "conditions": {"ready": true}}],
        "ports": [port],
    });
    let ports = json!({"spec": {"ports": service["spec"]["ports"]}});
    let service = keep(api, &service::DEF, service, ports);
    let endpoints = async {
        let subsets = json!({"subsets": endpoints["subsets"]});
        let endpoints = keep(api, &endpoints::DEF, endpoints, subsets);
        let ends = json!({"endpoints": slice["endpoints"], "ports": slice["ports"]});
        let slice = keep(api, &endpoint_slice::DEF, slice, ends);
        let outcome = try_join(endpoints, slice).await;
        match outcome {
            // A server that is advertised where nobody else can reach it still serves.
            Err(status) if status.reason == Reason::Invalid => {
                tracing::error!("the Service kubernetes leads nowhere: {}", status.message);
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    };
    try_join(service, endpoints).await.map(drop)
}

/// Creates an object, or changes one that leads elsewhere: it shall have this part.
async fn keep(api: &Api, kind: &Kind, object: Value, part: Value) -> Result<()> {
    let target = Target::new(kind, meta::namespace(&object), meta::name(&object));
    if ensure(api, kind, object).await?.is_some() {
        return Ok(());
    }
    let found = api.get(&target, None, "").await?.into_value(kind);
    if contains(&found, &part) {
        return Ok(());
    }
    writes::merge(api, writes::APISERVER, kind, &found, "", &part).await.map(drop)
}

/// Whether a value has everything that another one has.
fn contains(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => {
            part.iter().all(|(name, part)| value.get(name).is_some_and(|value| contains(value, part)))
        }
        (Value::Array(value), Value::Array(part)) => {
            value.len() == part.len() && value.iter().zip(part).all(|(value, part)| contains(value, part))
        }
        (value, part) => value == part,
    }
}

/// Creates an object unless it is there.
pub async fn ensure(api: &Api, kind: &Kind, object: Value) -> Result<Option<Value>> {
    writes::ensure(api, writes::APISERVER, kind, object).await
}
