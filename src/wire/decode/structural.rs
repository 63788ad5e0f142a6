//! The walk along structural schemas: unknown fields go, and every value is kept as it came, since validation reports
//! wrong types.

use serde_json::{Map, Value};

use super::{
    Duplicates,
    walk::{Fatal, Walker, sorted},
};
use crate::{
    schema::{Form, ObjectType, Type},
    wire::tree::Node,
};

impl<'a> Walker<'a> {
    /// The members of an object, in the order of their names; of equal ones the last one counts.
    pub(super) fn structural(
        &mut self,
        members: Vec<(String, Node)>,
        object: &'a ObjectType,
    ) -> Result<Map<String, Value>, Fatal> {
        let mut duplicates = Duplicates::among(&members);
        let mut found = Vec::with_capacity(members.len());
        let (path, depth, owner) = (self.path.len(), self.fields.len(), self.owner);
        let mut expected = 0;
        for (key, node) in members {
            let times_met = duplicates.times_met(&key);
            if times_met == 1 {
                self.strict.add("duplicate", &self.path, &key);
            }
            let position = object.position(&key, expected);
            if position.is_none() && !object.preserves_unknown {
                if times_met == 0 {
                    self.strict.add("unknown", &self.path, &key);
                }
                continue;
            }
            self.push_key(&key);
            let value = match position {
                Some(index) => {
                    expected = index + 1;
                    let field = &object.fields()[index];
                    self.fields.push(&field.name);
                    self.owner = object.short_name();
                    self.kept(node, &field.ty)?
                }
                None => Some(self.any(node)),
            };
            self.path.truncate(path);
            self.fields.truncate(depth);
            self.owner = owner;
            found.extend(value.map(|value| (key, value)));
        }
        match sorted(found) {
            Value::Object(members) => Ok(members),
            _ => Ok(Map::new()),
        }
    }

    /// A value as it came, but without unknown fields. `None` for metadata that are null.
    fn kept(&mut self, node: Node, ty: &'a Type) -> Result<Option<Value>, Fatal> {
        Ok(Some(match (&ty.form, node.open()) {
            (Form::Object(object), node) if !object.is_structural() => {
                // Metadata is decoded by itself: errors do not say where it is, and unknown fields are told apart.
                let (fields, owner) = (std::mem::take(&mut self.fields), self.owner);
                let known = self.strict.len();
                let value = self.value(node, ty, None);
                (self.fields, self.owner) = (fields, owner);
                self.strict.move_unknown(known, &mut self.of_metadata);
                return value;
            }
            (Form::Object(object), Node::Object(members)) => Value::Object(self.structural(members, object)?),
            (Form::Map(values), Node::Object(members)) => self.kept_map(members, values)?,
            (Form::List(list), Node::Array(items)) => self.kept_list(items, &list.items)?,
            (Form::Any, node) => self.any(node),
            (Form::Object(object), node @ Node::Array(_)) if object.preserves_unknown => self.any(node),
            (_, node) => self.undeclared(node),
        }))
    }

    fn kept_map(&mut self, members: Vec<(String, Node)>, ty: &'a Type) -> Result<Value, Fatal> {
        let mut duplicates = Duplicates::among(&members);
        let mut found = Vec::with_capacity(members.len());
        let path = self.path.len();
        for (key, node) in members {
            if duplicates.times_met(&key) == 1 {
                self.strict.add("duplicate", &self.path, &key);
            }
            self.push_key(&key);
            let value = self.kept(node, ty)?;
            self.path.truncate(path);
            found.extend(value.map(|value| (key, value)));
        }
        Ok(sorted(found))
    }

    fn kept_list(&mut self, items: Vec<Node>, ty: &'a Type) -> Result<Value, Fatal> {
        let path = self.path.len();
        let mut found = Vec::with_capacity(items.len());
        for (index, node) in items.into_iter().enumerate() {
            self.push_index(index);
            let value = self.kept(node, ty)?;
            self.path.truncate(path);
            found.push(value.unwrap_or_default());
        }
        Ok(found.into())
    }

    /// A value of another type than the declared one: validation reports it, and none of its fields is declared.
    fn undeclared(&mut self, node: Node) -> Value {
        match node.open() {
            Node::Object(members) => {
                let mut duplicates = Duplicates::among(&members);
                for (key, _) in &members {
                    match duplicates.times_met(key) {
                        0 => self.strict.add("unknown", &self.path, key),
                        1 => self.strict.add("duplicate", &self.path, key),
                        _ => {}
                    }
                }
                Value::Object(Map::new())
            }
            Node::Array(items) => {
                let path = self.path.len();
                let mut found = Vec::with_capacity(items.len());
                for (index, node) in items.into_iter().enumerate() {
                    self.push_index(index);
                    found.push(self.undeclared(node));
                    self.path.truncate(path);
                }
                found.into()
            }
            scalar => scalar.into_value(),
        }
    }

    /// A value of which nothing is known.
    fn any(&mut self, node: Node) -> Value {
        let path = self.path.len();
        match node.open() {
            Node::Object(members) => {
                let mut duplicates = Duplicates::among(&members);
                let mut found = Vec::with_capacity(members.len());
                for (key, node) in members {
                    if duplicates.times_met(&key) == 1 {
                        self.strict.add("duplicate", &self.path, &key);
                    }
                    self.push_key(&key);
                    let value = self.any(node);
                    self.path.truncate(path);
                    found.push((key, value));
                }
                sorted(found)
            }
            Node::Array(items) => {
                let mut found = Vec::with_capacity(items.len());
                for (index, node) in items.into_iter().enumerate() {
                    self.push_index(index);
                    found.push(self.any(node));
                    self.path.truncate(path);
                }
                found.into()
            }
            scalar => scalar.into_value(),
        }
    }
}
