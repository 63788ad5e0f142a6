//! What the rules of a schema may cost together.

use crate::{
    cel::cost::{PER_SCHEMA_LIMIT, excess},
    object::{FieldError, FieldErrors, Path},
};

/// How many rules are named if all together are too expensive.
const MOST_NAMED: usize = 4;

/// What has been found of a schema's rules.
#[derive(Default)]
pub struct Costs {
    total: u64,
    /// The most expensive ones, the worst first.
    worst: Vec<(Path, u64)>,
}

impl Costs {
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Counts a rule. Returns an error if it is too expensive by itself.
    pub fn add(&mut self, path: &Path, what: &str, cost: u64) -> Option<FieldError> {
        self.total = self.total.saturating_add(cost);
        let place = self.worst.partition_point(|(_, other)| *other >= cost);
        if cost > 0 && place < MOST_NAMED {
            self.worst.insert(place, (path.clone(), cost));
            self.worst.truncate(MOST_NAMED);
        }
        excess::of_one(cost).map(|factor| too_expensive(path, what, &factor))
    }

    /// What is said if all rules together are too expensive. The schema is at `path`.
    pub fn errors(&self, path: &Path) -> FieldErrors {
        let Some(factor) = excess::of_all(self.total) else { return FieldErrors::new() };
        debug_assert!(self.total > PER_SCHEMA_LIMIT);
        let why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
        let mut errors: FieldErrors = self.worst.iter().map(|(path, _)| FieldError::forbidden(path, why)).collect();
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.push(too_expensive(path, what, &factor));
        errors
    }
}

fn too_expensive(path: &Path, what: &str, factor: &str) -> FieldError {
    let why = format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and \
         maxLength where arrays, maps, and strings are declared)"
    );
    FieldError::forbidden(path, &why)
}
