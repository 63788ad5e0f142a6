//! Walks parsed input with the schema: unknown fields go, types are checked, and what a Go server would write stays.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{json, leaf, tree::Node};
use crate::schema::{Field, Form, Message, Type};

/// An object as the server understood it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The object: known fields only, in the order of the schema, with values in canonical form.
    pub value: Value,
    /// What strict decoding complains about, in the order of the text: `unknown field "spec.foo"`.
    pub strict: Vec<String>,
}

/// Why something cannot be an object of its kind, in a Go decoder's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// Decodes JSON.
pub fn decode(text: &[u8], message: &'static Message) -> Result<Decoded, DecodeError> {
    decode_node(json::parse(text).map_err(DecodeError)?, message)
}

/// Decodes what a parser made of the input.
pub fn decode_node(node: Node, message: &'static Message) -> Result<Decoded, DecodeError> {
    Walker::default().top(node, message)
}

/// Decodes a value that was patched: types are checked and unknown fields reported, as for a body.
pub fn recheck(value: Value, message: &'static Message) -> Result<Decoded, DecodeError> {
    decode_node(value.into(), message)
}

/// The canonical form of a value that is known to be well typed; a badly typed one comes back as it is.
pub fn normalise(value: Value, message: &'static Message) -> Value {
    match recheck(value.clone(), message) {
        Ok(decoded) => decoded.value,
        Err(_) => value,
    }
}

/// As [`normalise`], and empty lists and maps become null, since storage does not tell them from absent ones.
pub fn stored_form(value: Value, message: &'static Message) -> Result<Value, DecodeError> {
    let walker = Walker { stored: true, ..Walker::default() };
    Ok(walker.top(value.into(), message)?.value)
}

/// Problems beyond this many are not reported.
const MAX_STRICT: usize = 100;

/// State of one walk.
#[derive(Default)]
struct Walker {
    strict: Vec<String>,
    reported: HashSet<String>,
    /// Where the walk is, as strict errors show it: `spec.ports[0]`.
    path: String,
    /// Where the walk is, as type errors show it: the names of the fields only.
    fields: Vec<&'static str>,
    /// The message whose field is being decoded.
    owner: &'static str,
    /// The first type error; decoding goes on after one.
    error: Option<String>,
    /// Whether empty lists and maps become null.
    stored: bool,
}

/// An error that ends decoding at once, as those of Go's own unmarshalers do.
struct Fatal(String);

impl Walker {
    fn top(mut self, node: Node, message: &'static Message) -> Result<Decoded, DecodeError> {
        let value = match node.open() {
            Node::Null => finish(message, slots(message), self.stored),
            Node::Object(members) => self.message(members, message, Map::new()).map_err(|Fatal(e)| DecodeError(e))?,
            other => {
                self.mismatch(other.go_kind(), message.go_name());
                Map::new()
            }
        };
        match self.error {
            Some(error) => Err(DecodeError(error)),
            None => Ok(Decoded { value: Value::Object(value), strict: self.strict }),
        }
    }

    /// The members of an object. A field that stands twice is decoded onto what its first value left (`before`).
    fn message(
        &mut self,
        members: Vec<(String, Node)>,
        message: &'static Message,
        mut before: Map<String, Value>,
    ) -> Result<Map<String, Value>, Fatal> {
        let mut found = slots(message);
        for (slot, field) in found.iter_mut().zip(&message.fields) {
            *slot = before.shift_remove(field.name);
        }
        let mut seen = vec![false; message.fields.len()];
        let (path, depth, owner) = (self.path.len(), self.fields.len(), self.owner);
        for (key, node) in members {
            let Some(index) = message.fields.iter().position(|f| f.name == key) else {
                self.complain("unknown field", &key);
                continue;
            };
            let field = &message.fields[index];
            if std::mem::replace(&mut seen[index], true) {
                self.complain("duplicate field", &key);
            }
            self.push_key(&key);
            self.fields.extend(field.embedded.map(|e| e.go));
            self.fields.push(field.name);
            self.owner = message.short_name();
            found[index] = self.field(node, field, found[index].take())?;
            self.path.truncate(path);
            self.fields.truncate(depth);
            self.owner = owner;
        }
        Ok(finish(message, found, self.stored))
    }

    /// A field's value; `None` leaves it unset.
    fn field(&mut self, node: Node, field: &'static Field, before: Option<Value>) -> Result<Option<Value>, Fatal> {
        let node = if field.is_single() { node } else { node.open() };
        match node {
            Node::Null if field.list || field.map || field.ptr => Ok(None),
            Node::Null if !matches!(field.ty, Type::Message(_)) => Ok(before),
            Node::Array(items) if field.list => self.list(items, field).map(Some),
            Node::Object(members) if field.map => self.map(members, field, before).map(Some),
            node if field.is_single() => self.single(node, field, before),
            node => {
                self.mismatch(node.go_kind(), &field.go_container_type());
                Ok(before)
            }
        }
    }

    fn list(&mut self, nodes: Vec<Node>, field: &'static Field) -> Result<Value, Fatal> {
        let path = self.path.len();
        let mut items = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.into_iter().enumerate() {
            self.path.push_str(&format!("[{index}]"));
            items.push(self.item(node, field, None)?);
            self.path.truncate(path);
        }
        Ok(items.into())
    }

    fn map(
        &mut self,
        members: Vec<(String, Node)>,
        field: &'static Field,
        before: Option<Value>,
    ) -> Result<Value, Fatal> {
        let mut entries: Vec<(String, Value)> = match before {
            Some(Value::Object(entries)) => entries.into_iter().collect(),
            _ => Vec::with_capacity(members.len()),
        };
        let (path, mut seen) = (self.path.len(), HashSet::new());
        for (key, node) in members {
            if !seen.insert(key.clone()) {
                self.complain("duplicate field", &key);
            }
            self.push_key(&key);
            let value = self.item(node, field, None)?;
            self.path.truncate(path);
            entries.push((key, value));
        }
        // A stable sort, so that the last of equal keys is the one that stays.
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Value::Object(entries.into_iter().collect()))
    }

    /// A list item or map value: null and badly typed ones count as zero.
    fn item(&mut self, node: Node, field: &'static Field, before: Option<Value>) -> Result<Value, Fatal> {
        let value = match node {
            Node::Null => None,
            node => self.single(node, field, before)?,
        };
        Ok(value.unwrap_or_else(|| zero(field, self.stored)))
    }

    fn single(&mut self, node: Node, field: &'static Field, before: Option<Value>) -> Result<Option<Value>, Fatal> {
        let Some(message) = field.message() else {
            return match leaf::scalar(node, field) {
                Ok(value) => Ok(Some(value)),
                Err(leaf::Mismatch::Type { value, ty }) => {
                    self.mismatch(&value, ty);
                    Ok(before)
                }
                Err(leaf::Mismatch::Text(text)) => {
                    self.error.get_or_insert(text);
                    Ok(before)
                }
            };
        };
        let node = if message.form == Form::Any { node } else { node.open() };
        match (message.form, node) {
            (Form::Object, Node::Object(members)) => {
                let before = match before {
                    Some(Value::Object(members)) => members,
                    _ => Map::new(),
                };
                Ok(Some(Value::Object(self.message(members, message, before)?)))
            }
            (Form::Object, Node::Null) => Ok(before),
            (Form::Object, node) => {
                self.mismatch(node.go_kind(), field.go_type());
                Ok(before)
            }
            (form, node) => leaf::special(form, node).map_err(|mismatch| match mismatch {
                leaf::Mismatch::Type { value, ty } => Fatal(self.mismatch_text(&value, ty)),
                leaf::Mismatch::Text(text) => Fatal(text),
            }),
        }
    }

    fn push_key(&mut self, key: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(key);
    }

    fn complain(&mut self, what: &str, key: &str) {
        if self.strict.len() >= MAX_STRICT {
            return;
        }
        let dot = if self.path.is_empty() { "" } else { "." };
        let text = format!("{what} \"{}{dot}{key}\"", self.path);
        if self.reported.insert(text.clone()) {
            self.strict.push(text);
        }
    }

    fn mismatch(&mut self, value: &str, ty: &str) {
        if self.error.is_none() {
            self.error = Some(self.mismatch_text(value, ty));
        }
    }

    fn mismatch_text(&self, value: &str, ty: &str) -> String {
        if self.fields.is_empty() {
            return format!("json: cannot unmarshal {value} into Go value of type {ty}");
        }
        let (owner, path) = (self.owner, self.fields.join("."));
        format!("json: cannot unmarshal {value} into Go struct field {owner}.{path} of type {ty}")
    }
}

/// A place for the value of each field.
pub(super) fn slots(message: &Message) -> Vec<Option<Value>> {
    vec![None; message.fields.len()]
}

/// Puts a message's members together as Go's encoder would: which empty ones are written depends on the field.
pub(super) fn finish(message: &'static Message, found: Vec<Option<Value>>, stored: bool) -> Map<String, Value> {
    let mut members = Map::with_capacity(found.iter().flatten().count());
    for (field, value) in message.fields.iter().zip(found) {
        let written = match value {
            Some(Value::Array(items)) if stored && items.is_empty() => absent(message, field, stored),
            Some(Value::Object(entries)) if stored && field.map && entries.is_empty() => absent(message, field, stored),
            Some(value) if keeps(field, &value) => Some(value),
            Some(_) | None => absent(message, field, stored),
        };
        if let Some(value) = written {
            members.insert(field.name.to_owned(), value);
        }
    }
    members
}

/// Whether a value that was given is written.
fn keeps(field: &Field, value: &Value) -> bool {
    if field.always {
        return true;
    }
    match value {
        Value::Null => false,
        // An empty list of managers asks to forget them.
        Value::Array(items) if field.list => !items.is_empty() || field.name == "managedFields",
        Value::Object(entries) if field.map => !entries.is_empty(),
        _ if field.ptr || matches!(field.ty, Type::Message(_)) => true,
        Value::String(s) => !s.is_empty(),
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        _ => true,
    }
}

/// What is written for a field that has no value.
fn absent(message: &Message, field: &'static Field, stored: bool) -> Option<Value> {
    if field.list || field.map || field.ptr {
        let items_of_list = field.name == "items" && message.is_list();
        return field.always.then(|| if items_of_list { Value::Array(Vec::new()) } else { Value::Null });
    }
    let is_struct = field.message().is_some_and(|m| m.form != Form::Strings);
    if field.always || (is_struct && !field.omit_zero) { Some(zero(field, stored)) } else { None }
}

/// The zero value of a field's values.
pub(super) fn zero(field: &'static Field, stored: bool) -> Value {
    match &field.ty {
        Type::String | Type::Bytes => "".into(),
        Type::Bool => false.into(),
        Type::Int32 | Type::Int64 | Type::Double => 0.into(),
        Type::Message(reference) => {
            let message = reference.get();
            match message.form {
                Form::Object => Value::Object(finish(message, slots(message), stored)),
                Form::Time | Form::MicroTime | Form::Any | Form::Strings => Value::Null,
                Form::Quantity => "0".into(),
                Form::IntOrString => 0.into(),
                Form::Duration => "0s".into(),
            }
        }
    }
}
