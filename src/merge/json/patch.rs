//! JSON patch (RFC 6902), with the liberties that Kubernetes takes.
//!
//! `json-patch` follows the RFC to the letter. Kubernetes counts negative indices from the end, lets `replace` add and
//! `copy` and `test` treat a missing member as null, and bounds what `copy` may add; so operations are applied here.
//!
//! An object that a patch reaches into comes back with its members sorted, as messages that print the result show it.

use serde_json::Value;

use super::{document::Document, undecodable};
use crate::object::status::{Reason, Result, Status};
use crate::text::go_quote;

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
    apply_json_patch(target, operations).map_err(|_| Status::unprocessable())
}

/// Applies the operations of a JSON patch. One that does not apply leaves the target as it was; the error is the text of
/// the library that a Go server uses.
pub fn apply_json_patch(target: &mut Value, operations: &[Value]) -> std::result::Result<(), String> {
    let mut patching = Patching::of(target);
    operations.iter().try_for_each(|operation| patching.apply(operation))?;
    *target = patching.document.into_value();
    Ok(())
}

/// As [`apply_json_patch`], but a `test` that fails is no error: returns whether the patch was applied.
pub fn apply_json_patch_if_tested(target: &mut Value, operations: &[Value]) -> std::result::Result<bool, String> {
    let mut patching = Patching::of(target);
    match operations.iter().try_for_each(|operation| patching.apply(operation)) {
        Ok(()) => *target = patching.document.into_value(),
        Err(_) if patching.test_failed => return Ok(false),
        Err(why) => return Err(why),
    }
    Ok(true)
}

/// A patch that is being applied.
struct Patching {
    document: Document,
    copied_bytes: usize,
    work: usize,
    test_failed: bool,
}

type Applied<T> = std::result::Result<T, String>;

impl Patching {
    fn of(target: &Value) -> Self {
        let mut document = Document::Whole(target.clone());
        document.open();
        Self { document, copied_bytes: 0, work: MEASURED_VALUES_MAX, test_failed: false }
    }

    fn apply(&mut self, operation: &Value) -> Applied<()> {
        let member = |name: &str| operation.get(name).filter(|value| !value.is_null());
        let kind = member("op").and_then(Value::as_str).unwrap_or("unknown");
        let named = |name: &str| {
            let text = member(name).and_then(Value::as_str);
            text.ok_or_else(|| {
                format!("{kind} operation failed to decode {name}: operation missing {name} field: missing value")
            })
        };
        let value = || Document::Whole(operation.get("value").cloned().unwrap_or_default());
        match kind {
            "add" => self.put(named("path")?, value(), Step::Add),
            "remove" => {
                let path = named("path")?;
                let place = parent(&mut self.document, path).ok_or_else(|| {
                    missing(&format!("remove operation does not apply: doc is missing path: \"{path}\""))
                })?;
                place.remove().map(drop).map_err(|why| format!("error in remove for path: '{path}': {why}"))
            }
            "replace" if named("path")?.is_empty() => {
                let new = operation.get("value").filter(|value| value.is_object() || value.is_array());
                self.document = Document::Whole(new.ok_or("jsonpatch replace operation does not apply")?.clone());
                Ok(())
            }
            "replace" => self.put(named("path")?, value(), Step::Replace),
            "move" => {
                let (from, path) = (named("from")?, named("path")?);
                let place = parent(&mut self.document, from).ok_or_else(|| {
                    missing(&format!("move operation does not apply: doc is missing from path: {from}"))
                })?;
                let moved = place.remove().map_err(|why| format!("error in move for path: '{from}': {why}"))?;
                self.put(path, moved, Step::Move)
            }
            "copy" => {
                let (from, path) = (named("from")?, named("path")?);
                let place = parent(&mut self.document, from).ok_or_else(|| {
                    missing(&format!("copy operation does not apply: doc is missing from path: {from}"))
                })?;
                let found = place.get().map_err(|why| format!("error in copy for from: '{from}': {why}"))?;
                let copy = found.cloned().map(Document::into_value).unwrap_or_default();
                self.copied_bytes += if copy.is_null() { 0 } else { copy.to_string().len() };
                if self.copied_bytes > COPIED_BYTES_MAX {
                    return Err(format!(
                        "Unable to complete the copy, the accumulated size increase of copy is {}, exceeding the limit \
                         {COPIED_BYTES_MAX}",
                        self.copied_bytes
                    ));
                }
                self.put(path, Document::Whole(copy), Step::Copy)
            }
            "test" => {
                let (path, value) = (named("path")?, operation.get("value").unwrap_or(&Value::Null));
                let is_same = if path.is_empty() {
                    self.document.equals(value)
                } else {
                    let place = parent(&mut self.document, path).ok_or_else(|| {
                        missing(&format!("test operation for path does not apply: is missing path: {path}"))
                    })?;
                    let found = place.get().map_err(|why| format!("error in test for path: '{path}': {why}"))?;
                    found.map_or(value.is_null(), |found| found.equals(value))
                };
                self.test_failed = !is_same;
                if is_same { Ok(()) } else { Err(format!("testing value {path} failed: test failed")) }
            }
            other => Err(format!("Unexpected kind: {other}")),
        }
    }

    /// Puts a value at a path, unless the document would become too deep.
    fn put(&mut self, path: &str, value: Document, step: Step) -> Applied<()> {
        let place = parent(&mut self.document, path).ok_or_else(|| missing(&step.missing(path)))?;
        let room = DEPTH_MAX.checked_sub(place.depth);
        room.and_then(|room| value.depth(room, &mut self.work))
            .ok_or_else(|| format!("the document would have more than {DEPTH_MAX} levels"))?;
        let why = place.why_not_put(step);
        let done = match step {
            Step::Replace => place.container.replace(place.key, value),
            Step::Add | Step::Move | Step::Copy => place.container.add(place.key, value),
        };
        done.ok_or_else(|| step.failed(path, &why))
    }
}

/// Who puts a value somewhere.
#[derive(Clone, Copy)]
enum Step {
    Add,
    Replace,
    Move,
    Copy,
}

impl Step {
    fn missing(self, path: &str) -> String {
        match self {
            Self::Add => format!("add operation does not apply: doc is missing path: \"{path}\""),
            Self::Replace => format!("replace operation does not apply: doc is missing path: {path}"),
            Self::Move => format!("move operation does not apply: doc is missing destination path: {path}"),
            Self::Copy => format!("copy operation does not apply: doc is missing destination path: {path}"),
        }
    }

    fn failed(self, path: &str, why: &str) -> String {
        match self {
            Self::Add => format!("error in add for path: '{path}': {why}"),
            Self::Replace => missing(&format!("replace operation does not apply: doc is missing key: {path}")),
            Self::Move => format!("error in move for path: '{path}': {why}"),
            Self::Copy => format!("error while adding value during copy: {why}"),
        }
    }
}

fn missing(what: &str) -> String {
    format!("{what}: missing value")
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
    fn get(&self) -> Applied<Option<&Document>> {
        self.container.get(&self.key).ok_or_else(|| bad_index(&self.key))
    }

    fn remove(self) -> Applied<Document> {
        let why = match self.container {
            Document::List(_) => bad_index(&self.key),
            _ => missing(&format!("Unable to remove nonexistent key: {}", self.key)),
        };
        self.container.remove(&self.key).ok_or(why)
    }

    fn why_not_put(&self, step: Step) -> String {
        match (step, self.key.parse::<i64>()) {
            (Step::Replace, _) | (_, Ok(_)) => bad_index(&self.key),
            (_, Err(_)) => format!("value was not a proper array index: '{}': {}", self.key, bad_index(&self.key)),
        }
    }
}

/// Why a key leads nowhere in a list.
fn bad_index(key: &str) -> String {
    match key.parse::<i64>() {
        Ok(index) => format!("Unable to access invalid index: {index}: invalid index referenced"),
        Err(_) => format!("strconv.Atoi: parsing {}: invalid syntax", go_quote(key)),
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
