//! Removes what a schema does not declare.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::schema::{Form, ObjectType, Type};

/// Removes the fields that the type does not declare, and returns their paths: those in the object's own metadata, then
/// all others, then those in the metadata of embedded resources.
pub fn prune(object: &mut Value, ty: &ObjectType) -> Vec<String> {
    let mut pruner = Pruner::default();
    if let Value::Object(members) = object {
        pruner.object(members, ty);
    }
    pruner.found.iter_mut().for_each(|found| found.sort_unstable());
    pruner.found.into_iter().flatten().collect()
}

/// As [`prune`], for a value of any type.
pub fn prune_value(value: &mut Value, ty: &Type) {
    Pruner::default().value(value, ty);
}

#[derive(Default)]
struct Pruner {
    path: String,
    /// What was removed, by where the walk was.
    found: [Vec<String>; 3],
    place: Place,
}

/// Where the walk is.
#[derive(Clone, Copy, Default)]
enum Place {
    Metadata,
    #[default]
    Elsewhere,
    EmbeddedMetadata,
}

impl Pruner {
    fn object(&mut self, members: &mut Map<String, Value>, ty: &ObjectType) {
        members.retain(|name, value| {
            let Some(field) = ty.field(name) else {
                return ty.preserves_unknown || self.unknown(name);
            };
            let place = self.place;
            if name == "metadata" && ty.embedded_resource {
                self.place = Place::EmbeddedMetadata;
            } else if name == "metadata" && self.path.is_empty() {
                self.place = Place::Metadata;
            }
            self.below(name, |pruner| pruner.value(value, &field.ty));
            self.place = place;
            true
        });
    }

    fn value(&mut self, value: &mut Value, ty: &Type) {
        match (&ty.form, value) {
            (Form::Any, _) => {}
            (Form::Object(object), Value::Object(members)) => self.object(members, object),
            (Form::Map(values), Value::Object(members)) => {
                for (name, value) in members {
                    self.below(name, |pruner| pruner.value(value, values));
                }
            }
            (Form::List(list), Value::Array(items)) => {
                self.items(items, |pruner, item| pruner.value(item, &list.items));
            }
            (Form::Object(object), Value::Array(_)) if object.preserves_unknown => {}
            (_, value) => self.undeclared(value),
        }
    }

    /// A value of another type than the declared one: no field of it is declared.
    fn undeclared(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => members.retain(|name, _| self.unknown(name)),
            Value::Array(items) => self.items(items, Self::undeclared),
            _ => {}
        }
    }

    fn items(&mut self, items: &mut [Value], mut visit: impl FnMut(&mut Self, &mut Value)) {
        let end = self.path.len();
        for (index, item) in items.iter_mut().enumerate() {
            write!(self.path, "[{index}]").expect("writing to a String cannot fail");
            visit(self, item);
            self.path.truncate(end);
        }
    }

    fn below(&mut self, name: &str, visit: impl FnOnce(&mut Self)) {
        let end = self.path.len();
        if end > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        visit(self);
        self.path.truncate(end);
    }

    /// Notes a field that is removed.
    fn unknown(&mut self, name: &str) -> bool {
        self.below(name, |pruner| pruner.found[pruner.place as usize].push(pruner.path.clone()));
        false
    }
}
