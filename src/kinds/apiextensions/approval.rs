//! The approval that definitions of Kubernetes' own groups need.

use serde_json::Value;

use super::{conditions::Condition, spec::group};
use crate::{object::meta, text::go_quote};

/// The annotation that tells of the approval.
pub const ANNOTATION: &str = "api-approved.kubernetes.io";

/// What the annotation of a definition says.
pub enum Approval {
    /// There is none.
    Missing,
    /// Where it was approved.
    Approved(String),
    /// That it was not, and why.
    Bypassed(String),
    /// Something else.
    Invalid,
}

/// Whether the group is one of Kubernetes' own.
pub fn is_protected(group: &str) -> bool {
    let below = |domain: &str| group == domain || group.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    below("k8s.io") || below("kubernetes.io")
}

/// The approval of a definition.
pub fn of(definition: &Value) -> Approval {
    let annotation = meta::text(definition, &["metadata", "annotations", ANNOTATION]);
    let is_address = |text: &str| {
        text.split_once("://").is_some_and(|(scheme, rest)| {
            let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            is_scheme && !rest.is_empty() && !rest.starts_with('/')
        })
    };
    match annotation {
        "" => Approval::Missing,
        text if is_address(text) => Approval::Approved(text.to_owned()),
        text if text.starts_with("unapproved") => Approval::Bypassed(text.to_owned()),
        _ => Approval::Invalid,
    }
}

impl Approval {
    /// What conditions and errors say of it.
    pub fn message(&self) -> String {
        const SEE: &str = "see https://github.com/kubernetes/enhancements/pull/1111";
        let must = format!("protected groups must have approval annotation {}", go_quote(ANNOTATION));
        match self {
            Self::Missing => format!("{must}, {SEE}"),
            Self::Approved(address) => format!("approved in {address}"),
            Self::Bypassed(why) => format!("not approved: {}", go_quote(why)),
            Self::Invalid => format!("{must} with either a URL or a reason starting with \"unapproved\", {SEE}"),
        }
    }
}

/// The condition that tells of the approval; only definitions of Kubernetes' own groups have one.
pub fn condition(definition: &Value) -> Option<Condition> {
    if !is_protected(group(definition)) {
        return None;
    }
    let approval = of(definition);
    let (status, reason) = match approval {
        Approval::Missing => ("False", "MissingAnnotation"),
        Approval::Approved(_) => ("True", "ApprovedAnnotation"),
        Approval::Bypassed(_) => ("False", "UnapprovedAnnotation"),
        Approval::Invalid => ("False", "InvalidAnnotation"),
    };
    let message = approval.message().into();
    Some(Condition { kind: "KubernetesAPIApprovalPolicyConformant", status, reason, message })
}
