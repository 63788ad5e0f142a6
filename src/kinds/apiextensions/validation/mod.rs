//! What is wrong with a definition, in kube-apiserver's order.

mod columns;
mod conversion;
mod field_path;
mod names;
mod parts;
mod selectable_fields;
mod stored_versions;
mod subresources;
mod versions;

use serde_json::Value;

use super::{
    approval::{self, Approval},
    conditions::{self, ESTABLISHED},
    spec::group,
};
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, meta, names as rules};
use parts::Parts;

/// What is wrong with a new definition, its metadata aside.
pub fn errors(definition: &Value) -> FieldErrors {
    let mut errors = spec_errors(definition, None);
    errors.extend(stored_versions::errors(definition));
    errors.extend(approval_errors(definition, None));
    errors.extend(preserve_errors(definition));
    errors
}

/// What is wrong with a definition that takes the place of an old one, its metadata aside.
pub fn update_errors(definition: &Value, old: &Value) -> FieldErrors {
    let mut errors = spec_errors(definition, Some(old));
    let spec = Path::new("spec");
    let immutable = |names: &[&str]| {
        let text = |definition| meta::at(definition, &["spec"]).map_or("", |spec| meta::text(spec, names));
        let (new, before) = (text(definition), text(old));
        let path = names.iter().fold(spec.clone(), |path, name| path.child(name));
        (new != before).then(|| FieldError::invalid(&path, new, "field is immutable"))
    };
    if conditions::is_true(old, ESTABLISHED) {
        errors.extend(immutable(&["scope"]));
        errors.extend(immutable(&["names", "kind"]));
    }
    errors.extend(immutable(&["group"]));
    errors.extend(immutable(&["names", "plural"]));
    errors.extend(stored_versions::errors(definition));
    errors.extend(approval_errors(definition, Some(old)));
    errors.extend(preserve_errors(definition));
    errors
}

/// What is wrong with the status of a definition.
pub fn status_errors(definition: &Value) -> FieldErrors {
    let status = meta::at(definition, &["status", "acceptedNames"]).unwrap_or(&Value::Null);
    names::errors(status, &Path::new("status").child("acceptedNames"))
}

/// What the client is warned about.
pub fn warnings(definition: &Value) -> Vec<String> {
    Parts::of(definition).schemas().flat_map(|schema| schema.warnings()).collect()
}

/// What is wrong with the name of a definition, beside what is wrong with any name.
pub fn name_problems(definition: &Value) -> Vec<String> {
    let required = format!("{}.{}", meta::text(definition, &["spec", "names", "plural"]), group(definition));
    let is_wrong = meta::name(definition) != required;
    is_wrong.then(|| "must be spec.names.plural+\".\"+spec.group".to_owned()).into_iter().collect()
}

fn spec_errors(definition: &Value, old: Option<&Value>) -> FieldErrors {
    let path = Path::new("spec");
    let text = |name| meta::text(definition, &["spec", name]);
    let mut errors = FieldErrors::new();
    let group = text("group");
    let problems = rules::dns1123_subdomain(group);
    if group.is_empty() {
        errors.push(FieldError::required(&path.child("group"), ""));
    } else if !problems.is_empty() {
        errors.push(FieldError::invalid(&path.child("group"), group, &problems.join(",")));
    } else if !group.contains('.') {
        let detail = "should be a domain with at least one dot";
        errors.push(FieldError::invalid(&path.child("group"), group, detail));
    }
    errors.extend(check::one_of(&path.child("scope"), text("scope"), &["Cluster", "Namespaced"]));
    let parts = Parts::of(definition);
    errors.extend(versions::errors(&parts, &path));
    let names = meta::at(definition, &["spec", "names"]).unwrap_or(&Value::Null);
    errors.extend(names::missing(names, &path.child("names")));
    errors.extend(names::errors(names, &path.child("names")));
    errors.extend(parts.shared_schema().map(|schema| schema.errors()).unwrap_or_default());
    errors.extend(subresources::errors(parts.subresources.shared(), &path.child("subresources")));
    errors.extend(columns::errors(parts.columns.shared(), &path.child("additionalPrinterColumns")));
    let schema = parts.schemas.shared();
    errors.extend(selectable_fields::errors(parts.selectable_fields.shared(), schema, &path.child("selectableFields")));
    errors.extend(conversion::errors(definition, old, &path.child("conversion")));
    errors
}

/// Definitions of Kubernetes' own groups need an approval. One that lacked it before may go on lacking it.
fn approval_errors(definition: &Value, old: Option<&Value>) -> Option<FieldError> {
    let approval = approval::of(definition);
    let was = old.map(approval::of);
    let is_same = was.is_some_and(|was| std::mem::discriminant(&was) == std::mem::discriminant(&approval));
    if !approval::is_protected(group(definition)) || is_same {
        return None;
    }
    let path = Path::new("metadata").child("annotations").key(approval::ANNOTATION);
    match approval {
        Approval::Missing => Some(FieldError::required(&path, &approval.message())),
        Approval::Invalid => {
            let given = meta::text(definition, &["metadata", "annotations", approval::ANNOTATION]);
            Some(FieldError::invalid(&path, given, &approval.message()))
        }
        Approval::Approved(_) | Approval::Bypassed(_) => None,
    }
}

fn preserve_errors(definition: &Value) -> Option<FieldError> {
    let preserves = meta::at(definition, &["spec", "preserveUnknownFields"]) == Some(&Value::Bool(true));
    let detail =
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    preserves.then(|| FieldError::invalid(&Path::new("spec").child("preserveUnknownFields"), true, detail))
}
