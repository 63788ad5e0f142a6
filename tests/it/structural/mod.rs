//! Structural schemas as plain functions: what is refused in them, pruning, defaults, and what values must be.

mod formats;
mod patterns;
mod pruning;
mod published;
mod ratcheting;
mod refusals;
mod values;

use kubedouble::{
    object::{GroupVersionKind, Path},
    structural::{self, Schema},
};
use serde_json::{Value, json};

/// The schema of a kind whose objects have this `spec`.
fn compiled(spec: Value) -> Schema {
    whole(json!({"type": "object", "properties": {"spec": spec}}))
}

/// The schema of a kind whose objects look like this.
fn whole(schema: Value) -> Schema {
    let gvk = |kind| GroupVersionKind::owned("example.com", "v1", kind);
    Schema::compile(&gvk("Widget"), &gvk("WidgetList"), Some(&schema)).expect("a structural schema")
}

/// What is wrong with a schema of `spec`. The path to it is left out.
fn refused(spec: Value) -> Vec<String> {
    refused_whole(json!({"type": "object", "properties": {"spec": spec}}))
}

/// What is wrong with a schema.
fn refused_whole(schema: Value) -> Vec<String> {
    let errors = structural::refusals(&schema, &Path::new("schema"), false);
    errors.iter().map(|error| error.to_string().replacen("schema.properties[spec].", "", 1)).collect()
}
