//! The mutations of a MutatingAdmissionPolicy.

use serde_json::Value;

use super::expressions::{Uses, Wanted, compile, environment};
use crate::{
    kinds::rules::check,
    object::{FieldError, FieldErrors, Path, meta},
};

/// The kinds of mutations, and the member that holds the expression of each.
const TYPES: [(&str, &str, Wanted); 2] =
    [("ApplyConfiguration", "applyConfiguration", Wanted::Object), ("JSONPatch", "jsonPatch", Wanted::JsonPatch)];

/// What is wrong with one of them.
pub fn errors(path: &Path, mutation: &Value, uses: Uses<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let name = meta::text(mutation, &["patchType"]);
    if name.is_empty() {
        return vec![FieldError::required(&path.child("patchType"), "")];
    }
    let Some((_, own, wanted)) = TYPES.into_iter().find(|(known, ..)| *known == name) else {
        let supported = TYPES.map(|(known, ..)| known);
        return vec![FieldError::not_supported(&path.child("patchType"), name, &supported)];
    };
    match check::given(mutation, own) {
        None => {
            let why = format!("must be specified when patchType is {name}");
            errors.push(FieldError::required(&path.child(own), &why));
        }
        Some(given) => {
            let at = path.child(own).child("expression");
            let expression = meta::text(given, &["expression"]);
            if expression.trim().is_empty() {
                errors.push(FieldError::required(&at, ""));
            } else {
                errors.extend(compile(&at, expression, &environment(uses), wanted).err());
            }
        }
    }
    for (_, other, _) in TYPES.into_iter().filter(|(_, member, _)| *member != own) {
        if check::given(mutation, other).is_some() {
            let why = format!("must not be specified when patchType is {name}");
            errors.push(FieldError::invalid(&path.child(other), format!("{{{other}}}"), &why));
        }
    }
    errors
}
