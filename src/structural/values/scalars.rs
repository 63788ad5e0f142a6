//! Types, formats, enumerations, and what is said about strings.

use serde_json::Value;

use super::{Checker, report::Outcome};
use crate::structural::node::{Node, Types};

impl Checker<'_> {
    /// Checks the type of a value.
    pub(super) fn types(&self, node: &Node, value: &Value, outcome: &mut Outcome) {
        let wanted = match node.types {
            Types::Any => "",
            Types::One(name) => name,
            Types::IntOrString => "integer,string",
        };
        let allows = |name: &str| wanted.split(',').any(|wanted| wanted == name);
        let found = type_of(value);
        let is_whole = allows("integer") && value.as_f64().is_some_and(is_integer);
        let fits = match value {
            Value::Null => node.types == Types::Any || node.nullable,
            Value::Number(_) => allows(found) || is_whole || (found == "integer" && allows("number")),
            _ => allows(found),
        };
        if fits {
            return outcome.matched(1);
        }
        match (&node.format, value) {
            // A number that has not the format is told by the format that Go's type has.
            (Some(format), Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
                let found = match value {
                    Value::Number(number) if number.is_i64() => "int64",
                    Value::Number(_) => "float64",
                    _ => "",
                };
                outcome.add(self.wrong_type(format.name(), found));
            }
            // The format of a string is checked by itself.
            (Some(_), Value::String(_) | Value::Array(_)) if !allows("number") && !allows("integer") => {
                outcome.matched(1);
            }
            _ => outcome.add(self.wrong_type(wanted, found)),
        }
    }

    /// Checks that a value is one of those listed.
    pub(super) fn enumeration(&self, node: &Node, value: &Value, outcome: &mut Outcome) {
        let Some(limits) = &node.limits else { return };
        let listed = &limits.enumeration;
        // A null is never found, even where it is listed.
        if !listed.is_empty() && (value.is_null() || !listed.iter().any(|listed| is_same(listed, value))) {
            outcome.add(self.unsupported(value, listed));
        }
    }

    /// Checks the length, pattern and format of a string.
    pub(super) fn string(&self, node: &Node, text: &str, outcome: &mut Outcome) {
        if let Some(limits) = &node.limits {
            let length = text.chars().count() as i64;
            let (min, max) = (limits.length.min, limits.length.max);
            if let Some(max) = max.filter(|max| length > *max) {
                outcome.add(self.too_long(max));
            } else if let Some(min) = min.filter(|min| length < *min) {
                outcome.add(self.invalid(&text.into(), &format!("should be at least {min} chars long")));
            } else if let Some(pattern) = limits.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
                outcome.add(self.invalid(&text.into(), &format!("should match '{}'", pattern.text())));
            }
        }
        outcome.matched(1);
        if let Some(format) = node.format.as_ref().filter(|format| format.is_for_strings()) {
            if !format.matches(text) {
                outcome.add(self.wrong_type(format.name(), text));
            }
            outcome.matched(1);
        }
    }
}

/// The name of the type of a value.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether a number is whole, or so close to it that nobody can tell.
pub fn is_integer(number: f64) -> bool {
    const LARGEST: f64 = ((1_u64 << 53) - 1) as f64;
    const EPSILON: f64 = 1e-9;
    if !number.is_finite() || number.abs() > LARGEST {
        return false;
    }
    let whole = number.trunc();
    number == whole || (number > 0.0 && whole > 0.0 && (number - whole) / (number + whole) < EPSILON)
}

/// Whether a value is the listed one after it was converted to its type, as Go converts: a float is cut off to an
/// integer, and an integer is the string of the character with its number.
fn is_same(listed: &Value, value: &Value) -> bool {
    match (listed, value) {
        (Value::Number(listed), Value::Number(value)) => match (listed.as_i64(), value.as_i64()) {
            (Some(listed), None) => value.as_f64().is_some_and(|value| value as i64 == listed),
            (None, Some(_)) => listed.as_f64() == value.as_f64(),
            _ => listed == value,
        },
        (Value::String(listed), Value::Number(value)) => {
            let number = value.as_i64().and_then(|number| u32::try_from(number).ok());
            number.and_then(char::from_u32).is_some_and(|c| listed.chars().eq([c]))
        }
        _ => listed == value,
    }
}
