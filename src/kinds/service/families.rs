//! Which IP families a Service has: what the client asked for, completed from the cluster's configuration.

use k8s_openapi::api::core::v1::ServiceSpec;
use serde_json::Value;

use super::{
    validate,
    view::{NONE, PREFER_DUAL_STACK, REQUIRE_DUAL_STACK, SINGLE_STACK, SpecView},
};
use crate::kinds::{Family, Ranges, rules::ip};
use crate::object::{FieldError, FieldErrors, Path};

type Checked = std::result::Result<(), FieldErrors>;

/// Whether an update leaves a `PreferDualStack` Service as it is. Such a Service is not upgraded behind the client's
/// back when the cluster has become dual-stack.
pub fn is_untouched_preference(new: &ServiceSpec, old: Option<&ServiceSpec>) -> bool {
    old.is_some_and(|old| {
        new.kind() == old.kind()
            && new.has_cluster_ip()
            && new.policy() == PREFER_DUAL_STACK
            && matches!(old.policy(), "" | PREFER_DUAL_STACK)
            && new.ips() == old.ips()
            && new.families() == old.families()
    })
}

/// Fills in `ipFamilyPolicy` and `ipFamilies`, or says why the wish cannot be granted.
pub fn settle(new: &mut ServiceSpec, old: Option<&ServiceSpec>, ranges: &Ranges) -> Checked {
    if new.is_external_name() || is_untouched_preference(new, old) {
        return Ok(());
    }
    if new.ip_family_policy.is_none() {
        let inherited = old.and_then(|old| old.ip_family_policy.clone());
        new.ip_family_policy = Some(inherited.unwrap_or_else(|| default_policy(new).to_owned()));
    }
    checked(validate::addresses(new, old))?;

    let mut errors = old.map(|old| release_secondary(new, old)).unwrap_or_default();
    errors.extend(single_stack_conflicts(new));
    let configured: Vec<_> = ranges.configured.iter().map(Family::of_net).collect();
    errors.extend(infer_from_ips(new, &configured));
    checked(errors)?;

    let primary = configured.first().copied().unwrap_or(Family::V4);
    if new.ip() == NONE && new.is_selectorless() {
        // Endpoints of such a Service come from elsewhere, so the cluster's own families do not limit it.
        complete(new, primary, true);
        return Ok(());
    }
    checked(unconfigured(new, &configured))?;
    complete(new, primary, configured.len() == 2);
    Ok(())
}

fn default_policy(spec: &ServiceSpec) -> &'static str {
    if spec.ip() == NONE && spec.is_selectorless() { REQUIRE_DUAL_STACK } else { SINGLE_STACK }
}

/// Asking for `SingleStack` releases the secondary address; shortening the lists without asking is an error.
fn release_secondary(new: &mut ServiceSpec, old: &ServiceSpec) -> FieldErrors {
    if new.policy() == SINGLE_STACK {
        if new.ips() == old.ips() {
            new.cluster_ips.iter_mut().for_each(|list| list.truncate(1));
        }
        if new.families() == old.families() {
            new.ip_families.iter_mut().for_each(|list| list.truncate(1));
        }
        return FieldErrors::new();
    }
    let reduced = |new: &[String], old: &[String]| !new.is_empty() && new.len() < old.len();
    let mut errors = FieldErrors::new();
    if reduced(new.ips(), old.ips()) {
        errors.push(bad_policy(new, "must be 'SingleStack' to release the secondary cluster IP"));
    }
    if reduced(new.families(), old.families()) {
        errors.push(bad_policy(new, "must be 'SingleStack' to release the secondary IP family"));
    }
    errors
}

fn single_stack_conflicts(spec: &ServiceSpec) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if spec.policy() == SINGLE_STACK {
        let text = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
        if spec.ips().len() == 2 {
            errors.push(bad_policy(spec, &format!("{text} cluster IPs are specified")));
        }
        if spec.families().len() == 2 {
            errors.push(bad_policy(spec, &format!("{text} IP families are specified")));
        }
    }
    errors
}

fn infer_from_ips(spec: &mut ServiceSpec, configured: &[Family]) -> FieldErrors {
    let path = Path::new("spec").child("clusterIPs");
    let mut errors = FieldErrors::new();
    let mut families = spec.families().to_vec();
    for (i, address) in spec.ips().iter().enumerate().take_while(|(_, address)| *address != NONE) {
        let Some(family) = ip::family(address).filter(|_| i >= families.len()) else {
            continue;
        };
        if configured.contains(&family) {
            families.push(family.name().to_owned());
        } else {
            let detail = format!("{} is not configured on this cluster", family.name());
            errors.push(FieldError::invalid(&path.index(i), spec.ips().to_vec(), &detail));
        }
    }
    spec.ip_families = Some(families);
    errors
}

fn unconfigured(spec: &ServiceSpec, configured: &[Family]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if spec.policy() == REQUIRE_DUAL_STACK && configured.len() < 2 {
        errors.push(bad_policy(spec, "this cluster is not configured for dual-stack services"));
    }
    for (i, name) in spec.families().iter().enumerate() {
        if !configured.iter().any(|family| family.name() == name) {
            let path = Path::new("spec").child("ipFamilies").index(i);
            errors.push(FieldError::invalid(&path, name.as_str(), "not configured on this cluster"));
        }
    }
    errors
}

/// At least the primary family, and both unless the policy is `SingleStack`.
fn complete(spec: &mut ServiceSpec, primary: Family, both: bool) {
    let wants_both = both && spec.policy() != SINGLE_STACK;
    let families = spec.ip_families.get_or_insert_default();
    if families.is_empty() {
        families.push(primary.name().to_owned());
    }
    if let ([only], true) = (&families[..], wants_both) {
        let first = if only == Family::V4.name() { Family::V4 } else { Family::V6 };
        families.push(first.other().name().to_owned());
    }
}

fn bad_policy(spec: &ServiceSpec, detail: &str) -> FieldError {
    let path = Path::new("spec").child("ipFamilyPolicy");
    FieldError::invalid(&path, Value::from(spec.ip_family_policy.clone()), detail)
}

fn checked(errors: FieldErrors) -> Checked {
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}
