//! EndpointSlice: a part of the addresses behind a Service.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use serde::Deserialize;
use serde_json::Value;

use super::{
    Check, Column, Doc, Family, Kind, KindDef, Moment, Strategy,
    core::endpoints::{PROTOCOLS, first_three},
    model::strategy::age,
    rules::{
        check, fill, ip,
        typed::{self, or_default},
    },
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
        view(object).map_or_else(|error| vec![error], |slice| slice_errors(&slice, true))
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let has_changed = meta::items(old, &["endpoints"]) != meta::items(object, &["endpoints"]);
        let slice = view(object);
        let mut errors = slice.map_or_else(|error| vec![error], |slice| slice_errors(&slice, has_changed));
        let path = Path::new("addressType");
        errors.extend(check::immutable(&path, object.get("addressType"), old.get("addressType")));
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let Ok(View { address_type, endpoints, .. }) = view(object) else { return Vec::new() };
        let manager = meta::text(object, &["metadata", "labels", MANAGED_BY]);
        let mut warnings = Vec::new();
        if old.is_none() && address_type == "FQDN" {
            warnings.push("spec.addressType: FQDN endpoints are deprecated".to_owned());
        }
        // The controllers write canonical addresses, so their many writes need no second look.
        if address_type == "FQDN" || manager.ends_with("-controller.k8s.io") {
            return warnings;
        }
        for (i, endpoint) in endpoints.iter().enumerate() {
            let path = Path::new("endpoints").index(i).child("addresses");
            for (j, address) in endpoint.addresses.iter().enumerate() {
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

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct View<'a> {
    address_type: &'a str,
    #[serde(borrow, deserialize_with = "or_default")]
    endpoints: Vec<Endpoint<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    ports: Vec<Port<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Endpoint<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    addresses: Vec<&'a str>,
    #[serde(borrow)]
    node_name: Option<&'a str>,
    #[serde(borrow)]
    hostname: Option<&'a str>,
    #[serde(borrow, deserialize_with = "or_default")]
    hints: Hints<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Hints<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    for_zones: Vec<Hint<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    for_nodes: Vec<Hint<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hint<'a> {
    name: &'a str,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port<'a> {
    #[serde(borrow)]
    name: Option<&'a str>,
    port: Option<i64>,
    #[serde(borrow, deserialize_with = "or_default")]
    protocol: &'a str,
    #[serde(borrow)]
    app_protocol: Option<&'a str>,
}

fn view(object: &Value) -> Result<View<'_>, FieldError> {
    typed::decode(&Path::new(""), Some(object))
}

/// Checks a slice; endpoints that have not changed may stay as they are.
fn slice_errors(slice: &View<'_>, with_endpoints: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    errors.extend(check::one_of(&Path::new("addressType"), slice.address_type, &["FQDN", "IPv4", "IPv6"]));
    errors.extend(ports_errors(&slice.ports));
    let path = Path::new("endpoints");
    let endpoints = &slice.endpoints;
    if endpoints.len() > MAX_ENDPOINTS {
        errors.push(FieldError::too_many(&path, endpoints.len(), MAX_ENDPOINTS));
    } else if with_endpoints {
        for (i, endpoint) in endpoints.iter().enumerate() {
            errors.extend(endpoint_errors(&path.index(i), endpoint, slice.address_type));
        }
    }
    errors
}

fn endpoint_errors(path: &Path, endpoint: &Endpoint<'_>, address_type: &str) -> FieldErrors {
    let list = path.child("addresses");
    let mut errors = FieldErrors::new();
    match endpoint.addresses.len() {
        0 => errors.push(FieldError::required(&list, "must contain at least 1 address")),
        found if found > MAX_ADDRESSES => errors.push(FieldError::too_many(&list, found, MAX_ADDRESSES)),
        _ => {}
    }
    for (i, address) in endpoint.addresses.iter().enumerate() {
        errors.extend(address_errors(&list, i, address, address_type));
    }
    errors.extend(check::rule_if_present(&path.child("nodeName"), endpoint.node_name, names::dns1123_subdomain));
    errors.extend(check::rule_if_present(&path.child("hostname"), endpoint.hostname, names::dns1123_label));
    let hints = path.child("hints");
    errors.extend(hint_errors(&hints.child("forZones"), &endpoint.hints.for_zones, names::label_value));
    errors.extend(hint_errors(&hints.child("forNodes"), &endpoint.hints.for_nodes, names::dns1123_subdomain));
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

fn hint_errors(path: &Path, hints: &[Hint<'_>], rule: fn(&str) -> Vec<String>) -> FieldErrors {
    if hints.len() > MAX_HINTS {
        return vec![FieldError::too_many(path, hints.len(), MAX_HINTS)];
    }
    let mut errors = FieldErrors::new();
    for (i, Hint { name }) in hints.iter().enumerate() {
        let path = path.index(i).child("name");
        if hints[..i].iter().any(|hint| hint.name == *name) {
            errors.push(FieldError::duplicate(&path, *name));
        }
        errors.extend(check::rule(&path, name, rule));
    }
    errors
}

fn ports_errors(ports: &[Port<'_>]) -> FieldErrors {
    let path = Path::new("ports");
    if ports.len() > MAX_PORTS {
        return vec![FieldError::too_many(&path, ports.len(), MAX_PORTS)];
    }
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        let name = port.name.unwrap_or_default();
        errors.extend(check::rule_if_given(&path.child("name"), name, names::dns1123_label));
        if !seen.insert(name) {
            errors.push(FieldError::duplicate(&path.child("name"), name));
        }
        errors.extend(check::one_of(&path.child("protocol"), port.protocol, PROTOCOLS));
        errors.extend(check::rule_if_present(&path.child("appProtocol"), port.app_protocol, names::qualified_name));
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let slice = view(object).unwrap_or_default();
    let or_unset = |shown: String| if shown.is_empty() { "<unset>".to_owned() } else { shown };
    let ports: Vec<_> = slice.ports.iter().map(shown_port).collect();
    let addresses = slice.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
    let addresses: Vec<_> = addresses.map(|address| (*address).to_owned()).collect();
    vec![
        meta::name(object).into(),
        slice.address_type.into(),
        or_unset(first_three(&ports)).into(),
        or_unset(first_three(&addresses)).into(),
        age(object, now).into(),
    ]
}

fn shown_port(port: &Port<'_>) -> String {
    match (port.port, port.name) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    }
}
