//! Endpoints: all addresses behind a Service in one object.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use serde::Deserialize;
use serde_json::Value;

use crate::kinds::{
    Check, Column, Doc, Kind, KindDef, Moment, Strategy,
    model::strategy::age,
    rules::{
        check, fill, ip,
        typed::{self, or_default},
    },
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
        view(object).map_or_else(|error| vec![error], |new| subset_errors(&new.subsets, &HashSet::new()))
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        if object.get("subsets") == old.get("subsets") {
            return FieldErrors::new();
        }
        match (view(object), view(old)) {
            (Ok(new), Ok(old)) => {
                let known = addresses(&old).map(|(_, address)| address.ip).collect();
                subset_errors(&new.subsets, &known)
            }
            (Err(error), _) | (_, Err(error)) => vec![error],
        }
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        // The controller writes canonical addresses, so its many writes need no second look.
        if meta::text(object, &["metadata", "labels", MANAGED_BY]) == "endpoint-controller" {
            return Vec::new();
        }
        let Ok(endpoints) = view(object) else { return Vec::new() };
        addresses(&endpoints).flat_map(|(path, address)| ip::warnings(&path.child("ip"), address.ip)).collect()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct View<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    subsets: Vec<Subset<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Subset<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    addresses: Vec<Address<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    not_ready_addresses: Vec<Address<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    ports: Vec<Port<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Address<'a> {
    ip: &'a str,
    #[serde(borrow, deserialize_with = "or_default")]
    hostname: &'a str,
    #[serde(borrow)]
    node_name: Option<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    name: &'a str,
    port: i64,
    protocol: &'a str,
    #[serde(borrow)]
    app_protocol: Option<&'a str>,
}

fn view(object: &Value) -> Result<View<'_>, FieldError> {
    typed::decode(&Path::new(""), Some(object))
}

impl<'a> Subset<'a> {
    /// Its two lists of addresses, by name.
    fn lists(&self) -> [(&'static str, &[Address<'a>]); 2] {
        [("addresses", &self.addresses), ("notReadyAddresses", &self.not_ready_addresses)]
    }
}

/// All addresses, ready or not, with their paths.
fn addresses<'a>(view: &'a View<'a>) -> impl Iterator<Item = (Path, &'a Address<'a>)> {
    view.subsets.iter().enumerate().flat_map(|(i, subset)| {
        let path = Path::new("subsets").index(i);
        subset.lists().into_iter().flat_map(move |(member, list)| {
            let path = path.child(member);
            list.iter().enumerate().map(move |(j, address)| (path.index(j), address))
        })
    })
}

/// Checks every subset; `known` addresses are spelled as the stored object spells them, so they may stay.
fn subset_errors(subsets: &[Subset<'_>], known: &HashSet<&str>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, subset) in subsets.iter().enumerate() {
        let path = Path::new("subsets").index(i);
        if subset.lists().iter().all(|(_, list)| list.is_empty()) {
            errors.push(FieldError::required(&path, "must specify `addresses` or `notReadyAddresses`"));
        }
        for (member, list) in subset.lists() {
            for (j, address) in list.iter().enumerate() {
                errors.extend(address_errors(&path.child(member).index(j), address, known));
            }
        }
        for (k, port) in subset.ports.iter().enumerate() {
            errors.extend(port_errors(&path.child("ports").index(k), port, subset.ports.len() > 1));
        }
    }
    errors
}

fn address_errors(path: &Path, address: &Address<'_>, known: &HashSet<&str>) -> FieldErrors {
    let ip = address.ip;
    let mut errors = FieldErrors::new();
    if !known.contains(ip) {
        errors.extend(ip::legacy(&path.child("ip"), ip));
    }
    errors.extend(check::rule_if_given(&path.child("hostname"), address.hostname, names::dns1123_label));
    errors.extend(check::rule_if_present(&path.child("nodeName"), address.node_name, names::dns1123_subdomain));
    errors.extend(ip::endpoint(&path.child("ip"), ip));
    errors
}

fn port_errors(path: &Path, port: &Port<'_>, named: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if named && port.name.is_empty() {
        errors.push(FieldError::required(&path.child("name"), ""));
    }
    errors.extend(check::rule_if_given(&path.child("name"), port.name, names::dns1123_label));
    errors.extend(check::port_number(&path.child("port"), port.port));
    errors.extend(check::one_of(&path.child("protocol"), port.protocol, PROTOCOLS));
    errors.extend(check::rule_if_present(&path.child("appProtocol"), port.app_protocol, names::qualified_name));
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), shown_endpoints(object).into(), age(object, now).into()]
}

/// The first three ready addresses, each with each port, and how many more there are.
fn shown_endpoints(object: &Value) -> String {
    let subsets = view(object).unwrap_or_default().subsets;
    if subsets.is_empty() {
        return "<none>".to_owned();
    }
    let mut shown = Vec::new();
    for subset in subsets {
        let ips = || subset.addresses.iter().map(|address| address.ip);
        if subset.ports.is_empty() {
            shown.extend(ips().map(str::to_owned));
        }
        for port in subset.ports.iter().map(|port| port.port) {
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
