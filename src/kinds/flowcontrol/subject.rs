//! Checks of whose requests a rule is about.

use serde_json::Value;

use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The kinds of subjects, each with the member that describes it.
const KINDS: [(&str, &str); 3] = [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")];

/// Checks a subject: the member for its kind is there, and no other.
pub fn errors(path: &Path, subject: &Value) -> FieldErrors {
    let kind = meta::text(subject, &["kind"]);
    let Some((_, expected)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        return vec![FieldError::not_supported(&path.child("kind"), kind, &["Group", "ServiceAccount", "User"])];
    };
    let at = path.child(expected);
    let mut errors = match check::given(subject, expected) {
        None => vec![FieldError::required(&at, &format!("{expected} is required when subject kind is '{kind}'"))],
        Some(account) if kind == "ServiceAccount" => account_errors(&at, account),
        Some(named) if meta::text(named, &["name"]).is_empty() => vec![FieldError::required(&at.child("name"), "")],
        Some(_) => FieldErrors::new(),
    };
    let others = [KINDS[1], KINDS[0], KINDS[2]].into_iter().filter(|(name, _)| *name != kind);
    for (other, member) in others.filter(|(_, member)| check::given(subject, member).is_some()) {
        let detail = format!("{member} is forbidden when subject kind is not '{other}'");
        errors.push(FieldError::forbidden(&path.child(member), &detail));
    }
    errors
}

fn account_errors(path: &Path, account: &Value) -> FieldErrors {
    let (name, namespace) = (meta::text(account, &["name"]), meta::text(account, &["namespace"]));
    let mut errors = match name {
        "*" => FieldErrors::new(),
        name => check::required_rule(&path.child("name"), name, names::dns1123_subdomain),
    };
    let at = path.child("namespace");
    match namespace {
        "" => errors.push(FieldError::required(&at, "must specify namespace for service account")),
        namespace => errors.extend(check::rule(&at, namespace, names::dns1123_label)),
    }
    errors
}
