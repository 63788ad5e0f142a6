//! Connections to pods: their logs, streams to and from their containers, and the proxy to their ports.

use serde_json::Value;

use crate::kinds::{
    ConnectRequest, Connected, Connection,
    core::node,
    model::connection::{ProxyId, find, is_simulated, nobody},
};
use crate::object::{Status, meta, status::Result, token::Objects};

/// `log`: what a container has printed. A simulated one prints nothing.
pub struct Log;

impl Connection for Log {
    fn open(&self, request: &ConnectRequest<'_>, objects: &dyn Objects) -> Result<Connected> {
        let pod = find(objects, &super::DEF, request, request.id)?;
        check_container(&pod, request.container)?;
        let node = meta::text(&pod, &["spec", "nodeName"]);
        if node.is_empty() {
            return Ok(Connected::Nothing);
        }
        let node = objects.find(&node::DEF.plural, "", node);
        if node.is_some_and(|node| is_simulated(&node)) {
            Ok(Connected::Text(String::new()))
        } else {
            Err(nobody("pods log"))
        }
    }
}

/// `exec`, `attach` and `portforward`: bytes to and from a container.
pub struct Stream {
    /// The subresource.
    pub name: &'static str,
    /// Whether it is one to a container, and not to the whole pod.
    pub to_container: bool,
}

impl Connection for Stream {
    fn open(&self, request: &ConnectRequest<'_>, objects: &dyn Objects) -> Result<Connected> {
        let pod = find(objects, &super::DEF, request, request.id)?;
        if self.to_container {
            check_container(&pod, request.container)?;
        }
        if meta::text(&pod, &["spec", "nodeName"]).is_empty() {
            return Err(Status::bad_request(format!("pod {} does not have a host assigned", request.id)));
        }
        Err(nobody(&format!("pods {}", self.name)))
    }
}

/// `proxy`: HTTP to a port of a pod.
pub struct Proxy;

impl Connection for Proxy {
    fn open(&self, request: &ConnectRequest<'_>, objects: &dyn Objects) -> Result<Connected> {
        let id = ProxyId::parse("pod", request.id)?;
        let pod = find(objects, &super::DEF, request, id.name)?;
        if meta::text(&pod, &["status", "podIP"]).is_empty() {
            return Err(Status::bad_request("address not allowed"));
        }
        Err(nobody("pods proxy"))
    }
}

/// Checks that the pod has the container that is asked for, or only one.
fn check_container(pod: &Value, asked: &str) -> Result<()> {
    let name = meta::name(pod);
    let all = |list: &str| meta::items(pod, &["spec", list]).iter().map(|container| meta::text(container, &["name"]));
    let containers: Vec<_> = all("containers").collect();
    if !asked.is_empty() {
        let mut known = ["containers", "initContainers", "ephemeralContainers"].into_iter().flat_map(all);
        return match known.any(|container| container == asked) {
            true => Ok(()),
            false => Err(Status::bad_request(format!("container {asked} is not valid for pod {name}"))),
        };
    }
    if containers.len() == 1 {
        return Ok(());
    }
    let mut text =
        format!("a container name must be specified for pod {name}, choose one of: [{}]", containers.join(" "));
    let first: Vec<_> = all("initContainers").collect();
    if !first.is_empty() {
        text.push_str(&format!(" or one of the init containers: [{}]", first.join(" ")));
    }
    Err(Status::bad_request(text))
}
