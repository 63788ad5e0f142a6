//! Audit annotations: what admission adds to the record of a request in the audit log.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::object::names;

/// The most bytes that the annotations of one request may have, keys included. What does not fit is left out.
const BYTES_MAX: usize = 256 * 1024;

/// The annotations of a request.
#[derive(Debug, Default)]
pub struct AuditAnnotations(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_key: BTreeMap<String, String>,
    bytes: usize,
}

impl AuditAnnotations {
    /// Adds one: the first of a key stays. Keys are `domain/name`.
    pub fn add(&self, key: &str, value: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = known.bytes + key.len() + value.len();
        let is_key = key.contains('/') && names::qualified_name(key).is_empty();
        if is_key && bytes <= BYTES_MAX && !known.by_key.contains_key(key) {
            known.by_key.insert(key.to_owned(), value.to_owned());
            known.bytes = bytes;
        }
    }

    /// Takes all of them, by key.
    pub fn take(&self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).by_key)
    }
}
