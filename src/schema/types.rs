//! `Type`: what a value may be. One tree of types describes the built-in kinds and the custom ones.

use std::sync::Arc;

use serde_json::Value;

use super::{ObjectRef, Rules, Text};

/// What a value may be, and how it merges with another.
#[derive(Clone, Debug)]
pub struct Type {
    /// How values look in JSON.
    pub form: Form,
    /// The definition in OpenAPI documents that fields refer to, where the type has one and is no object.
    pub definition: Option<&'static str>,
    /// Server-side apply treats a map or an object as one value.
    pub atomic: bool,
    /// It treats an object member by member here, though values of its type are else one.
    pub granular: bool,
    /// `null` is a value of its own.
    pub nullable: bool,
    /// OpenAPI's format.
    pub format: Option<Text>,
    /// The value of a field that is not given.
    pub default: Option<Arc<Value>>,
    /// The Go type, if it is a named one; pointers aside.
    pub go: Option<Text>,
    /// What else OpenAPI says of values. Those of an object are at its [`super::ObjectType`].
    pub rules: Option<Box<Rules>>,
}

/// How values look in JSON.
#[derive(Clone, Debug)]
pub enum Form {
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
    /// Base64.
    Bytes,
    /// An RFC 3339 time to the second.
    Time,
    /// An RFC 3339 time to the microsecond.
    MicroTime,
    /// A Go duration such as `1m0s`.
    Duration,
    /// A number with a suffix.
    Quantity,
    /// A port number or name, or a number or percentage.
    IntOrString,
    /// Any JSON, kept as it is.
    Any,
    /// An object with known fields.
    Object(ObjectRef),
    /// An object whose members all have this type, whatever their names.
    Map(Arc<Type>),
    /// A list.
    List(List),
    /// An object, or a value of another form.
    Either(Arc<Either>),
}

/// A value that has one of two forms, such as the `items` of an OpenAPI schema: a schema, or a list of schemas.
#[derive(Clone, Debug)]
pub struct Either {
    /// The type where the value is an object.
    pub object: ObjectRef,
    /// The protobuf number of the object.
    pub object_number: u32,
    /// The type of another value: a list, or `true` and `false`.
    pub other: Type,
    /// The protobuf number of another value.
    pub other_number: u32,
}

/// A list of values of one type.
#[derive(Clone, Debug)]
pub struct List {
    /// The type of the items.
    pub items: Arc<Type>,
    /// How server-side apply merges the list; as one value unless it is declared.
    pub kind: Option<ListKind>,
    /// The fields that identify an item of a [`ListKind::Map`].
    pub keys: Vec<Text>,
    /// In protobuf the list is a message of its own, and its items are field 1.
    pub wrapped: bool,
}

/// How server-side apply merges a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListKind {
    /// As one value.
    Atomic,
    /// Item by item, items being scalars.
    Set,
    /// Item by item, items being identified by [`List::keys`].
    Map,
}

impl ListKind {
    /// The word of `x-kubernetes-list-type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Atomic => "atomic",
            Self::Set => "set",
            Self::Map => "map",
        }
    }
}

impl Type {
    /// A type of which nothing else is known.
    pub const fn new(form: Form) -> Self {
        Self {
            form,
            definition: None,
            atomic: false,
            granular: false,
            nullable: false,
            format: None,
            default: None,
            go: None,
            rules: None,
        }
    }

    /// The object, if values are objects with known fields.
    pub fn object(&self) -> Option<&super::ObjectType> {
        match &self.form {
            Form::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The list, if values are lists.
    pub fn list(&self) -> Option<&List> {
        match &self.form {
            Form::List(list) => Some(list),
            _ => None,
        }
    }

    /// The type of a map's values.
    pub fn values(&self) -> Option<&Arc<Type>> {
        match &self.form {
            Form::Map(values) => Some(values),
            _ => None,
        }
    }

    /// Whether server-side apply treats an object or a map as one value.
    pub fn is_atomic(&self) -> bool {
        self.atomic || !self.granular && self.object().is_some_and(|object| object.atomic)
    }

    /// Whether a value is neither a list nor a map of values.
    pub fn is_single(&self) -> bool {
        !matches!(self.form, Form::List(_) | Form::Map(_))
    }

    /// Whether a Go server keeps values in a struct, also those that are no objects in JSON.
    pub fn is_struct(&self) -> bool {
        matches!(
            self.form,
            Form::Object(_)
                | Form::Time
                | Form::MicroTime
                | Form::Duration
                | Form::Quantity
                | Form::IntOrString
                | Form::Any
                | Form::Either(_)
        )
    }

    /// What OpenAPI says of values beyond their form.
    pub fn rules(&self) -> Option<&Rules> {
        self.rules.as_deref().or_else(|| self.object()?.rules.as_deref())
    }

    /// The Go type, pointers aside.
    pub fn go_type(&self) -> Text {
        if let Some(named) = &self.go {
            return named.clone();
        }
        match &self.form {
            Form::String => "string".into(),
            Form::Bool => "bool".into(),
            Form::Int32 => "int32".into(),
            Form::Int64 => "int64".into(),
            Form::Double => "float64".into(),
            Form::Bytes => "[]uint8".into(),
            Form::Time => "v1.Time".into(),
            Form::MicroTime => "v1.MicroTime".into(),
            Form::Duration => "v1.Duration".into(),
            Form::Quantity => "resource.Quantity".into(),
            Form::IntOrString => "intstr.IntOrString".into(),
            Form::Any | Form::Either(_) => self.definition.map_or("interface {}", super::object::go_name).into(),
            Form::Object(object) => object.go_name().to_owned().into(),
            Form::Map(values) => format!("map[string]{}", values.go_type()).into(),
            Form::List(list) => format!("[]{}", list.items.go_type()).into(),
        }
    }
}
