//! The name of a CSI driver.

use crate::object::{FieldError, FieldErrors, Path, names};

/// The most bytes of a name.
const BYTES_MAX: usize = 63;

/// Checks a driver's name.
pub fn errors(path: &Path, driver: &str) -> FieldErrors {
    if driver.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let mut errors = FieldErrors::new();
    if driver.len() > BYTES_MAX {
        errors.push(FieldError::too_long(path, BYTES_MAX));
    }
    let wrong = names::dns1123_subdomain(&driver.to_lowercase());
    errors.extend(wrong.iter().map(|wrong| FieldError::invalid(path, driver, wrong)));
    errors
}
