//! The events.k8s.io/v1 form of an Event: a view of the core/v1 object.

use serde_json::{Map, Value};

use super::{FieldLabels, KindDef, Storage, Strategy, event};
use crate::object::{GroupVersionKind, meta};

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GroupVersionKind::new("events.k8s.io", "v1", "Event"),
    plural: "events",
    singular: "event",
    short_names: &["ev"],
    message: "api.events.v1.Event",
    columns: event::COLUMNS,
    fields: &[
        ("regarding.kind", |e| regarding(e, "kind")),
        ("regarding.namespace", |e| regarding(e, "namespace")),
        ("regarding.name", |e| regarding(e, "name")),
        ("regarding.uid", |e| regarding(e, "uid")),
        ("regarding.apiVersion", |e| regarding(e, "apiVersion")),
        ("regarding.resourceVersion", |e| regarding(e, "resourceVersion")),
        ("regarding.fieldPath", |e| regarding(e, "fieldPath")),
        ("reason", |e| meta::text(e, &["reason"]).to_owned()),
        ("reportingController", |e| meta::text(e, &["reportingController"]).to_owned()),
        ("type", |e| meta::text(e, &["type"]).to_owned()),
    ],
    field_labels: FieldLabels::Converted,
    storage: Storage::ViewOf { group: "", plural: "events", from_stored, to_stored },
    create_on_update: true,
    strategy: &Event,
    ..KindDef::BASE
};

/// Members that the two forms name differently: core/v1's name first.
const RENAMED: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// The events.k8s.io/v1 form of a core/v1 Event.
pub fn from_stored(event: Value) -> Value {
    renamed(event, "events.k8s.io/v1", |name| RENAMED.iter().find(|(core, _)| *core == name).map(|(_, new)| *new))
}

/// The core/v1 form of an events.k8s.io/v1 Event.
pub fn to_stored(event: Value) -> Value {
    renamed(event, "v1", |name| RENAMED.iter().find(|(_, new)| *new == name).map(|(core, _)| *core))
}

struct Event;

impl Strategy for Event {}

fn renamed(event: Value, api_version: &str, other_name: impl Fn(&str) -> Option<&'static str>) -> Value {
    let Value::Object(members) = event else { return event };
    let mut out = Map::with_capacity(members.len());
    for (name, value) in members {
        let value = if name == "apiVersion" { api_version.into() } else { value };
        out.insert(other_name(&name).map_or(name, str::to_owned), value);
    }
    Value::Object(out)
}

fn regarding(event: &Value, member: &str) -> String {
    meta::text(event, &["regarding", member]).to_owned()
}
