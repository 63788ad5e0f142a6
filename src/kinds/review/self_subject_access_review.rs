//! SelfSubjectAccessReview: asks whether the caller may do something.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value, json};

use crate::kinds::{Authority, Kind, KindDef, Scope, Storage, Strategy, Verb};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path, Status, User,
    access::{Attributes, Resource, Subject},
    meta,
    status::Result,
};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("authorization.k8s.io", "v1", "SelfSubjectAccessReview"),
        plural: "selfsubjectaccessreviews".into(),
        singular: "selfsubjectaccessreview".into(),
        scope: Scope::Cluster,
        verbs: vec![Verb::Create],
        schema: "api.authorization.v1.SelfSubjectAccessReview".into(),
        storage: Storage::Nothing,
        strategy: Arc::new(SelfSubjectAccessReview),
        ..KindDef::default()
    })
});

struct SelfSubjectAccessReview;

impl Strategy for SelfSubjectAccessReview {
    fn review(&self, object: &mut Value, authority: &dyn Authority) -> Result<()> {
        let mut errors = attribute_errors(object);
        errors.extend(metadata_errors(object));
        answer(object, &DEF, authority, authority.user(), errors)
    }
}

/// Fills in the status of a review that has no errors: whether the user may do what it asks about.
pub fn answer(
    object: &mut Value,
    def: &KindDef,
    authority: &dyn Authority,
    user: &User,
    errors: FieldErrors,
) -> Result<()> {
    if !errors.is_empty() {
        return Err(Status::invalid(&def.gvk, "", &errors));
    }
    let decision = authority.decide(user, &attributes(object));
    let status = meta::map_mut(object, "status");
    status.clear();
    status.insert("allowed".to_owned(), decision.allowed.into());
    if !decision.reason.is_empty() {
        status.insert("reason".to_owned(), decision.reason.into());
    }
    Ok(())
}

fn attributes(object: &Value) -> Attributes<'_> {
    if let Some(asked) = meta::at(object, &["spec", "nonResourceAttributes"]).filter(|value| !value.is_null()) {
        let text = |member| meta::text(asked, &[member]);
        return Attributes { verb: text("verb"), subject: Subject::Path(text("path")) };
    }
    let text = |member| meta::text(object, &["spec", "resourceAttributes", member]);
    let resource = Resource {
        group: text("group"),
        version: text("version"),
        resource: text("resource"),
        subresource: text("subresource"),
        namespace: text("namespace"),
        name: text("name"),
    };
    Attributes { verb: text("verb"), subject: Subject::Resource(resource) }
}

/// A review asks either about a resource or about a path.
pub fn attribute_errors(object: &Value) -> FieldErrors {
    let path = Path::new("spec");
    let given = |member: &str| meta::at(object, &["spec", member]).filter(|value| !value.is_null());
    match (given("resourceAttributes"), given("nonResourceAttributes")) {
        (Some(_), Some(paths)) => {
            let detail = "cannot be specified in combination with resourceAttributes";
            let shown = json!({"Path": meta::text(paths, &["path"]), "Verb": meta::text(paths, &["verb"])});
            vec![FieldError::invalid(&path.child("nonResourceAttributes"), shown, detail)]
        }
        (None, None) => {
            let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            vec![FieldError::invalid(&path.child("resourceAttributes"), Value::Null, detail)]
        }
        _ => FieldErrors::new(),
    }
}

/// A review has no identity, so its metadata says nothing.
pub fn metadata_errors(object: &Value) -> FieldErrors {
    let metadata = meta::map(object, &["metadata"]).into_iter().flatten();
    let said: Map<String, Value> = metadata
        .filter(|(member, value)| {
            !value.is_null() && !["managedFields", "creationTimestamp"].contains(&member.as_str())
        })
        .map(|(member, value)| (member.clone(), value.clone()))
        .collect();
    if said.is_empty() {
        return FieldErrors::new();
    }
    vec![FieldError::invalid(&Path::new("metadata"), said, "must be empty")]
}
