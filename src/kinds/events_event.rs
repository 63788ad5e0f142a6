//! The events.k8s.io/v1 form of an Event: a view of the core/v1 object.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::{
    FieldLabels, Kind, KindDef, Renaming, SelectableField, Storage, Strategy, core::event, rules::check, texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("events.k8s.io", "v1", "Event"),
        plural: "events".into(),
        singular: "event".into(),
        short_names: texts(["ev"]),
        schema: "api.events.v1.Event".into(),
        columns: event::COLUMNS.to_vec(),
        cells: Arc::new(|event, now| event::cells(&to_stored(event.clone()), now)),
        fields: vec![
            SelectableField::new("regarding.kind", |e| regarding(e, "kind")),
            SelectableField::new("regarding.namespace", |e| regarding(e, "namespace")),
            SelectableField::new("regarding.name", |e| regarding(e, "name")),
            SelectableField::new("regarding.uid", |e| regarding(e, "uid")),
            SelectableField::new("regarding.apiVersion", |e| regarding(e, "apiVersion")),
            SelectableField::new("regarding.resourceVersion", |e| regarding(e, "resourceVersion")),
            SelectableField::new("regarding.fieldPath", |e| regarding(e, "fieldPath")),
            SelectableField::new("reason", |e| meta::text(e, &["reason"]).to_owned()),
            SelectableField::new("reportingController", |e| meta::text(e, &["reportingController"]).to_owned()),
            SelectableField::new("type", |e| meta::text(e, &["type"]).to_owned()),
        ],
        field_labels: FieldLabels::Converted,
        storage: Storage::VersionOf(event::DEF.clone()),
        conversion: Some(Arc::new(Renaming { from_stored, to_stored })),
        create_on_update: true,
        strategy: Arc::new(Event),
        ..KindDef::default()
    })
});

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

impl Strategy for Event {
    fn validate(&self, object: &Value) -> FieldErrors {
        let event = to_stored(object.clone());
        let mut errors = event::errors(&event, "reportingController");
        errors.extend(series_errors(&event));
        if !event::has_time(&event, "eventTime") {
            errors.push(FieldError::required(&Path::new("eventTime"), ""));
        }
        let kind = meta::text(&event, &["type"]);
        if !["Normal", "Warning"].contains(&kind) {
            errors.push(FieldError::invalid(&Path::new("type"), "", &format!("has invalid value: {kind}")));
        }
        let source = event.get("source").and_then(Value::as_object).is_some_and(|source| !source.is_empty());
        for (member, set) in [
            ("firstTimestamp", event::has_time(&event, "firstTimestamp")),
            ("lastTimestamp", event::has_time(&event, "lastTimestamp")),
            ("count", check::integer(&event, "count") != 0),
            ("source", source),
        ] {
            if set {
                errors.push(FieldError::invalid(&Path::new(member), "", "needs to be unset"));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let (event, old) = (to_stored(object.clone()), to_stored(old.clone()));
        let mut errors = event::errors(&event, "reportingController");
        if event.get("series") != old.get("series") {
            errors.extend(series_errors(&event));
        }
        for (member, name) in IMMUTABLE {
            if event.get(*member) != old.get(*member) {
                let shown = shown(member, event.get(*member));
                errors.push(FieldError::invalid(&Path::new(name), shown, "field is immutable"));
            }
        }
        errors
    }
}

/// A member of the stored form as errors show it: in Go's names, with everything that is empty.
fn shown(member: &str, value: Option<&Value>) -> Value {
    const REFERENCE: &[(&str, &str)] = &[
        ("kind", "Kind"),
        ("namespace", "Namespace"),
        ("name", "Name"),
        ("uid", "UID"),
        ("apiVersion", "APIVersion"),
        ("resourceVersion", "ResourceVersion"),
        ("fieldPath", "FieldPath"),
    ];
    const SOURCE: &[(&str, &str)] = &[("component", "Component"), ("host", "Host")];
    let names = match (member, value) {
        ("involvedObject", _) | ("related", Some(_)) => REFERENCE,
        ("source", _) => SOURCE,
        ("count", None) => return 0.into(),
        ("related" | "firstTimestamp" | "lastTimestamp" | "eventTime", None) => return Value::Null,
        (_, None) => return "".into(),
        (_, Some(value)) => return value.clone(),
    };
    let text = |name| value.map(|value| meta::text(value, &[name])).unwrap_or_default();
    names.iter().map(|(name, go_name)| ((*go_name).to_owned(), Value::from(text(name)))).collect()
}

/// Members of the stored form that an update may not change, with the names that errors give them. Kubernetes looks at
/// the reason twice.
const IMMUTABLE: &[(&str, &str)] = &[
    ("involvedObject", "involvedObject"),
    ("reason", "reason"),
    ("message", "message"),
    ("source", "source"),
    ("firstTimestamp", "firstTimestamp"),
    ("lastTimestamp", "lastTimestamp"),
    ("count", "count"),
    ("reason", "reason"),
    ("type", "type"),
    ("eventTime", "eventTime"),
    ("action", "action"),
    ("related", "related"),
    ("reportingComponent", "reportingController"),
    ("reportingInstance", "reportingInstance"),
];

fn series_errors(event: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let Some(series) = check::given(event, "series") else { return errors };
    if check::integer(series, "count") < 2 {
        errors.push(FieldError::invalid(&Path::new("series.count"), "", "should be at least 2"));
    }
    if !event::has_time(series, "lastObservedTime") {
        errors.push(FieldError::required(&Path::new("series.lastObservedTime"), ""));
    }
    errors
}

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
