//! Checks an applied object against the schema, in the words of kube-apiserver's typed objects.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Element,
    set::show_path,
    types::{Atom, Relation, Scalar, Typed, item_step, live_item_error},
};
use crate::{
    object::meta::Object,
    text::{
        go_type,
        print::{go_print, go_syntax},
    },
};

/// Errors beyond this many bytes are not told: each path may be as long as the body.
const ERROR_BYTES_MAX: usize = 1 << 20;

/// What is wrong with an applied object as one text, `None` if nothing is.
pub fn validate(value: &Value, ty: Typed) -> Option<String> {
    check(value, ty, false)
}

/// As [`validate`], of an object that may have the same item twice in a list that is a set or a map.
pub fn duplicates_aside(value: &Value, ty: Typed) -> Option<String> {
    check(value, ty, true)
}

fn check(value: &Value, ty: Typed, allows_duplicates: bool) -> Option<String> {
    let mut walk = Walk { allows_duplicates, ..Walk::new() };
    walk.value(value, ty);
    walk.result()
}

/// Which items of a live object's lists cannot be found by their keys, as one text.
pub fn live_error(value: &Value, ty: Typed) -> Option<String> {
    let mut walk = Walk::new();
    walk.live(value, ty);
    walk.result()
}

struct Walk {
    path: Vec<Element>,
    errors: Vec<String>,
    /// Of all errors.
    bytes: usize,
    allows_duplicates: bool,
}

impl Walk {
    fn new() -> Self {
        Self { path: Vec::new(), errors: Vec::new(), bytes: 0, allows_duplicates: false }
    }

    fn result(mut self) -> Option<String> {
        match self.errors.len() {
            0 => None,
            1 => self.errors.pop(),
            _ => Some(format!("errors:\n  {}", self.errors.join("\n  "))),
        }
    }

    /// Visits what may hold a list with keys. Of a live object, everything else is known to be right.
    fn live(&mut self, value: &Value, ty: Typed) {
        match (ty.atom(Some(value)), value) {
            (Atom::Struct { .. } | Atom::Map { .. }, Value::Object(members)) => {
                for (name, value) in members.iter().filter(|(_, value)| value.is_object() || value.is_array()) {
                    self.path.push(Element::Field(name.clone().into()));
                    self.live(value, ty.member(name).0);
                    self.path.pop();
                }
            }
            (Atom::List { items, relation: relation @ Relation::Keyed(_) }, Value::Array(list)) => {
                for (i, item) in list.iter().enumerate() {
                    if let Some(why) = live_item_error(relation, i, item) {
                        return self.error(&format!("element {i}: {why}"));
                    }
                    self.path.push(Element::Index(i64::try_from(i).unwrap_or(i64::MAX)));
                    self.live(item, items);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    fn value(&mut self, value: &Value, ty: Typed) {
        if value.is_null() {
            return;
        }
        match (ty.atom(Some(value)), value) {
            (Atom::Scalar(scalar), value) => self.scalar(scalar, value),
            (Atom::Struct { object, .. }, Value::Object(members)) => {
                for (name, value) in members {
                    match ty.member(name) {
                        (member, is_declared) if is_declared || object.preserves_unknown => {
                            self.below(Element::Field(name.clone().into()), value, member);
                        }
                        _ => {
                            self.path.push(Element::Field(name.clone().into()));
                            self.error("field not declared in schema");
                            self.path.pop();
                            break;
                        }
                    }
                }
            }
            (Atom::Map { values, .. }, Value::Object(members)) => self.map(members, values),
            (Atom::List { items, relation }, Value::Array(list)) => self.list(list, items, relation),
            (Atom::List { .. }, other) => self.error(&format!("expected list, got &{{{}}}", go_print(other))),
            (_, other) => self.error(&format!("expected map, got &{{{}}}", go_print(other))),
        }
    }

    fn map(&mut self, members: &Object, values: Typed) {
        for (name, value) in members {
            self.below(Element::Field(name.clone().into()), value, values);
        }
    }

    fn list(&mut self, list: &[Value], items: Typed, relation: Relation) {
        let mut seen = BTreeSet::new();
        for (i, item) in list.iter().enumerate() {
            match item_step(relation, i, item) {
                Err(why) => return self.error(&format!("element {i}: {why}")),
                Ok(step) => {
                    if !seen.insert(step.clone()) && !self.allows_duplicates {
                        self.error(&format!("duplicate entries for key {step}"));
                    }
                    self.below(step, item, items);
                }
            }
        }
    }

    fn scalar(&mut self, scalar: Scalar, value: &Value) {
        let shown = || go_print(value);
        match (scalar, value) {
            (Scalar::Number, Value::Number(_))
            | (Scalar::Text, Value::String(_))
            | (Scalar::Bool, Value::Bool(_))
            | (Scalar::Any, Value::Number(_) | Value::String(_) | Value::Bool(_)) => {}
            (Scalar::Number, other) => {
                self.error(&format!("expected numeric (int or float), got {}", go_type(other)));
            }
            (Scalar::Text, other) => {
                self.error(&format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(other)));
            }
            (Scalar::Bool, _) => self.error(&format!("expected boolean, got &{{{}}}", shown())),
            (Scalar::Any, _) => self.error(&format!("expected any scalar, got &{{{}}}", shown())),
        }
    }

    fn below(&mut self, step: Element, value: &Value, ty: Typed) {
        self.path.push(step);
        self.value(value, ty);
        self.path.pop();
    }

    fn error(&mut self, text: &str) {
        if self.bytes > ERROR_BYTES_MAX {
            return;
        }
        let path = show_path(&self.path);
        self.bytes += path.len() + text.len();
        self.errors.push(if path.is_empty() { text.to_owned() } else { format!("{path}: {text}") });
    }
}
