//! Checks values against what a schema's keywords say, with the texts and the order of the real server.

mod junctors;
mod numbers;
mod old;
mod report;
mod scalars;

use serde_json::{Map, Value};

use self::{old::Old, report::Outcome};
use super::node::{Node, Types};
use crate::object::{FieldErrors, Path};

/// What is wrong with a value. `old` is the value that it replaces, of which unchanged parts may stay as they are.
/// `field` is where the value is; without it paths start at the object's own fields.
pub fn errors(node: &Node, value: &Value, old: Option<&Value>, field: Option<&Path>) -> FieldErrors {
    let mut checker = Checker { path: String::new(), field };
    let old = old.map(|value| Old { value, node, is_root: field.is_none() });
    checker.check(node, value, old.as_ref()).into_errors()
}

/// Where a check is.
struct Checker<'a> {
    /// The path as messages show it.
    path: String,
    /// The field at which that path begins.
    field: Option<&'a Path>,
}

impl Checker<'_> {
    /// Checks one value and what is in it. What is wrong with a value that did not change is not reported.
    fn check(&mut self, node: &Node, value: &Value, old: Option<&Old<'_>>) -> Outcome {
        let mut outcome = self.keywords(node, value, old);
        if let (false, Some(old)) = (outcome.is_valid(), old) {
            outcome.forgive(value, old);
        }
        outcome
    }

    fn keywords(&mut self, node: &Node, value: &Value, old: Option<&Old<'_>>) -> Outcome {
        let mut outcome = Outcome::default();
        let is_typed = node.types != Types::Any || node.format.is_some();
        if is_typed || value.is_null() {
            self.types(node, value, &mut outcome);
        }
        if value.is_null() {
            self.enumeration(node, value, &mut outcome);
            return outcome;
        }
        outcome.matched(usize::from(is_typed));
        self.junctors(node, value, old, &mut outcome);
        match value {
            Value::String(text) => self.string(node, text, &mut outcome),
            Value::Number(number) => self.number(node, number, &mut outcome),
            Value::Array(items) => self.list(node, items, old, &mut outcome),
            _ => {}
        }
        self.enumeration(node, value, &mut outcome);
        outcome.matched(1);
        if let Value::Object(members) = value {
            self.object(node, members, old, &mut outcome);
        }
        outcome.matched(1);
        outcome
    }

    fn list(&mut self, node: &Node, items: &[Value], old: Option<&Old<'_>>, outcome: &mut Outcome) {
        if let Some(of) = &node.items {
            let correlated = old.map(|old| old.items(items));
            let end = self.path.len();
            for (index, item) in items.iter().enumerate() {
                self.push(format_args!("[{index}]"));
                let old = correlated.as_ref().and_then(|old| old.at(item));
                outcome.merge(self.check(of, item, old.as_ref()));
                self.path.truncate(end);
            }
        }
        if let Some(counts) = node.limits.as_ref().map(|limits| limits.items) {
            let size = items.len() as i64;
            if let Some(min) = counts.min.filter(|min| size < *min) {
                let text = format!("should have at least {min} items");
                outcome.add(self.invalid(&size.into(), &text));
            }
            if let Some(max) = counts.max.filter(|max| size > *max) {
                outcome.add(self.too_many(size, max));
            }
        }
        outcome.matched(2);
    }

    fn object(&mut self, node: &Node, members: &Map<String, Value>, old: Option<&Old<'_>>, outcome: &mut Outcome) {
        if let Some(counts) = node.limits.as_ref().map(|limits| limits.properties) {
            let size = members.len() as i64;
            if let Some(min) = counts.min.filter(|min| size < *min) {
                let text = format!("should have at least {min} properties");
                outcome.add(self.invalid(&size.into(), &text));
            }
            if let Some(max) = counts.max.filter(|max| size > *max) {
                outcome.add(self.too_many(size, max));
            }
        }
        let end = self.path.len();
        for (name, value) in members {
            let declared = node.property(name);
            if node.is_closed && declared.is_none() {
                let text = format!("{}.{name} in body is a forbidden property", self.path);
                outcome.add(self.invalid_plain(&name.as_str().into(), &text));
            }
            let Some(of) = declared.or(node.values.as_deref()) else { continue };
            if end > 0 || declared.is_none() {
                self.path.push('.');
            }
            self.path.push_str(name);
            let old = old.and_then(|old| old.member(name));
            outcome.merge(self.check(of, value, old.as_ref()));
            self.path.truncate(end);
        }
        for name in node.required.iter().filter(|name| !members.contains_key(&***name)) {
            self.push(format_args!(".{name}"));
            outcome.add(self.required());
            self.path.truncate(end);
        }
        outcome.matched(1);
    }

    fn push(&mut self, step: std::fmt::Arguments<'_>) {
        std::fmt::Write::write_fmt(&mut self.path, step).expect("writing to a String cannot fail");
    }
}
