//! What is said about numbers: their range, and of what they are multiples.

use serde_json::{Number, Value};

use super::{Checker, report::Outcome, scalars::is_integer};
use crate::{
    structural::node::{Node, Types},
    text::go_print,
};

/// The smallest float beyond the integers of 64 bits.
const INTEGERS_END: f64 = (1_u64 << 63) as f64;

impl Checker<'_> {
    /// Checks a number. One that was written without a fraction is compared as an integer, and so are its bounds.
    pub(super) fn number(&self, node: &Node, number: &Number, outcome: &mut Outcome) {
        outcome.matched(2);
        let float = number.as_f64().unwrap_or_default();
        self.in_range(node, "Checked", float, number.as_i64(), outcome);
        let Some(limits) = &node.limits else { return };
        if let Some(factor) = limits.multiple_of {
            let fits = self.in_range(node, "MultipleOf", factor, None, outcome);
            self.multiple(number, factor, fits, outcome);
        }
        // The lower bound is told first.
        if let Some((bound, exclusive)) = limits.minimum {
            let fits = self.in_range(node, "Minimum boundary", bound, None, outcome);
            let (side, shown) = compare(number, bound, fits);
            if side.is_some_and(|side| side.is_lt() || (exclusive && side.is_eq())) {
                let than = if exclusive { "greater than" } else { "greater than or equal to" };
                outcome.add(self.invalid(&number.clone().into(), &format!("should be {than} {}", go_print(&shown))));
            }
        }
        if let Some((bound, exclusive)) = limits.maximum {
            let fits = self.in_range(node, "Maximum boundary", bound, None, outcome);
            let (side, shown) = compare(number, bound, fits);
            if side.is_some_and(|side| side.is_gt() || (exclusive && side.is_eq())) {
                let than = if exclusive { "less than" } else { "less than or equal to" };
                outcome.add(self.invalid(&number.clone().into(), &format!("should be {than} {}", go_print(&shown))));
            }
        }
    }

    fn multiple(&self, number: &Number, factor: f64, fits: bool, outcome: &mut Outcome) {
        let (is_positive, is_multiple, shown) = match number.as_i64() {
            Some(integer) if fits => {
                let factor = factor as i64;
                (factor > 0, factor > 0 && integer % factor == 0, Value::from(factor))
            }
            _ => {
                let float = number.as_f64().unwrap_or_default();
                let times = if factor < 1.0 { 1.0 / factor * float } else { float / factor };
                (factor > 0.0, is_integer(times), Value::from(factor))
            }
        };
        if !is_positive {
            let text = format!("factor MultipleOf declared for {} must be positive: {}", self.path, go_print(&shown));
            outcome.add(self.invalid_plain(&shown, &text));
        } else if !is_multiple {
            outcome.add(self.invalid(&number.clone().into(), &format!("should be a multiple of {}", go_print(&shown))));
        }
    }

    /// Whether a number is one of the node's type and format, and an error if it is not.
    fn in_range(&self, node: &Node, what: &str, float: f64, integer: Option<i64>, outcome: &mut Outcome) -> bool {
        let Types::One(name) = node.types else { return true };
        let format = node.format.as_ref().map(|format| format.name()).unwrap_or_default();
        let is_whole = float.fract() == 0.0 && (-INTEGERS_END..INTEGERS_END).contains(&float);
        let whole = integer.or_else(|| is_whole.then_some(float as i64));
        let fits = match (name, format) {
            ("integer", "int32") => whole.is_some_and(|whole| i32::try_from(whole).is_ok()),
            ("integer", _) => whole.is_some(),
            ("number", "float") => (float as f32).is_finite(),
            _ => true,
        };
        if !fits {
            let format =
                if format.is_empty() { "(default format)".to_owned() } else { format!("with format {format}") };
            outcome.add(self.unplaced(&format!("{what} value must be of type {name} {format} in {}", self.path)));
        }
        fits
    }
}

/// On which side of a bound a number is, and the bound as it is shown.
fn compare(number: &Number, bound: f64, fits: bool) -> (Option<std::cmp::Ordering>, Value) {
    match number.as_i64() {
        Some(integer) if fits => (Some(integer.cmp(&(bound as i64))), (bound as i64).into()),
        _ => (number.as_f64().unwrap_or_default().partial_cmp(&bound), bound.into()),
    }
}
