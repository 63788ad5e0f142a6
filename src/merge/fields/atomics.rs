//! Finds the lists, maps and objects in a value that can only be replaced as a whole.

use serde_json::Value;

use super::{
    Element,
    set::show_path,
    types::{Atom, Relation, Typed},
};

/// The paths of all atomic lists, maps and objects in a value. Maps of any keys are not looked into.
pub fn atomics(value: &Value, ty: Typed) -> Vec<String> {
    let mut walk = Walk { path: Vec::new(), found: Vec::new() };
    walk.value(value, ty);
    walk.found
}

struct Walk {
    path: Vec<Element>,
    found: Vec<String>,
}

impl Walk {
    fn value(&mut self, value: &Value, ty: Typed) {
        match (ty.atom(Some(value)), value) {
            (Atom::Struct { object, atomic }, Value::Object(members)) => {
                self.note(atomic);
                for (name, value) in members {
                    if let Some(field) = object.field(name) {
                        self.below(Element::Field(name.clone().into()), value, Typed::Value(&field.ty));
                    }
                }
            }
            (Atom::Map { atomic, .. }, Value::Object(_)) => self.note(atomic),
            (Atom::List { items, relation }, Value::Array(list)) => {
                self.note(matches!(relation, Relation::Atomic));
                for (index, item) in list.iter().enumerate() {
                    self.below(Element::Index(i64::try_from(index).unwrap_or(i64::MAX)), item, items);
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, step: Element, value: &Value, ty: Typed) {
        self.path.push(step);
        self.value(value, ty);
        self.path.pop();
    }

    fn note(&mut self, is_atomic: bool) {
        if is_atomic {
            self.found.push(show_path(&self.path));
        }
    }
}
