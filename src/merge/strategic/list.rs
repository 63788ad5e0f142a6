//! Merging lists: items are found by their merge key, and the order of the result follows the patch where it says one.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::{DIRECTIVE, Member, merge_map, no_merge_key, unknown_directive, without_directives, wrong_type};
use crate::{
    object::{
        meta::Object,
        status::{Result, Status},
    },
    text::go_print,
};

/// Merges a list that is both in the object and in the patch.
pub(super) fn merge(live: Vec<Value>, patch: &mut [Value], member: Member) -> Result<Vec<Value>> {
    if member.strategy != Some("merge") {
        return Ok(patch.to_vec());
    }
    if live.is_empty() && patch.is_empty() {
        return Ok(live);
    }
    let (merged, live, patched) = if holds_maps(&live, patch)? {
        let key =
            member.merge_key.ok_or_else(|| Status::untyped("cannot merge lists without merge key for type struct"))?;
        let (live, mut patched) = follow_directives(live, patch, key)?;
        (merge_items(live.clone(), &mut patched, key, member)?, live, patched)
    } else {
        let merged = without_repeats(live.iter().chain(patch.iter()));
        (merged, live, patch.to_vec())
    };
    in_order(merged, &patched, &live, member.merge_key)
}

/// Orders a list: items that `order` names in that order, the others where `live` has them among these.
pub(super) fn in_order(merged: Vec<Value>, order: &[Value], live: &[Value], key: Option<&str>) -> Result<Vec<Value>> {
    if let Some(key) = key {
        for item in merged.iter().chain(order) {
            key_of(item, key)?;
        }
    }
    let (ordered, living) = (places(order, key), places(live, key));
    let place = |places: &Places, item: &Value| places.get(&identity(item, key)).copied();
    let (mut named, mut others): (Vec<_>, Vec<_>) =
        merged.into_iter().partition(|item| place(&ordered, item).is_some());
    named.sort_by_cached_key(|item| place(&ordered, item));
    others.sort_by_cached_key(|item| place(&living, item).unwrap_or(usize::MAX));

    let mut out = Vec::with_capacity(named.len() + others.len());
    let mut others = others.into_iter().peekable();
    for item in named {
        let here = place(&living, &item);
        while let Some(other) = others.next_if(|other| place(&living, other).is_some_and(|at| Some(at) < here)) {
            out.push(other);
        }
        out.push(item);
    }
    out.extend(others);
    Ok(out)
}

/// A patch may list only items that its `$setElementOrder` names, in the same order.
pub(super) fn check_order(patch: &[Value], order: &[Value], member: Member) -> Result<()> {
    if order.is_empty() || patch.is_empty() {
        return Ok(());
    }
    let mut rest = order.iter();
    for item in patch.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        if let Some(key) = member.merge_key {
            key_of(item, key)?;
        }
        let mut found = false;
        for named in rest.by_ref() {
            if let Some(key) = member.merge_key {
                key_of(named, key)?;
            }
            found = identity(item, member.merge_key) == identity(named, member.merge_key);
            if found {
                break;
            }
        }
        if !found {
            return Err(Status::untyped(format!(
                "The order in patch list:\n{}\n doesn't match {} list:\n{}\n",
                go_print(&Value::Array(patch.to_vec())),
                super::ELEMENT_ORDER,
                go_print(&Value::Array(order.to_vec())),
            )));
        }
    }
    Ok(())
}

/// Whether the items are maps. All items of both lists must be of one type, and none a list.
fn holds_maps(live: &[Value], patch: &[Value]) -> Result<bool> {
    let mut all = live.iter().chain(patch);
    let Some(first) = all.next() else { return Ok(false) };
    if first.is_array() {
        return Err(Status::unprocessable());
    }
    if all.any(|item| go_type(item) != go_type(first)) {
        let lists = Value::Array(vec![Value::Array(live.to_vec()), Value::Array(patch.to_vec())]);
        return Err(Status::untyped(format!("list element types are not identical: {}", go_print(&lists))));
    }
    Ok(first.is_object())
}

fn go_type(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(number) if number.is_f64() => 2,
        Value::Number(_) => 3,
        Value::String(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    }
}

/// Deletes what `$patch: delete` names; `$patch: replace` makes the rest of the patch the whole list. What is left of
/// the patch has no directives.
fn follow_directives(mut live: Vec<Value>, patch: &[Value], key: &str) -> Result<(Vec<Value>, Vec<Value>)> {
    let mut plain = Vec::new();
    let mut unwanted = HashSet::new();
    let mut replace = false;
    for item in patch {
        let Some(directive) = item.get(DIRECTIVE) else {
            plain.push(item.clone());
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                unwanted.insert(key_of(item, key)?);
            }
            Some("replace") => replace = true,
            Some("merge") => return Err(Status::untyped("merging lists cannot yet be specified in the patch")),
            _ => return Err(unknown_directive(directive, members(item)?)),
        }
    }
    live.retain(|item| item.get(key).is_none_or(|found| !unwanted.contains(found)));
    Ok(if replace { (plain, Vec::new()) } else { (live, plain) })
}

fn merge_items(mut merged: Vec<Value>, patch: &mut [Value], key: &str, member: Member) -> Result<Vec<Value>> {
    let mut places: HashMap<Value, usize> = HashMap::with_capacity(merged.len());
    for (place, item) in merged.iter().enumerate() {
        if let Some(found) = item.get(key) {
            places.entry(found.clone()).or_insert(place);
        }
    }
    for item in patch {
        let wanted = key_of(item, key)?.clone();
        match (places.get(&wanted).map(|place| &mut merged[*place]), &mut *item) {
            (Some(Value::Object(found)), Value::Object(item)) => {
                *found = merge_map(std::mem::take(found), item, member.members)?;
            }
            (_, item) => {
                if let Some(item) = without_directives(item) {
                    places.entry(wanted).or_insert(merged.len());
                    merged.push(item);
                }
            }
        }
    }
    Ok(merged)
}

/// Drops repeated scalars as Kubernetes does: the last item takes the place of the repeated one.
fn without_repeats<'a>(items: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let mut out: Vec<&Value> = items.collect();
    let mut places: HashMap<&Value, BTreeSet<usize>> = HashMap::with_capacity(out.len());
    for (place, item) in out.iter().enumerate() {
        places.entry(item).or_default().insert(place);
    }
    let mut i = 0;
    while i < out.len() {
        while let Some(repeated) = places.get(out[i]).and_then(|places| places.range(i + 1..).next().copied()) {
            let last = out.len() - 1;
            let mut forget = |item: &Value, place: usize| {
                if let Some(places) = places.get_mut(item) {
                    places.remove(&place);
                }
            };
            forget(out[repeated], repeated);
            if repeated < last {
                forget(out[last], last);
                places.entry(out[last]).or_default().insert(repeated);
            }
            out.swap_remove(repeated);
        }
        i += 1;
    }
    out.into_iter().cloned().collect()
}

/// The place of each item in a list; of equal ones the first.
type Places<'a> = HashMap<Option<&'a Value>, usize>;

fn places<'a>(list: &'a [Value], key: Option<&str>) -> Places<'a> {
    let mut places = HashMap::with_capacity(list.len());
    for (place, item) in list.iter().enumerate() {
        places.entry(identity(item, key)).or_insert(place);
    }
    places
}

/// What tells an item from others: the value of its merge key, or the item itself.
fn identity<'a>(item: &'a Value, key: Option<&str>) -> Option<&'a Value> {
    match key {
        Some(key) => item.get(key),
        None => Some(item),
    }
}

fn key_of<'a>(item: &'a Value, key: &str) -> Result<&'a Value> {
    let members = members(item)?;
    members.get(key).ok_or_else(|| no_merge_key(members, key))
}

fn members(item: &Value) -> Result<&Object> {
    item.as_object().ok_or_else(|| wrong_type("map[string]interface {}", item))
}
