//! What a claim or a class tells the driver of its devices.

use serde_json::Value;

use crate::kinds::{rules::check, storage::driver_name};
use crate::object::{FieldError, FieldErrors, Path, meta};

/// The most configurations, and the most bytes of one.
pub const CONFIGS_MAX: usize = 32;
const PARAMETERS_BYTES_MAX: usize = 10 * 1024;

/// Checks a configuration.
pub fn errors(path: &Path, config: &Value) -> FieldErrors {
    let path = path.child("opaque");
    let Some(opaque) = check::given(config, "opaque") else {
        return vec![FieldError::required(&path, "")];
    };
    let mut errors = driver_name::errors(&path.child("driver"), meta::text(opaque, &["driver"]));
    let at = path.child("parameters");
    match check::given(opaque, "parameters") {
        None => errors.push(FieldError::required(&at, "")),
        Some(parameters) if !parameters.is_object() => {
            errors.push(FieldError::invalid(&at, "<value omitted>", "must be a valid JSON object"));
        }
        Some(parameters) if parameters.to_string().len() > PARAMETERS_BYTES_MAX => {
            errors.push(FieldError::too_long(&at, PARAMETERS_BYTES_MAX));
        }
        Some(_) => {}
    }
    errors
}
