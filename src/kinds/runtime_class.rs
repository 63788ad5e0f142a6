//! RuntimeClass: which container runtime of its node runs a pod, what that costs, and where it is.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use serde_json::{Value, json};

use super::{
    Check, Column, Doc, Kind, KindDef, Moment, Scope, Strategy,
    model::strategy::age,
    pod,
    rules::{check, metadata_errors, same::same},
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("node.k8s.io", "v1", "RuntimeClass"),
        plural: "runtimeclasses".into(),
        singular: "runtimeclass".into(),
        schema: "api.node.v1.RuntimeClass".into(),
        scope: Scope::Cluster,
        columns: vec![
            Column::NAME,
            Column::new("Handler", Doc::Field("api.node.v1.RuntimeClass", "handler")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        any_finalizer: true,
        create_on_update: true,
        unconditional_update: false,
        strategy: Arc::new(RuntimeClass),
        ..KindDef::default()
    })
});

struct RuntimeClass;

impl Strategy for RuntimeClass {
    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::MetadataChange, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let mut errors =
            check::required_rule(&Path::new("handler"), meta::text(object, &["handler"]), names::dns1123_label);
        if let Some(overhead) = meta::at(object, &["overhead", "podFixed"]) {
            errors.extend(pod::overhead_errors(&Path::new("overhead"), overhead));
        }
        let path = Path::new("scheduling");
        let selector = meta::map(object, &["scheduling", "nodeSelector"]);
        errors.extend(
            selector.into_iter().flat_map(|labels| metadata_errors::labels(&path.child("nodeSelector"), labels)),
        );
        let tolerations = meta::at(object, &["scheduling", "tolerations"]).unwrap_or(&Value::Null);
        errors.extend(toleration_errors(&path.child("tolerations"), tolerations));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let (new, old) = (object.get("handler"), old.get("handler"));
        let is_changed = !same(new, old);
        let error = || {
            FieldError::invalid(&Path::new("handler"), new.cloned().unwrap_or_else(|| "".into()), "field is immutable")
        };
        is_changed.then(error).into_iter().collect()
    }
}

/// Each toleration by itself, and that there is none twice.
fn toleration_errors(path: &Path, tolerations: &Value) -> FieldErrors {
    let mut errors = pod::toleration_errors(path, tolerations);
    let mut seen = HashSet::new();
    for (i, toleration) in meta::items(tolerations, &[]).iter().enumerate() {
        let text = |member: &str| meta::text(toleration, &[member]);
        if !seen.insert((text("key"), text("operator"), text("value"), text("effect"))) {
            let shown = json!({
                "Key": text("key"),
                "Operator": text("operator"),
                "Value": text("value"),
                "Effect": text("effect"),
                "TolerationSeconds": toleration.get("tolerationSeconds"),
            });
            errors.push(FieldError::duplicate(&path.index(i), shown));
        }
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), meta::text(object, &["handler"]).into(), age(object, now).into()]
}
