//! Lists of a job's indexes, e.g. `1,3-5`.

use std::ops::RangeInclusive;

use crate::text::go_quote;

/// Indexes in increasing order, each alone or as a range.
pub type Ranges = Vec<RangeInclusive<i64>>;

/// Parses a list, whose indexes are below a limit.
pub fn parse(text: &str, limit: i64) -> Result<Ranges, String> {
    let mut ranges = Ranges::new();
    if text.is_empty() {
        return Ok(ranges);
    }
    let mut last = None;
    for part in text.split(',') {
        let ends: Vec<_> = part.split('-').collect();
        if ends.len() > 2 {
            return Err(format!(
                "the fragment {} violates the requirement that an index interval can have at most two parts separated by \
                 '-'",
                go_quote(part)
            ));
        }
        let mut found = Vec::new();
        for end in ends {
            let index = index(end, limit)?;
            if let Some(last) = last.filter(|last| *last >= index) {
                return Err(format!("non-increasing order, previous: {last}, current: {index}"));
            }
            last = Some(index);
            found.push(index);
        }
        if let (Some(first), Some(last)) = (found.first(), found.last()) {
            ranges.push(*first..=*last);
        }
    }
    Ok(ranges)
}

/// How many indexes there are.
pub fn count(ranges: &Ranges) -> i64 {
    ranges.iter().map(|range| range.end() - range.start() + 1).sum()
}

/// Whether two lists have an index in common.
pub fn overlap(a: &Ranges, b: &Ranges) -> Option<i64> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(one), Some(other)) = (a.peek(), b.peek()) {
        let first = *one.start().max(other.start());
        if first <= *one.end().min(other.end()) {
            return Some(first);
        }
        if one.end() < other.end() {
            a.next();
        } else {
            b.next();
        }
    }
    None
}

fn index(text: &str, limit: i64) -> Result<i64, String> {
    let index: i64 =
        text.parse().map_err(|_| format!("cannot convert string to integer for index: {}", go_quote(text)))?;
    if index >= limit { Err(format!("too large index: {}", go_quote(text))) } else { Ok(index) }
}
