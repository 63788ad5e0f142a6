//! `services/proxy`: HTTP to one of the pods behind a Service.

use serde_json::Value;

use crate::kinds::{
    ConnectRequest, Connected, Connection,
    core::endpoints,
    model::connection::{ProxyId, find, nobody},
};
use crate::object::{Reason, Status, meta, status::Result, token::Objects};

/// The connection.
pub struct Proxy;

impl Connection for Proxy {
    fn open(&self, request: &ConnectRequest<'_>, objects: &dyn Objects) -> Result<Connected> {
        let id = ProxyId::parse("service", request.id)?;
        let port = match id.port.parse::<i64>() {
            Ok(number) => port_name(&find(objects, &super::DEF, request, id.name)?, id.name, number)?,
            Err(_) => id.port.to_owned(),
        };
        let endpoints = find(objects, &endpoints::DEF, request, id.name)?;
        let subsets = meta::items(&endpoints, &["subsets"]);
        if subsets.is_empty() {
            return Err(no_endpoints(id.name));
        }
        let leads_to_pods = |subset: &Value| {
            let has_port = meta::items(subset, &["ports"]).iter().any(|item| meta::text(item, &["name"]) == port);
            has_port && meta::items(subset, &["addresses"]).iter().any(|address| is_of_pod(address, request, objects))
        };
        if subsets.iter().any(leads_to_pods) { Err(nobody("services proxy")) } else { Err(no_endpoints(request.id)) }
    }
}

/// The name of the port with this number.
fn port_name(service: &Value, name: &str, number: i64) -> Result<String> {
    let mut ports = meta::items(service, &["spec", "ports"]).iter();
    let found = ports.find(|port| port.get("port").and_then(Value::as_i64) == Some(number));
    let missing = || unavailable(format!("no service port {number} found for service \"{name}\""));
    found.map(|port| meta::text(port, &["name"]).to_owned()).ok_or_else(missing)
}

/// Whether an address is one of a pod that has it; others could lead anywhere.
fn is_of_pod(address: &Value, request: &ConnectRequest<'_>, objects: &dyn Objects) -> bool {
    let target = |member| meta::text(address, &["targetRef", member]);
    let ip = meta::text(address, &["ip"]);
    target("kind") == "Pod"
        && target("namespace") == request.namespace
        && objects.find("pods", request.namespace, target("name")).is_some_and(|pod| {
            meta::items(&pod, &["status", "podIPs"]).iter().any(|own| meta::text(own, &["ip"]) == ip)
        })
}

fn no_endpoints(service: &str) -> Box<Status> {
    unavailable(format!("no endpoints available for service \"{service}\""))
}

fn unavailable(text: String) -> Box<Status> {
    Status::new(Reason::ServiceUnavailable, text)
}
