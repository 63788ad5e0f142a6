//! Request bodies of custom kinds: they have to state their kind, which validation compares with the route's.

use serde_json::Value;

use super::{
    body::{DecodedObject, Validation, read, unrecognized},
    decode::decode_node,
    media::MediaType,
};
use crate::object::{
    GroupVersionKind, Status,
    gvk::{api_version, split_api_version},
    meta,
    status::Result,
};
use crate::{schema::ObjectType, text::go_quote};

/// Members that an object of an unknown version has.
const OF_ANY_VERSION: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Decodes a body that a route takes as a custom kind.
pub fn decode_custom(
    body: &[u8],
    media: MediaType,
    object: &ObjectType,
    gvk: &GroupVersionKind,
    validation: Validation,
) -> Result<DecodedObject> {
    let source = read(body, media).map_err(|error| unrecognized(body, gvk, &error))?;
    let stated = source.stated().clone();
    if stated.kind.is_empty() {
        let text = String::from_utf8_lossy(body);
        let error = format!("Object 'Kind' is missing in '{}'", text.trim_end_matches('\n'));
        return Err(unrecognized(body, gvk, &error));
    }
    let (found, expected) = (api_version(&stated.group, &stated.version), gvk.api_version());
    let cannot = |error: &str| {
        let (kind, version) = (&stated.kind, go_quote(&stated.version));
        Status::bad_request(format!("{kind} in version {version} cannot be handled as a {}: {error}", gvk.kind))
    };
    let (node, mut strict) = source.into_node().map_err(|error| cannot(&error))?;
    let decoded = decode_node(node, object).map_err(|error| cannot(&error.0))?;
    if found != expected {
        return Err(Status::bad_request(format!(
            "the API version in the data ({found}) does not match the expected API version ({expected})"
        )));
    }
    strict.extend(decoded.strict);
    match validation {
        Validation::Strict if !strict.is_empty() => Err(cannot(&super::body::strict_error(&strict))),
        Validation::Warn => Ok(DecodedObject { value: decoded.value, warnings: strict }),
        Validation::Ignore | Validation::Strict => Ok(DecodedObject { value: decoded.value, warnings: Vec::new() }),
    }
}

/// What is dropped of a patched object that has come to state a version that its kind does not have.
pub fn drop_other_version(object: &mut Value, gvk: &GroupVersionKind) -> Vec<String> {
    let stated = meta::text(object, &["apiVersion"]);
    let (group, _) = split_api_version(stated);
    if stated == gvk.api_version() || group != gvk.group {
        return Vec::new();
    }
    let Some(members) = object.as_object_mut() else { return Vec::new() };
    let is_kept = |name: &str| OF_ANY_VERSION.contains(&name);
    let mut dropped: Vec<_> = members.keys().filter(|name| !is_kept(name)).cloned().collect();
    members.retain(|name, _| is_kept(name));
    dropped.sort_unstable();
    dropped.into_iter().map(|name| format!("unknown field \"{name}\"")).collect()
}
