//! Classes of which one is the default: those that an annotation marks.

use std::cmp::Reverse;

use serde_json::Value;

use crate::{
    kinds::Kind,
    object::meta,
    verbs::{Api, read::stored},
};

/// The name of the default class of a kind, which one of these annotations marks; of several, that of the newest one, or
/// else the first by name.
pub fn name(api: &Api, kind: &Kind, marks: &[&str]) -> Option<String> {
    let snapshot = api.0.store.snapshot();
    let classes = snapshot.range(&kind.prefix(), None).map(|(_, class)| stored::parse(class.bytes()));
    let is_marked =
        |class: &Value| marks.iter().any(|mark| meta::text(class, &["metadata", "annotations", mark]) == "true");
    let created = |class: &Value| meta::text(class, &["metadata", "creationTimestamp"]).to_owned();
    let keyed = classes.filter(is_marked).map(|class| (Reverse(created(&class)), meta::name(&class).to_owned()));
    keyed.min().map(|(_, name)| name)
}
