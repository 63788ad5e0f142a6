//! Owner references: reading them, dropping them, and an index from owners to what they own.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    object::{Key, meta, status::Result},
    world::{
        decode::decode,
        meta_view::{MetaView, OwnerReference},
    },
};

/// Who owns what, by uid.
#[derive(Default)]
pub struct Owners {
    dependents: HashMap<String, BTreeSet<Key>>,
    /// Owners whose deletion waits for something to be done with their dependents.
    waiting: HashMap<String, Key>,
}

impl Owners {
    /// Takes in that an object has these owners now and had those before.
    pub fn note(&mut self, key: &Key, old: &[String], new: &[String]) {
        for uid in old {
            if let Some(keys) = self.dependents.get_mut(uid) {
                keys.remove(key);
                if keys.is_empty() {
                    self.dependents.remove(uid);
                }
            }
        }
        for uid in new {
            self.dependents.entry(uid.clone()).or_default().insert(key.clone());
        }
    }

    /// What names this uid as an owner.
    pub fn dependents(&self, uid: &str) -> Vec<Key> {
        self.dependents.get(uid).into_iter().flatten().cloned().collect()
    }

    /// Takes in whether an owner's deletion waits for its dependents.
    pub fn note_waiting(&mut self, uid: &str, key: &Key, waits: bool) {
        if waits {
            self.waiting.insert(uid.to_owned(), key.clone());
        } else {
            self.waiting.remove(uid);
        }
    }

    /// The owner of this uid if its deletion waits.
    pub fn waiting(&self, uid: &str) -> Option<&Key> {
        self.waiting.get(uid)
    }
}

/// `metadata.ownerReferences`.
pub fn references(object: &Value) -> Result<Vec<OwnerReference<'_>>> {
    let Owned { metadata } = decode(object)?;
    Ok(metadata.owner_references)
}

#[derive(Deserialize)]
struct Owned<'a> {
    #[serde(borrow)]
    metadata: MetaView<'a>,
}

/// The object without references to these owners.
pub fn without(object: &Value, uids: &[&str]) -> Value {
    let uids: HashSet<_> = uids.iter().copied().collect();
    let all = meta::items(object, &["metadata", "ownerReferences"]).iter();
    with_references(object, all.filter(|reference| !uids.contains(meta::text(reference, &["uid"]))).cloned().collect())
}

/// The object with references that keep no owner.
pub fn unblocked(object: &Value) -> Value {
    let mut references = meta::items(object, &["metadata", "ownerReferences"]).to_vec();
    for reference in &mut references {
        reference["blockOwnerDeletion"] = false.into();
    }
    with_references(object, references)
}

/// The object without a finalizer.
pub fn without_finalizer(object: &Value, finalizer: &str) -> Value {
    let mut object = object.clone();
    let left: Vec<_> = meta::finalizers(&object).into_iter().filter(|f| *f != finalizer).map(str::to_owned).collect();
    meta::set(meta::metadata_mut(&mut object), "finalizers", if left.is_empty() { Value::Null } else { json!(left) });
    object
}

fn with_references(object: &Value, references: Vec<Value>) -> Value {
    let mut object = object.clone();
    let value = if references.is_empty() { Value::Null } else { Value::Array(references) };
    meta::set(meta::metadata_mut(&mut object), "ownerReferences", value);
    object
}
