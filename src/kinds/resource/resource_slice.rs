//! ResourceSlice: the devices that a driver has on some nodes.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use k8s_openapi::api::core::v1::NodeSelector;
use serde_json::{Value, json};

use crate::kinds::{
    Column, DeletionResult, Doc, FieldLabels, Kind, KindDef, Moment, Scope, SelectableField, Strategy,
    model::strategy::age,
    pod::{typed, validate::affinity::node_selector_errors},
    rules::check,
    storage::driver_name,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

const SPEC: &str = "api.resource.v1.ResourceSliceSpec";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    let text = |object: &Value, name: &str| meta::text(object, &["spec", name]).to_owned();
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("resource.k8s.io", "v1", "ResourceSlice"),
        plural: "resourceslices".into(),
        singular: "resourceslice".into(),
        scope: Scope::Cluster,
        schema: "api.resource.v1.ResourceSlice".into(),
        columns: vec![
            Column::NAME,
            Column::new("Node", Doc::Field(SPEC, "nodeName")),
            Column::new("Driver", Doc::Field(SPEC, "driver")),
            Column::new("Pool", Doc::Field("api.resource.v1.ResourcePool", "name")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        fields: vec![
            SelectableField::new("spec.nodeName", move |slice| text(slice, "nodeName")),
            SelectableField::new("spec.driver", move |slice| text(slice, "driver")),
        ],
        field_labels: FieldLabels::Typed("resource.k8s.io/v1, Kind=ResourceSlice"),
        deletion_result: DeletionResult::Object,
        has_generation: true,
        strategy: Arc::new(ResourceSlice),
        ..KindDef::default()
    })
});

/// The most devices of a slice.
const DEVICES_MAX: usize = 128;

/// The members that say on which nodes the devices are.
const NODES: [&str; 4] = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"];

struct ResourceSlice;

impl Strategy for ResourceSlice {
    fn validate(&self, object: &Value) -> FieldErrors {
        spec_errors(&Path::new("spec"), object, None)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        spec_errors(&Path::new("spec"), object, Some(old))
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }
}

fn spec_errors(path: &Path, object: &Value, old: Option<&Value>) -> FieldErrors {
    let null = Value::Null;
    let spec = object.get("spec").unwrap_or(&null);
    let mut errors = driver_name::errors(&path.child("driver"), meta::text(spec, &["driver"]));
    errors.extend(pool_errors(&path.child("pool"), spec.get("pool").unwrap_or(&Value::Null)));
    errors.extend(old.map(|old| changes(path, object, old)).unwrap_or_default());
    errors.extend(node_errors(path, spec));
    let (at, devices) = (path.child("devices"), meta::items(spec, &["devices"]));
    if devices.len() > DEVICES_MAX {
        errors.push(FieldError::too_many(&at, devices.len(), DEVICES_MAX));
    }
    let mut seen = HashSet::new();
    for (i, device) in devices.iter().take(DEVICES_MAX).enumerate() {
        let (path, name) = (at.index(i), meta::text(device, &["name"]));
        errors.extend(check::rule(&path.child("name"), name, names::dns1123_label));
        errors.extend(attribute_errors(&path.child("attributes"), device));
        if !seen.insert(name) {
            errors.push(FieldError::duplicate(&path, name));
        }
    }
    errors
}

/// What may not change: the pool, the driver and the node.
fn changes(path: &Path, object: &Value, old: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for member in [&["pool", "name"][..], &["driver"], &["nodeName"]] {
        let value = |object: &Value| object.get("spec").and_then(|spec| meta::at(spec, member)).cloned();
        let at = member.iter().fold(path.clone(), |path, name| path.child(name));
        errors.extend(check::immutable(&at, value(object).as_ref(), value(old).as_ref()));
    }
    errors
}

fn pool_errors(path: &Path, pool: &Value) -> FieldErrors {
    let (at, name) = (path.child("name"), meta::text(pool, &["name"]));
    let mut errors = FieldErrors::new();
    if name.is_empty() {
        errors.push(FieldError::required(&at, ""));
    } else {
        errors.extend(name.split('/').flat_map(|part| check::rule(&at, part, names::dns1123_subdomain)));
    }
    let (count, generation) = (check::integer(pool, "resourceSliceCount"), check::integer(pool, "generation"));
    if count <= 0 {
        errors.push(FieldError::invalid(&path.child("resourceSliceCount"), count, "must be greater than zero"));
    }
    if generation < 0 {
        let detail = "must be greater than or equal to zero";
        errors.push(FieldError::invalid(&path.child("generation"), generation, detail));
    }
    errors
}

/// Checks where the devices are: in one of four ways.
fn node_errors(path: &Path, spec: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let node = spec.get("nodeName").and_then(Value::as_str);
    errors
        .extend(node.into_iter().flat_map(|node| check::rule(&path.child("nodeName"), node, names::dns1123_subdomain)));
    if let Some(selector) = check::given(spec, "nodeSelector") {
        let at = path.child("nodeSelector");
        match typed::decode::<NodeSelector>(&at, Some(selector)) {
            Ok(selector) => {
                errors.extend(node_selector_errors(&at, &selector));
                if selector.node_selector_terms.len() != 1 {
                    let shown = json!(selector.node_selector_terms);
                    let at = at.child("nodeSelectorTerms");
                    errors.push(FieldError::invalid(&at, shown, "must have exactly one node selector term"));
                }
            }
            Err(error) => errors.push(error),
        }
    }
    for member in ["allNodes", "perDeviceNodeSelection"] {
        if spec.get(member).and_then(Value::as_bool) == Some(false) {
            let detail = "must be either unset or set to true";
            errors.push(FieldError::invalid(&path.child(member), false, detail));
        }
    }
    let is_set = |name: &&&str| spec.get(**name).is_some_and(|value| !value.is_null() && value != &json!(false));
    let given: Vec<_> = NODES.iter().filter(is_set).collect();
    let detail = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
    match given.len() {
        0 => errors.push(FieldError::required(path, detail)),
        1 => {}
        _ => {
            let shown: Vec<_> = given.iter().map(|name| format!("`{name}`")).collect();
            let shown = format!("{{{}}}", shown.join(", "));
            errors.push(FieldError::invalid(path, shown, &format!("{detail}, but multiple fields are set")));
        }
    }
    errors
}

fn attribute_errors(path: &Path, device: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (name, attribute) in meta::map(device, &["attributes"]).into_iter().flatten() {
        let kinds = ["int", "bool", "string", "version"];
        let given: Vec<_> = kinds.iter().filter(|kind| check::given(attribute, kind).is_some()).collect();
        if given.len() != 1 {
            let shown = if given.is_empty() { Value::Null } else { attribute.clone() };
            errors.push(FieldError::invalid(&path.key(name), shown, "exactly one value must be specified"));
        }
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let spec = |path: &[&str]| object.get("spec").map_or("", |spec| meta::text(spec, path)).to_owned();
    vec![
        meta::name(object).into(),
        spec(&["nodeName"]).into(),
        spec(&["driver"]).into(),
        spec(&["pool", "name"]).into(),
        age(object, now).into(),
    ]
}
