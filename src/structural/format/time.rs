//! Dates, times and durations.

use jiff::civil::Date;

use super::{Pattern, compile};
use crate::text::duration;

/// A date such as `2006-01-02`.
pub fn is_date(text: &str) -> bool {
    let shape = text.len() == 10 && text.bytes().enumerate().all(|(i, b)| is_in_place(i, b));
    shape && {
        let number = |range: std::ops::Range<usize>| text[range].parse::<i16>().unwrap_or_default();
        Date::new(number(0..4), number(5..7) as i8, number(8..10) as i8).is_ok()
    }
}

/// A date and a time with its zone. Letters may be small.
pub fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else { return false };
    let in_range = |time: &str| &time[..2] <= "23" && &time[3..5] <= "59" && &time[6..8] <= "59";
    text.len() >= 4 && is_date(date) && TIME.is_match(time) && in_range(time)
}

/// A duration as Go knows it, or with words such as `3 days` somewhere in the text.
pub fn is_duration(text: &str) -> bool {
    if duration::parse(text).is_ok() {
        return true;
    }
    let mut is_found = false;
    for amount in AMOUNTS.captures_iter(text) {
        if amount[1].parse::<i64>().is_err() {
            return false;
        }
        let unit = amount[2].to_lowercase();
        is_found |= UNITS.contains(&&*unit) || WORDS.iter().any(|word| unit.starts_with(word));
    }
    is_found
}

static TIME: Pattern = Pattern::new(|| compile("^[0-9]{2}:[0-9]{2}:[0-9]{2}(?:.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})$"));
static AMOUNTS: Pattern = Pattern::new(|| compile(r"([0-9]+)[\t\n\f\r ]*([A-Za-zµ]+)"));

/// Units that stand alone.
const UNITS: [&str; 12] = ["ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk", "μs"];
/// Words with which a unit may begin.
const WORDS: [&str; 8] = ["nano", "micro", "milli", "sec", "min", "hour", "day", "week"];

/// Whether a byte may stand at this place of a date.
fn is_in_place(place: usize, byte: u8) -> bool {
    if [4, 7].contains(&place) { byte == b'-' } else { byte.is_ascii_digit() }
}
