//! Names of resources such as `cpu`, `requests.cpu` and `example.com/gpu`, and how much of them there can be.

use super::check;
use crate::{
    object::{FieldError, FieldErrors, Path, meta::Object, names},
    text::quantity::{ONE, Quantity, nanos},
};

const THOUSANDTH: i128 = ONE / 1000;

/// Checks the name of any resource.
pub fn name_errors(path: &Path, name: &str) -> FieldErrors {
    let errors = check::rule(path, name, names::qualified_name);
    let known = name.contains('/') || STANDARD.contains(&name) || is_quota_of_huge_pages(name);
    if errors.is_empty() && !known {
        return vec![FieldError::invalid(path, name, "must be a standard resource type or fully qualified")];
    }
    errors
}

/// Checks the name of a resource that containers ask for.
pub fn container_name_errors(path: &Path, name: &str) -> FieldErrors {
    let mut errors = name_errors(path, name);
    if !name.contains('/') {
        if !["cpu", "memory", "ephemeral-storage"].contains(&name) && !is_huge_pages(name) {
            errors.push(FieldError::invalid(path, name, "must be a standard resource for containers"));
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.push(FieldError::invalid(path, name, "doesn't follow extended resource name standard"));
    }
    errors
}

/// Whether a resource belongs to Kubernetes itself.
pub fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether a resource is of the kind that device plugins bring.
pub fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Whether more may be limited than is there: of what belongs to nodes, but for huge pages.
pub fn can_be_overcommitted(name: &str) -> bool {
    is_native(name) && !is_huge_pages(name)
}

/// Whether a resource is one of huge pages.
pub fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Whether a quota of this name is one of huge pages.
pub fn is_quota_of_huge_pages(name: &str) -> bool {
    is_huge_pages(name.strip_prefix("requests.").unwrap_or(name))
}

/// Rounds amounts up to thousandths, the smallest that are kept.
pub fn round_up(amounts: &mut Object) {
    for amount in amounts.values_mut() {
        if let Some(quantity) = amount.as_str().and_then(Quantity::parse)
            && quantity.nanos() % THOUSANDTH != 0
        {
            *amount = quantity.rounded_to(THOUSANDTH).to_string().into();
        }
    }
}

/// Checks how much of a resource there is: never less than none, and whole numbers of what is counted.
pub fn amount_errors(path: &Path, name: &str, amount: &str) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let value = nanos(amount).unwrap_or_default();
    if value < 0 {
        errors.push(FieldError::invalid(path, amount, "must be greater than or equal to 0"));
    }
    let is_counted = is_extended(name) || COUNTED.contains(&name);
    if is_counted && value % ONE != 0 {
        errors.push(FieldError::invalid(path, amount, "must be an integer"));
    }
    errors
}

/// Resources without a domain in front that something in the API can count.
const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

/// Resources that come in whole numbers.
const COUNTED: &[&str] = &[
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
