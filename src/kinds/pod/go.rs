//! Pods as a server's own structs print them: every field, under its Go name, in the order of the struct. Error messages show values
//! in this form, and those about refused updates the difference of two such texts.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::go_layout::{
    EPHEMERAL_CONTAINER, Layout, POD_SPEC,
    Shape::{self, Any, AnyOf, Flag, FlagOf, Many, Maybe, Number, One, Selector, Text, TextOf},
};
use crate::object::meta;

/// The spec of a pod as indented JSON.
pub fn render(spec: &Value) -> String {
    let mut spec = spec.clone();
    if let Some(members) = spec.as_object_mut() {
        // These live in the security context on the inside.
        let hosts: Vec<_> = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"]
            .iter()
            .filter_map(|name| members.get(*name).map(|value| ((*name).to_owned(), value.clone())))
            .collect();
        if !hosts.is_empty() {
            let spec = members.entry("securityContext").or_insert_with(|| json!({}));
            if let Value::Object(context) = spec {
                context.extend(hosts);
            }
        }
    }
    indented(&lay_out(&spec, POD_SPEC))
}

/// An ephemeral container as indented JSON.
pub fn render_ephemeral(container: &Value) -> String {
    indented(&lay_out(container, EPHEMERAL_CONTAINER))
}

/// A value as an error shows it.
pub fn show(value: &impl Serialize, layout: Layout) -> Value {
    lay_out(&serde_json::to_value(value).unwrap_or_default(), layout)
}

fn indented(value: &Value) -> String {
    let mut out = Vec::new();
    let indent = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, indent);
    value.serialize(&mut serializer).expect("JSON values serialize into memory");
    let text = String::from_utf8(out).expect("JSON is UTF-8");
    // Go escapes what HTML would misread.
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

fn lay_out(value: &Value, layout: Layout) -> Value {
    let fields = layout.iter().map(|(name, shape)| {
        let (json, shape) = match *shape {
            TextOf(json) => (json, Text),
            FlagOf(json) => (json, Flag),
            AnyOf(json) => (json, Any),
            shape => (*name, shape),
        };
        ((*name).to_owned(), shaped(member(value, json), shape))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// The member of this name. Go's names mostly differ from JSON's in case only.
fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    let mut members = meta::map(value, &[]).into_iter().flatten();
    members.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or(&Value::Null, |(_, value)| value)
}

fn shaped(value: &Value, shape: Shape) -> Value {
    match (shape, value) {
        (Text | TextOf(_), Value::Null) => "".into(),
        (Number, Value::Null) => 0.into(),
        (Flag | FlagOf(_), Value::Null) => false.into(),
        (One(layout), value) => lay_out(value, layout),
        (_, Value::Null) => Value::Null,
        (Maybe(layout), value) => lay_out(value, layout),
        (Many(layout), Value::Array(items)) => items.iter().map(|item| lay_out(item, layout)).collect(),
        (Selector, value) => selector(value),
        // Go prints maps by key.
        (Any, Value::Object(map)) if map.values().all(Value::is_string) => sorted(map),
        (_, value) => value.clone(),
    }
}

fn sorted(map: &meta::Object) -> Value {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by(|a, b| a.0.cmp(b.0));
    Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// A selector with its members in the order of the API, and without empty ones.
pub fn selector(value: &Value) -> Value {
    let mut shown = meta::Object::new();
    if let Some(labels) = meta::map(value, &["matchLabels"]).filter(|labels| !labels.is_empty()) {
        shown.insert("matchLabels".to_owned(), sorted(labels));
    }
    let expressions = meta::items(value, &["matchExpressions"]);
    if !expressions.is_empty() {
        let expressions = expressions.iter().map(|expression| {
            let members = ["key", "operator", "values"].into_iter();
            let members = members.filter_map(|name| Some((name.to_owned(), expression.get(name)?.clone())));
            Value::Object(members.collect())
        });
        shown.insert("matchExpressions".to_owned(), expressions.collect());
    }
    Value::Object(shown)
}
