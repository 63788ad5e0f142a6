//! What an expression may refer to: variables, and the objects it may make.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::declared::{Declared, ObjectType};

/// The variables and object types of expressions that run in the same place.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// By name; a name with dots hides fields of what is before the dot.
    pub variables: BTreeMap<String, Arc<Declared>>,
    /// The objects that expressions may make, by the name of their type.
    pub objects: BTreeMap<String, Arc<ObjectType>>,
    /// The name of a type of objects that may have any field, and objects of types named below it.
    pub open_object: Option<String>,
}

impl Environment {
    pub fn new() -> Environment {
        Environment::default()
    }

    /// The environment with one more variable.
    pub fn with(mut self, name: &str, declared: Arc<Declared>) -> Environment {
        self.variables.insert(name.to_owned(), declared);
        self
    }

    /// The environment with one more type of objects.
    pub fn with_object(mut self, object: Arc<ObjectType>) -> Environment {
        self.objects.insert(object.name.clone(), object);
        self
    }

    /// The environment with objects that may have any field.
    pub fn with_open_object(mut self, name: &str) -> Environment {
        self.open_object = Some(name.to_owned());
        self
    }

    /// The type of objects of that name.
    pub fn object(&self, name: &str) -> Option<Arc<ObjectType>> {
        if let Some(object) = self.objects.get(name) {
            return Some(object.clone());
        }
        self.is_open(name).then(|| Arc::new(ObjectType { name: name.to_owned(), ..ObjectType::default() }))
    }

    /// Whether a function may be called. Those for patches are only there where objects can be made.
    pub fn has_function(&self, name: &str) -> bool {
        self.open_object.is_some() || !name.starts_with("jsonpatch.")
    }

    /// Whether objects of that type may have any field.
    pub fn is_open(&self, name: &str) -> bool {
        let below =
            |open: &String| name == open || name.strip_prefix(open.as_str()).is_some_and(|rest| rest.starts_with('.'));
        self.open_object.as_ref().is_some_and(below)
    }
}
