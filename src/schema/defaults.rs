//! Fills in the defaults that a type declares.

use serde_json::Value;

use super::{Form, ObjectType, Type};

/// Gives every field that is absent its default, also inside of other defaults, and an unwanted `null` too. A `null`
/// without a default is no value, and goes.
///
/// Built-in types declare no defaults: those are the business of their kinds.
pub fn fill_defaults(value: &mut Value, ty: &Type) {
    Filler { drops_nulls: true }.fill(value, ty);
}

/// As [`fill_defaults`], for an object.
pub fn fill_object(value: &mut Value, object: &ObjectType) {
    Filler { drops_nulls: true }.object(value, object);
}

/// As [`fill_object`], but a `null` without a default stays.
pub fn fill_missing(value: &mut Value, object: &ObjectType) {
    Filler { drops_nulls: false }.object(value, object);
}

struct Filler {
    drops_nulls: bool,
}

impl Filler {
    fn fill(&self, value: &mut Value, ty: &Type) {
        match (&ty.form, value) {
            (Form::Object(object), value) => self.object(value, object),
            (Form::Map(values), Value::Object(members)) => {
                members.retain(|_, value| self.settle(value, values));
            }
            (Form::List(list), Value::Array(items)) => {
                for item in items {
                    if !item.is_null() || list.items.default.is_some() {
                        self.settle(item, &list.items);
                    }
                }
            }
            _ => {}
        }
    }

    fn object(&self, value: &mut Value, object: &ObjectType) {
        let (Value::Object(members), true) = (value, object.is_structural()) else { return };
        members.retain(|name, value| object.field(name).is_none_or(|field| self.settle(value, &field.ty)));
        let before = members.len();
        for field in object.defaulted() {
            if let (false, Some(default)) = (members.contains_key(&*field.name), &field.ty.default) {
                let mut value = Value::clone(default);
                self.fill(&mut value, &field.ty);
                members.insert(field.name.clone().into_owned(), value);
            }
        }
        if members.len() > before {
            members.sort_keys();
        }
    }

    /// Fills in a value that is there; `false` if it is an unwanted `null`.
    fn settle(&self, value: &mut Value, ty: &Type) -> bool {
        if value.is_null() && !ty.nullable {
            let Some(default) = &ty.default else { return !self.drops_nulls };
            *value = Value::clone(default);
        }
        self.fill(value, ty);
        true
    }
}
