//! RFC 3339 times as Go reads and writes them, to the second (`Time`) and to the microsecond (`MicroTime`).

use jiff::{Timestamp, civil, tz::TimeZone};

use super::go_quote;

/// The pieces of a layout: Go's name of each and how many digits it has, 0 for literal text.
type Layout = [(&'static str, usize); 11];

const SECONDS: Layout = [
    ("2006", 4),
    ("-", 0),
    ("01", 2),
    ("-", 0),
    ("02", 2),
    ("T", 0),
    ("15", 2),
    (":", 0),
    ("04", 2),
    (":", 0),
    ("05", 2),
];

/// Reads a `Time`; the error is Go's.
pub fn parse(text: &str) -> Result<Timestamp, String> {
    read(text, None)
}

/// Reads a `MicroTime`, which must have six digits after the point.
pub fn parse_micro(text: &str) -> Result<Timestamp, String> {
    read(text, Some(".000000"))
}

/// `2006-01-02T15:04:05Z`.
pub fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2006-01-02T15:04:05.000000Z`.
pub fn rfc3339_micro(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    layout: String,
}

fn read(text: &str, fraction: Option<&'static str>) -> Result<Timestamp, String> {
    let layout = format!("2006-01-02T15:04:05{}Z07:00", fraction.unwrap_or_default());
    let mut parser = Parser { text, rest: text, layout };
    let mut numbers = [0_i64; 6];
    let mut next = 0;
    for (piece, digits) in SECONDS {
        if digits == 0 {
            parser.rest = parser.rest.strip_prefix(piece).ok_or_else(|| parser.bad(piece))?;
            continue;
        }
        numbers[next] = parser.digits(piece, digits)?;
        let (low, high, name) = [(0, 9999, "year"), (1, 12, "month"), (1, 31, "day")]
            .into_iter()
            .chain([(0, 23, "hour"), (0, 59, "minute"), (0, 59, "second")])
            .nth(next)
            .expect("there are six numbers");
        if !(low..=high).contains(&numbers[next]) {
            return Err(parser.out_of_range(name));
        }
        next += 1;
    }
    let nanos = parser.fraction(fraction)?;
    let offset = parser.offset()?;
    if !parser.rest.is_empty() {
        return Err(format!("parsing time {}: extra text: {}", go_quote(text), go_quote(parser.rest)));
    }
    let [year, month, day, hour, minute, second] = numbers;
    // Each number was checked to fit above.
    let civil =
        civil::DateTime::new(year as i16, month as i8, day as i8, hour as i8, minute as i8, second as i8, nanos)
            .map_err(|_| parser.out_of_range("day"))?;
    let utc = civil.to_zoned(TimeZone::UTC).map_err(|_| parser.out_of_range("year"))?.timestamp();
    utc.checked_sub(jiff::SignedDuration::from_secs(offset)).map_err(|_| parser.out_of_range("year"))
}

impl Parser<'_> {
    fn digits(&mut self, piece: &str, count: usize) -> Result<i64, String> {
        let found = self.rest.get(..count).filter(|s| s.bytes().all(|b| b.is_ascii_digit()));
        let number = found.and_then(|s| s.parse().ok()).ok_or_else(|| self.bad(piece))?;
        self.rest = &self.rest[count..];
        Ok(number)
    }

    /// Nanoseconds: exactly what the layout asks for, or anything after the seconds if it asks for nothing.
    fn fraction(&mut self, wanted: Option<&'static str>) -> Result<i32, String> {
        let digits = match self.rest.strip_prefix(['.', ',']) {
            Some(after) => after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len(),
            None => 0,
        };
        match wanted {
            Some(piece) if digits + 1 < piece.len() => return Err(self.bad(piece)),
            None if digits == 0 => return Ok(0),
            _ => {}
        }
        let taken = wanted.map_or(digits, |piece| piece.len() - 1);
        let shown: String = self.rest[1..=taken].chars().chain("000000000".chars()).take(9).collect();
        self.rest = &self.rest[1 + taken..];
        shown.parse().map_err(|_| self.bad("."))
    }

    /// Seconds east of Greenwich.
    fn offset(&mut self) -> Result<i64, String> {
        const PIECE: &str = "Z07:00";
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let sign = match self.rest.bytes().next() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(self.bad(PIECE)),
        };
        let number = |range: std::ops::Range<usize>| -> Option<i64> { self.rest.get(range)?.parse().ok() };
        match (number(1..3), self.rest.get(3..4), number(4..6)) {
            (Some(hours), Some(":"), Some(minutes)) if hours <= 24 && minutes < 60 => {
                self.rest = &self.rest[6..];
                Ok(sign * (hours * 3600 + minutes * 60))
            }
            _ => Err(self.bad(PIECE)),
        }
    }

    fn bad(&self, piece: &str) -> String {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            go_quote(self.text),
            go_quote(&self.layout),
            go_quote(self.rest),
            go_quote(piece)
        )
    }

    fn out_of_range(&self, what: &str) -> String {
        format!("parsing time {}: {what} out of range", go_quote(self.text))
    }
}
