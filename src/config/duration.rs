//! Durations on the command line.

use std::time::Duration;

use crate::text::duration;

/// A duration as Go writes it, such as `250ms`, `30s`, `5m` or `1h30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    duration::parse_unsigned(text).map_err(|_| format!("{text:?} is not a duration such as 250ms, 30s, 5m or 1h"))
}
