//! The variables of a policy: expressions with names, each of which sees those before it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use serde_json::Value;

use super::expressions::{Uses, Wanted, compile, declared, environment};
use crate::{
    cel::{Declared, is_identifier},
    object::{FieldError, FieldErrors, Path, meta},
};

/// Variables that have been declared.
#[derive(Default)]
pub struct Variables {
    declared: Vec<(String, Arc<Declared>)>,
    places: HashMap<String, usize>,
}

impl Variables {
    /// Declares one more.
    pub fn declare(&mut self, name: &str, of: Arc<Declared>) {
        self.places.insert(name.to_owned(), self.declared.len());
        self.declared.push((name.to_owned(), of));
    }

    /// Those that an expression mentions. It compiles with these as with all, and many variables do not cost their square.
    pub fn mentioned(&self, expression: &str) -> Vec<(String, Arc<Declared>)> {
        let words = expression.split(|c: char| !c.is_alphanumeric() && c != '_');
        let places: BTreeSet<usize> = words.filter_map(|word| self.places.get(word).copied()).collect();
        places.into_iter().map(|place| self.declared[place].clone()).collect()
    }

    /// All of them, in their order.
    pub fn into_all(self) -> Vec<(String, Arc<Declared>)> {
        self.declared
    }
}

/// The variables that a policy declares, and what is wrong with them.
pub fn read(path: &Path, policy: &Value, uses: Uses<'_>) -> (Vec<(String, Arc<Declared>)>, FieldErrors) {
    let mut known = Variables::default();
    let mut errors = FieldErrors::new();
    for (index, variable) in meta::items(policy, &["spec", "variables"]).iter().enumerate() {
        let path = path.index(index);
        let (name, expression) = (meta::text(variable, &["name"]), meta::text(variable, &["expression"]));
        if name.trim().is_empty() {
            errors.push(FieldError::required(&path.child("name"), "name is not specified"));
        } else if !is_identifier(name) {
            errors.push(FieldError::invalid(&path.child("name"), name, "must be a valid CEL identifier"));
        }
        let at = path.child("expression");
        if expression.trim().is_empty() {
            errors.push(FieldError::required(&at, "expression is not specified"));
            continue;
        }
        let compiled = {
            let environment = environment(Uses { variables: Some(&known.mentioned(expression)), ..uses });
            compile(&at, expression, &environment, Wanted::Any)
        };
        let of = match compiled {
            Ok(program) => declared(program.result_type()),
            Err(error) => {
                errors.push(error);
                Declared::dynamic()
            }
        };
        known.declare(name, of);
    }
    (known.into_all(), errors)
}
