//! Where a port of a Service leads, for the server's own connections.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::view::{self, EXTERNAL_NAME, NONE};
use crate::kinds::{Kind, endpoint_slice};
use crate::object::meta;

/// The label by which slices name their Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Where a connection goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To one of these; the first that takes it.
    Addresses(Vec<SocketAddr>),
    /// To a host outside the cluster.
    Host(String, u16),
}

/// The kinds that have to be read: the Service, and its slices in the same namespace.
pub fn kinds() -> (&'static Kind, &'static Kind) {
    (&super::DEF, &endpoint_slice::DEF)
}

/// Where the port of a Service leads. The error is the one of kube-apiserver's resolver, or of a connection that nobody
/// takes.
pub fn route<'a>(
    name: &str,
    service: Option<&Value>,
    slices: impl Iterator<Item = &'a Value>,
    port: u16,
) -> Result<Route, String> {
    let service = service.ok_or_else(|| format!("service \"{name}\" not found"))?;
    if view::kind_of(service) == EXTERNAL_NAME {
        return Ok(Route::Host(meta::text(service, &["spec", "externalName"]).to_owned(), port));
    }
    let cluster_ip = meta::text(service, &["spec", "clusterIP"]);
    if cluster_ip == NONE {
        return Err(format!("cannot route to service with ClusterIP \"{NONE}\""));
    }
    let ports = meta::items(service, &["spec", "ports"]);
    let found = ports.iter().find(|found| found.get("port").and_then(Value::as_u64) == Some(port.into()));
    let found = found.ok_or_else(|| format!("no service port {port} found for service \"{name}\""))?;
    let port_name = meta::text(found, &["name"]);
    let own = slices.filter(|slice| meta::text(slice, &["metadata", "labels", SERVICE_NAME]) == name);
    let addresses: Vec<_> = own.flat_map(|slice| addresses(slice, port_name)).collect();
    if addresses.is_empty() {
        let shown = cluster_ip.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port).to_string());
        return Err(format!("dial tcp {}: connect: connection refused", shown.unwrap_or_default()));
    }
    Ok(Route::Addresses(addresses))
}

/// The ready addresses of a slice, with the port of this name.
fn addresses(slice: &Value, port_name: &str) -> Vec<SocketAddr> {
    let ports = meta::items(slice, &["ports"]);
    let number = ports
        .iter()
        .find(|port| meta::text(port, &["name"]) == port_name)
        .and_then(|port| port.get("port").and_then(Value::as_u64).and_then(|number| u16::try_from(number).ok()));
    let Some(number) = number else { return Vec::new() };
    let is_ready =
        |endpoint: &&Value| meta::at(endpoint, &["conditions", "ready"]).and_then(Value::as_bool).unwrap_or(true);
    let endpoints = meta::items(slice, &["endpoints"]).iter().filter(is_ready);
    let texts = endpoints.flat_map(|endpoint| meta::items(endpoint, &["addresses"])).filter_map(Value::as_str);
    texts.filter_map(|text| text.parse().ok()).map(|ip: IpAddr| SocketAddr::new(ip, number)).collect()
}
