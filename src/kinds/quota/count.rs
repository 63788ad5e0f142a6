//! Objects that are only counted.

use serde_json::Value;

use super::{Amounts, Evaluator, count_name, one};
use crate::kinds::Moment;

/// The kinds that were counted under their plural name before all kinds could be.
const LEGACY: [&str; 4] = ["configmaps", "resourcequotas", "replicationcontrollers", "secrets"];

/// Counts objects under these names.
pub struct Count(Vec<String>);

impl Count {
    /// Counts the objects of a kind.
    pub fn of(group: &str, plural: &str) -> Self {
        let legacy = (group.is_empty() && LEGACY.contains(&plural)).then(|| plural.to_owned());
        Self(legacy.into_iter().chain([count_name(group, plural)]).collect())
    }
}

impl Evaluator for Count {
    fn measures(&self, resource: &str) -> bool {
        self.0.iter().any(|name| name == resource)
    }

    fn usage(&self, _object: &Value, _now: Moment) -> Amounts {
        self.0.iter().map(one).collect()
    }
}
