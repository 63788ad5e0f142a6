//! Applies a configuration that a policy has made: it is merged as by server-side apply, but nobody owns its fields.

use serde_json::Value;

use super::fields::{Typed, atomics, combine, validate_live, validate_made};
use crate::schema::ObjectType;

/// The object with a configuration merged into it. What can only be replaced as a whole is refused, since a policy would
/// remove by accident what it does not name. The error is kube-apiserver's.
pub fn apply_untracked(object: &Value, config: &Value, of: &ObjectType) -> Result<Value, String> {
    let ty = Typed::Object(of);
    if let Some(why) = validate_made(config, ty) {
        return Err(format!("failed to convert patch object to typed object: {why}"));
    }
    let refused = atomics(config, ty);
    if !refused.is_empty() {
        let refused = refused.join(", ");
        return Err(format!("invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {refused}"));
    }
    if let Some(why) = validate_live(object, ty) {
        return Err(format!("failed to convert original object to typed object: {why}"));
    }
    Ok(combine(object, config, ty))
}
