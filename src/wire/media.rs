//! The encodings of request and response bodies.

use bytes::Bytes;
use serde_json::Value;

use super::{json, yaml};

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
pub fn encode(value: &Value, media: MediaType, pretty: bool) -> Bytes {
    match media {
        MediaType::Json if pretty => json::to_json_indented(value).into(),
        MediaType::Yaml => yaml::to_yaml(value).into(),
        MediaType::Json | MediaType::Protobuf => {
            let mut line = json::to_json(value);
            line.push(b'\n');
            line.into()
        }
    }
}
