//! Expressions that select devices.

use std::sync::LazyLock;

use serde_json::Value;

use crate::cel::{Declared, Environment, Program, Type};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta};

/// The most selectors, and the most bytes of an expression.
pub const SELECTORS_MAX: usize = 32;
const EXPRESSION_BYTES_MAX: usize = 10 * 1024;

/// What an expression may use: the device, of which it is not known what it has.
static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| Environment::new().with("device", Declared::dynamic()));

/// Checks a list of selectors.
pub fn errors(path: &Path, selectors: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if selectors.len() > SELECTORS_MAX {
        errors.push(FieldError::too_many(path, selectors.len(), SELECTORS_MAX));
        return errors;
    }
    for (i, selector) in selectors.iter().enumerate() {
        let path = path.index(i).child("cel");
        match check::given(selector, "cel") {
            None => errors.push(FieldError::required(&path, "")),
            Some(cel) => errors.extend(expression_error(&path.child("expression"), meta::text(cel, &["expression"]))),
        }
    }
    errors
}

fn expression_error(path: &Path, text: &str) -> Option<FieldError> {
    if text.len() > EXPRESSION_BYTES_MAX {
        return Some(FieldError::too_long(path, EXPRESSION_BYTES_MAX));
    }
    match Program::compile(text, &ENVIRONMENT) {
        Err(why) => Some(FieldError::invalid(path, text, &format!("compilation failed: {why}"))),
        Ok(program) => match program.result_type() {
            Type::Bool | Type::Dyn => None,
            other => {
                let detail = format!("must evaluate to bool or the unknown type, not {other}");
                Some(FieldError::invalid(path, text, &detail))
            }
        },
    }
}
