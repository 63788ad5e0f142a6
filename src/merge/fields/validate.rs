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
    check(value, ty, Source::Applied)
}

/// As [`validate`], of an object that may have the same item twice in a list that is a set or a map.
pub fn duplicates_aside(value: &Value, ty: Typed) -> Option<String> {
    check(value, ty, Source::Repeating)
}

/// As [`validate`], of an object that an expression has made: its null is a value, and not the same as nothing.
pub fn validate_made(value: &Value, ty: Typed) -> Option<String> {
    check(value, ty, Source::Made)
}

/// As [`validate`], of a live object.
pub fn validate_live(value: &Value, ty: Typed) -> Option<String> {
    check(value, ty, Source::Live)
}

/// Where an object comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Applied,
    /// Its lists may have an item twice.
    Repeating,
    Live,
    /// From an expression.
    Made,
}

fn check(value: &Value, ty: Typed, source: Source) -> Option<String> {
    let mut walk = Walk { source, ..Walk::new() };
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
    source: Source,
}

impl Walk {
    fn new() -> Self {
        Self { path: Vec::new(), errors: Vec::new(), bytes: 0, source: Source::Applied }
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
        if value.is_null() && self.source != Source::Made {
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
            (Atom::List { .. }, other) => self.error(&format!("expected list, got &{{{}}}", shown(other))),
            (_, other) => self.error(&format!("expected map, got &{{{}}}", shown(other))),
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
                Err(_) if self.source == Source::Live && live_item_error(relation, i, item).is_none() => {}
                Err(why) => return self.error(&format!("element {i}: {why}")),
                Ok(step) => {
                    if !seen.insert(step.clone()) && self.source != Source::Repeating {
                        self.error(&format!("duplicate entries for key {step}"));
                    }
                    self.below(step, item, items);
                }
            }
        }
    }

    fn scalar(&mut self, scalar: Scalar, value: &Value) {
        match (scalar, value) {
            (Scalar::Number, Value::Number(_))
            | (Scalar::Text, Value::String(_))
            | (Scalar::Bool, Value::Bool(_))
            | (Scalar::Any, Value::Number(_) | Value::String(_) | Value::Bool(_)) => {}
            (Scalar::Number, other) => {
                let of = if other.is_null() { "structpb.NullValue" } else { go_type(other) };
                self.error(&format!("expected numeric (int or float), got {of}"));
            }
            (Scalar::Text, other) => {
                let shown = if other.is_null() { "0".to_owned() } else { go_syntax(other) };
                self.error(&format!("expected string, got &value.valueUnstructured{{Value:{shown}}}"));
            }
            (Scalar::Bool, other) => self.error(&format!("expected boolean, got &{{{}}}", shown(other))),
            (Scalar::Any, other) => self.error(&format!("expected any scalar, got &{{{}}}", shown(other))),
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

/// A value as Go prints it. Null only gets here from an expression, whose null is a value of protobuf.
fn shown(value: &Value) -> String {
    if value.is_null() { "NULL_VALUE".to_owned() } else { go_print(value) }
}
