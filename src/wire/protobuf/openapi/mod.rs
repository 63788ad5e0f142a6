//! OpenAPI documents as protobuf: one walk over a JSON document, by the tables of either version.

mod v2;
mod v3;

use serde_json::Value;

pub use v2::openapi_v2;
pub use v3::openapi_v3;

use super::bytes::{blob, fixed64, nested, text, varint};
use crate::wire::json::to_json;

/// What a JSON object becomes.
struct Message {
    /// The members that have fields of their own.
    fields: &'static [(&'static str, u32, Form)],
    /// All other members, as pairs of name and value: names of code lists, paths and definitions.
    others: Option<(u32, Form)>,
    /// Members that begin with `x-`, as pairs of name and YAML.
    extensions: Option<u32>,
}

/// What a JSON value becomes.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Flag,
    /// Each item is a value of the field.
    Texts,
    /// A message whose only field is the texts.
    Words,
    /// Any value, as YAML; JSON is YAML.
    Any,
    /// Each item as YAML.
    Anys,
    /// A message, inside messages that have nothing but the field of this number.
    One(&'static [u32], &'static Message),
    /// Each item is a message.
    Many(&'static Message),
    /// Each item is a parameter, inside messages that say where it stands.
    Parameters,
    /// A schema, or whether anything is allowed.
    SchemaOrFlag,
    /// A number, a flag or a text; of anything else, only that it is there.
    Scalar,
    /// A message or a reference to one, inside messages that have nothing but the field of this number.
    OneOrReference(&'static [u32], &'static Message),
    /// Each item is a message or a reference to one.
    ManyOrReferences(&'static Message),
    /// A message or a reference to one, or whether anything is allowed.
    OrFlag(&'static Message),
}

/// Lists of scopes, by the name of the requirement.
static REQUIREMENT: Message = Message { fields: &[], others: Some((1, Form::Words)), extensions: None };

fn write(out: &mut Vec<u8>, value: &Value, message: &Message) {
    for (name, member) in value.as_object().into_iter().flatten() {
        if let Some((_, number, form)) = message.fields.iter().find(|(known, ..)| known == name) {
            field(out, *number, *form, member);
        } else if let Some(number) = message.extensions.filter(|_| name.starts_with("x-")) {
            named(out, number, name, Form::Any, member);
        } else if let Some((number, form)) = message.others {
            named(out, number, name, form, member);
        }
    }
}

fn named(out: &mut Vec<u8>, number: u32, name: &str, form: Form, value: &Value) {
    nested(out, number, |pair| {
        text(pair, 1, name);
        field(pair, 2, form, value);
    });
}

fn field(out: &mut Vec<u8>, number: u32, form: Form, value: &Value) {
    use Form::{
        Any, Anys, Flag, Many, ManyOrReferences, One, OneOrReference, OrFlag, Parameters, Scalar, SchemaOrFlag, Text,
        Texts, Words,
    };
    let items = || value.as_array().into_iter().flatten();
    match form {
        Text => text(out, number, value.as_str().unwrap_or_default()),
        Flag => varint(out, number, value.as_bool().unwrap_or_default().into()),
        Texts => items().filter_map(Value::as_str).for_each(|item| text(out, number, item)),
        Words => nested(out, number, |words| match value.as_str() {
            Some(word) => text(words, 1, word),
            None => field(words, 1, Texts, value),
        }),
        Any => nested(out, number, |any| blob(any, 2, &to_json(value))),
        Anys => items().for_each(|item| field(out, number, Any, item)),
        One(path, message) => wrapped(out, number, path, &|out| write(out, value, message)),
        Many(message) => items().for_each(|item| nested(out, number, |out| write(out, item, message))),
        Parameters => items().for_each(|item| {
            let (path, message): (&[u32], _) = match (item.get("$ref"), item["in"].as_str()) {
                (Some(_), _) => (&[2], &v2::REFERENCE),
                (None, Some("body")) => (&[1, 1], &v2::BODY_PARAMETER),
                (None, Some("path")) => (&[1, 2, 4], &v2::PATH_PARAMETER),
                (None, _) => (&[1, 2, 3], &v2::QUERY_PARAMETER),
            };
            wrapped(out, number, path, &|out| write(out, item, message));
        }),
        SchemaOrFlag if value.is_boolean() => nested(out, number, |item| field(item, 2, Flag, value)),
        SchemaOrFlag => field(out, number, One(&[1], &v2::SCHEMA), value),
        Scalar => nested(out, number, |out| match value {
            Value::Number(value) => fixed64(out, 1, value.as_f64().unwrap_or_default().to_bits()),
            Value::Bool(_) => field(out, 2, Flag, value),
            Value::String(value) => text(out, 3, value),
            _ => {}
        }),
        OneOrReference(path, message) => wrapped(out, number, path, &|out| match value.get("$ref") {
            Some(_) => field(out, 2, One(&[], &v3::REFERENCE), value),
            None => field(out, 1, One(&[], message), value),
        }),
        ManyOrReferences(message) => items().for_each(|item| field(out, number, OneOrReference(&[], message), item)),
        OrFlag(_) if value.is_boolean() => nested(out, number, |out| field(out, 2, Flag, value)),
        OrFlag(message) => field(out, number, OneOrReference(&[1], message), value),
    }
}

/// Writes a message into one that has nothing else, for each number of the path.
fn wrapped(out: &mut Vec<u8>, number: u32, path: &[u32], inner: &dyn Fn(&mut Vec<u8>)) {
    nested(out, number, |out| match path {
        [] => inner(out),
        [first, rest @ ..] => wrapped(out, *first, rest, inner),
    });
}
