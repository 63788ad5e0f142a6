//! Selectors of webhooks and policies: the namespace of a request, and the objects in it.

use serde_json::Value;

use super::{Operation, Review};
use crate::{
    kinds::core::namespace,
    object::{Status, meta, selector::LabelSelector, status::Result},
    verbs::{Api, Target},
};

/// Whether the request's namespace is selected. One without a namespace always is; an object that is a namespace counts
/// with its own labels, as they are to become.
pub fn namespace(api: &Api, selector: &LabelSelector, review: &Review<'_>) -> Result<bool> {
    let attributes = &review.attributes;
    let Target { def, .. } = attributes.target;
    let is_namespace = def.gvk == namespace::DEF.gvk;
    let name = review.namespace();
    if selector.is_everything() || (name.is_empty() && !is_namespace) {
        return Ok(true);
    }
    let writes = matches!(attributes.operation, Operation::Create | Operation::Update);
    if let (true, true, None, Some(object)) = (is_namespace, writes, attributes.sub, review.object.as_deref()) {
        return Ok(selector.matches_map(meta::map(object, &["metadata", "labels"])));
    }
    let target = Target::new(&namespace::DEF, "", name);
    let found = api.0.store.get(&target.key()).ok_or_else(|| target.not_found())?;
    let object = crate::verbs::read::stored::parse(found.bytes());
    Ok(selector.matches_map(meta::map(&object, &["metadata", "labels"])))
}

/// Whether the object is selected, as it is or as it is to become.
pub fn object(selector: &LabelSelector, review: &Review<'_>) -> bool {
    if selector.is_everything() {
        return true;
    }
    let selects = |object: &Value| {
        object.get("metadata").is_some() && selector.matches_map(meta::map(object, &["metadata", "labels"]))
    };
    review.object.as_deref().is_some_and(selects) || review.old.is_some_and(selects)
}

/// A selector of a stored configuration, which is valid.
pub fn parse(selector: Option<&Value>) -> Result<LabelSelector> {
    let Some(selector) = selector else { return Ok(LabelSelector::default()) };
    LabelSelector::of_object(selector).map_err(Status::internal)
}
