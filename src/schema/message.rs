//! `Message` and `Field`: the shape of one API type.

use std::sync::OnceLock;

use serde_json::Value;

use super::facts;
use crate::object::GroupVersionKind;

/// One API type, e.g. `api.core.v1.Service`.
#[derive(Debug)]
pub struct Message {
    /// Full name without the `io.k8s.` that OpenAPI puts before it.
    pub name: &'static str,
    /// How values look in JSON.
    pub form: Form,
    /// The members in the order in which they are written; those of embedded structs stand among them.
    pub fields: Vec<Field>,
    /// The members that OpenAPI calls required.
    pub required: Vec<&'static str>,
    /// The kinds that are this message; empty for a part of other messages.
    pub gvks: Vec<GroupVersionKind>,
    /// Server-side apply treats the whole as one value.
    pub atomic: bool,
    /// Members of which at most one is set.
    pub unions: Vec<Union>,
}

/// Members of which at most one is set.
#[derive(Debug, serde::Deserialize)]
pub struct Union {
    /// The member that names the one that is set.
    pub discriminator: Option<&'static str>,
    /// Member to the discriminator's value.
    #[serde(rename = "fields-to-discriminateBy", deserialize_with = "facts::pairs")]
    pub fields: Vec<(&'static str, &'static str)>,
}

/// How values of a message look in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An object with the message's fields.
    Object,
    /// An RFC 3339 time to the second.
    Time,
    /// An RFC 3339 time to the microsecond.
    MicroTime,
    /// A number with a suffix.
    Quantity,
    /// A port number or name, or a number or percentage.
    IntOrString,
    /// A Go duration such as `1m0s`.
    Duration,
    /// Any JSON.
    Any,
    /// A list of strings.
    Strings,
}

/// One member of a message.
#[derive(Debug)]
pub struct Field {
    /// The JSON name.
    pub name: &'static str,
    /// The protobuf number, 0 for `kind` and `apiVersion`, which travel in the envelope.
    pub number: u32,
    /// The protobuf number of the embedded message that holds the field.
    pub embedded: Option<Embedded>,
    /// The type of the value, or of each item or map value.
    pub ty: Type,
    /// A list of values.
    pub list: bool,
    /// A map from strings to values.
    pub map: bool,
    /// An explicit zero differs from an absent value.
    pub ptr: bool,
    /// Written even when empty.
    pub always: bool,
    /// A struct that is left out when empty.
    pub omit_zero: bool,
    /// How server-side apply merges a list.
    pub list_type: Option<ListType>,
    /// The members that identify an item of a [`ListType::Map`].
    pub keys: Vec<&'static str>,
    /// Server-side apply treats the map or struct as one value.
    pub atomic: bool,
    /// The member that identifies an item in a strategic merge patch.
    pub merge_key: Option<&'static str>,
    /// The strategy of a strategic merge patch: `merge`, `replace`, `retainKeys` or a comma-separated list.
    pub patch: Option<&'static str>,
    /// OpenAPI's format.
    pub format: Option<&'static str>,
    /// OpenAPI's format of list items.
    pub item_format: Option<&'static str>,
    /// The values that OpenAPI lists.
    pub enumeration: Vec<&'static str>,
    /// OpenAPI's default.
    pub default: Option<Value>,
    /// The Go type of a value, if it is a named scalar.
    pub go: Option<&'static str>,
    /// The Go type of the list or map, if it is a named one.
    pub go_container: Option<&'static str>,
}

/// The struct through which a field is embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// Its protobuf number.
    pub number: u32,
    /// Its Go name.
    pub go: &'static str,
}

/// The type of a field's values.
#[derive(Debug)]
pub enum Type {
    /// Text.
    String,
    /// `true` or `false`.
    Bool,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// A floating-point number.
    Double,
    /// Base64 in JSON.
    Bytes,
    /// Another message.
    Message(MessageRef),
}

/// How server-side apply merges a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListType {
    /// As one value.
    Atomic,
    /// Item by item, items being scalars.
    Set,
    /// Item by item, items being identified by [`Field::keys`].
    Map,
}

/// A message that is looked up when it is first needed.
#[derive(Debug)]
pub struct MessageRef {
    pub(super) name: &'static str,
    pub(super) found: OnceLock<&'static Message>,
}

impl Message {
    /// The member of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// The last part of the name, e.g. `ServiceSpec`.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(_, short)| short)
    }

    /// The name in Go messages: package and type, e.g. `v1.ServiceSpec`.
    pub fn go_name(&self) -> &'static str {
        let package = self.name.rmatch_indices('.').nth(1).map_or(0, |(dot, _)| dot + 1);
        &self.name[package..]
    }

    /// Whether the message is a list of objects.
    pub fn is_list(&self) -> bool {
        self.name.ends_with("List") && self.field("items").is_some()
    }
}

impl Field {
    /// The message of the values, `None` for scalars.
    pub fn message(&self) -> Option<&'static Message> {
        match &self.ty {
            Type::Message(reference) => Some(reference.get()),
            _ => None,
        }
    }

    /// Whether the field is one value, neither a list nor a map.
    pub fn is_single(&self) -> bool {
        !self.list && !self.map
    }

    /// The Go type of a value, item or map value.
    pub fn go_type(&self) -> &'static str {
        self.go.unwrap_or(match &self.ty {
            Type::String => "string",
            Type::Bool => "bool",
            Type::Int32 => "int32",
            Type::Int64 => "int64",
            Type::Double => "float64",
            Type::Bytes => "[]uint8",
            Type::Message(reference) => reference.get().go_name(),
        })
    }

    /// The Go type of the whole field, pointers aside.
    pub fn go_container_type(&self) -> String {
        match self.go_container {
            Some(named) => named.to_owned(),
            None if self.list => format!("[]{}", self.go_type()),
            None if self.map => format!("map[string]{}", self.go_type()),
            None => self.go_type().to_owned(),
        }
    }
}

impl MessageRef {
    /// The message.
    pub fn get(&self) -> &'static Message {
        self.found.get_or_init(|| facts::message(self.name).expect("every type that the facts name is in the facts"))
    }
}
