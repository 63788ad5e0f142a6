//! Go's `strconv.ParseInt` and `strconv.ParseUint`, with their errors.

use super::go_quote;

/// A signed decimal number of 64 bits.
pub fn parse_int(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    parse("ParseInt", text, digits, text.parse())
}

/// An unsigned decimal number of 64 bits, without a sign.
pub fn parse_uint(text: &str) -> Result<u64, String> {
    parse("ParseUint", text, text, text.parse())
}

fn parse<N, E>(function: &str, text: &str, digits: &str, parsed: Result<N, E>) -> Result<N, String> {
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let why = match parsed {
        Ok(number) if is_number => return Ok(number),
        _ if is_number => "value out of range",
        _ => "invalid syntax",
    };
    Err(format!("strconv.{function}: parsing {}: {why}", go_quote(text)))
}
