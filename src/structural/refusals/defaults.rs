//! Defaults must be values that their own schemas accept.

use serde_json::{Value, json};

use super::walk::{Walk, flag, named, schema};
use crate::{
    object::{FieldError, FieldErrors, Path, field::aggregate},
    schema::from_open_api,
    structural::{members, node::Node, prune, values},
};

/// What is wrong with the defaults of a structural schema.
pub fn errors(of: &Value, path: &Path) -> FieldErrors {
    let mut walk = Walk::new(path);
    defaults(&mut walk, of, &Place { is_resource: true, ..Place::default() });
    walk.errors
}

/// Where in a resource a schema is.
#[derive(Clone, Default)]
struct Place {
    /// It describes a whole resource.
    is_resource: bool,
    /// It describes kind, version or metadata of a resource, or a part of them: the way from the resource.
    in_metadata: Option<Vec<Step>>,
}

#[derive(Clone)]
enum Step {
    Member(String),
    Item,
}

fn defaults(walk: &mut Walk, of: &Value, place: &Place) {
    let is_resource = place.is_resource || flag(of, "x-kubernetes-embedded-resource");
    let way = place.in_metadata.as_ref().filter(|_| !is_resource);
    if let Some(default) = of.get("default").filter(|default| !default.is_null()) {
        let errors = match way {
            Some(way) => within_metadata(of, default, way, &walk.at("default")),
            None => anywhere(of, default, &walk.at("default")),
        };
        walk.errors.extend(errors);
    }
    let below = |step: Step| Place {
        is_resource: false,
        in_metadata: way.map(|way| way.iter().cloned().chain([step]).collect()),
    };
    if let Some(items) = schema(of, "items") {
        walk.below(".items", |walk| defaults(walk, items, &below(Step::Item)));
    }
    for (name, property) in named(of, "properties") {
        let mut place = below(Step::Member(name.clone()));
        if is_resource && ["metadata", "kind", "apiVersion"].contains(&&**name) {
            place.in_metadata = Some(vec![Step::Member(name.clone())]);
        }
        walk.below(&format!(".properties[{name}]"), |walk| defaults(walk, property, &place));
    }
}

/// A default outside of metadata: it has no unknown fields, and what is embedded in it is a resource.
fn anywhere(of: &Value, default: &Value, path: &Path) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let node = Node::compile(of);
    if let Ok(ty) = from_open_api(of) {
        let mut pruned = default.clone();
        prune::prune_value(&mut pruned, &ty);
        if pruned != *default {
            errors.push(FieldError::invalid(path, default.clone(), "must not have unknown fields"));
        }
    }
    let mut wrong = members::embedded(&node, default, path);
    if wrong.is_empty() {
        wrong = values::errors(&node, default, None, Some(path));
    }
    errors.extend(wrong);
    errors
}

/// A default of metadata: a resource that has it is valid.
fn within_metadata(of: &Value, default: &Value, way: &[Step], path: &Path) -> FieldErrors {
    let surrounding = way.iter().rev().fold(default.clone(), |value, step| match step {
        Step::Member(name) => json!({name: value}),
        Step::Item => json!([value]),
    });
    let mut resource = json!({"kind": "Validation", "apiVersion": "validation/v1"});
    if let (Value::Object(members), Value::Object(given)) = (&mut resource, surrounding) {
        members.extend(given);
    }
    let node = Node { embedded: true, ..Node::default() };
    let wrong = members::embedded(&node, &resource, &Path::default());
    if wrong.is_empty() {
        return values::errors(&Node::compile(of), default, None, Some(path));
    }
    let why = format!("must result in valid metadata: {}", aggregate(&wrong));
    vec![FieldError::invalid(path, default.clone(), &why)]
}
