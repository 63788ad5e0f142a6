//! What an evaluation may use up, and what it has used.

use crate::cel::error::Error;

/// The most that one expression may cost.
pub const PER_CALL_LIMIT: u64 = 1_000_000;

/// The most that all rules of one request may cost together.
pub const PER_REQUEST_LIMIT: u64 = 10_000_000;

/// After how many steps an evaluation checks whether it is cancelled.
const STEPS_BETWEEN_QUESTIONS: u32 = 100;

/// The limit of an evaluation. It counts what is used up, also of one that fails.
pub struct Budget<'b> {
    limit: u64,
    used: u64,
    steps: u32,
    /// Whether to stop.
    stop: Option<&'b dyn Fn() -> bool>,
}

impl<'b> Budget<'b> {
    /// A budget for one expression, of which at most `left` is left for all.
    pub fn new(left: u64) -> Budget<'b> {
        Budget { limit: left.min(PER_CALL_LIMIT), used: 0, steps: 0, stop: None }
    }

    /// The same, with a check that is made from time to time: whether to stop.
    pub fn stopping(self, stop: &'b dyn Fn() -> bool) -> Budget<'b> {
        Budget { stop: Some(stop), ..self }
    }

    /// What was used.
    pub fn used(&self) -> u64 {
        self.used
    }

    pub(super) fn charge(&mut self, cost: u64) -> Result<(), Error> {
        self.used = self.used.saturating_add(cost);
        if self.used > self.limit { Err(Error::too_expensive()) } else { Ok(()) }
    }

    /// Counts a step.
    pub(super) fn step(&mut self) -> Result<(), Error> {
        self.steps += 1;
        if self.steps < STEPS_BETWEEN_QUESTIONS {
            return Ok(());
        }
        self.steps = 0;
        match self.stop {
            Some(stop) if stop() => Err(Error::interrupted()),
            _ => Ok(()),
        }
    }
}
