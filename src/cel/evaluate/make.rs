//! Lists, maps and objects that expressions make.

use std::sync::Arc;

use cel::common::ast::{EntryExpr, ListExpr, MapExpr, StructExpr};

use super::{Evaluation, Outcome};
use crate::cel::cost;
use crate::cel::declared::ObjectType;
use crate::cel::error::Error;
use crate::cel::value::{Key, Map, Value};

impl<'a> Evaluation<'a, '_, '_> {
    pub(super) fn list(&mut self, list: &'a ListExpr) -> Outcome<'a> {
        self.budget.charge(cost::MAKE_LIST)?;
        let mut items = Vec::with_capacity(list.elements.len());
        for (index, element) in list.elements.iter().enumerate() {
            let value = self.evaluate(element)?;
            if list.optional_indices.contains(&index) {
                items.extend(present(value)?);
            } else {
                items.push(value);
            }
        }
        Ok(Value::list(items))
    }

    pub(super) fn map(&mut self, map: &'a MapExpr) -> Outcome<'a> {
        self.budget.charge(cost::MAKE_MAP)?;
        let mut entries = std::collections::BTreeMap::new();
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
            let (key, value) = (self.evaluate(&entry.key)?, self.evaluate(&entry.value)?);
            let value = if entry.optional { present(value)? } else { Some(value) };
            let Some(known) = Key::of(&key).filter(|_| !matches!(key, Value::Double(_))) else {
                return Err(Error::new("unsupported key type"));
            };
            let Some(value) = value else { continue };
            if entries.insert(known, (key.clone(), value)).is_some() {
                return Err(Error::new(format!("Failed with repeated key: {}", key.to_text().unwrap_or_default())));
            }
        }
        Ok(Value::Map(Map::Made(Arc::new(entries))))
    }

    pub(super) fn object(&mut self, object: &'a StructExpr) -> Outcome<'a> {
        self.budget.charge(cost::MAKE_OBJECT)?;
        let mut entries = std::collections::BTreeMap::new();
        for entry in &object.entries {
            let EntryExpr::StructField(field) = &entry.expr else { continue };
            let value = self.evaluate(&field.value)?;
            let value = if field.optional { present(value)? } else { Some(value) };
            if let Some(value) = value {
                entries.insert(Key::String(Arc::from(field.field.as_str())), (Value::string(&*field.field), value));
            }
        }
        let name = object.type_name.trim_start_matches('.').to_owned();
        let of = ObjectType { name, ..ObjectType::default() };
        Ok(Value::Map(Map::Named(Arc::new(of), Arc::new(entries))))
    }
}

/// The value of an optional element, if it has one.
fn present(value: Value<'_>) -> Result<Option<Value<'_>>, Error> {
    match value {
        Value::Optional(value) => Ok(value.map(|value| (*value).clone())),
        other => {
            Err(Error::new(format!("cannot initialize optional entry from non-optional value {}", other.type_name())))
        }
    }
}
