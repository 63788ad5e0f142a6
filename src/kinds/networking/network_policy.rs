//! NetworkPolicy: which connections pods may have.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::kinds::{
    Column, Doc, Kind, KindDef, Moment, Strategy,
    apps::workload,
    model::strategy::age,
    pod,
    rules::{check, fill, ip},
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("networking.k8s.io", "v1", "NetworkPolicy"),
        plural: "networkpolicies".into(),
        singular: "networkpolicy".into(),
        short_names: texts(["netpol"]),
        schema: "api.networking.v1.NetworkPolicy".into(),
        columns: vec![
            Column::NAME,
            Column::new("Pod-Selector", Doc::Field("api.networking.v1.NetworkPolicySpec", "podSelector")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        has_generation: true,
        strategy: Arc::new(NetworkPolicy),
        ..KindDef::default()
    })
});

/// The two directions: the list of rules, and where in a rule the other side is.
const DIRECTIONS: [(&str, &str); 2] = [("ingress", "from"), ("egress", "to")];

const TYPES: &[&str] = &["Ingress", "Egress"];

struct NetworkPolicy;

impl Strategy for NetworkPolicy {
    fn default(&self, object: &mut Value) {
        let spec = meta::map_mut(object, "spec");
        for (direction, _) in DIRECTIONS {
            fill::each(spec, direction, |rule| {
                fill::each(rule, "ports", |port| fill::null(port, "protocol", "TCP"));
            });
        }
        let is_empty = |list: &str| spec.get(list).and_then(Value::as_array).is_none_or(Vec::is_empty);
        if is_empty("policyTypes") {
            let types = if is_empty("egress") { &TYPES[..1] } else { TYPES };
            spec.insert("policyTypes".to_owned(), json!(types));
        }
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let (path, null) = (Path::new("spec"), json!({}));
        let spec = object.get("spec").unwrap_or(&null);
        let selector = check::given(spec, "podSelector").unwrap_or(&null);
        let mut errors = pod::selector_errors(&path.child("podSelector"), selector);
        for (direction, side) in DIRECTIONS {
            for (i, rule) in meta::items(spec, &[direction]).iter().enumerate() {
                let path = path.child(direction).index(i);
                for (j, port) in meta::items(rule, &["ports"]).iter().enumerate() {
                    errors.extend(port_errors(&path.child("ports").index(j), port));
                }
                for (j, peer) in meta::items(rule, &[side]).iter().enumerate() {
                    errors.extend(peer_errors(&path.child(side).index(j), peer));
                }
            }
        }
        errors.extend(type_errors(&path.child("policyTypes"), meta::items(spec, &["policyTypes"])));
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        for (direction, side) in DIRECTIONS {
            for (i, rule) in meta::items(object, &["spec", direction]).iter().enumerate() {
                for (j, peer) in meta::items(rule, &[side]).iter().enumerate() {
                    let path = Path::new("spec").child(direction).index(i).child(side).index(j).child("ipBlock");
                    warnings.extend(block_warnings(&path, peer.get("ipBlock").unwrap_or(&Value::Null)));
                }
            }
        }
        warnings
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }
}

fn type_errors(path: &Path, types: &[Value]) -> FieldErrors {
    if types.len() > TYPES.len() {
        let detail = "may not specify more than two policyTypes";
        return vec![FieldError::invalid(path, types.to_vec(), detail)];
    }
    let known = |value: &str| TYPES.contains(&value);
    let texts = types.iter().map(|value| value.as_str().unwrap_or_default()).enumerate();
    let unknown = texts.filter(|(_, text)| !known(text));
    unknown.map(|(i, text)| FieldError::not_supported(&path.index(i), text, TYPES)).collect()
}

fn port_errors(path: &Path, port: &Value) -> FieldErrors {
    let protocols = &["TCP", "UDP", "SCTP"];
    let mut errors = FieldErrors::new();
    if let Some(protocol) = port.get("protocol").and_then(Value::as_str).filter(|known| !protocols.contains(known)) {
        errors.push(FieldError::not_supported(&path.child("protocol"), protocol, protocols));
    }
    let (at, at_end) = (path.child("port"), path.child("endPort"));
    let end = port.get("endPort").and_then(Value::as_i64);
    match (check::given(port, "port"), end) {
        (Some(Value::String(name)), end) => {
            let detail = "may not be specified when `port` is non-numeric";
            errors.extend(end.map(|end| FieldError::invalid(&at_end, end, detail)));
            errors.extend(check::rule(&at, name, names::port_name));
        }
        (Some(number), end) => {
            let number = number.as_i64().unwrap_or_default();
            errors.extend(check::port_number(&at, number));
            if let Some(end) = end {
                if end < number {
                    errors.push(FieldError::invalid(&at_end, number, "must be greater than or equal to `port`"));
                }
                errors.extend(check::port_number(&at_end, end));
            }
        }
        (None, Some(end)) => {
            let detail = "may not be specified when `port` is not specified";
            errors.push(FieldError::invalid(&at_end, end, detail));
        }
        (None, None) => {}
    }
    errors
}

fn peer_errors(path: &Path, peer: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let selectors = ["podSelector", "namespaceSelector"].map(|name| (name, check::given(peer, name)));
    for (name, selector) in selectors {
        errors.extend(selector.map(|selector| pod::selector_errors(&path.child(name), selector)).unwrap_or_default());
    }
    let block = check::given(peer, "ipBlock");
    errors.extend(block.map(|block| block_errors(&path.child("ipBlock"), block)).unwrap_or_default());
    let has_selector = selectors.iter().any(|(_, selector)| selector.is_some());
    match (has_selector, block.is_some()) {
        (false, false) => errors.push(FieldError::required(path, "must specify a peer")),
        (true, true) => errors.push(FieldError::forbidden(path, "may not specify both ipBlock and another peer")),
        _ => {}
    }
    errors
}

fn block_errors(path: &Path, block: &Value) -> FieldErrors {
    let (at, cidr) = (path.child("cidr"), meta::text(block, &["cidr"]));
    if cidr.is_empty() {
        return vec![FieldError::required(&at, "")];
    }
    let mut errors = ip::legacy_cidr(&at, cidr);
    let Some(range) = ip::parse_cidr(cidr) else { return errors };
    for (i, except) in meta::items(block, &["except"]).iter().filter_map(Value::as_str).enumerate() {
        let path = path.child("except").index(i);
        let wrong = ip::legacy_cidr(&path, except);
        let is_wrong = !wrong.is_empty();
        errors.extend(wrong);
        let inside = ip::parse_cidr(except).filter(|_| !is_wrong);
        if let Some(inside) = inside
            && !(range.contains(&inside.network()) && range.prefix_len() < inside.prefix_len())
        {
            errors.push(FieldError::invalid(&path, except, "must be a strict subset of `cidr`"));
        }
    }
    errors
}

fn block_warnings(path: &Path, block: &Value) -> Vec<String> {
    let cidr = meta::text(block, &["cidr"]);
    let mut warnings = if cidr.is_empty() { Vec::new() } else { ip::cidr_warnings(&path.child("cidr"), cidr) };
    for (i, except) in meta::items(block, &["except"]).iter().filter_map(Value::as_str).enumerate() {
        warnings.extend(ip::cidr_warnings(&path.child("except").index(i), except));
    }
    warnings
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let selected = json!({"spec": {"selector": meta::at(object, &["spec", "podSelector"])}});
    let selector = workload::selector_text(&selected);
    let selector = if selector.is_empty() { "<none>".to_owned() } else { selector };
    vec![meta::name(object).into(), selector.into(), age(object, now).into()]
}
