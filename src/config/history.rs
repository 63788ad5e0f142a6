//! How much of the past is kept.

use super::duration::duration;
use crate::store::History;

/// `AGE[,EVENTS[,SIZE]]`, or a number of events alone.
pub fn parse(text: &str) -> Result<History, String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut history = History::default();
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    match parts[..] {
        [events] if is_number(events) => history.events = parse_events(events)?,
        [age] => history.age = duration(age)?,
        [age, events] => (history.age, history.events) = (duration(age)?, parse_events(events)?),
        [age, events, size] => {
            history = History { age: duration(age)?, events: parse_events(events)?, bytes: parse_size(size)? };
        }
        _ => return Err(format!("{text:?} is not a history such as 5m,100000,256Mi")),
    }
    Ok(history)
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
