//! Numbers of pods that may be given as a share of all: a count, or a text such as `25%`.

use serde_json::Value;

use crate::object::{FieldError, Path};

/// How many pods a share such as `25%` or a number is, of `total`.
pub fn of(value: Option<&Value>, total: i64, round_up: bool) -> i64 {
    match value {
        Some(Value::String(text)) => {
            let Some(percent) = text.strip_suffix('%') else { return text.parse().unwrap_or_default() };
            let hundredths = percent.parse().unwrap_or(0_i64).saturating_mul(total);
            if round_up { hundredths.saturating_add(99) / 100 } else { hundredths / 100 }
        }
        Some(value) => value.as_i64().unwrap_or_default(),
        None => 0,
    }
}

/// What is wrong with a share: a number is not negative, a text is a percentage.
pub fn error(path: &Path, value: &Value) -> Option<FieldError> {
    let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', \
                  regex used for validation is '[0-9]+%')";
    match value {
        Value::String(text) => (percent(text).is_none()).then(|| FieldError::invalid(path, text.as_str(), detail)),
        value => {
            let number = value.as_i64().unwrap_or_default();
            (number < 0).then(|| FieldError::invalid(path, number, "must be greater than or equal to 0"))
        }
    }
}

/// The error of a percentage that is more than everything.
pub fn excess_error(path: &Path, value: Option<&Value>) -> Option<FieldError> {
    let text = value?.as_str()?;
    let excess = percent(text)?.parse::<i64>().is_ok_and(|percent| percent > 100);
    excess.then(|| FieldError::invalid(path, text, "must not be greater than 100%"))
}

/// The digits of a percentage.
fn percent(text: &str) -> Option<&str> {
    let digits = text.strip_suffix('%')?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}
