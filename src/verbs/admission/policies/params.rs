//! Parameters: the objects that a binding chooses for its policy.

use serde_json::Value;

use super::policy::{Binding, Policy};
use crate::{
    kinds::Kind,
    object::{meta, selector::LabelSelector},
    verbs::{Api, Target, admission::Review, read::stored},
};

/// The kind of a policy's parameters; `None` if it has none.
pub(super) fn kind(api: &Api, policy: &Policy) -> Result<Option<Kind>, String> {
    let Some([group, version, name]) = &policy.param_kind else { return Ok(None) };
    let found = api.registry().kind(group, version, name);
    let missing = || format!("failed to find resource referenced by paramKind: '{group}/{version}, Kind={name}'");
    found.ok_or_else(missing).map(Some)
}

/// The parameters of a binding: its policy is evaluated once for each, and once without where none are asked for. An error
/// if there are none and that is one.
pub(super) fn of(
    api: &Api,
    kind: Option<&Kind>,
    binding: &Binding,
    review: &Review<'_>,
) -> Result<Vec<Option<Value>>, String> {
    let (Some(kind), Some(reference)) = (kind, &binding.params) else { return Ok(vec![None]) };
    let given = meta::text(reference, &["namespace"]);
    let namespace = match (kind.is_namespaced(), given) {
        (false, "") => "",
        (false, _) => {
            return Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`".to_owned());
        }
        (true, "") => review.namespace(),
        (true, given) => given,
    };
    if kind.is_namespaced() && namespace.is_empty() {
        return Err("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".into());
    }
    let found = find(api, kind, namespace, reference)?;
    if found.is_empty() && meta::text(reference, &["parameterNotFoundAction"]) != "Allow" {
        return Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned());
    }
    Ok(found.into_iter().map(Some).collect())
}

fn find(api: &Api, kind: &Kind, namespace: &str, reference: &Value) -> Result<Vec<Value>, String> {
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
