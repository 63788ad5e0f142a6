//! IngressClass: which controller serves an Ingress.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::kinds::{
    Check, Column, Doc, Kind, KindDef, Moment, Scope, Strategy,
    model::strategy::age,
    rules::{check, fill},
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("networking.k8s.io", "v1", "IngressClass"),
        plural: "ingressclasses".into(),
        singular: "ingressclass".into(),
        schema: "api.networking.v1.IngressClass".into(),
        columns: vec![
            Column::NAME,
            Column::new("Controller", Doc::text("Controller that is responsible for handling this class")),
            Column::new("Parameters", Doc::text("A reference to a resource with additional parameters")),
            Column::AGE,
        ],
        scope: Scope::Cluster,
        has_generation: true,
        cells: Arc::new(cells),
        strategy: Arc::new(IngressClass),
        ..KindDef::default()
    })
});

/// The most bytes a controller's name may have.
const MAX_CONTROLLER: usize = 250;

struct IngressClass;

impl Strategy for IngressClass {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        fill::inside(members, "spec", |spec| {
            fill::inside(spec, "parameters", |parameters| fill::null(parameters, "scope", "Cluster"));
        });
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Change, Check::Metadata, Check::Object]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec");
        let mut errors = controller_errors(&path.child("controller"), meta::text(object, &["spec", "controller"]));
        if let Some(parameters) = meta::at(object, &["spec", "parameters"]).filter(|value| !value.is_null()) {
            errors.extend(parameters_errors(&path.child("parameters"), parameters));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let controller = |object| meta::text(object, &["spec", "controller"]);
        let path = Path::new("spec").child("controller");
        let changed = controller(object) != controller(old);
        changed.then(|| FieldError::invalid(&path, controller(object), "field is immutable")).into_iter().collect()
    }
}

fn controller_errors(path: &Path, controller: &str) -> FieldErrors {
    if controller.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let mut errors = FieldErrors::new();
    if controller.len() > MAX_CONTROLLER {
        errors.push(FieldError::too_long(path, MAX_CONTROLLER));
    }
    match controller.split_once('/') {
        Some((domain, rest)) if !domain.is_empty() && !rest.is_empty() => {
            errors
                .extend(names::dns1123_subdomain(domain).iter().map(|wrong| FieldError::invalid(path, domain, wrong)));
        }
        _ => {
            let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            errors.push(FieldError::invalid(path, controller, detail));
        }
    }
    errors
}

fn parameters_errors(path: &Path, parameters: &Value) -> FieldErrors {
    let text = |member: &str| meta::text(parameters, &[member]);
    let mut errors = check::optional_rule(path, parameters, "apiGroup", names::dns1123_subdomain);
    for member in ["kind", "name"] {
        if text(member).is_empty() {
            errors.push(FieldError::required(&path.child(member), ""));
        } else {
            errors.extend(check::rule(&path.child(member), text(member), names::path_segment));
        }
    }
    let namespace = path.child("namespace");
    match (text("scope"), text("namespace")) {
        ("Namespace", "") => {
            let detail = "`parameters.scope` is set to 'Namespace'";
            errors.push(FieldError::required(&namespace, detail));
        }
        ("Cluster", set) if !set.is_empty() => {
            errors.push(FieldError::forbidden(&namespace, "`parameters.scope` is set to 'Cluster'"));
        }
        ("Namespace" | "Cluster", _) => {}
        (scope, _) => {
            errors.push(FieldError::not_supported(&path.child("scope"), scope, &["Cluster", "Namespace"]));
        }
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let parameter = |member: &str| meta::text(object, &["spec", "parameters", member]);
    let parameters = match (parameter("kind"), parameter("apiGroup"), parameter("name")) {
        ("", _, "") => "<none>".to_owned(),
        (kind, "", name) => format!("{kind}/{name}"),
        (kind, group, name) => format!("{kind}.{group}/{name}"),
    };
    vec![
        meta::name(object).into(),
        meta::text(object, &["spec", "controller"]).into(),
        parameters.into(),
        age(object, now).into(),
    ]
}
