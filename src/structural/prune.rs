//! Removes what a schema does not declare.

use serde_json::{Map, Value};

use crate::schema::{Form, ObjectType, Type};

/// Removes the fields that the type does not declare, and returns their paths in order; those in the metadata of
/// embedded resources come last.
pub fn prune(object: &mut Value, ty: &ObjectType) -> Vec<String> {
    let mut pruner = Pruner::default();
    if let Value::Object(members) = object {
        pruner.object(members, ty);
    }
    pruner.unknown.sort_unstable();
    pruner.in_metadata.sort_unstable();
    pruner.unknown.append(&mut pruner.in_metadata);
    pruner.unknown
}

#[derive(Default)]
struct Pruner {
    path: String,
    unknown: Vec<String>,
    in_metadata: Vec<String>,
    /// Whether the walk is in the metadata of an embedded resource.
    is_embedded: bool,
}

impl Pruner {
    fn object(&mut self, members: &mut Map<String, Value>, ty: &ObjectType) {
        let end = self.path.len();
        let mut unknown = Vec::new();
        for (name, value) in members.iter_mut() {
            if end > 0 {
                self.path.push('.');
            }
            self.path.push_str(name);
            match ty.field(name) {
                Some(field) => {
                    let before = self.is_embedded;
                    self.is_embedded |= ty.embedded_resource && name == "metadata";
                    self.value(value, &field.ty);
                    self.is_embedded = before;
                }
                None if ty.preserves_unknown => {}
                None => {
                    let found = if self.is_embedded { &mut self.in_metadata } else { &mut self.unknown };
                    found.push(self.path.clone());
                    unknown.push(name.clone());
                }
            }
            self.path.truncate(end);
        }
        for name in unknown {
            members.shift_remove(&name);
        }
    }

    fn value(&mut self, value: &mut Value, ty: &Type) {
        let end = self.path.len();
        match (&ty.form, value) {
            (Form::Object(object), Value::Object(members)) => self.object(members, object),
            (Form::Map(values), Value::Object(members)) => {
                for (name, value) in members {
                    self.path.push('.');
                    self.path.push_str(name);
                    self.value(value, values);
                    self.path.truncate(end);
                }
            }
            (Form::List(list), Value::Array(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.path.push_str(&format!("[{index}]"));
                    self.value(item, &list.items);
                    self.path.truncate(end);
                }
            }
            _ => {}
        }
    }
}
