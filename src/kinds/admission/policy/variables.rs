//! The variables of a policy: expressions with names, each of which sees those before it.

use std::sync::Arc;

use serde_json::Value;

use super::expressions::{Uses, Wanted, compile, declared, environment};
use crate::{
    cel::{Declared, is_identifier},
    object::{FieldError, FieldErrors, Path, meta},
};

/// The variables that a policy declares, and what is wrong with them.
pub fn read(path: &Path, policy: &Value, uses: Uses<'_>) -> (Vec<(String, Arc<Declared>)>, FieldErrors) {
    let mut known: Vec<(String, Arc<Declared>)> = Vec::new();
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
            let environment = environment(Uses { variables: Some(&known), ..uses });
            compile(&at, expression, &environment, Wanted::Any)
        };
        let of = match compiled {
            Ok(program) => declared(program.result_type()),
            Err(error) => {
                errors.push(error);
                Declared::dynamic()
            }
        };
        known.push((name.to_owned(), of));
    }
    (known, errors)
}
