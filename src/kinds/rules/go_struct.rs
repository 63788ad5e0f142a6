//! Values as a Go server's own structs print them: every field, under its Go name, in the order of the struct. Error messages show
//! values in this form, and those about refused updates the difference of two such texts.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::object::meta;

/// The fields of a struct: Go name and shape, in order.
pub type Layout = &'static [Member];

/// The name of a field in Go, and its shape.
pub type Member = (&'static str, Shape);

/// What a field shows.
#[derive(Clone, Copy)]
pub enum Shape {
    /// A text, empty if absent.
    Text,
    /// A number, 0 if absent.
    Number,
    /// A boolean, false if absent.
    Flag,
    /// Something that is null if absent and shown as it is otherwise.
    Any,
    /// A struct that is always there.
    One(Layout),
    /// A struct or null.
    Maybe(Layout),
    /// A list of structs or null.
    Many(Layout),
    /// A selector, which prints as it does in JSON, or null.
    Selector,
    /// A text whose JSON name is another word.
    TextOf(&'static str),
    /// A boolean whose JSON name is another word.
    FlagOf(&'static str),
    /// Anything whose JSON name is another word.
    AnyOf(&'static str),
    /// A struct or null, whose JSON name is another word.
    MaybeOf(&'static str, Layout),
}

use Shape::{Any, AnyOf, Flag, FlagOf, Many, Maybe, MaybeOf, Number, One, Selector, Text, TextOf};

/// A value as an error shows it.
pub fn show(value: &impl Serialize, layout: Layout) -> Value {
    lay_out(&serde_json::to_value(value).unwrap_or_default(), layout)
}

/// The members of a JSON value as the fields of a struct.
pub fn lay_out(value: &Value, layout: Layout) -> Value {
    let fields = layout.iter().map(|(name, shape)| {
        let (json, shape) = match *shape {
            TextOf(json) => (json, Text),
            FlagOf(json) => (json, Flag),
            AnyOf(json) => (json, Any),
            MaybeOf(json, layout) => (json, Maybe(layout)),
            shape => (*name, shape),
        };
        ((*name).to_owned(), shaped(member(value, json), shape))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// A value as indented JSON.
pub fn indented(value: &Value) -> String {
    let mut out = Vec::new();
    let indent = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, indent);
    value.serialize(&mut serializer).expect("JSON values serialize into memory");
    let text = String::from_utf8(out).expect("JSON is UTF-8");
    // Go escapes what HTML would misread.
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
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

/// A map by key, as Go prints it.
pub fn sorted(map: &meta::Object) -> Value {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by(|a, b| a.0.cmp(b.0));
    Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect())
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
        (Any, Value::Object(map)) if map.values().all(Value::is_string) => sorted(map),
        (_, value) => value.clone(),
    }
}
