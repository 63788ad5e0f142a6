//! Namespace: a scope for names, with a life cycle of its own.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value, json};

use crate::kinds::{
    Check, Column, DeletionResult, Doc, FieldLabels, Kind, KindDef, Moment, NameRule, Scope, SelectableField, Strategy,
    Subresource, SubresourceStrategy, Verb,
    model::strategy::age,
    rules::{check, fill},
    texts,
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path, meta, names,
    well_known::{KUBERNETES, STANDARD_FINALIZERS},
};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "Namespace");

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "namespaces".into(),
        singular: "namespace".into(),
        short_names: texts(["ns"]),
        scope: Scope::Cluster,
        verbs: vec![Verb::Create, Verb::Delete, Verb::Get, Verb::List, Verb::Patch, Verb::Update, Verb::Watch],
        subresources: vec![Subresource::part("finalize", GVK, &[Verb::Update], Finalize), Subresource::status(GVK)],
        schema: "api.core.v1.Namespace".into(),
        columns: vec![Column::NAME, Column::new("Status", Doc::text("The status of the namespace")), Column::AGE],
        fields: vec![SelectableField::new("status.phase", |namespace| {
            meta::text(namespace, &["status", "phase"]).to_owned()
        })],
        field_labels: FieldLabels::Converted,
        name_rule: NameRule::Label,
        deletion_result: DeletionResult::Object,
        has_status: true,
        cells: Arc::new(cells),
        strategy: Arc::new(Namespace),
        ..KindDef::default()
    })
});

const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// `finalize`: lets `spec` through. Everything else but metadata comes from the old object.
struct Finalize;

impl SubresourceStrategy for Finalize {
    fn prepare(&self, _kind: &dyn Strategy, object: &mut Value, old: &Value) {
        if let Some(members) = object.as_object_mut() {
            meta::set(members, "status", old.get("status").cloned().unwrap_or(Value::Null));
        }
    }

    fn validate(&self, _kind: &dyn Strategy, object: &Value, _old: &Value) -> FieldErrors {
        let path = Path::new("spec").child("finalizers");
        let named = spec_finalizers(object).into_iter().enumerate();
        named.flat_map(|(i, name)| finalizer_errors(&path.index(i), name)).collect()
    }
}

struct Namespace;

impl Strategy for Namespace {
    fn default(&self, object: &mut Value) {
        label_with_name(object);
        fill::absent(meta::map_mut(object, "status"), "phase", "Active");
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        meta::map_mut(object, "status").insert("phase".to_owned(), "Active".into());
        let spec = meta::map_mut(object, "spec");
        let finalizers = spec.entry("finalizers").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = finalizers
            && !list.iter().any(|finalizer| finalizer == KUBERNETES)
        {
            list.push(KUBERNETES.into());
        }
    }

    fn is_held(&self, object: &Value) -> bool {
        !spec_finalizers(object).is_empty()
    }

    fn mark_deleting(&self, object: &mut Value) {
        meta::map_mut(object, "status").insert("phase".to_owned(), "Terminating".into());
    }

    fn prepare_for_update(&self, object: &mut Value, old: &Value) {
        let finalizers = meta::at(old, &["spec", "finalizers"]).cloned().unwrap_or(Value::Null);
        meta::set(meta::map_mut(object, "spec"), "finalizers", finalizers);
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::MetadataChange]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec").child("finalizers");
        spec_finalizers(object).iter().flat_map(|name| finalizer_errors(&path, name)).collect()
    }

    fn canonicalize(&self, object: &mut Value) {
        // A generated name was not there yet when defaults were set.
        label_with_name(object);
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        let (phase, detail) = if meta::is_deleting(object) {
            ("Terminating", "may only be 'Terminating' if `deletionTimestamp` is not empty")
        } else {
            ("Active", "may only be 'Active' if `deletionTimestamp` is empty")
        };
        match meta::text(object, &["status", "phase"]) {
            found if found == phase => FieldErrors::new(),
            found => vec![FieldError::invalid(&Path::new("status").child("Phase"), found, detail)],
        }
    }
}

fn label_with_name(object: &mut Value) {
    let name = meta::name(object).to_owned();
    if name.is_empty() {
        return;
    }
    let metadata = meta::metadata_mut(object);
    let labels = metadata.entry("labels").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(labels) = labels {
        labels.insert(NAME_LABEL.to_owned(), name.into());
    } else {
        *labels = json!({NAME_LABEL: name});
    }
}

fn spec_finalizers(namespace: &Value) -> Vec<&str> {
    meta::items(namespace, &["spec", "finalizers"]).iter().filter_map(Value::as_str).collect()
}

fn finalizer_errors(path: &Path, name: &str) -> FieldErrors {
    let mut errors = check::rule(path, name, names::qualified_name);
    if !name.contains('/') && !STANDARD_FINALIZERS.contains(&name) {
        let detail = "name is neither a standard finalizer name nor is it fully qualified";
        errors.push(FieldError::invalid(path, name, detail));
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), meta::text(object, &["status", "phase"]).into(), age(object, now).into()]
}
