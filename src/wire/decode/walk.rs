//! The walk along Go structs: a value of the wrong type is an error, in the words of Go's decoder.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{DecodeError, Decoded, Duplicates, Strict, finish, slots, zero};
use crate::{
    schema::{Either, Field, Form, ObjectType, Type},
    wire::{
        leaf::{self, Mismatch, Rejected},
        tree::Node,
    },
};

/// State of one walk.
#[derive(Default)]
pub struct Walker<'a> {
    pub(super) strict: Strict,
    /// What is to be complained about in the metadata of custom kinds and of what is embedded in them.
    pub(super) of_metadata: Strict,
    /// Where the walk is, as strict errors show it: `spec.ports[0]`.
    pub(super) path: String,
    /// Where the walk is, as type errors show it: the names of the fields only.
    pub(super) fields: Vec<&'a str>,
    /// The type whose field is being decoded.
    pub(super) owner: &'a str,
    /// The first type error; decoding goes on after one.
    pub(super) error: Option<String>,
    /// Whether empty lists and maps become null.
    pub(super) is_stored: bool,
    /// Whether values of the wrong type are kept instead of being reported.
    pub(super) keeps_mismatches: bool,
    /// Whether a map was given in several pieces, so that its keys are not in order.
    pub(super) is_unsorted: bool,
}

/// An error that ends decoding at once, as those of Go's own unmarshalers do.
pub struct Fatal(String);

impl<'a> Walker<'a> {
    /// Decodes an object of this type.
    pub fn top(mut self, node: Node, object: &'a ObjectType) -> Result<Decoded, DecodeError> {
        let value = match node.open() {
            Node::Null => self.object(Vec::new(), object, Map::new()),
            Node::Object(members) => self.object(members, object, Map::new()),
            other if self.keeps_mismatches => return Ok(Decoded { value: other.into_value(), strict: Vec::new() }),
            other => Err(Fatal(self.mismatch_text(other.go_kind(), object.go_name()))),
        };
        let mut value = Value::Object(value.map_err(|Fatal(text)| DecodeError(text))?);
        if let Some(error) = self.error {
            return Err(DecodeError(error));
        }
        if self.is_unsorted {
            sort_maps_of(&mut value, object);
        }
        let mut strict = self.strict.into_texts();
        if object.is_structural() {
            strict = super::strict::order(strict, self.of_metadata.into_texts());
        }
        Ok(Decoded { value, strict })
    }

    /// The members of an object. A field that stands twice is decoded onto what its first value left (`before`).
    pub(super) fn object(
        &mut self,
        members: Vec<(String, Node)>,
        object: &'a ObjectType,
        before: Map<String, Value>,
    ) -> Result<Map<String, Value>, Fatal> {
        if object.is_structural() { self.structural(members, object) } else { self.members(members, object, before) }
    }

    fn members(
        &mut self,
        members: Vec<(String, Node)>,
        object: &'a ObjectType,
        mut before: Map<String, Value>,
    ) -> Result<Map<String, Value>, Fatal> {
        let mut found = slots(object);
        if !before.is_empty() {
            for (slot, field) in found.iter_mut().zip(object.fields()) {
                *slot = before.remove(&*field.name);
            }
        }
        let mut times_met = vec![0_u8; object.fields().len()];
        let mut unknown = HashSet::new();
        let (path, depth, owner) = (self.path.len(), self.fields.len(), self.owner);
        let mut expected = 0;
        for (key, node) in members {
            let Some(index) = object.position(&key, expected) else {
                if !unknown.contains(&key) {
                    self.strict.add("unknown", &self.path, &key);
                    unknown.insert(key);
                }
                continue;
            };
            expected = index + 1;
            let field = &object.fields()[index];
            if times_met[index] == 1 {
                self.strict.add("duplicate", &self.path, &key);
            }
            times_met[index] = (times_met[index] + 1).min(2);
            self.push_key(&key);
            self.fields.extend(field.embedded.iter().map(|embedded| embedded.go));
            self.fields.push(&field.name);
            self.owner = object.short_name();
            found[index] = self.field(node, field, found[index].take())?;
            self.path.truncate(path);
            self.fields.truncate(depth);
            self.owner = owner;
        }
        Ok(finish(object, found, self.is_stored))
    }

    /// A field's value; `None` leaves it unset.
    fn field(&mut self, node: Node, field: &'a Field, before: Option<Value>) -> Result<Option<Value>, Fatal> {
        match node {
            Node::Null if field.ptr || !field.ty.is_single() => Ok(None),
            Node::Null if !field.ty.is_struct() => Ok(before),
            node => self.value(node, &field.ty, before),
        }
    }

    /// A value of any type; `None` for a `null` that means no value.
    pub(super) fn value(&mut self, node: Node, ty: &'a Type, before: Option<Value>) -> Result<Option<Value>, Fatal> {
        let node = if matches!(ty.form, Form::Any) { node } else { node.open() };
        match (&ty.form, node) {
            (Form::List(list), Node::Array(items)) => self.list(items, &list.items).map(Some),
            (Form::Map(values), Node::Object(members)) => self.map(members, values, before).map(Some),
            (Form::Object(object), Node::Object(members)) => {
                let before = match before {
                    Some(Value::Object(members)) => members,
                    _ => Map::new(),
                };
                Ok(Some(Value::Object(self.object(members, object, before)?)))
            }
            (Form::Object(_), Node::Null) => Ok(before),
            (Form::Either(either), node) => self.either(node, either),
            (Form::List(_) | Form::Map(_) | Form::Object(_), node) => {
                let mismatch = Mismatch::Type { value: node.go_kind().to_owned(), ty: ty.go_type() };
                Ok(self.reject(mismatch, node, before))
            }
            (_, node) => match leaf::decode(node, ty) {
                Ok(value) => Ok(value),
                Err(rejected) => {
                    let Rejected { why, node, is_fatal } = *rejected;
                    match why {
                        Mismatch::Type { value, ty } if is_fatal && !self.keeps_mismatches => {
                            Err(Fatal(self.mismatch_text(&value, &ty)))
                        }
                        Mismatch::Text(text) if is_fatal && !self.keeps_mismatches => Err(Fatal(text)),
                        why => Ok(self.reject(why, node, before)),
                    }
                }
            },
        }
    }

    /// A type that decodes itself, and knows nothing of strictness.
    fn either(&mut self, node: Node, either: &'a Either) -> Result<Option<Value>, Fatal> {
        let complaints = std::mem::take(&mut self.strict);
        let value = match (&either.other.form, node) {
            (_, Node::Null) => Ok(None),
            (_, Node::Object(members)) => {
                self.object(members, &either.object, Map::new()).map(|members| Some(Value::Object(members)))
            }
            (Form::List(_), node @ Node::Array(_)) | (Form::Bool, node @ Node::Bool(_)) => {
                self.value(node, &either.other, None)
            }
            (_, node) if self.keeps_mismatches => Ok(Some(node.into_value())),
            (Form::Bool, _) => Err(Fatal("boolean or JSON schema expected".to_owned())),
            _ => Ok(None),
        };
        self.strict = complaints;
        value
    }

    fn list(&mut self, nodes: Vec<Node>, ty: &'a Type) -> Result<Value, Fatal> {
        let path = self.path.len();
        let mut items = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.into_iter().enumerate() {
            self.push_index(index);
            items.push(self.item(node, ty)?);
            self.path.truncate(path);
        }
        Ok(items.into())
    }

    fn map(&mut self, members: Vec<(String, Node)>, ty: &'a Type, before: Option<Value>) -> Result<Value, Fatal> {
        let (path, mut duplicates) = (self.path.len(), Duplicates::among(&members));
        let mut entries = Vec::with_capacity(members.len());
        for (key, node) in members {
            if duplicates.times_met(&key) == 1 {
                self.strict.add("duplicate", &self.path, &key);
            }
            self.push_key(&key);
            let value = self.item(node, ty)?;
            self.path.truncate(path);
            entries.push((key, value));
        }
        match before {
            Some(Value::Object(mut before)) if !before.is_empty() => {
                self.is_unsorted = true;
                before.extend(entries);
                Ok(before.into())
            }
            _ => Ok(sorted(entries)),
        }
    }

    /// A list item or map value: null and badly typed ones count as zero.
    fn item(&mut self, node: Node, ty: &'a Type) -> Result<Value, Fatal> {
        let value = match node {
            Node::Null => None,
            node => self.value(node, ty, None)?,
        };
        Ok(value.unwrap_or_else(|| zero(ty, self.is_stored)))
    }

    pub(super) fn push_key(&mut self, key: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(key);
    }

    pub(super) fn push_index(&mut self, index: usize) {
        self.path.push('[');
        self.path.push_str(&index.to_string());
        self.path.push(']');
    }

    /// Notes that a value is of the wrong type, and says what is there instead.
    fn reject(&mut self, why: Mismatch, node: Node, before: Option<Value>) -> Option<Value> {
        if self.keeps_mismatches {
            return Some(node.into_value());
        }
        if self.error.is_none() {
            self.error = Some(match why {
                Mismatch::Type { value, ty } => self.mismatch_text(&value, &ty),
                Mismatch::Text(text) => text,
            });
        }
        before
    }

    fn mismatch_text(&self, value: &str, ty: &str) -> String {
        if self.fields.is_empty() {
            return format!("json: cannot unmarshal {value} into Go value of type {ty}");
        }
        let (owner, path) = (self.owner, self.fields.join("."));
        format!("json: cannot unmarshal {value} into Go struct field {owner}.{path} of type {ty}")
    }
}

/// A map with its keys in order; of equal keys the last one stays.
pub(super) fn sorted(mut entries: Vec<(String, Value)>) -> Value {
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(entries.into_iter().collect())
}

fn sort_maps_of(value: &mut Value, object: &ObjectType) {
    for field in object.fields() {
        if let Some(value) = value.get_mut(&*field.name) {
            sort_maps(value, &field.ty);
        }
    }
}

fn sort_maps(value: &mut Value, ty: &Type) {
    match (&ty.form, value) {
        (Form::Object(object), value) => sort_maps_of(value, object),
        (Form::List(list), Value::Array(items)) => items.iter_mut().for_each(|item| sort_maps(item, &list.items)),
        (Form::Map(values), Value::Object(members)) => {
            members.sort_keys();
            members.values_mut().for_each(|value| sort_maps(value, values));
        }
        _ => {}
    }
}
