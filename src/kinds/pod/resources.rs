//! Checks of resource requests and limits.

use serde_json::Value;

use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};
use crate::text::quantity::nanos;

/// Resources that containers can ask for without a domain in front.
const STANDARD: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// Checks a container's `resources`.
pub fn errors(path: &Path, container: &Value) -> FieldErrors {
    let amount = |kind: &str, name: &str| nanos(meta::text(container, &["resources", kind, name]));
    let mut errors = FieldErrors::new();
    for kind in ["limits", "requests"] {
        for (name, value) in meta::map(container, &["resources", kind]).into_iter().flatten() {
            let path = path.child(kind).key(name);
            errors.extend(name_errors(&path, name));
            let text = value.as_str().unwrap_or_default();
            if nanos(text).is_some_and(|amount| amount < 0) {
                errors.push(FieldError::invalid(&path, text, "must be greater than or equal to 0"));
            }
        }
    }
    for (name, value) in meta::map(container, &["resources", "requests"]).into_iter().flatten() {
        let limit = meta::text(container, &["resources", "limits", name]);
        let text = value.as_str().unwrap_or_default();
        if let (Some(request), Some(most)) = (amount("requests", name), amount("limits", name)) {
            let shared = STANDARD.contains(&name.as_str());
            let relation = if shared { "less than or equal to" } else { "equal to" };
            if request > most || (!shared && request != most) {
                let detail = format!("must be {relation} {name} limit of {limit}");
                errors.push(FieldError::invalid(&path.child("requests"), text, &detail));
            }
        }
    }
    errors
}

/// Checks a reference to a container's resource.
pub fn field_errors(path: &Path, source: &Value) -> FieldErrors {
    let resource = meta::text(source, &["resource"]);
    let path = path.child("resource");
    if resource.is_empty() {
        return vec![FieldError::required(&path, "")];
    }
    let known = [
        "limits.cpu",
        "limits.ephemeral-storage",
        "limits.memory",
        "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory",
    ];
    let huge = resource.contains(".hugepages-");
    if huge || known.contains(&resource) {
        return FieldErrors::new();
    }
    vec![FieldError::not_supported(&path, resource, &known)]
}

fn name_errors(path: &Path, name: &str) -> FieldErrors {
    let mut errors = check::rule(path, name, names::qualified_name);
    if errors.is_empty() && !name.contains('/') && !STANDARD.contains(&name) && !name.starts_with("hugepages-") {
        errors.push(FieldError::invalid(path, name, "must be a standard resource type or fully qualified"));
        errors.push(FieldError::invalid(path, name, "must be a standard resource for containers"));
    }
    errors
}
