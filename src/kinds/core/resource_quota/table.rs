//! The table row of a quota.

use serde_json::Value;

use crate::{
    kinds::{Moment, model::strategy::age},
    object::meta,
};

/// The cells: what is used of what may be used, requests and limits apart.
pub fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let mut hard: Vec<_> = meta::map(object, &["status", "hard"]).into_iter().flatten().collect();
    hard.sort_by_key(|(name, _)| *name);
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (name, hard) in hard {
        let used = meta::at(object, &["status", "used", name]).and_then(Value::as_str).unwrap_or("0");
        let column = if name.starts_with("limits.") { &mut limits } else { &mut requests };
        column.push(format!("{name}: {used}/{}", hard.as_str().unwrap_or("0")));
    }
    vec![meta::name(object).into(), requests.join(", ").into(), limits.join(", ").into(), age(object, now).into()]
}
