//! `Connection`: what leads through an object to the program behind it, of which this server has none.

use serde_json::Value;

use crate::{
    kinds::KindDef,
    object::{Reason, Status, meta, names, status::Result, token::Objects},
    text::go_quote,
};

/// A request to connect.
pub struct ConnectRequest<'a> {
    /// The namespace of the object; empty for a kind outside namespaces.
    pub namespace: &'a str,
    /// The name in the path. A proxy takes a scheme and a port beside the name: `https:web:443`.
    pub id: &'a str,
    /// The container that is asked for, if any.
    pub container: &'a str,
}

/// What a connection comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Connected {
    /// Nothing is there yet.
    Nothing,
    /// All that the other side says.
    Text(String),
}

/// How to connect through an object of a kind.
pub trait Connection: Send + Sync {
    /// Connects, or says why that is not possible.
    fn open(&self, request: &ConnectRequest<'_>, objects: &dyn Objects) -> Result<Connected>;
}

/// The parts of what a proxy takes as a name: `[scheme:]name[:port]`.
#[derive(Debug, PartialEq, Eq)]
pub struct ProxyId<'a> {
    /// `http`, `https` or nothing.
    pub scheme: &'a str,
    /// The object's name.
    pub name: &'a str,
    /// A port's number or name, or nothing.
    pub port: &'a str,
}

impl<'a> ProxyId<'a> {
    /// Takes it apart; `what` says in the error what was asked for.
    pub fn parse(what: &str, id: &'a str) -> Result<Self> {
        let found = match id.split(':').collect::<Vec<_>>()[..] {
            [name] => Some(Self { scheme: "", name, port: "" }),
            [name, port] => Some(Self { scheme: "", name, port }),
            [scheme, name, port] if ["", "http", "https"].contains(&scheme) => Some(Self { scheme, name, port }),
            _ => None,
        };
        let is_port = |port: &str| {
            port.is_empty()
                || names::port_name(port).is_empty()
                || port.parse::<u16>().is_ok_and(|number| number > 0 && port == number.to_string())
        };
        found
            .filter(|id| is_port(id.port) && names::path_segment(id.name).is_empty() && !id.name.is_empty())
            .ok_or_else(|| Status::bad_request(format!("invalid {what} request {}", go_quote(id))))
    }
}

/// An object of a kind of the core group, or its 404.
pub fn find(objects: &dyn Objects, kind: &KindDef, request: &ConnectRequest<'_>, name: &str) -> Result<Value> {
    let missing = || Status::not_found(&kind.gvk.group, &kind.plural, name);
    objects.find(&kind.plural, request.namespace, name).ok_or_else(missing)
}

/// The refusal where a node would have to run what is asked for.
pub fn nobody(what: &str) -> Box<Status> {
    let text = format!("{what} needs a node that runs containers, and this server has none");
    Status::new(Reason::ServiceUnavailable, text)
}

/// Whether pods on this node are simulated.
pub fn is_simulated(node: &Value) -> bool {
    meta::text(node, &["metadata", "labels", SIMULATED]) == "true"
}

/// The label of simulated nodes. Pods are simulated on nodes that have it with the value `true`, and on no others.
pub const SIMULATED: &str = "kubedouble.dev/simulated";
