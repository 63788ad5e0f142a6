//! Checks of when a job has succeeded before all of its pods have.

use serde_json::Value;

use super::indexes;
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta};

/// The most rules.
const RULES_MAX: usize = 20;
/// The most bytes of a list of indexes.
const INDEXES_BYTES_MAX: usize = 64 * 1024;

/// Checks the policy of an indexed job with so many completions.
pub fn errors(path: &Path, policy: &Value, completions: i64) -> FieldErrors {
    let path = path.child("rules");
    let rules = meta::items(policy, &["rules"]);
    let mut errors = FieldErrors::new();
    if rules.is_empty() {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        errors.push(FieldError::required(&path, detail));
    }
    if rules.len() > RULES_MAX {
        errors.push(FieldError::too_many(&path, rules.len(), RULES_MAX));
    }
    for (i, rule) in rules.iter().enumerate() {
        errors.extend(rule_errors(&path.index(i), rule, completions));
    }
    errors
}

fn rule_errors(path: &Path, rule: &Value, completions: i64) -> FieldErrors {
    let count = rule.get("succeededCount").and_then(Value::as_i64);
    let listed = rule.get("succeededIndexes").and_then(Value::as_str);
    let mut errors = FieldErrors::new();
    if count.is_none() && listed.is_none() {
        let detail = "at least one of succeededCount or succeededIndexes must be specified";
        errors.push(FieldError::required(path, detail));
    }
    let mut total = 0;
    if let Some(listed) = listed {
        let path = path.child("succeededIndexes");
        if listed.len() > INDEXES_BYTES_MAX {
            errors.push(FieldError::too_long(&path, INDEXES_BYTES_MAX));
        }
        match indexes::parse(listed, completions) {
            Ok(ranges) => total = indexes::count(&ranges),
            Err(why) => {
                let detail = format!("error parsing succeededIndexes: {why}");
                errors.push(FieldError::invalid(&path, listed, &detail));
            }
        }
    }
    if let Some(count) = count {
        let path = path.child("succeededCount");
        errors.extend(check::not_negative(&path, count));
        let bounds = [
            (true, completions, "the number of specified completions"),
            (listed.is_some(), total, "the number of indexes in the specified succeededIndexes field"),
        ];
        for (_, most, what) in bounds.into_iter().filter(|(applies, most, _)| *applies && count > *most) {
            let detail = format!("must be less than or equal to {most} ({what})");
            errors.push(FieldError::invalid(&path, count, &detail));
        }
    }
    errors
}
