//! How volumes may be mounted, and as what.

use serde_json::Value;

use crate::object::{FieldError, FieldErrors, Path};

const POD: &str = "ReadWriteOncePod";
const MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", POD];
const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];

/// Modes by their short names, in the order of the table.
const SHORT: [(&str, &str); 4] =
    [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

/// Checks a list of modes: only known ones, and the mode for one pod stands alone.
pub fn errors(path: &Path, modes: &[String]) -> FieldErrors {
    let (known, unknown): (Vec<_>, Vec<_>) = modes.iter().map(String::as_str).partition(|mode| MODES.contains(mode));
    let mut errors: FieldErrors =
        unknown.into_iter().map(|mode| FieldError::not_supported(path, mode, MODES)).collect();
    if known.contains(&POD) && known.iter().any(|mode| *mode != POD) {
        errors.push(FieldError::forbidden(path, "may not use ReadWriteOncePod with other access modes"));
    }
    errors
}

/// Checks as what a volume is mounted.
pub fn volume_mode_error(path: &Path, mode: Option<&str>) -> Option<FieldError> {
    let unknown = mode.filter(|mode| !VOLUME_MODES.contains(mode))?;
    Some(FieldError::not_supported(path, unknown, VOLUME_MODES))
}

/// A list of modes in short.
pub fn shown(modes: &[Value]) -> String {
    let known = SHORT.iter().filter(|(mode, _)| modes.iter().any(|given| given == mode));
    known.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}
