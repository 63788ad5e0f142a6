//! Checks that many kinds make of their fields.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::object::{
    FieldError, FieldErrors, Path,
    meta::{self, Object},
};
use crate::text::quantity::nanos;

/// Every way a text breaks a naming rule, as errors at the path.
pub fn rule(path: &Path, value: &str, rule: fn(&str) -> Vec<String>) -> FieldErrors {
    rule(value).iter().map(|wrong| FieldError::invalid(path, value, wrong)).collect()
}

/// As [`rule`], for a text that has to be there.
pub fn required_rule(path: &Path, value: &str, check: fn(&str) -> Vec<String>) -> FieldErrors {
    if value.is_empty() { vec![FieldError::required(path, "")] } else { rule(path, value, check) }
}

/// As [`rule`], for a text that may be empty.
pub fn rule_if_given(path: &Path, value: &str, check: fn(&str) -> Vec<String>) -> FieldErrors {
    if value.is_empty() { FieldErrors::new() } else { rule(path, value, check) }
}

/// As [`rule`], for a text that may be absent but not empty.
pub fn rule_if_present(path: &Path, value: Option<&str>, check: fn(&str) -> Vec<String>) -> FieldErrors {
    value.map(|value| rule(path, value, check)).unwrap_or_default()
}

/// A number that is 0 or more.
pub fn not_negative(path: &Path, value: i64) -> Option<FieldError> {
    (value < 0).then(|| FieldError::invalid(path, value, "must be greater than or equal to 0"))
}

/// An amount that is not negative; the error shows the whole number of it.
pub fn amount(path: &Path, amount: &str) -> Option<FieldError> {
    let value = nanos(amount)?;
    let shown = i64::try_from(value / 1_000_000_000).unwrap_or(i64::MIN);
    (value < 0).then(|| FieldError::invalid(path, shown, "must be a valid resource quantity"))
}

/// A number in a range; the error shows these bounds.
pub fn in_range(path: &Path, value: i64, range: RangeInclusive<i64>, shown: (i64, i64)) -> Option<FieldError> {
    let detail = || format!("must be between {} and {}, inclusive", shown.0, shown.1);
    (!range.contains(&value)).then(|| FieldError::invalid(path, value, &detail()))
}

/// As [`rule`], for a member that may be absent or empty.
pub fn optional_rule(parent: &Path, object: &Value, member: &str, check: fn(&str) -> Vec<String>) -> FieldErrors {
    match meta::text(object, &[member]) {
        "" => FieldErrors::new(),
        value => rule(&parent.child(member), value, check),
    }
}

/// As [`rule`], for a member that may be absent but not empty.
pub fn present_rule(parent: &Path, object: &Value, member: &str, check: fn(&str) -> Vec<String>) -> FieldErrors {
    match object.get(member).and_then(Value::as_str) {
        Some(value) => rule(&parent.child(member), value, check),
        None => FieldErrors::new(),
    }
}

/// A text that has to be one of a few; an empty one is missing.
pub fn one_of(path: &Path, value: &str, supported: &[&str]) -> Option<FieldError> {
    if value.is_empty() {
        Some(FieldError::required(path, ""))
    } else if supported.contains(&value) {
        None
    } else {
        Some(FieldError::not_supported(path, value, supported))
    }
}

/// A port number.
pub fn port_number(path: &Path, port: i64) -> Option<FieldError> {
    (!(1..=65535).contains(&port)).then(|| FieldError::invalid(path, port, "must be between 1 and 65535, inclusive"))
}

/// A member that may not change.
pub fn immutable(path: &Path, new: Option<&Value>, old: Option<&Value>) -> Option<FieldError> {
    let changed = new.unwrap_or(&Value::Null) != old.unwrap_or(&Value::Null);
    changed.then(|| FieldError::invalid(path, new.cloned().unwrap_or(Value::Null), "field is immutable"))
}

/// A member that is there and not null.
pub fn given<'a>(object: &'a Value, member: &str) -> Option<&'a Value> {
    object.get(member).filter(|value| !value.is_null())
}

/// As [`given`], of the members of an object.
pub fn given_in<'a>(members: &'a Object, member: &str) -> Option<&'a Value> {
    members.get(member).filter(|value| !value.is_null())
}

/// An integer member, 0 if there is none.
pub fn integer(object: &Value, member: &str) -> i64 {
    object.get(member).and_then(Value::as_i64).unwrap_or_default()
}

/// A boolean member, false if there is none.
pub fn boolean(object: &Value, member: &str) -> bool {
    object.get(member).and_then(Value::as_bool).unwrap_or_default()
}
