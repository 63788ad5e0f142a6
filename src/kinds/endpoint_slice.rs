//! EndpointSlice: a part of the addresses behind a Service.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use serde_json::Value;

use super::{
    Check, Column, Doc, Family, Kind, KindDef, Moment, Strategy,
    core::endpoints::{PROTOCOLS, first_three},
    model::strategy::age,
    rules::{check, fill, ip},
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("discovery.k8s.io", "v1", "EndpointSlice"),
        plural: "endpointslices".into(),
        singular: "endpointslice".into(),
        schema: "api.discovery.v1.EndpointSlice".into(),
        columns: vec![
            Column::NAME,
            Column::new("AddressType", Doc::Field("api.discovery.v1.EndpointSlice", "addressType")),
            Column::new("Ports", Doc::Field("api.discovery.v1.EndpointSlice", "ports")),
            Column::new("Endpoints", Doc::Field("api.discovery.v1.EndpointSlice", "endpoints")),
            Column::AGE,
        ],
        has_generation: true,
        cells: Arc::new(cells),
        strategy: Arc::new(EndpointSlice),
        ..KindDef::default()
    })
});

const MAX_ENDPOINTS: usize = 1000;
const MAX_ADDRESSES: usize = 100;
const MAX_PORTS: usize = 20_000;
const MAX_HINTS: usize = 8;

const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const HOST_LABEL: &str = "kubernetes.io/hostname";

struct EndpointSlice;

impl Strategy for EndpointSlice {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        fill::each(members, "ports", |port| {
            fill::null(port, "name", "");
            fill::null(port, "protocol", "TCP");
        });
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        drop_topology(object, &HashSet::new());
    }

    /// Raises the generation too, since a change of topology counts although it is dropped.
    fn prepare_for_update(&self, object: &mut Value, old: &Value) {
        if is_other(object, old) {
            let generation = meta::at(old, &["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default();
            meta::metadata_mut(object).insert("generation".to_owned(), (generation + 1).into());
        }
        if object.get("endpoints") != old.get("endpoints") {
            let known: HashSet<_> = meta::items(old, &["endpoints"]).iter().map(topology_host).collect();
            drop_topology(object, &known);
        }
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        slice_errors(object, None)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = slice_errors(object, Some(old));
        let path = Path::new("addressType");
        errors.extend(check::immutable(&path, object.get("addressType"), old.get("addressType")));
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let address_type = meta::text(object, &["addressType"]);
        let manager = meta::text(object, &["metadata", "labels", MANAGED_BY]);
        let mut warnings = Vec::new();
        if old.is_none() && address_type == "FQDN" {
            warnings.push("spec.addressType: FQDN endpoints are deprecated".to_owned());
        }
        // The controllers write canonical addresses, so their many writes need no second look.
        if address_type == "FQDN" || manager.ends_with("-controller.k8s.io") {
            return warnings;
        }
        for (i, endpoint) in meta::items(object, &["endpoints"]).iter().enumerate() {
            let path = Path::new("endpoints").index(i).child("addresses");
            for (j, address) in texts(endpoint, "addresses").enumerate() {
                warnings.extend(ip::warnings(&path.index(j), address));
            }
        }
        warnings
    }

    fn raises_generation(&self, _object: &Value, _old: &Value) -> bool {
        false
    }
}

/// Whether two slices differ in what counts: labels do as well. A list that is null, absent or empty is the same list.
fn is_other(a: &Value, b: &Value) -> bool {
    let labels = |object: &Value| meta::map(object, &["metadata", "labels"]).cloned().unwrap_or_default();
    labels(a) != labels(b)
        || meta::text(a, &["addressType"]) != meta::text(b, &["addressType"])
        || ["endpoints", "ports"].iter().any(|list| meta::items(a, &[list]) != meta::items(b, &[list]))
}

/// The v1 API has no topology. What an old object said about an endpoint's node becomes its `nodeName`.
fn drop_topology(object: &mut Value, known_hosts: &HashSet<String>) {
    let Some(members) = object.as_object_mut() else { return };
    fill::each(members, "endpoints", |endpoint| {
        let Some(topology) = endpoint.shift_remove("deprecatedTopology") else { return };
        let host = meta::text(&topology, &[HOST_LABEL]).to_owned();
        if !host.is_empty() && known_hosts.contains(&host) && names::dns1123_subdomain(&host).is_empty() {
            fill::null(endpoint, "nodeName", host);
        }
    });
}

fn topology_host(endpoint: &Value) -> String {
    meta::text(endpoint, &["deprecatedTopology", HOST_LABEL]).to_owned()
}

fn slice_errors(object: &Value, old: Option<&Value>) -> FieldErrors {
    let address_type = meta::text(object, &["addressType"]);
    let mut errors = FieldErrors::new();
    errors.extend(check::one_of(&Path::new("addressType"), address_type, &["FQDN", "IPv4", "IPv6"]));
    errors.extend(ports_errors(object));
    let path = Path::new("endpoints");
    let endpoints = meta::items(object, &["endpoints"]);
    if endpoints.len() > MAX_ENDPOINTS {
        errors.push(FieldError::too_many(&path, endpoints.len(), MAX_ENDPOINTS));
    } else if old.is_none_or(|old| meta::items(old, &["endpoints"]) != endpoints) {
        for (i, endpoint) in endpoints.iter().enumerate() {
            errors.extend(endpoint_errors(&path.index(i), endpoint, address_type));
        }
    }
    errors
}

fn endpoint_errors(path: &Path, endpoint: &Value, address_type: &str) -> FieldErrors {
    let list = path.child("addresses");
    let mut errors = FieldErrors::new();
    match texts(endpoint, "addresses").count() {
        0 => errors.push(FieldError::required(&list, "must contain at least 1 address")),
        found if found > MAX_ADDRESSES => errors.push(FieldError::too_many(&list, found, MAX_ADDRESSES)),
        _ => {}
    }
    for (i, address) in texts(endpoint, "addresses").enumerate() {
        errors.extend(address_errors(&list, i, address, address_type));
    }
    errors.extend(check::present_rule(path, endpoint, "nodeName", names::dns1123_subdomain));
    errors.extend(check::present_rule(path, endpoint, "hostname", names::dns1123_label));
    let hints = path.child("hints");
    for (member, rule) in
        [("forZones", names::label_value as fn(&str) -> Vec<String>), ("forNodes", names::dns1123_subdomain)]
    {
        errors.extend(hint_errors(&hints.child(member), meta::items(endpoint, &["hints", member]), rule));
    }
    errors
}

fn address_errors(list: &Path, index: usize, address: &str, address_type: &str) -> FieldErrors {
    let path = list.index(index);
    let (family, mut errors) = match address_type {
        "IPv4" => (Family::V4, ip::legacy(&path, address)),
        "IPv6" => (Family::V6, ip::strict(&path, address)),
        "FQDN" => return fqdn_errors(&path, address),
        _ => return FieldErrors::new(),
    };
    if errors.is_empty() {
        if ip::family(address) != Some(family) {
            errors.push(FieldError::invalid(list, address, &format!("must be an {} address", family.name())));
        }
        errors.extend(ip::endpoint(&path, address));
    }
    errors
}

fn fqdn_errors(path: &Path, name: &str) -> FieldErrors {
    if name.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let wrong = names::dns1123_subdomain(name);
    if !wrong.is_empty() {
        return vec![FieldError::invalid(path, name, &wrong.join(","))];
    }
    if !name.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        return vec![FieldError::invalid(path, name, detail)];
    }
    let mut labels = name.split('.').map(|label| (label, names::dns1123_label(label)));
    let bad = labels.find(|(_, wrong)| !wrong.is_empty());
    bad.map(|(label, wrong)| FieldError::invalid(path, label, &wrong.join(","))).into_iter().collect()
}

fn hint_errors(path: &Path, hints: &[Value], rule: fn(&str) -> Vec<String>) -> FieldErrors {
    if hints.len() > MAX_HINTS {
        return vec![FieldError::too_many(path, hints.len(), MAX_HINTS)];
    }
    let mut errors = FieldErrors::new();
    for (i, name) in hints.iter().map(|hint| meta::text(hint, &["name"])).enumerate() {
        let path = path.index(i).child("name");
        if hints[..i].iter().any(|hint| meta::text(hint, &["name"]) == name) {
            errors.push(FieldError::duplicate(&path, name));
        }
        errors.extend(check::rule(&path, name, rule));
    }
    errors
}

fn ports_errors(object: &Value) -> FieldErrors {
    let path = Path::new("ports");
    let ports = meta::items(object, &["ports"]);
    if ports.len() > MAX_PORTS {
        return vec![FieldError::too_many(&path, ports.len(), MAX_PORTS)];
    }
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        let name = meta::text(port, &["name"]);
        errors.extend(check::optional_rule(&path, port, "name", names::dns1123_label));
        if !seen.insert(name) {
            errors.push(FieldError::duplicate(&path.child("name"), name));
        }
        errors.extend(check::one_of(&path.child("protocol"), meta::text(port, &["protocol"]), PROTOCOLS));
        errors.extend(check::present_rule(&path, port, "appProtocol", names::qualified_name));
    }
    errors
}

fn texts<'a>(object: &'a Value, member: &str) -> impl Iterator<Item = &'a str> {
    meta::items(object, &[member]).iter().filter_map(Value::as_str)
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let or_unset = |shown: String| if shown.is_empty() { "<unset>".to_owned() } else { shown };
    let ports: Vec<_> = meta::items(object, &["ports"]).iter().map(shown_port).collect();
    let addresses: Vec<_> = meta::items(object, &["endpoints"])
        .iter()
        .flat_map(|endpoint| texts(endpoint, "addresses"))
        .map(str::to_owned)
        .collect();
    vec![
        meta::name(object).into(),
        meta::text(object, &["addressType"]).into(),
        or_unset(first_three(&ports)).into(),
        or_unset(first_three(&addresses)).into(),
        age(object, now).into(),
    ]
}

fn shown_port(port: &Value) -> String {
    match (port.get("port").and_then(Value::as_i64), port.get("name").and_then(Value::as_str)) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    }
}
