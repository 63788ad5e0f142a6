//! `ObjectMeta`: what the server sets and what it restores.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{kinds::KindDef, object::meta, text::time::rfc3339};

/// Clears what a client may not set on a new object.
pub fn wipe(object: &mut Value) {
    let metadata = meta::metadata_mut(object);
    for name in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        metadata.shift_remove(name);
    }
}

/// Gives a new object its identity.
pub fn stamp(object: &mut Value, def: &KindDef, uid: String, now: Timestamp) {
    let metadata = meta::metadata_mut(object);
    metadata.insert("uid".into(), uid.into());
    metadata.insert("creationTimestamp".into(), rfc3339(now).into());
    if def.has_generation {
        metadata.insert("generation".into(), json!(1));
    }
}

/// Restores on an update what only the server changes.
pub fn restore(object: &mut Value, old: &Value) {
    let stored = old.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    let metadata = meta::metadata_mut(object);
    let keep = |metadata: &mut Map<String, Value>, name: &str| {
        meta::set(metadata, name, stored.get(name).cloned().unwrap_or(Value::Null));
    };
    keep(metadata, "generation");
    keep(metadata, "creationTimestamp");
    if !metadata.contains_key("uid") {
        keep(metadata, "uid");
    }
    if stored.contains_key("deletionTimestamp") {
        keep(metadata, "deletionTimestamp");
    }
    if stored.contains_key("deletionGracePeriodSeconds") && !metadata.contains_key("deletionGracePeriodSeconds") {
        keep(metadata, "deletionGracePeriodSeconds");
    }
}

/// Restores on an update of a part, such as the status, what clients change through the object only.
pub fn keep_for_part(object: &mut Value, old: &Value) {
    let kept = [
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "labels",
        "annotations",
        "finalizers",
        "ownerReferences",
    ];
    for member in kept {
        let value = meta::at(old, &["metadata", member]).cloned().unwrap_or(Value::Null);
        meta::set(meta::metadata_mut(object), member, value);
    }
}

/// Removes repeated owner references and says so, as a `Warning` text.
pub fn dedup_owners(object: &mut Value) -> Option<String> {
    let owners = meta::metadata_mut(object).get_mut("ownerReferences")?.as_array_mut()?;
    let (mut known, mut repeated) = (HashSet::new(), Vec::new());
    owners.retain(|owner| {
        let is_new = known.insert(owner.clone());
        if !is_new {
            repeated.push(meta::text(owner, &["uid"]).to_owned());
        }
        is_new
    });
    repeated.dedup();
    (!repeated.is_empty()).then(|| {
        format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may \
             reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            repeated.join(", ")
        )
    })
}
