//! How volumes may be mounted, as tables show it.

use serde_json::Value;

/// Modes by their short names, in the order of the table.
const SHORT: [(&str, &str); 4] =
    [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

/// A list of modes in short.
pub fn shown(modes: &[Value]) -> String {
    let known = SHORT.iter().filter(|(mode, _)| modes.iter().any(|given| given == mode));
    known.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}
