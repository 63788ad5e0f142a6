//! `resource.Quantity`: amounts such as `500m` or `1Gi`, their canonical form, and calculating with them.

use std::{cmp::Ordering, fmt};

/// The canonical form of a quantity, or what is wrong with it.
pub fn canonical(text: &str) -> Result<String, &'static str> {
    let parts = split(text)?;
    let (base, exponent, mut notation) = suffix(parts.suffix).ok_or(SUFFIX)?;
    if keeps_spelling(&parts, exponent, notation) {
        return Ok(text.to_owned());
    }
    // More digits than any real amount has; nothing is gained by rewriting them.
    let Some(mut amount) = Amount::of(&parts, base, exponent) else { return Ok(text.to_owned()) };
    if notation == Notation::Binary {
        notation = amount.cap_binary();
    }
    let sign = if parts.negative && amount.mantissa != 0 { "-" } else { "" };
    Ok(format!("{sign}{}", amount.show(notation)))
}

/// The amount in thousand-millionths; `None` for what is no quantity, or a larger one than any real amount.
pub fn nanos(text: &str) -> Option<i128> {
    let parts = split(text).ok()?;
    let (base, exponent, _) = suffix(parts.suffix)?;
    let amount = Amount::of(&parts, base, exponent)?;
    if amount.mantissa == 0 {
        return Some(0);
    }
    let factor = 10_i128.checked_pow(u32::try_from(amount.exponent + NANO).ok()?)?;
    let nanos = amount.mantissa.checked_mul(factor)?;
    Some(if parts.negative { -nanos } else { nanos })
}

/// An amount to calculate with. It is shown as it was written for as long as nothing changes it, then in canonical form.
#[derive(Clone, Debug)]
pub struct Quantity {
    nanos: i128,
    notation: Notation,
    text: Option<Box<str>>,
}

impl Quantity {
    /// The amount of a text; `None` for what is no quantity. One that is too large for any real amount counts as the
    /// largest there is.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = split(text).ok()?;
        let (_, _, notation) = suffix(parts.suffix)?;
        let largest = if parts.negative { -LARGEST } else { LARGEST };
        Some(Self { nanos: nanos(text).unwrap_or(largest), notation, text: Some(text.into()) })
    }

    /// As many as a number says.
    pub fn whole(number: usize) -> Self {
        let nanos = i128::try_from(number).map_or(LARGEST, |number| number.saturating_mul(ONE));
        Self { nanos, notation: Notation::Decimal, text: None }
    }

    /// The amount in thousand-millionths.
    pub fn nanos(&self) -> i128 {
        self.nanos
    }

    /// The amount in thousandths, rounded away from zero.
    pub fn thousandths(&self) -> i128 {
        divide_up(self.nanos, ONE / 1000)
    }

    /// The amount as a whole number, rounded away from zero.
    pub fn rounded(&self) -> i128 {
        divide_up(self.nanos, ONE)
    }

    /// Adds an amount. The sum has the notation of the first amount that is not zero.
    pub fn add(&mut self, other: &Self) {
        self.change(self.nanos.saturating_add(other.nanos), other);
    }

    /// What is left after an amount has been taken away; nothing if that was more.
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = self.clone();
        left.change(self.nanos.saturating_sub(other.nanos).max(0), other);
        left
    }

    /// The same amount without what is smaller than this part, in thousand-millionths; rounded away from zero.
    pub fn rounded_to(self, part: i128) -> Self {
        if self.nanos % part == 0 {
            return self;
        }
        Self { nanos: divide_up(self.nanos, part).saturating_mul(part), text: None, ..self }
    }

    fn change(&mut self, nanos: i128, other: &Self) {
        if self.nanos == 0 {
            self.notation = other.notation;
        }
        self.nanos = nanos.clamp(-LARGEST, LARGEST);
        self.text = None;
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        let mantissa = i128::try_from(self.nanos.unsigned_abs()).unwrap_or(LARGEST);
        let mut amount = Amount { mantissa, exponent: -NANO };
        let notation = if self.notation == Notation::Binary { amount.cap_binary() } else { self.notation };
        let sign = if self.nanos < 0 { "-" } else { "" };
        write!(f, "{sign}{}", amount.show(notation))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

fn divide_up(nanos: i128, part: i128) -> i128 {
    let rest = nanos % part;
    nanos / part + if rest == 0 { 0 } else { rest.signum() }
}

/// How many thousand-millionths make one.
pub const ONE: i128 = 1_000_000_000;
/// The largest amount in thousand-millionths; sums of two fit.
const LARGEST: i128 = i128::MAX / 4;

const FORMAT: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX: &str = "unable to parse quantity's suffix";
/// No part of an amount is smaller than `10^-NANO`.
const NANO: i32 = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Binary,
    Decimal,
    Exponent,
}

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

/// A quantity's text in pieces. Leading zeros are gone, but one digit stays.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

fn split(text: &str) -> Result<Parts<'_>, &'static str> {
    if text.is_empty() {
        return Err(FORMAT);
    }
    let digits = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text).trim_start_matches('0');
    let (whole, rest) = rest.split_at(digits(rest));
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", rest),
    };
    let after_letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let after_sign = after_letters.strip_prefix(['-', '+']).unwrap_or(after_letters);
    if !after_sign.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FORMAT);
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    Ok(Parts { negative: text.starts_with('-'), whole, fraction, suffix })
}

fn suffix(text: &str) -> Option<(i32, i32, Notation)> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == text) {
        return Some((10, *exponent, Notation::Decimal));
    }
    if let Some(index) = BINARY.iter().position(|name| *name == text) {
        return Some((2, index as i32 * 10, Notation::Binary));
    }
    let exponent = text.strip_prefix(['e', 'E'])?.parse::<i64>().ok()?;
    // No amount survives such exponents; clamping keeps the arithmetic in range.
    Some((10, exponent.clamp(-100_000, 100_000) as i32, Notation::Exponent))
}

/// Whether Kubernetes keeps the text as it was written, since it looks canonical to it.
fn keeps_spelling(parts: &Parts<'_>, exponent: i32, notation: Notation) -> bool {
    let digits = parts.whole.len() + parts.fraction.len();
    let shifted = format!("{}{}", parts.whole, parts.fraction);
    if notation == Notation::Binary {
        let room = 15 - parts.whole.len() as i32 - (exponent as f32 * 3.0 / 10.0) as i32 - 1;
        let odd = shifted.parse::<i64>().is_ok_and(|n| n & 7 != 0);
        return parts.fraction.is_empty() && room >= 0 && odd;
    }
    let scale = exponent - parts.fraction.len() as i32;
    digits <= 18 && scale >= -9 && scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0')
}

/// The size of an amount without its sign: `mantissa * 10^exponent`, where the exponent is at least -9.
struct Amount {
    mantissa: i128,
    exponent: i32,
}

impl Amount {
    /// Rounds up to whole thousand-millionths. `None` if there are more digits than any real amount has.
    fn of(parts: &Parts<'_>, base: i32, exponent: i32) -> Option<Self> {
        let mantissa = format!("{}{}", parts.whole, parts.fraction).parse::<i128>().ok()?;
        let mut amount = Self { mantissa, exponent: -(parts.fraction.len() as i32) };
        match base {
            2 => match mantissa.checked_mul(1_i128 << exponent) {
                Some(product) => amount.mantissa = product,
                None => amount = Self { mantissa: i128::from(i64::MAX), exponent: 0 },
            },
            _ => amount.exponent = amount.exponent.saturating_add(exponent),
        }
        amount.round_up_to(-NANO);
        Some(amount)
    }

    /// Drops digits below `10^exponent`, away from zero.
    fn round_up_to(&mut self, exponent: i32) {
        while self.exponent < exponent && self.mantissa != 0 {
            if self.exponent + 40 < exponent {
                self.mantissa = 1;
                self.exponent = exponent;
                return;
            }
            self.mantissa = self.mantissa / 10 + i128::from(self.mantissa % 10 != 0);
            self.exponent += 1;
        }
    }

    /// Limits a binary amount to 64 bits, and says how it is shown: small and fractional ones as decimals.
    fn cap_binary(&mut self) -> Notation {
        if let Some(limit) =
            10_i128.checked_pow(self.exponent.unsigned_abs()).and_then(|p| p.checked_mul(i64::MAX.into()))
            && self.mantissa > limit
        {
            *self = Self { mantissa: i64::MAX.into(), exponent: 0 };
        }
        let unit = 10_i128.pow(self.exponent.unsigned_abs());
        if self.mantissa % unit != 0 || self.mantissa / unit < 1024 { Notation::Decimal } else { Notation::Binary }
    }

    fn show(&self, notation: Notation) -> String {
        if self.mantissa == 0 {
            return "0".to_owned();
        }
        let (mut mantissa, mut exponent) = (self.mantissa, self.exponent);
        if notation == Notation::Binary {
            mantissa /= 10_i128.pow(exponent.unsigned_abs());
            let mut power = 0;
            while mantissa % 1024 == 0 && power < BINARY.len() - 1 {
                mantissa /= 1024;
                power += 1;
            }
            return format!("{mantissa}{}", BINARY[power]);
        }
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        let zeros = exponent.rem_euclid(3);
        exponent -= zeros;
        let digits = format!("{mantissa}{}", "0".repeat(zeros as usize));
        match notation {
            Notation::Exponent if exponent != 0 => format!("{digits}e{exponent}"),
            Notation::Exponent => digits,
            _ => {
                // Beyond the largest suffix Kubernetes prints none, which loses the exponent there too.
                let suffix = DECIMAL.iter().find(|(_, e)| *e == exponent).map_or("", |(name, _)| name);
                format!("{digits}{suffix}")
            }
        }
    }
}
