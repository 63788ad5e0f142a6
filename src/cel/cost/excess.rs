//! How much an estimate is above a limit, and how Kubernetes says it.

use crate::cel::declared::{Declared, LARGEST_REQUEST};

use super::{PER_RULE_LIMIT, PER_SCHEMA_LIMIT, Range};

/// What a rule costs for all values it applies to: `count` of them, or as many as fit into a request.
pub fn of_rule(estimate: Range, declared: &Declared, count: Option<u64>) -> u64 {
    let fit = LARGEST_REQUEST / (declared.min_bytes + 1);
    estimate.max.saturating_mul(count.unwrap_or(fit))
}

/// By how much one rule is too expensive: `3.0x`.
pub fn of_one(cost: u64) -> Option<String> {
    excess(cost, PER_RULE_LIMIT)
}

/// By how much all rules of a schema together are too expensive.
pub fn of_all(cost: u64) -> Option<String> {
    excess(cost, PER_SCHEMA_LIMIT)
}

fn excess(cost: u64, limit: u64) -> Option<String> {
    if cost <= limit {
        return None;
    }
    let factor = cost as f64 / limit as f64;
    Some(if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    })
}
