//! `x-kubernetes-validations`: the rules of custom resource definitions. They are compiled once per schema, against
//! types made from the schema, and checked on the JSON of objects.

mod check;
mod compile;
mod correlate;
mod cost;
mod declare;
mod field_path;
mod rule;

use std::sync::Arc;

use serde_json::Value;

use crate::{
    cel::Declared,
    object::{FieldError, FieldErrors, Path},
    schema::{ObjectRef, Text},
};

pub use declare::declare;

/// The rules of a schema.
#[derive(Debug, Default)]
pub struct Validations {
    root: Option<Node>,
    /// What checking all rules may cost, as estimated.
    cost: u64,
}

/// The rules about a value, and about what is in it. Parts of a schema without rules have no node.
#[derive(Debug)]
struct Node {
    /// The schema's `type`, which errors show instead of the value.
    type_name: &'static str,
    /// What `self` is. Only rules need it.
    declared: Option<Arc<Declared>>,
    rules: Vec<rule::Rule>,
    /// The members that have rules, sorted by name.
    properties: Vec<(Text, Node)>,
    /// The values of a map.
    values: Option<Box<Node>>,
    items: Option<Box<Node>>,
    /// The fields that identify the items of a list; items of other lists have no old values.
    keys: Option<Vec<Text>>,
    /// The members are one value, so that none of them has an old value.
    atomic: bool,
}

impl Node {
    /// A node without rules.
    fn of(type_name: &'static str) -> Self {
        Self {
            type_name,
            declared: None,
            rules: Vec::new(),
            properties: Vec::new(),
            values: None,
            items: None,
            keys: None,
            atomic: false,
        }
    }
}

impl Validations {
    /// Compiles the rules of a kind's objects. Also returns what is wrong with them: the schema is at `path`.
    pub fn compile(object: &ObjectRef, path: &Path) -> (Self, FieldErrors) {
        compile::compile(object, path)
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// What checking all rules may cost at most, as estimated from the schema's bounds.
    pub fn estimated_cost(&self) -> u64 {
        self.cost
    }

    /// Checks an object, of which other checks have found `errors`, to which what breaks a rule is added. Values that
    /// broke a rule before and did not change since `old` are only told as warnings, which are returned.
    pub fn validate(&self, object: &Value, old: Option<&Value>, errors: &mut FieldErrors) -> Vec<String> {
        let Some(root) = &self.root else { return Vec::new() };
        if errors.iter().any(hides_rules) {
            let why = "some validation rules were not checked because the object was invalid; correct the existing \
                       errors to complete validation";
            errors.push(FieldError::invalid(&Path::new("<nil>"), Value::Null, why));
            return Vec::new();
        }
        let mut found = check::check(root, object, old);
        errors.append(&mut found.errors);
        found.warnings
    }
}

/// Whether an error makes the object unfit for rules, which rely on its types and sizes.
fn hides_rules(error: &FieldError) -> bool {
    let hiding = [
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    ];
    hiding.contains(&error.reason)
}
