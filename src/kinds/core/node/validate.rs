//! Checks of nodes.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::cidrs;
use crate::kinds::rules::{check, ip, resources::amount_errors};
use crate::object::{FieldError, FieldErrors, Path, meta, names};
use crate::text::go_quote;

/// The longest name of a feature that a kubelet declares, in bytes.
const FEATURE_MAX: usize = 253;

/// Checks a node.
pub fn errors(node: &Value) -> FieldErrors {
    let mut errors = taint_errors(node);
    errors.extend(resource_errors(node));
    let path = Path::new("spec").child("podCIDRs");
    let cidrs = cidrs(node);
    for (i, cidr) in cidrs.iter().enumerate() {
        errors.extend(ip::legacy_cidr(&path.index(i), cidr));
    }
    let v6 = cidrs.iter().filter(|cidr| cidr.contains(':')).count();
    if cidrs.len() > 2 || (cidrs.len() == 2 && v6 != 1) {
        errors.push(FieldError::invalid(&path, cidrs, "may specify no more than one CIDR for each IP family"));
    }
    errors.extend(feature_errors(node));
    errors
}

/// Checks an update of a node or of its status.
pub fn update_errors(node: &Value, old: &Value) -> FieldErrors {
    let mut errors = resource_errors(node);
    errors.extend(address_errors(node));
    let path = Path::new("spec");
    errors.extend(changed_cidrs(&path.child("podCIDRs"), &cidrs(node), &cidrs(old)));
    let text = |node, member| meta::text(node, &["spec", member]);
    let provider = text(old, "providerID");
    if !provider.is_empty() && text(node, "providerID") != provider {
        let detail = "node updates may not change providerID except from \"\" to valid";
        errors.push(FieldError::forbidden(&path.child("providerID"), detail));
    }
    errors.extend(taint_errors(node));
    if text(node, "externalID") != text(old, "externalID") {
        errors.push(FieldError::forbidden(&path.child("externalID"), "may not be updated"));
    }
    errors.extend(feature_errors(node));
    errors
}

fn resource_errors(node: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for member in ["capacity", "allocatable"] {
        let path = Path::new("status").child(member);
        for (name, amount) in meta::map(node, &["status", member]).into_iter().flatten() {
            errors.extend(amount_errors(&path.child(name), name, amount.as_str().unwrap_or_default()));
        }
    }
    errors
}

fn address_errors(node: &Value) -> FieldErrors {
    let path = Path::new("status").child("addresses");
    let mut known = HashSet::new();
    let mut errors = FieldErrors::new();
    for (i, address) in meta::items(node, &["status", "addresses"]).iter().enumerate() {
        let (kind, address) = (meta::text(address, &["type"]), meta::text(address, &["address"]));
        if !known.insert((kind, address)) {
            errors.push(FieldError::duplicate(&path.index(i), json!({"Type": kind, "Address": address})));
        }
    }
    errors
}

/// A node that has addresses for its pods keeps them; each one that differs is told.
fn changed_cidrs(path: &Path, new: &[&str], old: &[&str]) -> FieldErrors {
    let changes = match (old.len(), new.len()) {
        (0, _) => 0,
        (before, now) if before != now => 1,
        _ => old.iter().zip(new).filter(|(old, new)| old != new).count(),
    };
    let detail = "node updates may not change podCIDR except from \"\" to valid";
    vec![FieldError::forbidden(path, detail); changes]
}

/// Checks the features that the kubelet declares, which are sorted.
fn feature_errors(node: &Value) -> FieldErrors {
    let path = Path::new("status").child("declaredFeatures");
    let features: Vec<_> =
        meta::items(node, &["status", "declaredFeatures"]).iter().filter_map(Value::as_str).collect();
    let mut errors = FieldErrors::new();
    for (i, feature) in features.iter().enumerate() {
        if let Some(why) = wrong_feature(feature) {
            errors.push(FieldError::invalid(&path.index(i), *feature, &why));
        }
        match features.get(i + 1) {
            Some(next) if next == feature => errors.push(FieldError::duplicate(&path.index(i + 1), *next)),
            Some(next) if next < feature => {
                errors.push(FieldError::invalid(&path.index(i + 1), *next, "list must be sorted alphabetically"));
            }
            _ => {}
        }
    }
    errors
}

/// What is wrong with the name of a feature: segments between slashes, the first of which starts with a capital letter.
fn wrong_feature(name: &str) -> Option<String> {
    if name.len() > FEATURE_MAX {
        return Some(format!("invalid feature name {}: must be no more than {FEATURE_MAX} characters", go_quote(name)));
    }
    let is_segment = |segment: &str| {
        segment.starts_with(|c: char| c.is_ascii_alphabetic()) && segment.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let is_good = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.split('/').all(is_segment);
    (!is_good).then(|| {
        format!(
            "invalid feature name {}: must start with an UpperCamelCase segment, with subsequent segments separated by \
             '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes",
            go_quote(name)
        )
    })
}

fn taint_errors(object: &Value) -> FieldErrors {
    let taints = meta::items(object, &["spec", "taints"]);
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, taint) in taints.iter().enumerate() {
        // Kubernetes names them as if they were in the metadata.
        let path = Path::new("metadata").child("taints").index(i);
        let text = |member: &str| meta::text(taint, &[member]);
        errors.extend(check::rule(&path.child("key"), text("key"), names::qualified_name));
        let wrong = names::label_value(text("value"));
        if !wrong.is_empty() {
            errors.push(FieldError::invalid(&path.child("value"), text("value"), &wrong.join(";")));
        }
        let effects = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
        errors.extend(check::one_of(&path.child("effect"), text("effect"), effects));
        if !seen.insert((text("key"), text("effect"))) {
            let shown = json!({
                "Key": text("key"),
                "Value": text("value"),
                "Effect": text("effect"),
                "TimeAdded": taint["timeAdded"],
            });
            let mut error = FieldError::duplicate(&path, shown);
            error.message.push_str(": taints must be unique by key and effect pair");
            errors.push(error);
        }
    }
    errors
}
