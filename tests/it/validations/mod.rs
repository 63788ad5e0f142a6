//! `x-kubernetes-validations` as plain functions: what is wrong with rules, and what rules find wrong with objects.

mod compiling;
mod old_values;
mod values;

use kubedouble::{
    object::{FieldErrors, GroupVersionKind, Path},
    schema::{ObjectRef, custom_kind},
    validations::Validations,
};
use serde_json::{Value, json};

fn object(schema: &Value) -> ObjectRef {
    let gvk = |kind| GroupVersionKind::owned("example.com", "v1", kind);
    custom_kind(&gvk("Widget"), &gvk("WidgetList"), Some(schema)).expect("a structural schema").object
}

/// The rules of a kind whose objects have this `spec`, which are fine.
fn compiled(spec: Value) -> Validations {
    let schema = json!({"type": "object", "properties": {"spec": spec}});
    let (validations, errors) = Validations::compile(&object(&schema), &Path::new("schema"));
    assert_eq!(shown(&errors), [""; 0]);
    validations
}

/// What is wrong with the rules of a schema.
fn refused(schema: Value) -> Vec<String> {
    shown(&Validations::compile(&object(&schema), &Path::new("schema")).1)
}

/// What a new object with this `spec` breaks.
fn broken(validations: &Validations, spec: Value) -> Vec<String> {
    changed(validations, spec, None).0
}

/// What an object with this `spec` breaks that replaces another one, and the warnings.
fn changed(validations: &Validations, spec: Value, old: Option<Value>) -> (Vec<String>, Vec<String>) {
    let whole = |spec: Value| json!({"metadata": {"name": "w"}, "spec": spec});
    let mut errors = FieldErrors::new();
    let warnings = validations.validate(&whole(spec), old.map(whole).as_ref(), &mut errors);
    (shown(&errors), warnings)
}

fn shown(errors: &FieldErrors) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}
