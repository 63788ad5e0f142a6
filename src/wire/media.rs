//! The encodings of request and response bodies.

use bytes::Bytes;
use serde_json::Value;

use super::{json, protobuf, yaml};
use crate::schema::{self, ObjectType};

/// An encoding of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
}

impl MediaType {
    /// Every encoding, in the server's order of preference.
    pub const ALL: [MediaType; 3] = [MediaType::Json, MediaType::Yaml, MediaType::Protobuf];

    /// The name in `Content-Type` and `Accept`.
    pub fn name(self) -> &'static str {
        match self {
            MediaType::Json => "application/json",
            MediaType::Yaml => "application/yaml",
            MediaType::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }

    /// The encoding that a media type without its parameters names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|media| media.name().eq_ignore_ascii_case(name.trim()))
    }
}

/// An object as a body. `pretty` indents JSON.
///
/// Protobuf exists for the kinds of the schema; anything else comes out as JSON.
pub fn encode(value: &Value, media: MediaType, pretty: bool) -> Bytes {
    match media {
        MediaType::Protobuf => match stated_type(value) {
            Some(object) => protobuf::encode(value, object).into(),
            None => encode(value, MediaType::Json, pretty),
        },
        MediaType::Json if pretty => json::to_json_indented(value).into(),
        MediaType::Yaml => yaml::to_yaml(value).into(),
        MediaType::Json => {
            let mut line = json::to_json(value);
            line.push(b'\n');
            line.into()
        }
    }
}

/// The type of the kind that a value states.
fn stated_type(value: &Value) -> Option<&'static ObjectType> {
    schema::by_gvk(value.get("apiVersion")?.as_str()?, value.get("kind")?.as_str()?)
}
