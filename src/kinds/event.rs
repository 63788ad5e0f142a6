//! Event: something that happened to an object, in its core/v1 form, which is also the stored form.

use serde_json::Value;

use super::{Column, Doc, FieldLabels, KindDef, NameRule, Strategy};
use crate::object::{GroupVersionKind, meta};

const MESSAGE: &str = "api.core.v1.Event";

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("", "v1", "Event"),
    plural: "events",
    singular: "event",
    short_names: &["ev"],
    message: MESSAGE,
    columns: COLUMNS,
    fields: &[
        ("involvedObject.kind", |e| involved(e, "kind")),
        ("involvedObject.namespace", |e| involved(e, "namespace")),
        ("involvedObject.name", |e| involved(e, "name")),
        ("involvedObject.uid", |e| involved(e, "uid")),
        ("involvedObject.apiVersion", |e| involved(e, "apiVersion")),
        ("involvedObject.resourceVersion", |e| involved(e, "resourceVersion")),
        ("involvedObject.fieldPath", |e| involved(e, "fieldPath")),
        ("reason", |e| meta::text(e, &["reason"]).to_owned()),
        ("reportingComponent", |e| meta::text(e, &["reportingComponent"]).to_owned()),
        ("source", source),
        ("type", |e| meta::text(e, &["type"]).to_owned()),
    ],
    field_labels: FieldLabels::Converted,
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    strategy: &Event,
    ..KindDef::BASE
};

/// The columns of both forms of an Event.
pub const COLUMNS: &[Column] = &[
    Column::new("Last Seen", Doc::Field(MESSAGE, "lastTimestamp")),
    Column::new("Type", Doc::Field(MESSAGE, "type")),
    Column::new("Reason", Doc::Field(MESSAGE, "reason")),
    Column::new("Object", Doc::Field(MESSAGE, "involvedObject")),
    Column::new("Subobject", Doc::Field("api.core.v1.ObjectReference", "fieldPath")).wide(),
    Column::new("Source", Doc::Field(MESSAGE, "source")).wide(),
    Column::new("Message", Doc::Field(MESSAGE, "message")),
    Column::new("First Seen", Doc::Field(MESSAGE, "firstTimestamp")).wide(),
    Column::new("Count", Doc::Field(MESSAGE, "count")).wide(),
    Column::NAME.wide(),
];

struct Event;

impl Strategy for Event {}

fn involved(event: &Value, member: &str) -> String {
    meta::text(event, &["involvedObject", member]).to_owned()
}

fn source(event: &Value) -> String {
    let component = meta::text(event, &["source", "component"]);
    if component.is_empty() { meta::text(event, &["reportingComponent"]).to_owned() } else { component.to_owned() }
}
