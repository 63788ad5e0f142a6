//! Which fields a value sets, and a value without some of its fields.

use serde_json::{Map, Value};

use super::{
    Element, FieldSet,
    types::{Atom, Relation, Typed, item_step},
};

/// The fields that a value sets.
pub fn fields_of(value: &Value, ty: Typed) -> FieldSet {
    let mut out = FieldSet::default();
    match (ty.atom(Some(value)), value) {
        (Atom::Struct { atomic: false, .. } | Atom::Map { atomic: false, .. }, Value::Object(members)) => {
            for (name, value) in members {
                let (inner, declared) = ty.member(name);
                let step = Element::Field(name.clone().into());
                out.set_below(&step, fields_of(value, inner));
                if !declared || is_leaf(value, inner) {
                    out.insert_step(step);
                }
            }
        }
        (Atom::List { items, relation: relation @ (Relation::Set | Relation::Keyed(_)) }, Value::Array(list)) => {
            for (i, item) in list.iter().enumerate() {
                if let Ok(step) = item_step(relation, i, item) {
                    out.set_below(&step, fields_of(item, items));
                    out.insert_step(step);
                }
            }
        }
        _ => {}
    }
    out
}

/// The value without these fields; null if nothing is left of a map or list.
pub fn remove(value: &Value, unwanted: &FieldSet, ty: Typed) -> Value {
    let kept: Value = match (ty.atom(Some(value)), value) {
        (Atom::Struct { atomic: false, .. } | Atom::Map { atomic: false, .. }, Value::Object(members)) => {
            let kept = members.iter().filter_map(|(name, value)| {
                let step = Element::Field(name.clone().into());
                Some((name.clone(), remove_below(value, unwanted, &step, ty.member(name).0)?))
            });
            kept.collect()
        }
        (Atom::List { items, relation: relation @ (Relation::Set | Relation::Keyed(_)) }, Value::Array(list)) => {
            let kept = list.iter().enumerate().filter_map(|(i, item)| match item_step(relation, i, item) {
                Ok(step) => remove_below(item, unwanted, &step, items),
                Err(_) => Some(item.clone()),
            });
            kept.collect()
        }
        (Atom::Scalar(_), scalar) => return scalar.clone(),
        // One value from which a part is to go loses all of it.
        _ => return Value::Null,
    };
    let is_empty = kept.as_object().is_some_and(Map::is_empty) || kept.as_array().is_some_and(Vec::is_empty);
    if is_empty { Value::Null } else { kept }
}

/// The set with every declared member through which one of its paths goes. Such members are not owned by themselves,
/// but go when nothing in them stays.
pub fn with_named(set: &FieldSet, ty: Typed) -> FieldSet {
    let mut out = set.clone();
    for step in set.steps() {
        let Some(below) = set.below(step) else { continue };
        let (inner, declared) = step_type(ty, step);
        out.set_below(step, with_named(below, inner));
        if declared {
            out.insert_step(step.clone());
        }
    }
    out
}

fn remove_below(value: &Value, unwanted: &FieldSet, step: &Element, ty: Typed) -> Option<Value> {
    if unwanted.has(step) {
        return None;
    }
    Some(unwanted.below(step).map_or_else(|| value.clone(), |below| remove(value, below, ty)))
}

/// Whether a member is owned as a whole: scalars, atomic values, nulls and empty maps.
fn is_leaf(value: &Value, ty: Typed) -> bool {
    if value.is_null() || value.as_object().is_some_and(Map::is_empty) {
        return true;
    }
    match ty.atom(Some(value)) {
        Atom::Scalar(_) => true,
        Atom::Struct { atomic, .. } | Atom::Map { atomic, .. } => atomic,
        Atom::List { relation, .. } => matches!(relation, Relation::Atomic),
    }
}

fn step_type<'a>(ty: Typed<'a>, step: &Element) -> (Typed<'a>, bool) {
    match (step, ty.atom(None)) {
        (Element::Field(name), _) => ty.member(name),
        (_, Atom::List { items, .. }) => (items, false),
        _ => (Typed::Any, false),
    }
}
