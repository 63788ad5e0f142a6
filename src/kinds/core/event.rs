//! Event: something that happened to an object, in its core/v1 form, which is also the stored form.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::kinds::{
    Check, Column, Doc, FieldLabels, Kind, KindDef, Moment, NameRule, SelectableField, Strategy,
    model::strategy::since, rules::check, texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

const MESSAGE: &str = "api.core.v1.Event";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("", "v1", "Event"),
        plural: "events".into(),
        singular: "event".into(),
        short_names: texts(["ev"]),
        schema: MESSAGE.into(),
        columns: COLUMNS.to_vec(),
        fields: vec![
            SelectableField::new("involvedObject.kind", |e| involved(e, "kind")),
            SelectableField::new("involvedObject.namespace", |e| involved(e, "namespace")),
            SelectableField::new("involvedObject.name", |e| involved(e, "name")),
            SelectableField::new("involvedObject.uid", |e| involved(e, "uid")),
            SelectableField::new("involvedObject.apiVersion", |e| involved(e, "apiVersion")),
            SelectableField::new("involvedObject.resourceVersion", |e| involved(e, "resourceVersion")),
            SelectableField::new("involvedObject.fieldPath", |e| involved(e, "fieldPath")),
            SelectableField::new("reason", |e| meta::text(e, &["reason"]).to_owned()),
            SelectableField::new("reportingComponent", |e| meta::text(e, &["reportingComponent"]).to_owned()),
            SelectableField::new("source", source),
            SelectableField::new("type", |e| meta::text(e, &["type"]).to_owned()),
        ],
        field_labels: FieldLabels::Converted,
        name_rule: NameRule::PathSegment,
        create_on_update: true,
        cells: Arc::new(cells),
        strategy: Arc::new(Event),
        ..KindDef::default()
    })
});

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

impl Strategy for Event {
    fn create_checks(&self) -> &'static [Check] {
        &[Check::Object]
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Object]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        errors(object, "reportingComponent")
    }
}

/// What is wrong with an Event in its core/v1 form. The two APIs name the reporting controller's field differently.
pub fn errors(event: &Value, controller: &str) -> FieldErrors {
    let namespace = meta::namespace(event);
    let about = meta::text(event, &["involvedObject", "namespace"]);
    let mut errors = FieldErrors::new();
    let mismatch = if !has_time(event, "eventTime") {
        namespace != about && !(about.is_empty() && namespace == "default")
    } else {
        about.is_empty() && !["default", "kube-system"].contains(&namespace)
    };
    if mismatch {
        let path = Path::new("involvedObject").child("namespace");
        errors.push(FieldError::invalid(&path, about, "does not match event.namespace"));
    }
    if has_time(event, "eventTime") {
        let reporter = meta::text(event, &["reportingComponent"]);
        let path = Path::new(controller);
        if reporter.is_empty() {
            errors.push(FieldError::required(&path, ""));
        }
        errors.extend(check::rule(&path, reporter, names::qualified_name));
        for (member, required, max) in
            [("reportingInstance", true, 128), ("action", true, 128), ("reason", true, 128), ("message", false, 1024)]
        {
            let (path, text) = (Path::new(member), meta::text(event, &[member]));
            if required && text.is_empty() {
                errors.push(FieldError::required(&path, ""));
            }
            if text.len() > max {
                errors.push(FieldError::invalid(&path, "", &format!("can have at most {max} characters")));
            }
        }
    }
    errors.extend(check::rule(&Path::new("namespace"), namespace, names::dns1123_subdomain));
    errors
}

/// Whether the event has a time in this member.
pub fn has_time(event: &Value, member: &str) -> bool {
    check::given(event, member).is_some()
}

/// The cells of an Event in its core/v1 form.
pub fn cells(event: &Value, now: Moment) -> Vec<Value> {
    let time = |path: &[&str]| since(meta::text(event, path), now);
    let first = time(if has_time(event, "firstTimestamp") { &["firstTimestamp"] } else { &["eventTime"] });
    let (last, count) = match check::given(event, "series") {
        Some(series) => (time(&["series", "lastObservedTime"]), check::integer(series, "count")),
        None if has_time(event, "lastTimestamp") => (time(&["lastTimestamp"]), check::integer(event, "count").max(1)),
        None => (first.clone(), check::integer(event, "count").max(1)),
    };
    let text = |path: &[&str]| meta::text(event, path).to_owned();
    let target =
        match (text(&["involvedObject", "kind"]).to_lowercase(), meta::text(event, &["involvedObject", "name"])) {
            (kind, "") => kind,
            (kind, name) => format!("{kind}/{name}"),
        };
    let source = match (source(event), or_reporter(event, "host", "reportingInstance")) {
        (component, "") => component,
        (component, instance) => format!("{component}, {instance}"),
    };
    vec![
        last.into(),
        text(&["type"]).into(),
        text(&["reason"]).into(),
        target.into(),
        text(&["involvedObject", "fieldPath"]).into(),
        source.into(),
        meta::text(event, &["message"]).trim().into(),
        first.into(),
        count.into(),
        meta::name(event).into(),
    ]
}

fn involved(event: &Value, member: &str) -> String {
    meta::text(event, &["involvedObject", member]).to_owned()
}

fn source(event: &Value) -> String {
    or_reporter(event, "component", "reportingComponent").to_owned()
}

/// A member of the source, or where it is empty the reporter's.
fn or_reporter<'a>(event: &'a Value, member: &str, reporter: &str) -> &'a str {
    match meta::text(event, &["source", member]) {
        "" => meta::text(event, &[reporter]),
        text => text,
    }
}
