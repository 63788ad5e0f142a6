//! Kubernetes protobuf: the envelope around objects, watch frames, and OpenAPI. The schema's field numbers drive both ways.

mod bytes;
mod openapi;
mod read;
mod write;

use serde_json::{Map, Value};

use super::decode::DecodeError;
use crate::schema::ObjectType;

pub use openapi::{openapi_v2, openapi_v3};

/// The bytes before every object.
pub const PREFIX: &[u8; 4] = b"k8s\0";

/// An object that is still encoded, and the kind its envelope states.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope<'a> {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// The message's bytes.
    pub raw: &'a [u8],
}

/// Opens an envelope.
pub fn open(body: &[u8]) -> Result<Envelope<'_>, DecodeError> {
    let Some(unknown) = body.strip_prefix(PREFIX) else {
        return Err(DecodeError(match body {
            [] => "empty data".to_owned(),
            _ => format!(
                "provided data does not appear to be a protobuf message, expected prefix {}",
                format!("{PREFIX:?}").replace(',', "")
            ),
        }));
    };
    if unknown.is_empty() {
        return Err(DecodeError("empty body".to_owned()));
    }
    read::envelope(unknown)
}

/// Decodes an object of a known type; `kind` and `apiVersion` are not in it.
pub fn decode_message(raw: &[u8], object: &ObjectType) -> Result<Map<String, Value>, DecodeError> {
    read::object(raw, object)
}

/// Decodes an enveloped object of any kind that `resolve` knows: its `apiVersion`, `kind` and value.
pub fn decode(
    body: &[u8],
    resolve: impl Fn(&str, &str) -> Option<&'static ObjectType>,
) -> Result<(String, String, Value), DecodeError> {
    let Envelope { api_version, kind, raw } = open(body)?;
    let ty = resolve(&api_version, &kind)
        .ok_or_else(|| DecodeError(format!("no kind \"{kind}\" is registered for version \"{api_version}\"")))?;
    let mut object = Map::new();
    object.insert("kind".to_owned(), kind.clone().into());
    object.insert("apiVersion".to_owned(), api_version.clone().into());
    object.extend(read::object(raw, ty)?);
    Ok((api_version, kind, object.into()))
}

/// Encodes an object in its envelope. The value states its kind; if it does not, it is the type's first.
pub fn encode(value: &Value, object: &ObjectType) -> Vec<u8> {
    let stated = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let known = object.gvks.first();
    let api_version = stated("apiVersion").or_else(|| known.map(|gvk| gvk.api_version())).unwrap_or_default();
    let kind = stated("kind").or_else(|| known.map(|gvk| gvk.kind.to_string())).unwrap_or_default();
    let mut out = PREFIX.to_vec();
    bytes::nested(&mut out, 1, |type_meta| {
        bytes::text(type_meta, 1, &api_version);
        bytes::text(type_meta, 2, &kind);
    });
    bytes::nested(&mut out, 2, |raw| write::object(raw, value, object));
    bytes::text(&mut out, 3, "");
    bytes::text(&mut out, 4, "");
    out
}

/// One event of a watch stream: `object` is an encoded object with its envelope.
pub fn watch_frame(event: &str, object: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 4];
    bytes::text(&mut out, 1, event);
    bytes::nested(&mut out, 2, |extension| bytes::blob(extension, 1, object));
    let length = u32::try_from(out.len() - 4).expect("an event is smaller than 4 GiB");
    out[..4].copy_from_slice(&length.to_be_bytes());
    out
}
