//! Checks of nodes.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::kinds::rules::{
    check, ip,
    resources::amount_errors,
    typed::{self, or_default},
};
use crate::object::{FieldError, FieldErrors, Path, names};
use crate::text::go_quote;

/// The longest name of a feature that a kubelet declares, in bytes.
const FEATURE_MAX: usize = 253;

/// What is checked of a node.
#[derive(Default, Deserialize)]
#[serde(default)]
struct View<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    spec: Spec<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    status: Status<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec<'a> {
    #[serde(borrow, rename = "podCIDRs", deserialize_with = "or_default")]
    pod_cidrs: Vec<&'a str>,
    #[serde(borrow, rename = "providerID", deserialize_with = "or_default")]
    provider_id: &'a str,
    #[serde(borrow, rename = "externalID", deserialize_with = "or_default")]
    external_id: &'a str,
    #[serde(borrow, deserialize_with = "or_default")]
    taints: Vec<Taint<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Taint<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    key: &'a str,
    #[serde(borrow, deserialize_with = "or_default")]
    value: &'a str,
    #[serde(borrow, deserialize_with = "or_default")]
    effect: &'a str,
    time_added: Option<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    capacity: BTreeMap<&'a str, &'a str>,
    #[serde(borrow, deserialize_with = "or_default")]
    allocatable: BTreeMap<&'a str, &'a str>,
    #[serde(borrow, deserialize_with = "or_default")]
    addresses: Vec<Address<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    declared_features: Vec<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "or_default")]
    kind: &'a str,
    #[serde(borrow, deserialize_with = "or_default")]
    address: &'a str,
}

fn view(node: &Value) -> Result<View<'_>, FieldError> {
    typed::decode(&Path::new(""), Some(node))
}

/// Checks a node.
pub fn errors(node: &Value) -> FieldErrors {
    let View { spec, status } = match view(node) {
        Ok(view) => view,
        Err(error) => return vec![error],
    };
    let mut errors = taint_errors(&spec.taints);
    errors.extend(resource_errors(&status));
    let path = Path::new("spec").child("podCIDRs");
    let cidrs = spec.pod_cidrs;
    for (i, cidr) in cidrs.iter().enumerate() {
        errors.extend(ip::legacy_cidr(&path.index(i), cidr));
    }
    let v6 = cidrs.iter().filter(|cidr| cidr.contains(':')).count();
    if cidrs.len() > 2 || (cidrs.len() == 2 && v6 != 1) {
        errors.push(FieldError::invalid(&path, cidrs, "may specify no more than one CIDR for each IP family"));
    }
    errors.extend(feature_errors(&status.declared_features));
    errors
}

/// Checks an update of a node or of its status.
pub fn update_errors(node: &Value, old: &Value) -> FieldErrors {
    let (View { spec, status }, View { spec: old, .. }) = match (view(node), view(old)) {
        (Ok(new), Ok(old)) => (new, old),
        (Err(error), _) | (_, Err(error)) => return vec![error],
    };
    let mut errors = resource_errors(&status);
    errors.extend(address_errors(&status.addresses));
    let path = Path::new("spec");
    errors.extend(changed_cidrs(&path.child("podCIDRs"), &spec.pod_cidrs, &old.pod_cidrs));
    if !old.provider_id.is_empty() && spec.provider_id != old.provider_id {
        let detail = "node updates may not change providerID except from \"\" to valid";
        errors.push(FieldError::forbidden(&path.child("providerID"), detail));
    }
    errors.extend(taint_errors(&spec.taints));
    if spec.external_id != old.external_id {
        errors.push(FieldError::forbidden(&path.child("externalID"), "may not be updated"));
    }
    errors.extend(feature_errors(&status.declared_features));
    errors
}

fn resource_errors(status: &Status<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (member, amounts) in [("capacity", &status.capacity), ("allocatable", &status.allocatable)] {
        let path = Path::new("status").child(member);
        for (name, amount) in amounts {
            errors.extend(amount_errors(&path.child(name), name, amount));
        }
    }
    errors
}

fn address_errors(addresses: &[Address<'_>]) -> FieldErrors {
    let path = Path::new("status").child("addresses");
    let mut known = HashSet::new();
    let mut errors = FieldErrors::new();
    for (i, Address { kind, address }) in addresses.iter().enumerate() {
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
fn feature_errors(features: &[&str]) -> FieldErrors {
    let path = Path::new("status").child("declaredFeatures");
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

fn taint_errors(taints: &[Taint<'_>]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, Taint { key, value, effect, time_added }) in taints.iter().enumerate() {
        // Kubernetes names them as if they were in the metadata.
        let path = Path::new("metadata").child("taints").index(i);
        errors.extend(check::rule(&path.child("key"), key, names::qualified_name));
        let wrong = names::label_value(value);
        if !wrong.is_empty() {
            errors.push(FieldError::invalid(&path.child("value"), *value, &wrong.join(";")));
        }
        let effects = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
        errors.extend(check::one_of(&path.child("effect"), effect, effects));
        if !seen.insert((key, effect)) {
            let shown = json!({"Key": key, "Value": value, "Effect": effect, "TimeAdded": time_added});
            let mut error = FieldError::duplicate(&path, shown);
            error.message.push_str(": taints must be unique by key and effect pair");
            errors.push(error);
        }
    }
    errors
}
