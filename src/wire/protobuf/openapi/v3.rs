//! OpenAPI 3.0: the numbers of the `openapi.v3` messages.

use serde_json::Value;

use super::{
    Form::{Anys, Flag, Many, ManyOrReferences, One, OneOrReference, OrFlag, Scalar, Text, Texts},
    Message, REQUIREMENT, write,
};

/// Writes a document. Members that the messages have no field for are left out.
pub fn openapi_v3(document: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, document, &DOCUMENT);
    out
}

pub(super) static REFERENCE: Message =
    Message { fields: &[("$ref", 1, Text), ("description", 3, Text)], others: None, extensions: None };

static DOCUMENT: Message = Message {
    fields: &[
        ("openapi", 1, Text),
        ("info", 2, One(&[], &INFO)),
        ("paths", 4, One(&[], &PATHS)),
        ("components", 5, One(&[], &COMPONENTS)),
        ("security", 6, Many(&REQUIREMENT)),
    ],
    others: None,
    extensions: Some(9),
};
static INFO: Message = Message {
    fields: &[("title", 1, Text), ("description", 2, Text), ("version", 6, Text)],
    others: None,
    extensions: Some(7),
};
static COMPONENTS: Message = Message {
    fields: &[("schemas", 1, One(&[], &SCHEMAS)), ("securitySchemes", 7, One(&[], &SECURITY))],
    others: None,
    extensions: Some(10),
};
static SECURITY: Message =
    Message { fields: &[], others: Some((1, OneOrReference(&[], &SECURITY_SCHEME))), extensions: None };
static SECURITY_SCHEME: Message = Message {
    fields: &[("type", 1, Text), ("description", 2, Text), ("name", 3, Text), ("in", 4, Text)],
    others: None,
    extensions: Some(9),
};
static PATHS: Message = Message { fields: &[], others: Some((1, One(&[], &PATH))), extensions: Some(2) };
static PATH: Message = Message {
    fields: &[
        ("get", 4, One(&[], &OPERATION)),
        ("put", 5, One(&[], &OPERATION)),
        ("post", 6, One(&[], &OPERATION)),
        ("delete", 7, One(&[], &OPERATION)),
        ("options", 8, One(&[], &OPERATION)),
        ("head", 9, One(&[], &OPERATION)),
        ("patch", 10, One(&[], &OPERATION)),
        ("parameters", 13, ManyOrReferences(&PARAMETER)),
    ],
    others: None,
    extensions: Some(14),
};
static OPERATION: Message = Message {
    fields: &[
        ("tags", 1, Texts),
        ("summary", 2, Text),
        ("description", 3, Text),
        ("operationId", 5, Text),
        ("parameters", 6, ManyOrReferences(&PARAMETER)),
        ("requestBody", 7, OneOrReference(&[], &REQUEST_BODY)),
        ("responses", 8, One(&[], &RESPONSES)),
        ("deprecated", 10, Flag),
        ("security", 11, Many(&REQUIREMENT)),
    ],
    others: None,
    extensions: Some(13),
};
static PARAMETER: Message = Message {
    fields: &[
        ("name", 1, Text),
        ("in", 2, Text),
        ("description", 3, Text),
        ("required", 4, Flag),
        ("schema", 10, OneOrReference(&[], &SCHEMA)),
    ],
    others: None,
    extensions: Some(14),
};
static REQUEST_BODY: Message = Message {
    fields: &[("description", 1, Text), ("content", 2, One(&[], &CONTENT)), ("required", 3, Flag)],
    others: None,
    extensions: Some(4),
};
static RESPONSES: Message = Message {
    fields: &[("default", 1, OneOrReference(&[], &RESPONSE))],
    others: Some((2, OneOrReference(&[], &RESPONSE))),
    extensions: Some(3),
};
static RESPONSE: Message = Message {
    fields: &[("description", 1, Text), ("content", 3, One(&[], &CONTENT))],
    others: None,
    extensions: Some(5),
};
static CONTENT: Message = Message { fields: &[], others: Some((1, One(&[], &MEDIA_TYPE))), extensions: None };
static MEDIA_TYPE: Message =
    Message { fields: &[("schema", 1, OneOrReference(&[], &SCHEMA))], others: None, extensions: Some(5) };
static SCHEMAS: Message = Message { fields: &[], others: Some((1, OneOrReference(&[], &SCHEMA))), extensions: None };
static SCHEMA: Message = Message {
    fields: &[
        ("title", 9, Text),
        ("pattern", 17, Text),
        ("uniqueItems", 20, Flag),
        ("required", 23, Texts),
        ("enum", 24, Anys),
        ("type", 25, Text),
        ("allOf", 26, ManyOrReferences(&SCHEMA)),
        ("oneOf", 27, ManyOrReferences(&SCHEMA)),
        ("anyOf", 28, ManyOrReferences(&SCHEMA)),
        ("items", 30, OneOrReference(&[1], &SCHEMA)),
        ("properties", 31, One(&[], &SCHEMAS)),
        ("additionalProperties", 32, OrFlag(&SCHEMA)),
        ("default", 33, Scalar),
        ("description", 34, Text),
        ("format", 35, Text),
    ],
    others: None,
    extensions: Some(36),
};
