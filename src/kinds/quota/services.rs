//! Services: their number, node ports and load balancers.

use serde_json::Value;

use super::{Amounts, Evaluator, Write, one};
use crate::{kinds::Moment, object::meta, text::quantity::Quantity};

const NODE_PORTS: &str = "services.nodeports";
const LOAD_BALANCERS: &str = "services.loadbalancers";

/// Measures Services.
pub struct Services;

impl Evaluator for Services {
    fn handles(&self, write: &Write<'_>) -> bool {
        // The type of a Service may change.
        write.subresource.is_empty()
    }

    fn measures(&self, resource: &str) -> bool {
        ["count/services", "services", NODE_PORTS, LOAD_BALANCERS].contains(&resource)
    }

    fn usage(&self, service: &Value, _now: Moment) -> Amounts {
        let spec_type = meta::text(service, &["spec", "type"]);
        let is_balanced = spec_type == "LoadBalancer";
        let ports = meta::items(service, &["spec", "ports"]);
        let allocates = meta::at(service, &["spec", "allocateLoadBalancerNodePorts"]).and_then(Value::as_bool);
        let node_ports = match spec_type {
            "NodePort" => ports.len(),
            "LoadBalancer" if allocates == Some(false) => ports.iter().filter(|port| has_node_port(port)).count(),
            "LoadBalancer" => ports.len(),
            _ => 0,
        };
        Amounts::from([
            one("count/services"),
            one("services"),
            (NODE_PORTS.to_owned(), Quantity::whole(node_ports)),
            (LOAD_BALANCERS.to_owned(), Quantity::whole(is_balanced.into())),
        ])
    }

    fn changes(&self) -> bool {
        true
    }
}

fn has_node_port(port: &Value) -> bool {
    port.get("nodePort").and_then(Value::as_i64).unwrap_or_default() != 0
}
