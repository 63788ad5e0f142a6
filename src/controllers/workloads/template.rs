//! The versions of a pod template: when two are the same, and the hash that tells the pods of different ones apart.

use serde_json::Value;

use super::go_dump;
use crate::object::meta;

/// The label with the hash, on ReplicaSets and their pods.
pub const HASH: &str = "pod-template-hash";
/// The letters that hashes are written in.
const SAFE: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The template of an object without the label that the controller adds.
pub fn bare_template(object: &Value) -> Value {
    let mut template = meta::at(object, &["spec", "template"]).cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.shift_remove(HASH);
    }
    template
}

/// A short name for a template: the 32-bit FNV-1a hash of its text in Go, followed by how often the hash was found to be
/// taken by another template, in letters that form no words.
pub fn template_hash(template: &Value, collisions: Option<i32>) -> String {
    let mut hash = fnv1a(0x811c_9dc5, go_dump::pod_template(template).as_bytes());
    if let Some(collisions) = collisions {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&collisions.to_le_bytes());
        hash = fnv1a(hash, &bytes);
    }
    hash.to_string().bytes().map(|digit| char::from(SAFE[usize::from(digit) % SAFE.len()])).collect()
}

fn fnv1a(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
