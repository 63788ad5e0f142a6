//! Endpoints: all addresses behind a Service in one object.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use serde_json::Value;

use crate::kinds::{
    Check, Column, Doc, Kind, KindDef, Moment, Strategy,
    model::strategy::age,
    rules::{check, fill, ip},
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("", "v1", "Endpoints"),
        plural: "endpoints".into(),
        singular: "endpoints".into(),
        short_names: texts(["ep"]),
        schema: "api.core.v1.Endpoints".into(),
        registry_path: Some("services/endpoints".into()),
        columns: vec![
            Column::NAME,
            Column::new("Endpoints", Doc::Field("api.core.v1.Endpoints", "subsets")),
            Column::AGE,
        ],
        create_on_update: true,
        deprecation: Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".into()),
        cells: Arc::new(cells),
        strategy: Arc::new(Endpoints),
        ..KindDef::default()
    })
});

/// The transport protocols of ports.
pub const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";

struct Endpoints;

impl Strategy for Endpoints {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        fill::each(members, "subsets", |subset| {
            fill::each(subset, "ports", |port| fill::absent(port, "protocol", "TCP"));
        });
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Metadata, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        subset_errors(object, &HashSet::new())
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        if object.get("subsets") == old.get("subsets") {
            return FieldErrors::new();
        }
        let known: HashSet<_> = addresses(old).map(|(_, address)| meta::text(address, &["ip"])).collect();
        subset_errors(object, &known)
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        // The controller writes canonical addresses, so its many writes need no second look.
        if meta::text(object, &["metadata", "labels", MANAGED_BY]) == "endpoint-controller" {
            return Vec::new();
        }
        addresses(object)
            .flat_map(|(path, address)| ip::warnings(&path.child("ip"), meta::text(address, &["ip"])))
            .collect()
    }
}

/// All addresses, ready or not, with their paths.
fn addresses(object: &Value) -> impl Iterator<Item = (Path, &Value)> {
    meta::items(object, &["subsets"]).iter().enumerate().flat_map(|(i, subset)| {
        let path = Path::new("subsets").index(i);
        ["addresses", "notReadyAddresses"].into_iter().flat_map(move |member| {
            let path = path.child(member);
            meta::items(subset, &[member]).iter().enumerate().map(move |(j, address)| (path.index(j), address))
        })
    })
}

/// Checks every subset; `known` addresses are spelled as the stored object spells them, so they may stay.
fn subset_errors(object: &Value, known: &HashSet<&str>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, subset) in meta::items(object, &["subsets"]).iter().enumerate() {
        let path = Path::new("subsets").index(i);
        let list = |member: &str| meta::items(subset, &[member]);
        if list("addresses").is_empty() && list("notReadyAddresses").is_empty() {
            errors.push(FieldError::required(&path, "must specify `addresses` or `notReadyAddresses`"));
        }
        for member in ["addresses", "notReadyAddresses"] {
            for (j, address) in list(member).iter().enumerate() {
                errors.extend(address_errors(&path.child(member).index(j), address, known));
            }
        }
        let ports = list("ports");
        for (k, port) in ports.iter().enumerate() {
            errors.extend(port_errors(&path.child("ports").index(k), port, ports.len() > 1));
        }
    }
    errors
}

fn address_errors(path: &Path, address: &Value, known: &HashSet<&str>) -> FieldErrors {
    let ip = meta::text(address, &["ip"]);
    let mut errors = FieldErrors::new();
    if !known.contains(ip) {
        errors.extend(ip::legacy(&path.child("ip"), ip));
    }
    errors.extend(check::optional_rule(path, address, "hostname", names::dns1123_label));
    errors.extend(check::present_rule(path, address, "nodeName", names::dns1123_subdomain));
    errors.extend(ip::endpoint(&path.child("ip"), ip));
    errors
}

fn port_errors(path: &Path, port: &Value, named: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if named && meta::text(port, &["name"]).is_empty() {
        errors.push(FieldError::required(&path.child("name"), ""));
    }
    errors.extend(check::optional_rule(path, port, "name", names::dns1123_label));
    errors.extend(check::port_number(&path.child("port"), check::integer(port, "port")));
    errors.extend(check::one_of(&path.child("protocol"), meta::text(port, &["protocol"]), PROTOCOLS));
    errors.extend(check::present_rule(path, port, "appProtocol", names::qualified_name));
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), shown_endpoints(object).into(), age(object, now).into()]
}

/// The first three ready addresses, each with each port, and how many more there are.
fn shown_endpoints(object: &Value) -> String {
    let subsets = meta::items(object, &["subsets"]);
    if subsets.is_empty() {
        return "<none>".to_owned();
    }
    let mut shown = Vec::new();
    for subset in subsets {
        let ips = || meta::items(subset, &["addresses"]).iter().map(|address| meta::text(address, &["ip"]));
        let ports = meta::items(subset, &["ports"]);
        if ports.is_empty() {
            shown.extend(ips().map(str::to_owned));
        }
        for port in ports.iter().map(|port| check::integer(port, "port")) {
            shown.extend(
                ips().map(|ip| if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }),
            );
        }
    }
    first_three(&shown)
}

/// At most three texts of a list, and the number of the rest.
pub fn first_three(list: &[String]) -> String {
    let shown = list[..list.len().min(3)].join(",");
    if list.len() > 3 { format!("{shown} + {} more...", list.len() - 3) } else { shown }
}
