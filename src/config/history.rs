//! How much of the past is kept.

use std::time::Duration;

use super::duration::duration;

/// How much of the past is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// By age.
    pub age: Duration,
    /// By number of events.
    pub events: usize,
    /// By the bytes of their objects.
    pub bytes: usize,
}

impl History {
    /// What is kept when nobody says anything else.
    const DEFAULT: Self = Self { age: Duration::from_secs(5 * 60), events: 100_000, bytes: 256 << 20 };

    /// `AGE[,EVENTS[,SIZE]]`, or a number of events alone.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let mut history = Self::DEFAULT;
        let parts: Vec<_> = text.split(',').map(str::trim).collect();
        match parts[..] {
            [events] if is_number(events) => history.events = parse_events(events)?,
            [age] => history.age = duration(age)?,
            [age, events] => (history.age, history.events) = (duration(age)?, parse_events(events)?),
            [age, events, size] => {
                history = Self { age: duration(age)?, events: parse_events(events)?, bytes: parse_size(size)? };
            }
            _ => return Err(format!("{text:?} is not a history such as 5m,100000,256Mi")),
        }
        Ok(history)
    }
}

fn parse_events(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number of events"))
}

fn parse_size(text: &str) -> Result<usize, String> {
    let bad = || format!("{text:?} is not a size such as 512Ki, 256Mi or 1Gi");
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit {
        "" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return Err(bad()),
    };
    number.parse::<usize>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(bad)
}
