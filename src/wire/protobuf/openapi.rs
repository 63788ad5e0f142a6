//! OpenAPI documents as protobuf: one walk over a JSON document, and the numbers of the `openapi.v2` messages.

use serde_json::Value;

use super::{
    bytes::{blob, fixed64, nested, text, varint},
    openapi3,
};
use crate::wire::json::to_json;

/// Writes a document. Members that the messages have no field for are left out.
pub fn openapi_v2(document: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, document, &DOCUMENT);
    out
}

/// What a JSON object becomes.
pub(super) struct Message {
    /// The members that have fields of their own.
    pub fields: &'static [(&'static str, u32, Form)],
    /// All other members, as pairs of name and value: names of code lists, paths and definitions.
    pub others: Option<(u32, Form)>,
    /// Members that begin with `x-`, as pairs of name and YAML.
    pub extensions: Option<u32>,
}

/// What a JSON value becomes.
#[derive(Clone, Copy)]
pub(super) enum Form {
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

use Form::{
    Any, Anys, Flag, Many, ManyOrReferences, One, OneOrReference, OrFlag, Parameters, Scalar, SchemaOrFlag, Text,
    Texts, Words,
};

static DOCUMENT: Message = Message {
    fields: &[
        ("swagger", 1, Text),
        ("info", 2, One(&[], &INFO)),
        ("paths", 8, One(&[], &PATHS)),
        ("definitions", 9, One(&[], &SCHEMAS)),
        ("security", 12, Many(&REQUIREMENT)),
        ("securityDefinitions", 13, One(&[], &SECURITY)),
    ],
    others: None,
    extensions: Some(16),
};
static INFO: Message =
    Message { fields: &[("title", 1, Text), ("version", 2, Text)], others: None, extensions: Some(7) };
pub(super) static REQUIREMENT: Message = Message { fields: &[], others: Some((1, Words)), extensions: None };
static SECURITY: Message = Message { fields: &[], others: Some((1, One(&[2], &API_KEY))), extensions: None };
static API_KEY: Message = Message {
    fields: &[("type", 1, Text), ("name", 2, Text), ("in", 3, Text), ("description", 4, Text)],
    others: None,
    extensions: Some(5),
};
static PATHS: Message = Message { fields: &[], others: Some((2, One(&[], &PATH))), extensions: Some(1) };
static PATH: Message = Message {
    fields: &[
        ("get", 2, One(&[], &OPERATION)),
        ("put", 3, One(&[], &OPERATION)),
        ("post", 4, One(&[], &OPERATION)),
        ("delete", 5, One(&[], &OPERATION)),
        ("options", 6, One(&[], &OPERATION)),
        ("head", 7, One(&[], &OPERATION)),
        ("patch", 8, One(&[], &OPERATION)),
        ("parameters", 9, Parameters),
    ],
    others: None,
    extensions: Some(10),
};
static OPERATION: Message = Message {
    fields: &[
        ("tags", 1, Texts),
        ("summary", 2, Text),
        ("description", 3, Text),
        ("operationId", 5, Text),
        ("produces", 6, Texts),
        ("consumes", 7, Texts),
        ("parameters", 8, Parameters),
        ("responses", 9, One(&[], &RESPONSES)),
        ("schemes", 10, Texts),
        ("deprecated", 11, Flag),
        ("security", 12, Many(&REQUIREMENT)),
    ],
    others: None,
    extensions: Some(13),
};
static RESPONSES: Message = Message { fields: &[], others: Some((1, One(&[1], &RESPONSE))), extensions: Some(2) };
static RESPONSE: Message = Message {
    fields: &[("description", 1, Text), ("schema", 2, One(&[1], &SCHEMA))],
    others: None,
    extensions: Some(5),
};
static BODY_PARAMETER: Message = Message {
    fields: &[
        ("description", 1, Text),
        ("name", 2, Text),
        ("in", 3, Text),
        ("required", 4, Flag),
        ("schema", 5, One(&[], &SCHEMA)),
    ],
    others: None,
    extensions: Some(6),
};
static QUERY_PARAMETER: Message = Message {
    fields: &[
        ("required", 1, Flag),
        ("in", 2, Text),
        ("description", 3, Text),
        ("name", 4, Text),
        ("type", 6, Text),
        ("format", 7, Text),
        ("uniqueItems", 20, Flag),
    ],
    others: None,
    extensions: Some(23),
};
static PATH_PARAMETER: Message = Message {
    fields: &[
        ("required", 1, Flag),
        ("in", 2, Text),
        ("description", 3, Text),
        ("name", 4, Text),
        ("type", 5, Text),
        ("format", 6, Text),
        ("uniqueItems", 19, Flag),
    ],
    others: None,
    extensions: Some(22),
};
static REFERENCE: Message =
    Message { fields: &[("$ref", 1, Text), ("description", 2, Text)], others: None, extensions: None };
static SCHEMAS: Message = Message { fields: &[], others: Some((1, One(&[], &SCHEMA))), extensions: None };
static SCHEMA: Message = Message {
    fields: &[
        ("$ref", 1, Text),
        ("format", 2, Text),
        ("title", 3, Text),
        ("description", 4, Text),
        ("default", 5, Any),
        ("uniqueItems", 16, Flag),
        ("required", 19, Texts),
        ("enum", 20, Anys),
        ("additionalProperties", 21, SchemaOrFlag),
        ("type", 22, Words),
        ("items", 23, One(&[1], &SCHEMA)),
        ("allOf", 24, Many(&SCHEMA)),
        ("properties", 25, One(&[], &SCHEMAS)),
    ],
    others: None,
    extensions: Some(31),
};

pub(super) fn write(out: &mut Vec<u8>, value: &Value, message: &Message) {
    for (name, member) in value.as_object().into_iter().flatten() {
        if let Some((_, number, form)) = message.fields.iter().find(|(known, ..)| known == name) {
            field(out, *number, *form, member);
        } else if let Some(number) = message.extensions.filter(|_| name.starts_with("x-")) {
            named(out, number, name, Any, member);
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
                (Some(_), _) => (&[2], &REFERENCE),
                (None, Some("body")) => (&[1, 1], &BODY_PARAMETER),
                (None, Some("path")) => (&[1, 2, 4], &PATH_PARAMETER),
                (None, _) => (&[1, 2, 3], &QUERY_PARAMETER),
            };
            wrapped(out, number, path, &|out| write(out, item, message));
        }),
        SchemaOrFlag if value.is_boolean() => nested(out, number, |item| field(item, 2, Flag, value)),
        SchemaOrFlag => field(out, number, One(&[1], &SCHEMA), value),
        Scalar => nested(out, number, |out| match value {
            Value::Number(value) => fixed64(out, 1, value.as_f64().unwrap_or_default().to_bits()),
            Value::Bool(_) => field(out, 2, Flag, value),
            Value::String(value) => text(out, 3, value),
            _ => {}
        }),
        OneOrReference(path, message) => wrapped(out, number, path, &|out| match value.get("$ref") {
            Some(_) => field(out, 2, One(&[], &openapi3::REFERENCE), value),
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
