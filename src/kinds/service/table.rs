//! Services as table rows.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};
use serde_json::Value;

use super::view::{self, CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, NODE_PORT, SpecView};
use crate::kinds::{Column, Doc, Moment, model::strategy::age};
use crate::object::meta;

const SPEC: &str = "api.core.v1.ServiceSpec";

/// The columns.
pub const COLUMNS: &[Column] = &[
    Column::NAME,
    Column::new("Type", Doc::Field(SPEC, "type")),
    Column::new("Cluster-IP", Doc::Field(SPEC, "clusterIP")),
    Column::new("External-IP", Doc::Field(SPEC, "externalIPs")),
    Column::new("Port(s)", Doc::Field(SPEC, "ports")),
    Column::AGE,
    Column::new("Selector", Doc::Field(SPEC, "selector")).wide(),
];

/// What a cell shows of a spec that does not decode.
const UNKNOWN: &str = "<unknown>";

/// The cells of one Service.
pub fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let Ok(spec) = view::decode(object) else {
        let [kind, address, outside, ports, selector] = [UNKNOWN; 5].map(Value::from);
        return vec![meta::name(object).into(), kind, address, outside, ports, age(object, now).into(), selector];
    };
    vec![
        meta::name(object).into(),
        spec.kind().into(),
        spec.ips().first().map_or("<none>", String::as_str).into(),
        external_ip(object, &spec).into(),
        joined(ports(&spec)).into(),
        age(object, now).into(),
        joined(spec.selector.iter().flatten().map(|(key, value)| format!("{key}={value}")).collect()).into(),
    ]
}

fn external_ip(object: &Value, spec: &ServiceSpec) -> String {
    match spec.kind() {
        CLUSTER_IP | NODE_PORT => joined(spec.outside_ips().to_vec()),
        LOAD_BALANCER => {
            let ingress = meta::items(object, &["status", "loadBalancer", "ingress"]);
            let addresses: BTreeSet<String> = ingress
                .iter()
                .map(|entry| [meta::text(entry, &["ip"]), meta::text(entry, &["hostname"])])
                .filter_map(|names| names.into_iter().find(|name| !name.is_empty()).map(str::to_owned))
                .collect();
            let all: Vec<_> = addresses.into_iter().chain(spec.outside_ips().to_vec()).collect();
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        EXTERNAL_NAME => spec.external_name.clone().unwrap_or_default(),
        _ => UNKNOWN.to_owned(),
    }
}

fn ports(spec: &ServiceSpec) -> Vec<String> {
    let show = |port: &ServicePort| {
        let protocol = port.protocol.as_deref().unwrap_or_default();
        match port.node_port.unwrap_or_default() {
            number if number > 0 => format!("{}:{number}/{protocol}", port.port),
            _ => format!("{}/{protocol}", port.port),
        }
    };
    spec.port_list().iter().map(show).collect()
}

fn joined(parts: Vec<String>) -> String {
    if parts.is_empty() { "<none>".to_owned() } else { parts.join(",") }
}
