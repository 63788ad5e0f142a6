//! The order of values: numbers of different types compare by what they mean.

use std::cmp::Ordering;

use super::Value;

/// The order of two values; `None` where they have none, as NaN has not.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some((**a).cmp(&**b)),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        _ => numbers(a, b),
    }
}

pub fn numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Double(a), b) => double_with_integer(*a, b),
        (a, Value::Double(b)) => double_with_integer(*b, a).map(Ordering::reverse),
        (a, b) => Some(integer(a)?.cmp(&integer(b)?)),
    }
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Int(number) => Some((*number).into()),
        Value::Uint(number) => Some((*number).into()),
        _ => None,
    }
}

/// As cel-go compares them: the integer is rounded to a double, unless the double is out of its range.
fn double_with_integer(double: f64, integer: &Value) -> Option<Ordering> {
    let (least, most, integer) = match integer {
        Value::Int(number) => (i64::MIN as f64, i64::MAX as f64, *number as f64),
        Value::Uint(number) => (0.0, u64::MAX as f64, *number as f64),
        _ => return None,
    };
    if double < least {
        Some(Ordering::Less)
    } else if double > most {
        Some(Ordering::Greater)
    } else {
        double.partial_cmp(&integer)
    }
}
