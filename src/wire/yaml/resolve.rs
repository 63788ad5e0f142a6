//! What a plain YAML 1.1 scalar means.

use crate::{text::float, wire::tree::Node};

/// The value of a scalar that stands without quotes.
pub fn plain(text: &str) -> Node {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Node::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Node::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Node::Bool(false);
        }
        _ => {}
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        let digits = text.replace('_', "");
        if let Some(number) = integer(&digits) {
            return signed(number);
        }
        if is_float(&digits)
            && let Ok(number) = digits.parse::<f64>()
            && number.is_finite()
        {
            return Node::Number(float::format(number).into());
        }
    }
    Node::String(text.to_owned())
}

/// An integer.
pub fn signed(number: i128) -> Node {
    Node::Number(number.to_string().into())
}

/// An integer that may be larger.
pub fn unsigned(number: u128) -> Node {
    Node::Number(number.to_string().into())
}

/// Decimal, `0x`, `0b`, `0o` and the old octal with a leading zero.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let radix = |prefixes: [&str; 2], radix| {
        let digits = prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix))?;
        i128::from_str_radix(digits, radix).ok()
    };
    let is_decimal = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = radix(["0x", "0X"], 16)
        .or_else(|| radix(["0b", "0B"], 2))
        .or_else(|| radix(["0o", "0O"], 8))
        .or_else(|| if is_decimal && digits.len() > 1 { radix(["0", "0"], 8) } else { None })
        .or_else(
            || if is_decimal && (digits == "0" || !digits.starts_with('0')) { digits.parse().ok() } else { None },
        )?;
    let number = if negative { -number } else { number };
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number).then_some(number)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let after_digits = |s: &'_ str| s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let whole = rest.len() - after_digits(rest);
    let rest = &rest[whole..];
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => {
            let digits = after.len() - after_digits(after);
            (digits, &after[digits..])
        }
        None => (0, rest),
    };
    if whole + fraction == 0 {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
        }
        None => rest.is_empty(),
    }
}
