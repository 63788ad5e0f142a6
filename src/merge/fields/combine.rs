//! Merges an applied object into the live one: the applied value wins, and lists merge by what their items are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    Element,
    types::{Atom, Relation, Typed, item_step},
};

/// The live value with the applied one merged in.
pub fn combine(live: &Value, applied: &Value, ty: Typed) -> Value {
    merge(Some(live), Some(applied), ty).unwrap_or_default()
}

fn merge(live: Option<&Value>, applied: Option<&Value>, ty: Typed) -> Option<Value> {
    let leaf = || applied.or(live).cloned();
    let (Some(before), Some(after)) = (live, applied) else { return leaf() };
    match ty.atom(Some(after).filter(|after| !after.is_null()).or(live)) {
        Atom::Struct { atomic: false, .. } | Atom::Map { atomic: false, .. } => {
            if no_members(before) && no_members(after) { leaf() } else { Some(merge_members(before, after, ty)) }
        }
        Atom::List { items, relation: relation @ (Relation::Set | Relation::Keyed(_)) } => {
            let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
            let (live, applied) = (list(before), list(after));
            if live.is_empty() && applied.is_empty() {
                leaf()
            } else {
                Some(merge_items(&live, &applied, items, relation))
            }
        }
        _ => leaf(),
    }
}

fn merge_members(live: &Value, applied: &Value, ty: Typed) -> Value {
    let empty = Map::new();
    let (live, applied) = (live.as_object().unwrap_or(&empty), applied.as_object().unwrap_or(&empty));
    let new = applied.keys().filter(|name| !live.contains_key(*name));
    let names = live.keys().chain(new);
    names
        .filter_map(|name| Some((name.clone(), merge(live.get(name), applied.get(name), ty.member(name).0)?)))
        .collect()
}

/// Keeps the applied order, and every item that only the live list has after the shared item that it follows.
fn merge_items(live: &[Value], applied: &[Value], items: Typed, relation: Relation) -> Value {
    let (live, applied) = (steps(live, relation), steps(applied, relation));
    let (in_live, in_applied) = (index(&live), index(&applied));
    let shared = applied.iter().map(|(step, _)| step).filter(|step| in_live.contains_key(*step));
    let mut shared = shared.cloned().collect::<Vec<_>>().into_iter().peekable();
    let mut done = BTreeSet::new();
    let mut out = Vec::new();
    let mut take = |step: &Element, item: Option<&Value>| {
        out.extend(merge(item, in_applied.get(step).copied(), items));
    };
    let (mut l, mut a) = (0, 0);
    while l < live.len() || a < applied.len() {
        if let (Some((here, _)), Some((wanted, _))) = (live.get(l), applied.get(a)) {
            // An item that both have is merged when it is its turn in the applied order.
            if here != wanted && in_applied.contains_key(here) && shared.peek().is_some_and(|next| next != here) {
                l += 1;
                continue;
            }
        }
        if let Some((here, item)) = live.get(l) {
            if !in_applied.contains_key(here) {
                take(here, Some(item));
                l += 1;
                continue;
            }
            if done.contains(here) || applied.get(a).is_some_and(|(wanted, _)| wanted == here) {
                l += 1;
            }
        }
        if let Some((wanted, _)) = applied.get(a) {
            take(wanted, in_live.get(wanted).copied());
            done.insert(wanted.clone());
            shared.next_if_eq(wanted);
            a += 1;
        }
    }
    Value::Array(out)
}

fn steps<'a>(list: &'a [Value], relation: Relation) -> Vec<(Element, &'a Value)> {
    let items = list.iter().enumerate();
    items.filter_map(|(i, item)| Some((item_step(relation, i, item).ok()?, item))).collect()
}

/// Items by step; of repeated ones the first counts.
fn index<'a>(list: &[(Element, &'a Value)]) -> BTreeMap<Element, &'a Value> {
    list.iter().rev().cloned().collect()
}

fn no_members(value: &Value) -> bool {
    value.as_object().is_none_or(Map::is_empty)
}
