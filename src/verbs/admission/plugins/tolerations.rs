//! What tolerations of several sources come to together.

use serde_json::Value;

use crate::object::meta;

/// Both lists, without those that another one of them makes unnecessary.
pub fn merge(mut first: Vec<Value>, second: &[Value]) -> Vec<Value> {
    first.extend(second.iter().cloned());
    let all = first;
    let mut merged: Vec<Value> = Vec::new();
    for (i, toleration) in all.iter().enumerate() {
        let is_covered = merged.iter().any(|other| covers(other, toleration))
            || all[i + 1..].iter().any(|other| other != toleration && covers(other, toleration));
        if !is_covered {
            merged.push(toleration.clone());
        }
    }
    merged
}

/// Whether a toleration tolerates everything that another one does.
pub fn covers(toleration: &Value, other: &Value) -> bool {
    let text = |member: &str| (meta::text(toleration, &[member]), meta::text(other, &[member]));
    if toleration == other {
        return true;
    }
    let ((key, other_key), (operator, other_operator)) = (text("key"), text("operator"));
    if key != other_key && !(key.is_empty() && operator == "Exists") {
        return false;
    }
    let (effect, other_effect) = text("effect");
    if effect != other_effect && !effect.is_empty() {
        return false;
    }
    if effect == "NoExecute" {
        let seconds = |toleration: &Value| toleration.get("tolerationSeconds").and_then(Value::as_i64);
        if seconds(toleration).is_some_and(|most| seconds(other).is_none_or(|other| other > most)) {
            return false;
        }
    }
    let (value, other_value) = text("value");
    match operator {
        "" | "Equal" => other_operator == "Equal" && value == other_value,
        "Exists" => true,
        _ => false,
    }
}
