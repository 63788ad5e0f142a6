//! The versions of a pod template: when two are the same, and the hash that tells the pods of different ones apart.

use serde_json::Value;

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

/// A short name for a template: the 32-bit FNV-1a hash of its text and of how often a hash was taken by another template
/// before, in letters that form no words.
pub fn template_hash(template: &Value, collisions: Option<i32>) -> String {
    let text = format!("{template}{}", collisions.unwrap_or_default());
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.to_string().bytes().map(|digit| char::from(SAFE[usize::from(digit) % SAFE.len()])).collect()
}
