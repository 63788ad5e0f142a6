//! The objects that expressions of mutations make: `Object.spec{replicas: 3}`.

use crate::{
    cel::{Error, Map, Value},
    text::go_quote,
};

/// Whether a value is such an object.
pub fn is_named(value: &Value<'_>) -> bool {
    matches!(value, Value::Map(Map::Named(..)))
}

/// What is wrong with the types of objects in a value: each must be the path of fields that leads to it.
pub fn misnamed(value: &Value<'_>) -> Result<Vec<String>, Error> {
    let mut wrong = Vec::new();
    let root = if let Value::Map(Map::Named(of, _)) = value { of.name.clone() } else { String::new() };
    check(value, &root, &mut wrong)?;
    Ok(wrong)
}

fn check(value: &Value<'_>, path: &str, wrong: &mut Vec<String>) -> Result<(), Error> {
    match value {
        Value::Map(Map::Named(of, fields)) => {
            if of.name != path {
                wrong.push(format!(
                    "unexpected type name {}, expected {}, which matches field name path from root Object type",
                    go_quote(&of.name),
                    go_quote(path)
                ));
            }
            for (name, (_, value)) in &**fields {
                check(value, &format!("{path}.{name}"), wrong)?;
            }
        }
        Value::Map(Map::Made(entries)) => {
            for (_, value) in entries.values() {
                check(value, path, wrong)?;
            }
        }
        Value::List(list) => {
            for item in list.items()? {
                check(&item, path, wrong)?;
            }
        }
        _ => {}
    }
    Ok(())
}
