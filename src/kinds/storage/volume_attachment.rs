//! VolumeAttachment: a volume that is attached to a node, or is to be.

use std::sync::{Arc, LazyLock};

use k8s_openapi::api::core::v1::PersistentVolumeSpec;
use serde_json::{Value, json};

use super::{driver_name, persistent_volume};
use crate::kinds::{
    Check, Column, DeletionResult, Doc, Kind, KindDef, Moment, Scope, Strategy, Subresource,
    model::strategy::{age, keep_all_but_status},
    pod::typed,
    rules::{check, fill, metadata, same::same},
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

const GVK: GroupVersionKind = GroupVersionKind::new("storage.k8s.io", "v1", "VolumeAttachment");
const SPEC: &str = "api.storage.v1.VolumeAttachmentSpec";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    let attached = Column::new("Attached", Doc::Field("api.storage.v1.VolumeAttachmentStatus", "attached"));
    Kind::new(KindDef {
        gvk: GVK,
        plural: "volumeattachments".into(),
        singular: "volumeattachment".into(),
        scope: Scope::Cluster,
        subresources: vec![Subresource::status(GVK)],
        schema: "api.storage.v1.VolumeAttachment".into(),
        columns: vec![
            Column::NAME,
            Column { format: "name".into(), ..Column::new("Attacher", Doc::Field(SPEC, "attacher")) },
            Column::new("PV", Doc::Field("api.storage.v1.VolumeAttachmentSource", "persistentVolumeName")),
            Column::new("Node", Doc::Field(SPEC, "nodeName")),
            Column { kind: "boolean".into(), ..attached },
            Column::AGE,
        ],
        cells: Arc::new(cells),
        unconditional_update: false,
        deletion_result: DeletionResult::Object,
        has_status: true,
        strategy: Arc::new(VolumeAttachment),
        ..KindDef::default()
    })
});

/// The most bytes of what a driver says of an attachment.
const METADATA_MAX: usize = 256 * 1024;
/// The most bytes of a message; the error names the other limit.
const MESSAGE_MAX: usize = 1024;

const ONE_SOURCE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

struct VolumeAttachment;

impl Strategy for VolumeAttachment {
    fn default(&self, object: &mut Value) {
        if let Some(volume) = object.pointer_mut("/spec/source/inlineVolumeSpec").and_then(Value::as_object_mut) {
            persistent_volume::default_source(volume);
        }
        meta::map_mut(object, "status");
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        meta::members_mut(object).insert("status".to_owned(), json!({}));
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec");
        let mut errors = own_errors(object);
        let attacher = meta::text(object, &["spec", "attacher"]);
        if !attacher.is_empty() {
            errors.extend(driver_name::errors(&path.child("attacher"), attacher));
        }
        let at = path.child("source").child("persistentVolumeName");
        let name = meta::text(object, &["spec", "source", "persistentVolumeName"]);
        errors.extend(check::rule_if_given(&at, name, names::dns1123_subdomain));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = own_errors(object);
        let (new, before) = (shown(object), shown(old));
        if !same(Some(&new), Some(&before)) {
            errors.push(FieldError::invalid(&Path::new("spec"), new, "field is immutable"));
        }
        errors
    }

    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        keep_all_but_status(object, old);
        metadata::keep_for_part(object, old);
    }

    fn status_reset_fields(&self) -> &'static [&'static [&'static str]] {
        &[&["metadata"], &["spec"]]
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        own_errors(object)
    }
}

/// Checks what is checked of all attachments, also of those that were there before names were checked.
fn own_errors(object: &Value) -> FieldErrors {
    let (null, path) = (Value::Null, Path::new("spec"));
    let spec = object.get("spec").unwrap_or(&null);
    let mut errors = FieldErrors::new();
    if meta::text(spec, &["attacher"]).is_empty() {
        errors.push(FieldError::required(&path.child("attacher"), ""));
    }
    errors.extend(source_errors(&path.child("source"), spec.get("source").unwrap_or(&null)));
    let node = meta::text(spec, &["nodeName"]);
    errors.extend(check::rule(&path.child("nodeName"), node, names::dns1123_subdomain));
    errors.extend(status_errors(&Path::new("status"), object.get("status").unwrap_or(&null)));
    errors
}

fn source_errors(path: &Path, source: &Value) -> FieldErrors {
    let name = source.get("persistentVolumeName").and_then(Value::as_str);
    let inline = check::given(source, "inlineVolumeSpec");
    match (name, inline) {
        (None, None) => vec![FieldError::required(path, ONE_SOURCE)],
        (Some(_), Some(_)) => vec![FieldError::forbidden(path, ONE_SOURCE)],
        (Some(""), None) => {
            let path = path.child("persistentVolumeName");
            vec![FieldError::required(&path, "must specify non empty persistentVolumeName")]
        }
        (Some(_), None) => FieldErrors::new(),
        (None, Some(inline)) => {
            let path = path.child("inlineVolumeSpec");
            match typed::decode::<PersistentVolumeSpec>(&path, Some(inline)) {
                Ok(spec) => persistent_volume::inline_errors(&path, &spec),
                Err(error) => vec![error],
            }
        }
    }
}

fn status_errors(path: &Path, status: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let entries = meta::map(status, &["attachmentMetadata"]).into_iter().flatten();
    let bytes: usize = entries.map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if bytes > METADATA_MAX {
        errors.push(FieldError::too_long(&path.child("attachmentMetadata"), METADATA_MAX));
    }
    for member in ["attachError", "detachError"] {
        if meta::text(status, &[member, "message"]).len() > MESSAGE_MAX {
            errors.push(FieldError::too_long(&path.child(member).child("message"), METADATA_MAX));
        }
    }
    errors
}

/// The spec as an error shows it.
fn shown(object: &Value) -> Value {
    let source = |member: &str| meta::at(object, &["spec", "source", member]).cloned().unwrap_or(Value::Null);
    let inline = match source("inlineVolumeSpec") {
        Value::Null => Value::Null,
        inline => persistent_volume::shown_spec(&inline),
    };
    let text = |member: &str| meta::text(object, &["spec", member]).to_owned();
    let mut shown = meta::Object::new();
    fill::null(&mut shown, "Attacher", text("attacher"));
    let name = source("persistentVolumeName");
    fill::null(&mut shown, "Source", json!({"PersistentVolumeName": name, "InlineVolumeSpec": inline}));
    fill::null(&mut shown, "NodeName", text("nodeName"));
    Value::Object(shown)
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let spec = |member: &str| meta::text(object, &["spec", member]);
    let attached = meta::at(object, &["status", "attached"]).and_then(Value::as_bool).unwrap_or_default();
    vec![
        meta::name(object).into(),
        spec("attacher").into(),
        meta::text(object, &["spec", "source", "persistentVolumeName"]).into(),
        spec("nodeName").into(),
        attached.into(),
        age(object, now).into(),
    ]
}
