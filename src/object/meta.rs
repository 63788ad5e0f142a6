//! Reading and writing `metadata` of an object held as JSON.

use serde_json::{Map, Value};

/// An object's JSON members.
pub type Object = Map<String, Value>;

/// A text at a path of member names, `""` if there is none.
pub fn text<'a>(object: &'a Value, path: &[&str]) -> &'a str {
    at(object, path).and_then(Value::as_str).unwrap_or_default()
}

/// The value at a path of member names.
pub fn at<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, name| value.get(name))
}

/// The items of the list at a path; empty if there is none.
pub fn items<'a>(object: &'a Value, path: &[&str]) -> &'a [Value] {
    at(object, path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The members of the map at a path.
pub fn map<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Object> {
    at(object, path).and_then(Value::as_object)
}

/// The members of an object; what is no object becomes one.
pub fn members_mut(object: &mut Value) -> &mut Object {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    object.as_object_mut().expect("made an object above")
}

/// The map at a member name, made if it is absent or not a map.
pub fn map_mut<'a>(object: &'a mut Value, name: &str) -> &'a mut Object {
    let members = members_mut(object);
    let slot = members.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut().expect("made an object above")
}

/// Sets a member, or removes it when the value is null.
pub fn set(members: &mut Object, name: &str, value: impl Into<Value>) {
    match value.into() {
        Value::Null => {
            members.shift_remove(name);
        }
        value => {
            members.insert(name.to_owned(), value);
        }
    }
}

/// `metadata.name`.
pub fn name(object: &Value) -> &str {
    text(object, &["metadata", "name"])
}

/// `metadata.namespace`.
pub fn namespace(object: &Value) -> &str {
    text(object, &["metadata", "namespace"])
}

/// `metadata.uid`.
pub fn uid(object: &Value) -> &str {
    text(object, &["metadata", "uid"])
}

/// `metadata.resourceVersion`.
pub fn resource_version(object: &Value) -> &str {
    text(object, &["metadata", "resourceVersion"])
}

/// `metadata.finalizers`.
pub fn finalizers(object: &Value) -> Vec<&str> {
    items(object, &["metadata", "finalizers"]).iter().filter_map(Value::as_str).collect()
}

/// Whether `metadata.deletionTimestamp` is set.
pub fn is_deleting(object: &Value) -> bool {
    at(object, &["metadata", "deletionTimestamp"]).is_some_and(|v| !v.is_null())
}

/// `metadata` for writing.
pub fn metadata_mut(object: &mut Value) -> &mut Object {
    map_mut(object, "metadata")
}
