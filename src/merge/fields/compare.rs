//! Compares two versions of an object: which fields were added, modified and removed.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    Element, FieldSet,
    types::{Atom, Relation, Typed, item_step, live_member},
};
use crate::schema::Field;

/// How two versions of an object differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Fields that only the new version has.
    pub added: FieldSet,
    /// Fields with different values.
    pub modified: FieldSet,
    /// Fields that only the old version has.
    pub removed: FieldSet,
}

/// Compares an old version of an object with a new one.
pub fn compare(old: &Value, new: &Value, ty: Typed) -> Comparison {
    let mut walk = Walk { path: Vec::new(), found: Comparison::default() };
    walk.value(Some(old), Some(new), ty);
    walk.found
}

impl Comparison {
    /// The difference outside these fields.
    pub fn outside(mut self, ignored: &FieldSet) -> Self {
        for fields in [&mut self.added, &mut self.modified, &mut self.removed] {
            fields.keep_outside(ignored);
        }
        self
    }

    /// Fields whose value the new version sets.
    pub fn set(&self) -> FieldSet {
        self.added.union(&self.modified)
    }
}

struct Walk {
    path: Vec<Element>,
    found: Comparison,
}

impl Walk {
    fn value(&mut self, old: Option<&Value>, new: Option<&Value>, ty: Typed) {
        let is_leaf = match ty.atom(new.filter(|new| !new.is_null()).or(old)) {
            Atom::Scalar(_) => true,
            Atom::Struct { atomic, .. } | Atom::Map { atomic, .. } => atomic || (no_members(old) && no_members(new)),
            Atom::List { relation, .. } => matches!(relation, Relation::Atomic) || (no_items(old) && no_items(new)),
        };
        match (old, new) {
            (None, None) => {}
            (None, Some(_)) => self.found.added.insert(&self.path),
            (Some(_), None) => self.found.removed.insert(&self.path),
            (Some(old), Some(new)) if is_leaf && !same(old, new) => self.found.modified.insert(&self.path),
            _ => {}
        }
        if !is_leaf {
            self.inside(old, new, ty);
        }
    }

    fn inside(&mut self, old: Option<&Value>, new: Option<&Value>, ty: Typed) {
        match ty.atom(new.filter(|new| !new.is_null()).or(old)) {
            Atom::Scalar(_) => {}
            Atom::Struct { object, .. } if object.is_structural() => self.map(old, new, ty),
            Atom::Struct { object, .. } => {
                for field in object.fields() {
                    let (old, new) = (member_of(old, field), member_of(new, field));
                    if old.is_some() || new.is_some() {
                        self.below(Element::Field(field.name.clone()), old, new, Typed::Value(&field.ty));
                    }
                }
            }
            Atom::Map { .. } => self.map(old, new, ty),
            Atom::List { items, relation } => self.list(items_of(old), items_of(new), items, relation),
        }
    }

    fn map(&mut self, old: Option<&Value>, new: Option<&Value>, ty: Typed) {
        let empty = Map::new();
        let old = old.and_then(Value::as_object).unwrap_or(&empty);
        let new = new.and_then(Value::as_object).unwrap_or(&empty);
        let gone = old.keys().filter(|name| !new.contains_key(*name));
        for name in new.keys().chain(gone) {
            self.below(Element::Field(name.clone().into()), old.get(name), new.get(name), ty.member(name).0);
        }
    }

    fn list(&mut self, old: &[Value], new: &[Value], items: Typed, relation: Relation) {
        let (old, new) = (by_step(old, relation), by_step(new, relation));
        let gone = old.keys().filter(|step| !new.contains_key(*step));
        let none = Vec::new();
        for step in new.keys().chain(gone) {
            let (before, after) = (old.get(step).unwrap_or(&none), new.get(step).unwrap_or(&none));
            if before.len() <= 1 && after.len() <= 1 {
                self.below(step.clone(), before.first().copied(), after.first().copied(), items);
                continue;
            }
            // Repeated items cannot be told apart, so they count as one value.
            self.path.push(step.clone());
            match (before.is_empty(), after.is_empty()) {
                (true, _) => self.found.added.insert(&self.path),
                (_, true) => self.found.removed.insert(&self.path),
                _ if before != after => self.found.modified.insert(&self.path),
                _ => {}
            }
            self.path.pop();
        }
    }

    fn below(&mut self, step: Element, old: Option<&Value>, new: Option<&Value>, ty: Typed) {
        self.path.push(step);
        self.value(old, new, ty);
        self.path.pop();
    }
}

fn by_step<'a>(items: &'a [Value], relation: Relation) -> BTreeMap<Element, Vec<&'a Value>> {
    let mut out: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (i, item) in items.iter().enumerate() {
        if let Ok(step) = item_step(relation, i, item) {
            out.entry(step).or_default().push(item);
        }
    }
    out
}

fn member_of<'a>(value: Option<&'a Value>, field: &Field) -> Option<&'a Value> {
    live_member(value?.as_object()?, field)
}

fn items_of(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn no_members(value: Option<&Value>) -> bool {
    value.and_then(Value::as_object).is_none_or(Map::is_empty)
}

fn no_items(value: Option<&Value>) -> bool {
    items_of(value).is_empty()
}

/// Equality of values; `1` equals `1.0`.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(a, b)| same(a, b)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(name, a)| y.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}
