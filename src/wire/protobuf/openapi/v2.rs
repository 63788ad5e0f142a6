//! OpenAPI 2.0: the numbers of the `openapi.v2` messages.

use serde_json::Value;

use super::{
    Form::{Any, Anys, Flag, Many, One, Parameters, SchemaOrFlag, Text, Texts, Words},
    Message, REQUIREMENT, write,
};

/// Writes a document. Members that the messages have no field for are left out.
pub fn openapi_v2(document: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, document, &DOCUMENT);
    out
}

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
pub(super) static BODY_PARAMETER: Message = Message {
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
pub(super) static QUERY_PARAMETER: Message = Message {
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
pub(super) static PATH_PARAMETER: Message = Message {
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
pub(super) static REFERENCE: Message =
    Message { fields: &[("$ref", 1, Text), ("description", 2, Text)], others: None, extensions: None };
static SCHEMAS: Message = Message { fields: &[], others: Some((1, One(&[], &SCHEMA))), extensions: None };
pub(super) static SCHEMA: Message = Message {
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
