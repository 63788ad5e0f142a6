//! The parts that the schemas of built-in and of custom types have in common.

use serde_json::{Map, Value, json};

use super::Dialect;
use crate::schema::{ObjectType, Type};

/// A reference to an object's schema.
pub fn reference(object: &ObjectType, dialect: Dialect) -> Value {
    reference_to(&component(object), dialect)
}

/// A reference to the schema of a type that has a definition of its own.
pub(super) fn reference_to(component: &str, dialect: Dialect) -> Value {
    let place = match dialect {
        Dialect::V2 => "#/definitions",
        Dialect::V3 => "#/components/schemas",
    };
    json!({"$ref": format!("{place}/{component}")})
}

/// The name of an object's definition. Those of custom kinds are known by the group that is turned around.
pub(super) fn component(object: &ObjectType) -> String {
    if object.is_structural() { object.name.to_string() } else { format!("io.k8s.{}", object.name) }
}

/// The definition that fields of the type refer to.
pub(super) fn component_of(ty: &Type) -> Option<String> {
    ty.object().map(component).or_else(|| ty.definition.map(|name| format!("io.k8s.{name}")))
}

/// The kinds that have the type.
pub(super) fn kinds(object: &ObjectType) -> Value {
    let gvks = object.gvks.iter();
    gvks.map(|gvk| json!({"group": gvk.group, "kind": gvk.kind, "version": gvk.version})).collect()
}

/// How server-side apply merges values.
pub(super) fn merging(property: &mut Map<String, Value>, ty: &Type) {
    if let Some(list) = ty.list() {
        if let Some(kind) = list.kind {
            property.insert("x-kubernetes-list-type".into(), kind.name().into());
        }
        if !list.keys.is_empty() {
            property.insert("x-kubernetes-list-map-keys".into(), json!(list.keys));
        }
    }
    if ty.atomic {
        property.insert("x-kubernetes-map-type".into(), "atomic".into());
    }
    if ty.granular {
        property.insert("x-kubernetes-map-type".into(), "granular".into());
    }
}

/// Adds members to a schema.
pub(super) fn extend(schema: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        schema.extend(more);
    }
}
