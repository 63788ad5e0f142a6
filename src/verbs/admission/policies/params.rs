//! Parameters: the objects that a binding chooses for its policy.

use serde_json::Value;

use super::policy::{Binding, Policy};
use crate::{
    object::{meta, selector::LabelSelector},
    verbs::{Api, Target, admission::Review, read::stored},
};

/// The parameters of a policy: it is evaluated once for each object.
pub(super) enum Params {
    /// The policy has no parameters.
    None,
    /// It has, but the binding chooses none.
    Unset,
    Some(Vec<Value>),
}

impl Params {
    /// The parameters of a binding; an error if there are none and that is one.
    pub(super) fn of(api: &Api, policy: &Policy, binding: &Binding, review: &Review<'_>) -> Result<Self, String> {
        let Some([group, version, name]) = &policy.param_kind else { return Ok(Self::None) };
        let Some(reference) = &binding.params else { return Ok(Self::Unset) };
        let Some(kind) = api.registry().kind(group, version, name) else {
            return Err(format!("failed to find resource referenced by paramKind: '{group}/{version}, Kind={name}'"));
        };
        let given = meta::text(reference, &["namespace"]);
        let namespace = match (kind.is_namespaced(), given) {
            (false, "") => "",
            (false, _) => {
                return Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`".to_owned());
            }
            (true, "") => review.attributes.target.namespace.as_deref().unwrap_or_default(),
            (true, given) => given,
        };
        if kind.is_namespaced() && namespace.is_empty() {
            return Err("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".into());
        }
        let found = find(api, &kind, namespace, reference)?;
        if found.is_empty() && meta::text(reference, &["parameterNotFoundAction"]) != "Allow" {
            return Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned());
        }
        Ok(Self::Some(found))
    }

    /// The parameters of each evaluation.
    pub(super) fn each(&self) -> Vec<Option<&Value>> {
        match self {
            Self::None | Self::Unset => vec![None],
            Self::Some(all) => all.iter().map(Some).collect(),
        }
    }
}

fn find(api: &Api, kind: &crate::kinds::Kind, namespace: &str, reference: &Value) -> Result<Vec<Value>, String> {
    let name = meta::text(reference, &["name"]);
    if !name.is_empty() {
        let found = api.0.store.get(&Target::new(kind, namespace, name).key());
        return Ok(found.iter().map(|found| stored::view(kind, found)).collect());
    }
    let selector = LabelSelector::of_object(reference.get("selector").unwrap_or(&Value::Null))?;
    let prefix = Target::new(kind, namespace, "").prefix();
    let snapshot = api.0.store.snapshot();
    let all = snapshot.range(&prefix, None).map(|(_, found)| stored::view(kind, found));
    Ok(all.filter(|object| selector.matches_map(meta::map(object, &["metadata", "labels"]))).collect())
}
