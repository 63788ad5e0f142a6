//! `Old`: the value that another one replaces, and which of its parts correspond to the new one's.

use std::collections::HashMap;

use serde_json::Value;

use crate::{schema::ListKind, structural::node::Node, text::go_json};

/// The value that another one replaces.
pub struct Old<'a> {
    /// The value.
    pub value: &'a Value,
    /// What the schema declares it to be.
    pub node: &'a Node,
    /// Whether it is a whole object.
    pub is_root: bool,
}

/// The items of an old list, by their keys.
pub struct OldItems<'a> {
    found: HashMap<String, &'a Value>,
    keys: &'a [Box<str>],
    node: Option<&'a Node>,
}

impl<'a> Old<'a> {
    /// The old member of this name. Kind and version of an object are always checked.
    pub fn member(&self, name: &str) -> Option<Self> {
        if self.is_root && ["kind", "apiVersion"].contains(&name) {
            return None;
        }
        let value = self.value.as_object()?.get(name)?;
        let node = self.node.property(name).or(self.node.values.as_deref())?;
        Some(Self { value, node, is_root: false })
    }

    /// The old items. Only those of a map correspond to new ones, by their keys.
    pub fn items(&self, new: &[Value]) -> OldItems<'a> {
        let rule = self.node.list.as_ref().filter(|rule| rule.kind == ListKind::Map);
        let (Some(rule), Some(old), false) = (rule, self.value.as_array(), new.is_empty()) else {
            return OldItems { found: HashMap::new(), keys: &[], node: None };
        };
        let keyed = old.iter().filter_map(|item| Some((key(item, &rule.keys)?, item)));
        OldItems { found: keyed.collect(), keys: &rule.keys, node: self.node.items.as_deref() }
    }
}

impl<'a> OldItems<'a> {
    /// The old item with the keys of a new one.
    pub fn at(&self, item: &Value) -> Option<Old<'a>> {
        let (node, value) = (self.node?, *self.found.get(&key(item, self.keys)?)?);
        Some(Old { value, node, is_root: false })
    }
}

/// An item's keys as one text.
fn key(item: &Value, keys: &[Box<str>]) -> Option<String> {
    let item = item.as_object()?;
    Some(keys.iter().map(|key| item.get(&**key).map(go_json).unwrap_or_default() + ",").collect())
}
