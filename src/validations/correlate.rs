//! Old values: which part of an old object a part of the new one replaces, and whether it changed.

use std::{cell::OnceCell, collections::HashMap};

use serde_json::Value;

use crate::schema::Text;

/// A value, the one that it replaces, and the nearest one around it that replaces another.
pub struct Change<'a> {
    new: &'a Value,
    old: Option<&'a Value>,
    is_unchanged: OnceCell<bool>,
    around: Option<&'a Change<'a>>,
}

impl<'a> Change<'a> {
    pub fn of(new: &'a Value, old: Option<&'a Value>) -> Self {
        Self { new, old, is_unchanged: OnceCell::new(), around: None }
    }

    /// A value inside, and the old one that it replaces.
    pub fn inside(&'a self, new: &'a Value, old: Option<&'a Value>) -> Self {
        let around = if self.old.is_some() { Some(self) } else { self.around };
        Self { new, old: old.filter(|_| self.old.is_some()), is_unchanged: OnceCell::new(), around }
    }

    pub fn value(&self) -> &'a Value {
        self.new
    }

    /// The value that it replaces.
    pub fn old(&self) -> Option<&'a Value> {
        self.old
    }

    /// Whether the value did not change; if it replaces nothing, whether the nearest value around it did not.
    pub fn is_unchanged(&self) -> bool {
        match (self.old, self.around) {
            (Some(old), _) => *self.is_unchanged.get_or_init(|| self.new == old),
            (None, Some(around)) => around.is_unchanged(),
            (None, None) => false,
        }
    }
}

/// The items of an old list, by their keys. Other lists have none.
pub struct OldItems<'a> {
    found: HashMap<String, &'a Value>,
    keys: &'a [Text],
}

impl<'a> OldItems<'a> {
    pub fn of(old: Option<&'a Value>, keys: Option<&'a [Text]>) -> Self {
        let (Some(Value::Array(items)), Some(keys)) = (old, keys) else {
            return Self { found: HashMap::new(), keys: &[] };
        };
        Self { found: items.iter().filter_map(|item| Some((key(item, keys)?, item))).collect(), keys }
    }

    /// The old item with the keys of a new one.
    pub fn get(&self, item: &Value) -> Option<&'a Value> {
        if self.found.is_empty() {
            return None;
        }
        self.found.get(&key(item, self.keys)?).copied()
    }
}

/// The keys of an item as one text.
fn key(item: &Value, keys: &[Text]) -> Option<String> {
    let item = item.as_object()?;
    let parts = keys.iter().map(|key| item.get(&**key).unwrap_or(&Value::Null).to_string() + ",");
    Some(parts.collect())
}
