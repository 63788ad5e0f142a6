//! JSON patch (RFC 6902), with the liberties that Kubernetes takes.
//!
//! `json-patch` follows the RFC to the letter. Kubernetes counts negative indices from the end, lets `replace` add and
//! `copy` and `test` treat a missing member as null, and bounds what `copy` may add; so operations are applied here.
//!
//! An object that a patch reaches into comes back with its members sorted, as messages that print the result show it.

use serde_json::Value;

use super::{document::Document, undecodable};
use crate::object::status::{Reason, Result, Status};

/// Operations that one JSON patch may have.
const OPERATIONS_MAX: usize = 10_000;
/// Bytes that all `copy` operations of one patch may add.
const COPIED_BYTES_MAX: usize = 3 * 1024 * 1024;
/// Objects and lists that may be within one another in the result: no more than can be read from a body.
const DEPTH_MAX: usize = 120;
/// Values that are looked at to see how deep those are which `move` and `copy` put elsewhere.
const MEASURED_VALUES_MAX: usize = 2_000_000;

/// Applies a decoded JSON patch. A patch that does not apply leaves the target as it was.
pub fn json_patch(target: &mut Value, patch: &Value) -> Result<()> {
    let operations = match patch {
        Value::Array(operations) => operations.as_slice(),
        Value::Null => &[],
        other => return Err(undecodable(other, "[]handlers.jsonPatchOp")),
    };
    if let Some(other) = operations.iter().find(|o| !o.is_object() && !o.is_null()) {
        return Err(undecodable(other, "handlers.jsonPatchOp"));
    }
    if operations.len() > OPERATIONS_MAX {
        let text = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {}",
            operations.len()
        );
        return Err(Status::new(Reason::RequestEntityTooLarge, text));
    }
    let mut document = Document::Whole(target.clone());
    document.open();
    let mut patching = Patching { document, copied_bytes: 0, work: MEASURED_VALUES_MAX };
    for operation in operations {
        patching.apply(operation).ok_or_else(Status::unprocessable)?;
    }
    *target = patching.document.into_value();
    Ok(())
}

/// A patch that is being applied. Every step returns `None` if it does not apply.
struct Patching {
    document: Document,
    copied_bytes: usize,
    work: usize,
}

impl Patching {
    fn apply(&mut self, operation: &Value) -> Option<()> {
        let member = |name: &str| operation.get(name).filter(|value| !value.is_null());
        let path = || member("path")?.as_str();
        let from = || member("from")?.as_str();
        let value = || Document::Whole(operation.get("value").cloned().unwrap_or_default());
        match member("op")?.as_str()? {
            "add" => self.put(path()?, value(), Document::add),
            "remove" => parent(&mut self.document, path()?)?.remove().map(drop),
            "replace" if path()?.is_empty() => {
                let new = operation.get("value").filter(|value| value.is_object() || value.is_array())?;
                self.document = Document::Whole(new.clone());
                Some(())
            }
            "replace" => self.put(path()?, value(), Document::replace),
            "move" => {
                let moved = parent(&mut self.document, from()?)?.remove()?;
                self.put(path()?, moved, Document::add)
            }
            "copy" => {
                let place = parent(&mut self.document, from()?)?;
                let copy = match place.container.get(&place.key)? {
                    Some(found) => {
                        let value = found.clone().into_value();
                        self.copied_bytes += if value.is_null() { 0 } else { value.to_string().len() };
                        value
                    }
                    None => Value::Null,
                };
                if self.copied_bytes > COPIED_BYTES_MAX {
                    return None;
                }
                self.put(path()?, Document::Whole(copy), Document::add)
            }
            "test" => {
                let value = operation.get("value").unwrap_or(&Value::Null);
                let is_same = if path()?.is_empty() {
                    self.document.equals(value)
                } else {
                    let place = parent(&mut self.document, path()?)?;
                    place.container.get(&place.key)?.map_or(value.is_null(), |found| found.equals(value))
                };
                is_same.then_some(())
            }
            _ => None,
        }
    }

    /// Puts a value at a path, unless the document would become too deep.
    fn put(
        &mut self,
        path: &str,
        value: Document,
        put: fn(&mut Document, String, Document) -> Option<()>,
    ) -> Option<()> {
        let place = parent(&mut self.document, path)?;
        value.depth(DEPTH_MAX.checked_sub(place.depth)?, &mut self.work)?;
        put(place.container, place.key, value)
    }
}

/// Where a path leads.
struct Place<'a> {
    /// The object or list that holds what the path points at.
    container: &'a mut Document,
    /// The key there.
    key: String,
    /// How many objects and lists the value at the path is in.
    depth: usize,
}

impl Place<'_> {
    fn remove(self) -> Option<Document> {
        self.container.remove(&self.key)
    }
}

fn parent<'a>(document: &'a mut Document, path: &str) -> Option<Place<'a>> {
    let mut parts = path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
    let mut key = parts.next()?;
    let mut container = document.open();
    let mut depth = 1;
    for next in parts {
        container = container.get_mut(&key)?.open();
        key = next;
        depth += 1;
    }
    Some(Place { container, key, depth })
}
