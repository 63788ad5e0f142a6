//! One change of one object, as informers tell it: the object before and now, and what is known of it without parsing.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::{
    kinds::{Kind, KindDef},
    object::{Facts, Key, Revision},
    verbs::{Stored, facts, view},
};

/// An object that was created, updated or deleted.
pub struct Change {
    /// Its kind.
    pub kind: Kind,
    /// The key of the object in the store.
    pub key: Key,
    old: Option<Object>,
    new: Option<Object>,
}

/// One state of an object, parsed when somebody looks into it.
struct Object {
    stored: Arc<Stored>,
    value: OnceLock<Value>,
}

impl Change {
    /// A change from one state to another; `None` stands for an object that does not exist.
    pub fn new(kind: Kind, key: Key, old: Option<Arc<Stored>>, new: Option<Arc<Stored>>) -> Self {
        Self { kind, key, old: old.map(Object::new), new: new.map(Object::new) }
    }

    /// Whether it is about an object of this kind.
    pub fn is(&self, def: &KindDef) -> bool {
        self.kind.gvk == def.gvk
    }

    /// The object before; `None` if it has just been created.
    pub fn before(&self) -> Option<&Value> {
        self.old.as_ref().map(|object| object.value(&self.kind))
    }

    /// The object now; `None` if it has been deleted.
    pub fn now(&self) -> Option<&Value> {
        self.new.as_ref().map(|object| object.value(&self.kind))
    }

    /// The object as it is, or as it was last.
    pub fn newest(&self) -> Option<&Value> {
        self.now().or_else(|| self.before())
    }

    /// The facts of the object before; `None` if it has just been created.
    pub fn facts_before(&self) -> Option<&Facts> {
        self.old.as_ref().map(|object| facts(&self.kind, &object.stored))
    }

    /// The facts of the object now; `None` if it has been deleted.
    pub fn facts_now(&self) -> Option<&Facts> {
        self.new.as_ref().map(|object| facts(&self.kind, &object.stored))
    }

    /// Whether something holds of the object now or did before, as its facts tell.
    pub fn any(&self, holds: impl Fn(&Facts) -> bool) -> bool {
        self.facts_before().is_some_and(&holds) || self.facts_now().is_some_and(&holds)
    }

    /// Whether the object has just been created.
    pub fn is_new(&self) -> bool {
        self.old.is_none()
    }

    /// Whether the object has been deleted.
    pub fn is_removal(&self) -> bool {
        self.new.is_none()
    }

    /// When the object became what it is; `None` if it has been deleted.
    pub fn revision(&self) -> Option<Revision> {
        self.new.as_ref().map(|object| object.stored.revision())
    }

    /// `namespace/name` of the object, the key that most controllers use.
    pub fn namespaced_name(&self) -> String {
        format!("{}/{}", self.key.namespace().unwrap_or_default(), self.key.name())
    }
}

impl Object {
    fn new(stored: Arc<Stored>) -> Self {
        Self { stored, value: OnceLock::new() }
    }

    fn value(&self, kind: &KindDef) -> &Value {
        self.value.get_or_init(|| view(kind, &self.stored))
    }
}
