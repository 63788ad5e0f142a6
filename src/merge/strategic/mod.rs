//! Strategic merge patch: maps merge, lists merge by key where the schema says so, and directives say the rest.

mod list;
mod member;

use std::collections::HashSet;

use serde_json::{Map, Value};

use self::member::{Member, Members};
use crate::{
    object::{
        meta::Object,
        status::{Reason, Result, Status},
    },
    schema::ObjectType,
    text::{
        go_type, json_type,
        print::{go_print, go_print_map},
    },
};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const ELEMENT_ORDER: &str = "$setElementOrder";

/// Applies a decoded strategic merge patch to an object of a built-in type. Structural schemas say nothing of how to.
///
/// The patch loses the directives that were followed, since messages print what remains of it.
pub fn strategic(target: &mut Value, patch: &mut Value, object: &ObjectType) -> Result<()> {
    if object.is_structural() {
        return Err(Status::new(Reason::UnsupportedMediaType, "strategic merge patches need a built-in type"));
    }
    let patch = match patch {
        Value::Object(patch) => patch,
        Value::Null => return Ok(()),
        other => {
            let found = json_type(other);
            let text = format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}");
            return Err(Status::bad_request(text));
        }
    };
    let original = match target.take() {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    *target = Value::Object(merge_map(original, patch, Members::Of(object))?);
    Ok(())
}

fn merge_map(mut original: Object, patch: &mut Object, of: Members) -> Result<Object> {
    match patch.get(DIRECTIVE) {
        None => {}
        Some(Value::String(directive)) if directive == "replace" => {
            patch.shift_remove(DIRECTIVE);
            return Ok(patch.clone());
        }
        Some(Value::String(directive)) if directive == "delete" => return Ok(Map::new()),
        Some(other) => return Err(unknown_directive(other, patch)),
    }
    retain_keys(&mut original, patch)?;
    set_element_orders(&mut original, patch, of)?;
    let mut gone = HashSet::new();
    for (name, value) in patch.iter_mut() {
        let (name, stays) = match name.strip_prefix(DELETE_FROM) {
            Some(_) => {
                let name = list_name(name, DELETE_FROM)?;
                (name, delete_from(&mut original, name, value, of)?)
            }
            None => (name.as_str(), merge_member(&mut original, name, value, of)?),
        };
        if !stays {
            gone.insert(name);
        }
    }
    if !gone.is_empty() {
        original.retain(|name, _| !gone.contains(name.as_str()));
    }
    Ok(original)
}

/// Merges a member; `false` if it is to go.
fn merge_member(original: &mut Object, name: &str, value: &mut Value, of: Members) -> Result<bool> {
    match (original.get_mut(name), value) {
        (_, Value::Null) => return Ok(false),
        (Some(Value::Object(members)), Value::Object(patch)) => {
            let member = of.member(name)?;
            let merged = match member.strategy {
                Some("replace") => patch.clone(),
                _ => merge_map(std::mem::take(members), patch, member.members)?,
            };
            *members = merged;
        }
        (Some(Value::Array(items)), Value::Array(patch)) => {
            let member = of.member(name)?;
            *items = list::merge(std::mem::take(items), patch, member)?;
        }
        (_, value) => {
            let Some(new) = without_directives(value) else { return Ok(false) };
            original.insert(name.to_owned(), new);
        }
    }
    Ok(true)
}

/// `$deleteFromPrimitiveList/<name>`: values to take out of a list; `false` if the whole list is to go.
fn delete_from(original: &mut Object, name: &str, values: &Value, of: Members) -> Result<bool> {
    match (original.get_mut(name), values) {
        (_, Value::Null) => return Ok(false),
        (Some(Value::Array(items)), Value::Array(values)) => {
            if of.member(name)?.strategy == Some("merge") {
                let unwanted: HashSet<&Value> = values.iter().collect();
                items.retain(|item| !unwanted.contains(item));
            } else {
                items.clone_from(values);
            }
        }
        _ => {}
    }
    Ok(true)
}

/// `$retainKeys`: the members that stay; the patch may set no other.
fn retain_keys(original: &mut Object, patch: &mut Object) -> Result<()> {
    let Some(retained) = patch.shift_remove(RETAIN_KEYS) else { return Ok(()) };
    let bad_format = || Status::bad_request("invalid patch format of retainKeys");
    let retained = retained.as_array().ok_or_else(bad_format)?;
    let retained: HashSet<&str> = retained.iter().filter_map(Value::as_str).collect();
    let retains = |name: &str| retained.contains(name);
    let is_directive = |name: &str| name.starts_with(DELETE_FROM) || name.starts_with(ELEMENT_ORDER);
    if patch.iter().any(|(name, value)| !value.is_null() && !is_directive(name) && !retains(name)) {
        return Err(bad_format());
    }
    original.retain(|name, _| retains(name));
    Ok(())
}

/// `$setElementOrder/<name>`: merges the list of that name at once, and then orders it.
fn set_element_orders(original: &mut Object, patch: &mut Object, of: Members) -> Result<()> {
    if !patch.keys().any(|name| name.starts_with(ELEMENT_ORDER)) {
        return Ok(());
    }
    let (orders, mut rest): (Object, Object) =
        std::mem::take(patch).into_iter().partition(|(name, _)| name.starts_with(ELEMENT_ORDER));
    let mut merged = HashSet::new();
    for (directive, order) in &orders {
        let order = array(order)?;
        let name = list_name(directive, ELEMENT_ORDER)?;
        let live = original.get(name).map(array).transpose()?;
        let patched = rest.get(name).map(array).transpose()?;
        let member = of.member(name)?;
        list::check_order(patched.map(Vec::as_slice).unwrap_or_default(), order, member)?;
        let items = match (live, patched) {
            (None, None) => continue,
            (Some(live), None) => live.clone(),
            (None, Some(patched)) => patched.iter().filter_map(without_directives).collect(),
            (Some(live), Some(patched)) => list::merge(live.clone(), &mut patched.clone(), member)?,
        };
        let before = live.map(Vec::as_slice).unwrap_or_default();
        let ordered = list::in_order(items, order, before, member.merge_key)?;
        original.insert(name.to_owned(), Value::Array(ordered));
        merged.insert(name);
    }
    rest.retain(|name, _| !merged.contains(name.as_str()));
    *patch = rest;
    Ok(())
}

/// The list that a directive such as `$setElementOrder/ports` is about.
fn list_name<'a>(directive: &'a str, prefix: &str) -> Result<&'a str> {
    let rest = directive.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/'));
    rest.ok_or_else(|| {
        let what = if prefix == DELETE_FROM { "primitive list" } else { "setElementOrder list" };
        Status::bad_request(format!("invalid patch format of {what}"))
    })
}

/// What a value adds where there was nothing: neither nulls nor directives; `None` if it is only a directive.
fn without_directives(value: &Value) -> Option<Value> {
    match value {
        Value::Object(members) if members.contains_key(DIRECTIVE) => None,
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            Some(kept.filter_map(|(name, value)| Some((name.clone(), without_directives(value)?))).collect())
        }
        Value::Array(items) => Some(items.iter().filter_map(without_directives).collect()),
        scalar => Some(scalar.clone()),
    }
}

fn array(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().ok_or_else(|| wrong_type("[]interface {}", value))
}

fn wrong_type(expected: &str, found: &Value) -> Box<Status> {
    // Go prints the type with `%s`.
    let found = if found.is_null() { "%!s(<nil>)" } else { go_type(found) };
    Status::untyped(format!("expected a {expected}, but received a {found}"))
}

fn no_merge_key(item: &Object, key: &str) -> Box<Status> {
    Status::untyped(format!("map: {} does not contain declared merge key: {key}", go_print_map(item)))
}

fn unknown_directive(directive: &Value, patch: &Object) -> Box<Status> {
    Status::untyped(format!("unknown patch type: {} in map: {}", go_print(directive), go_print_map(patch)))
}
