//! `Document`: what a JSON patch changes. Only what operations reach into is taken apart.

use std::collections::BTreeMap;

use serde_json::Value;

use super::chunks::Chunks;

/// A value that a patch may reach into.
#[derive(Clone, Debug)]
pub enum Document {
    /// A value that nobody has reached into.
    Whole(Value),
    /// An object whose members can be reached. They come back in the order of their names.
    Object(BTreeMap<String, Document>),
    /// A list whose items can be reached.
    List(Chunks<Document>),
}

impl Document {
    /// Takes an object or a list apart, one level deep.
    pub fn open(&mut self) -> &mut Self {
        if let Document::Whole(value) = self {
            match value.take() {
                Value::Object(members) => {
                    *self = Document::Object(members.into_iter().map(|(k, v)| (k, Document::Whole(v))).collect());
                }
                Value::Array(items) => *self = Document::List(items.into_iter().map(Document::Whole).collect()),
                scalar => *value = scalar,
            }
        }
        self
    }

    /// What a key leads to: `Some(None)` for a member that is not there, which the operations treat as null.
    pub fn get(&self, key: &str) -> Option<Option<&Document>> {
        match self {
            Document::Object(members) => Some(members.get(key)),
            Document::List(items) => index(key, items.len()).and_then(|at| items.get(at)).map(Some),
            Document::Whole(_) => None,
        }
    }

    /// As [`Document::get`], for what is to be reached into.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Document> {
        match self {
            Document::Object(members) => members.get_mut(key),
            Document::List(items) => index(key, items.len()).and_then(|at| items.get_mut(at)),
            Document::Whole(_) => None,
        }
    }

    /// Adds a member, or an item before the one that is there.
    pub fn add(&mut self, key: String, value: Document) -> Option<()> {
        match self {
            Document::Object(members) => drop(members.insert(key, value)),
            Document::List(items) if key == "-" => items.insert(items.len(), value),
            Document::List(items) => {
                let at = index(&key, items.len() + 1).filter(|at| *at <= items.len())?;
                items.insert(at, value);
            }
            Document::Whole(_) => return None,
        }
        Some(())
    }

    /// Replaces an item, or a member, which need not be there.
    pub fn replace(&mut self, key: String, value: Document) -> Option<()> {
        match self {
            Document::List(items) => {
                let at = index(&key, items.len())?;
                *items.get_mut(at)? = value;
                Some(())
            }
            _ => self.add(key, value),
        }
    }

    /// Takes a member or an item out.
    pub fn remove(&mut self, key: &str) -> Option<Document> {
        match self {
            Document::Object(members) => members.remove(key),
            Document::List(items) => items.remove(index(key, items.len())?),
            Document::Whole(_) => None,
        }
    }

    /// Whether it is the same value, in whatever order its members are.
    pub fn equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Document::Whole(whole), value) => whole == value,
            (Document::Object(members), Value::Object(others)) => {
                members.len() == others.len()
                    && members.iter().all(|(name, inner)| others.get(name).is_some_and(|other| inner.equals(other)))
            }
            (Document::List(items), Value::Array(others)) => {
                items.len() == others.len() && items.iter().zip(others).all(|(item, other)| item.equals(other))
            }
            _ => false,
        }
    }

    /// How many objects and lists are within one another, at most; `None` if there are more than `limit`. `work` is
    /// counted down for every value that is looked at, and nothing is found when it is used up.
    pub fn depth(&self, limit: usize, work: &mut usize) -> Option<usize> {
        *work = work.checked_sub(1)?;
        match self {
            Document::Whole(value) => depth(value, limit, work),
            Document::Object(members) => deepest(members.values(), limit, |inner, limit| inner.depth(limit, work)),
            Document::List(items) => deepest(items.iter(), limit, |inner, limit| inner.depth(limit, work)),
        }
    }

    /// The plain value.
    pub fn into_value(self) -> Value {
        match self {
            Document::Whole(value) => value,
            Document::Object(members) => {
                Value::Object(members.into_iter().map(|(name, inner)| (name, inner.into_value())).collect())
            }
            Document::List(items) => items.into_iter().map(Document::into_value).collect(),
        }
    }
}

fn depth(value: &Value, limit: usize, work: &mut usize) -> Option<usize> {
    *work = work.checked_sub(1)?;
    match value {
        Value::Object(members) => deepest(members.values(), limit, |inner, limit| depth(inner, limit, work)),
        Value::Array(items) => deepest(items.iter(), limit, |inner, limit| depth(inner, limit, work)),
        _ => Some(0),
    }
}

fn deepest<T>(
    items: impl Iterator<Item = T>,
    limit: usize,
    mut depth: impl FnMut(T, usize) -> Option<usize>,
) -> Option<usize> {
    let below = limit.checked_sub(1)?;
    let mut most = 0;
    for item in items {
        most = most.max(depth(item, below)?);
    }
    Some(most + 1)
}

/// A position in a list of this length; a negative one counts from the end.
fn index(key: &str, length: usize) -> Option<usize> {
    let number: i64 = key.parse().ok()?;
    if number >= 0 {
        return usize::try_from(number).ok();
    }
    length.checked_sub(usize::try_from(number.unsigned_abs()).ok()?)
}
