//! Timestamps and durations.

use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Row;
use crate::cel::error::Error;
use crate::cel::value::Value;
use crate::text;

type Outcome<'a> = Result<Value<'a>, Error>;

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

const NANOS: i64 = 1_000_000_000;

/// The overloads of a part of a timestamp.
macro_rules! part {
    ($name:literal) => {
        &[concat!("(timestamp).", $name, "() int"), concat!("(timestamp).", $name, "(string) int")]
    };
}

/// The overloads of what durations have too.
macro_rules! clock {
    ($name:literal) => {
        &[
            concat!("(timestamp).", $name, "() int"),
            concat!("(timestamp).", $name, "(string) int"),
            concat!("(duration).", $name, "() int"),
        ]
    };
}

pub const FUNCTIONS: &[Row] = &[
    (part!("getFullYear"), |args| calendar(args, |at| at.year().into())),
    (part!("getMonth"), |args| calendar(args, |at| i64::from(at.month()) - 1)),
    (part!("getDayOfYear"), |args| calendar(args, |at| i64::from(at.day_of_year()) - 1)),
    (part!("getDayOfMonth"), |args| calendar(args, |at| i64::from(at.day()) - 1)),
    (part!("getDate"), |args| calendar(args, |at| at.day().into())),
    (part!("getDayOfWeek"), |args| calendar(args, |at| at.weekday().to_sunday_zero_offset().into())),
    (clock!("getHours"), |args| clock(args, |at| at.hour().into(), |nanos| nanos / (3600 * NANOS))),
    (clock!("getMinutes"), |args| clock(args, |at| at.minute().into(), |nanos| nanos / (60 * NANOS))),
    (clock!("getSeconds"), |args| clock(args, |at| at.second().into(), |nanos| nanos / NANOS)),
    (clock!("getMilliseconds"), |args| clock(args, |at| at.millisecond().into(), |nanos| nanos / 1_000_000)),
];

fn calendar<'a>(args: &[Value<'a>], part: fn(&DateTime) -> i64) -> Outcome<'a> {
    let (at, zone) = match args {
        [Value::Timestamp(at)] => (at, Zone::Fixed(SignedDuration::ZERO)),
        [Value::Timestamp(at), Value::String(name)] => (at, zone(name)?),
        _ => return Err(Error::no_such_overload()),
    };
    Ok(Value::Int(part(&zone.of(*at)?)))
}

fn clock<'a>(args: &[Value<'a>], part: fn(&DateTime) -> i64, of_duration: fn(i64) -> i64) -> Outcome<'a> {
    match args {
        [Value::Duration(nanos)] => Ok(Value::Int(of_duration(*nanos))),
        _ => calendar(args, part),
    }
}

/// Where a clock shows another time than UTC.
enum Zone {
    Fixed(SignedDuration),
    Named(TimeZone),
}

impl Zone {
    /// What the clock shows.
    fn of(&self, at: DateTime) -> Result<DateTime, Error> {
        let ahead = match self {
            Zone::Fixed(ahead) => *ahead,
            Zone::Named(zone) => {
                // The last day of the last year is no `Timestamp`; no zone changes then.
                let moment = at.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
                SignedDuration::from_secs(zone.to_offset(moment).seconds().into())
            }
        };
        at.checked_add(ahead).map_err(|_| Error::new("timestamp overflow"))
    }
}

/// A zone by its name, or by its distance from UTC: `+05:30`.
fn zone(name: &str) -> Result<Zone, Error> {
    let unknown = || Error::new(format!("unknown time zone {name}"));
    let Some((hours, minutes)) = name.split_once(':') else {
        return match name {
            "" | "UTC" => Ok(Zone::Fixed(SignedDuration::ZERO)),
            _ => TimeZone::get(name).map(Zone::Named).map_err(|_| unknown()),
        };
    };
    let is_negative = hours.starts_with('-');
    let hours: i64 = hours.trim_start_matches(['+', '-']).parse().map_err(|_| unknown())?;
    let minutes: i64 = minutes.parse().map_err(|_| unknown())?;
    let seconds = hours.saturating_mul(3600).saturating_add(minutes.saturating_mul(60));
    Ok(Zone::Fixed(SignedDuration::from_secs(if is_negative { -seconds } else { seconds })))
}

/// A duration, unless its nanoseconds do not fit.
pub fn duration<'a>(nanos: Option<i64>) -> Outcome<'a> {
    nanos.map(Value::Duration).ok_or_else(|| Error::new("duration overflow"))
}

/// A timestamp that much later.
pub fn shifted<'a>(at: DateTime, by: SignedDuration) -> Outcome<'a> {
    let shifted = at.checked_add(by).ok().filter(is_in_range);
    shifted.map(Value::Timestamp).ok_or_else(|| Error::new("timestamp overflow"))
}

pub fn from_seconds<'a>(seconds: i64) -> Outcome<'a> {
    shifted(EPOCH, SignedDuration::from_secs(seconds))
}

/// The seconds since 1970.
pub fn to_seconds(at: DateTime) -> i64 {
    let since = at.duration_since(EPOCH);
    since.as_secs() - i64::from(since.subsec_nanos() < 0)
}

fn is_in_range(at: &DateTime) -> bool {
    at.year() >= 1
}

/// Go's duration, in nanoseconds.
pub fn parse_duration(text: &str) -> Option<i64> {
    text::duration::parse(text).ok()
}

/// RFC 3339.
pub fn parse_timestamp(text: &str) -> Option<DateTime> {
    let (local, offset) = match text.strip_suffix('Z') {
        Some(local) => (local, SignedDuration::ZERO),
        None => {
            let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
            (local, numeric_offset(offset)?)
        }
    };
    let has_form = local.len() >= 19 && local.as_bytes()[10] == b'T' && !local.ends_with('.');
    if !has_form {
        return None;
    }
    local.parse::<DateTime>().ok()?.checked_sub(offset).ok().filter(is_in_range)
}

/// `+05:30`
fn numeric_offset(text: &str) -> Option<SignedDuration> {
    let (hours, minutes) = text[1..].split_once(':')?;
    let is_number = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(hours) || !is_number(minutes) {
        return None;
    }
    let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
    match text.as_bytes()[0] {
        b'+' => Some(SignedDuration::from_secs(seconds)),
        b'-' => Some(SignedDuration::from_secs(-seconds)),
        _ => None,
    }
}

/// As the format `date-time` allows: small letters too.
pub fn lenient_timestamp(text: &str) -> Option<DateTime> {
    parse_timestamp(&text.to_ascii_uppercase())
}

/// The start of a day.
pub fn start_of_day(text: &str) -> Option<DateTime> {
    let date: jiff::civil::Date = text.parse().ok()?;
    Some(date.at(0, 0, 0, 0))
}

/// As the format `duration` allows: Go's durations, and words such as `3 days`.
pub fn lenient_duration(text: &str) -> Option<i64> {
    if let Some(nanos) = parse_duration(text) {
        return Some(nanos);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
    let count: i64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "ns" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => 1,
        "us" | "µs" | "micro" | "micros" | "microsecond" | "microseconds" => 1_000,
        "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1_000_000,
        "s" | "sec" | "secs" | "second" | "seconds" => NANOS,
        "m" | "min" | "mins" | "minute" | "minutes" => 60 * NANOS,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600 * NANOS,
        "d" | "day" | "days" => 24 * 3600 * NANOS,
        "w" | "week" | "weeks" => 7 * 24 * 3600 * NANOS,
        _ => return None,
    };
    count.checked_mul(unit)
}

/// RFC 3339 with as many digits after the second as it needs.
pub fn format_timestamp(at: DateTime) -> String {
    format!("{at}Z")
}

/// Seconds with as many digits as they need: `90s`, `0.5s`.
pub fn format_duration(nanos: i64) -> String {
    let seconds = SignedDuration::from_nanos(nanos).as_secs_f64();
    format!("{seconds}s")
}
