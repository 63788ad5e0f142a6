//! Ingress: HTTP routes to Services.

use std::sync::{Arc, LazyLock};

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kinds::{
    Check, Column, Doc, Kind, KindDef, Moment, Strategy, Subresource,
    model::strategy::age,
    rules::{check, ip},
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("networking.k8s.io", "v1", "Ingress"),
        plural: "ingresses".into(),
        registry_path: Some("ingress".into()),
        singular: "ingress".into(),
        schema: "api.networking.v1.Ingress".into(),
        columns: vec![
            Column::NAME,
            Column::new(
                "Class",
                Doc::text("The name of the IngressClass resource that should be used for additional configuration"),
            ),
            Column::new("Hosts", Doc::text("Hosts that incoming requests are matched against before the ingress rule")),
            Column::new("Address", Doc::text("Address is a list containing ingress points for the load-balancer")),
            Column::new("Ports", Doc::text("Ports of TLS configurations that open")),
            Column::AGE,
        ],
        short_names: texts(["ing"]),
        subresources: vec![Subresource::status(GroupVersionKind::new("networking.k8s.io", "v1", "Ingress"))],
        has_generation: true,
        has_status: true,
        cells: Arc::new(cells),
        strategy: Arc::new(Ingress),
        ..KindDef::default()
    })
});

/// The annotation that named an Ingress's class before there was a field for it.
pub const CLASS: &str = "kubernetes.io/ingress.class";

struct Ingress;

impl Strategy for Ingress {
    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Metadata, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let mut errors = spec_errors(object);
        let annotation = meta::text(object, &["metadata", "annotations", CLASS]);
        let set = meta::at(object, &["metadata", "annotations", CLASS]).is_some();
        let class = meta::at(object, &["spec", "ingressClassName"]).and_then(Value::as_str);
        if set && class.is_some_and(|class| class != annotation) {
            let path = Path::new("annotations").child(CLASS);
            let detail = "must match `ingressClassName` when both are specified";
            errors.push(FieldError::invalid(&path, annotation, detail));
        }
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> FieldErrors {
        spec_errors(object)
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some() || meta::at(object, &["metadata", "annotations", CLASS]).is_none() {
            return Vec::new();
        }
        vec![format!("annotation \"{CLASS}\" is deprecated, please use 'spec.ingressClassName' instead")]
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        let path = Path::new("status").child("loadBalancer").child("ingress");
        let mut errors = FieldErrors::new();
        for (i, ingress) in meta::items(object, &["status", "loadBalancer", "ingress"]).iter().enumerate() {
            let path = path.index(i);
            let (address, host) = (meta::text(ingress, &["ip"]), meta::text(ingress, &["hostname"]));
            if !address.is_empty() {
                errors.extend(ip::legacy(&path.child("ip"), address));
            }
            errors.extend(check::optional_rule(&path, ingress, "hostname", names::dns1123_subdomain));
            if ip::parse(host).is_some() {
                let detail = "must be a DNS name, not an IP address";
                errors.push(FieldError::invalid(&path.child("hostname"), host, detail));
            }
        }
        errors
    }
}

fn spec_errors(object: &Value) -> FieldErrors {
    let path = Path::new("spec");
    let rules = meta::items(object, &["spec", "rules"]);
    let backend = meta::at(object, &["spec", "defaultBackend"]).filter(|backend| !backend.is_null());
    let mut errors = FieldErrors::new();
    if rules.is_empty() && backend.is_none() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid(&path, Value::Null, detail));
    }
    if let Some(backend) = backend {
        errors.extend(backend_errors(&path.child("defaultBackend"), backend));
    }
    for (i, rule) in rules.iter().enumerate() {
        errors.extend(rule_errors(&path.child("rules").index(i), rule));
    }
    for (i, tls) in meta::items(object, &["spec", "tls"]).iter().enumerate() {
        let path = path.child("tls").index(i);
        for (j, host) in meta::items(tls, &["hosts"]).iter().filter_map(Value::as_str).enumerate() {
            errors.extend(check::rule(&path.child("hosts").index(j), host, host_rule));
        }
        errors.extend(check::optional_rule(&path, tls, "secretName", names::dns1123_subdomain));
    }
    let spec = object.get("spec").unwrap_or(&Value::Null);
    errors.extend(check::present_rule(&path, spec, "ingressClassName", names::dns1123_subdomain));
    errors
}

fn rule_errors(path: &Path, rule: &Value) -> FieldErrors {
    let host = meta::text(rule, &["host"]);
    let mut errors = FieldErrors::new();
    if ip::parse(host).is_some() {
        errors.push(FieldError::invalid(&path.child("host"), host, "must be a DNS name, not an IP address"));
    }
    errors.extend(check::optional_rule(path, rule, "host", host_rule));
    if check::given(rule, "http").is_none() {
        return errors;
    }
    let list = path.child("http").child("paths");
    let paths = meta::items(rule, &["http", "paths"]);
    if paths.is_empty() {
        errors.push(FieldError::required(&list, ""));
    }
    for (i, item) in paths.iter().enumerate() {
        errors.extend(path_errors(&list.index(i), item));
    }
    errors
}

fn path_errors(path: &Path, item: &Value) -> FieldErrors {
    let text = meta::text(item, &["path"]);
    let at = path.child("path");
    let invalid = |detail: &str| FieldError::invalid(&at, text, detail);
    let mut errors = FieldErrors::new();
    match item.get("pathType").and_then(Value::as_str) {
        None => return vec![FieldError::required(&path.child("pathType"), "pathType must be specified")],
        Some("Exact" | "Prefix") => {
            if !text.starts_with('/') {
                errors.push(invalid("must be an absolute path"));
            }
            let inside = ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|part| text.contains(part));
            errors.extend(inside.map(|part| invalid(&format!("must not contain '{part}'"))));
            let ends = ["/..", "/."].into_iter().filter(|part| text.ends_with(part));
            errors.extend(ends.map(|part| invalid(&format!("cannot end with '{part}'"))));
        }
        Some("ImplementationSpecific") => {
            if !text.is_empty() && !text.starts_with('/') {
                errors.push(invalid("must be an absolute path"));
            }
        }
        Some(other) => {
            let supported = &["Exact", "ImplementationSpecific", "Prefix"];
            errors.push(FieldError::not_supported(&path.child("pathType"), other, supported));
        }
    }
    errors.extend(backend_errors(&path.child("backend"), item.get("backend").unwrap_or(&Value::Null)));
    errors
}

fn backend_errors(path: &Path, backend: &Value) -> FieldErrors {
    let member = |name: &str| check::given(backend, name);
    match (member("resource"), member("service")) {
        (Some(_), Some(_)) => vec![FieldError::invalid(path, "", "cannot set both resource and service backends")],
        (Some(resource), None) => resource_errors(&path.child("resource"), resource),
        (None, Some(service)) => service_errors(path, service),
        (None, None) => vec![FieldError::invalid(path, "", "resource or service backend is required")],
    }
}

fn resource_errors(path: &Path, resource: &Value) -> FieldErrors {
    let mut errors = check::optional_rule(path, resource, "apiGroup", names::dns1123_subdomain);
    for member in ["kind", "name"] {
        let text = meta::text(resource, &[member]);
        if text.is_empty() {
            errors.push(FieldError::required(&path.child(member), &format!("{member} is required")));
        } else {
            errors.extend(check::rule(&path.child(member), text, names::path_segment));
        }
    }
    errors
}

fn service_errors(path: &Path, service: &Value) -> FieldErrors {
    let at = path.child("service");
    let name = meta::text(service, &["name"]);
    let mut errors = FieldErrors::new();
    if name.is_empty() {
        errors.push(FieldError::required(&at.child("name"), ""));
    }
    errors.extend(check::optional_rule(&at, service, "name", names::dns1123_label));
    let port = service.get("port").unwrap_or(&Value::Null);
    let number = check::integer(port, "number");
    match (meta::text(port, &["name"]), number) {
        ("", 0) => errors.push(FieldError::required(path, "port name or number is required")),
        ("", number) => errors.extend(check::port_number(&at.child("port").child("number"), number)),
        (name, 0) => errors.extend(check::rule(&at.child("port").child("name"), name, names::port_name)),
        _ => errors.push(FieldError::invalid(path, "", "cannot set both port name & port number")),
    }
    errors
}

fn host_rule(host: &str) -> Vec<String> {
    if names::is_wildcard(host) { names::wildcard_dns1123_subdomain(host) } else { names::dns1123_subdomain(host) }
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let tls = !meta::items(object, &["spec", "tls"]).is_empty();
    vec![
        meta::name(object).into(),
        meta::at(object, &["spec", "ingressClassName"]).and_then(Value::as_str).unwrap_or("<none>").into(),
        hosts(object).into(),
        addresses(object).into(),
        if tls { "80, 443" } else { "80" }.into(),
        age(object, now).into(),
    ]
}

fn hosts(object: &Value) -> String {
    let rules = meta::items(object, &["spec", "rules"]);
    let named: Vec<_> = rules.iter().map(|rule| meta::text(rule, &["host"])).filter(|host| !host.is_empty()).collect();
    let shown = named[..named.len().min(3)].join(",");
    match named.len() {
        0 => "*".to_owned(),
        1..=3 => shown,
        _ => format!("{shown} + {} more...", rules.len() - 3),
    }
}

fn addresses(object: &Value) -> String {
    let points = meta::items(object, &["status", "loadBalancer", "ingress"]).iter();
    let set: BTreeSet<_> = points
        .filter_map(|point| {
            ["ip", "hostname"].map(|member| meta::text(point, &[member])).into_iter().find(|t| !t.is_empty())
        })
        .collect();
    set.into_iter().collect::<Vec<_>>().join(",")
}
