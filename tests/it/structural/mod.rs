//! Structural schemas as plain functions: pruning, defaults, and what values must be.

mod values;

use kubedouble::{object::GroupVersionKind, structural::Schema};
use serde_json::Value;

/// The schema of a kind whose objects have this `spec`.
fn compiled(spec: Value) -> Schema {
    whole(serde_json::json!({"type": "object", "properties": {"spec": spec}}))
}

/// The schema of a kind whose objects look like this.
fn whole(schema: Value) -> Schema {
    let gvk = |kind| GroupVersionKind::owned("example.com", "v1", kind);
    Schema::compile(&gvk("Widget"), &gvk("WidgetList"), Some(&schema)).expect("a structural schema")
}
