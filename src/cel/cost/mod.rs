//! What expressions cost: estimated before they run, from the sizes that a schema allows, and counted while they run.

pub mod actual;
mod calls;
mod estimate;
pub mod excess;
mod size;

pub use estimate::estimate;
pub use size::Range;

/// What making a list, a map and an object costs.
pub const MAKE_LIST: u64 = 10;
pub const MAKE_MAP: u64 = 30;
pub const MAKE_OBJECT: u64 = 40;

/// What looking at a character costs, and a character of a regular expression.
const PER_CHARACTER: f64 = 0.1;
const PER_PATTERN_CHARACTER: f64 = 0.25;

/// The most that one rule of a schema may cost, as estimated.
pub const PER_RULE_LIMIT: u64 = 10_000_000;

/// The most that all rules of a schema may cost together, as estimated.
pub const PER_SCHEMA_LIMIT: u64 = 100_000_000;

/// What a check of the authorizer costs: so much that an expression can afford two.
const AUTHORIZER_CHECK: u64 = 350_000;
