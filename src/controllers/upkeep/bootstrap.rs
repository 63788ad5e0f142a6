//! What a cluster has before anybody asks: its first namespaces, its service range, and the `kubernetes` Service.

use std::net::IpAddr;

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
        service,
    },
    object::status::Result,
    verbs::Api,
};

/// The namespaces that every cluster has.
pub const NAMESPACES: [&str; 4] = [NAMESPACE, "kube-system", "kube-public", "kube-node-lease"];
/// Where the Service is that leads to this server.
pub const NAMESPACE: &str = "default";
/// What the Service that leads to this server is called, and the default ServiceCIDR.
pub const NAME: &str = "kubernetes";
/// The port that the `kubernetes` Service leads to.
const SECURE_PORT: u16 = 6443;

/// Creates what is missing. `advertised` is the address that the `kubernetes` Service leads to.
///
/// What does not depend on each other is written at the same time, so that a start waits for the disk a few times only.
pub async fn bootstrap(api: &Api, advertised: IpAddr) -> Result<()> {
    try_join(namespaces(api), service_cidr(api)).await?;
    if !api.everything_is_allowed() {
        default_roles::create(api).await?;
    }
    kubernetes_service(api, advertised).await
}

/// Creates what is missing of that which is kept while the server runs.
pub async fn ensure_essentials(api: &Api, advertised: IpAddr) -> Result<()> {
    try_join(namespaces(api), service_cidr(api)).await?;
    kubernetes_service(api, advertised).await
}

async fn namespaces(api: &Api) -> Result<()> {
    try_join_all(NAMESPACES.map(|name| ensure(api, &namespace::DEF, json!({"metadata": {"name": name}})))).await?;
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

async fn kubernetes_service(api: &Api, advertised: IpAddr) -> Result<()> {
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
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": SECURE_PORT}],
        },
    });
    let port = json!({"name": "https", "port": SECURE_PORT, "protocol": "TCP"});
    let endpoints = json!({
        "metadata": metadata(json!({"endpointslice.kubernetes.io/skip-mirror": "true"})),
        "subsets": [{"addresses": [{"ip": advertised.to_string()}], "ports": [port]}],
    });
    let slice = json!({
        "metadata": metadata(json!({"kubernetes.io/service-name": "kubernetes"})),
        "addressType": Family::of(&advertised).name(),
        "endpoints": [{"addresses": [advertised.to_string()], "conditions": {"ready": true}}],
        "ports": [port],
    });
    try_join3(
        ensure(api, &service::DEF, service),
        ensure(api, &endpoints::DEF, endpoints),
        ensure(api, &endpoint_slice::DEF, slice),
    )
    .await?;
    Ok(())
}

/// Creates an object unless it is there.
pub async fn ensure(api: &Api, kind: &Kind, object: Value) -> Result<Option<Value>> {
    writes::ensure(api, writes::APISERVER, kind, object).await
}
