//! `ListMeta`: the metadata of a list, whatever form its items are sent in.

use serde_json::{Map, Value};

use crate::verbs::Page;

/// `metadata` of a list. Lists of kinds that are made at run time say that they do not go on, others leave it out.
pub fn list_meta(page: &Page, states_end: bool) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("resourceVersion".into(), page.revision.to_string().into());
    if states_end || !page.continue_token.is_empty() {
        out.insert("continue".into(), page.continue_token.clone().into());
    }
    if let Some(remaining) = page.remaining {
        out.insert("remainingItemCount".into(), remaining.into());
    }
    out
}
