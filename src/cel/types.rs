//! CEL's types as the checker knows them, and how CEL's errors name them.

use std::fmt;
use std::sync::Arc;

use super::declared::{Declared, ObjectType, Shape};
use super::library_type::LibraryType;

/// The type of an expression.
#[derive(Clone, Debug)]
pub enum Type {
    /// Anything; checked when the expression runs.
    Dyn,
    /// What an expression with an error in it has, so that one mistake is reported once.
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List(Arc<Type>),
    Map(Arc<Type>, Arc<Type>),
    Optional(Arc<Type>),
    /// The type of a type: `type(1)`.
    Type(Option<Arc<Type>>),
    /// An object with named fields.
    Object(Arc<ObjectType>),
    /// A type that a library brings.
    Library(LibraryType),
    /// A type parameter of a function, or a type that is not known yet.
    Param(u32),
}

impl Type {
    pub fn list(of: Type) -> Type {
        Type::List(Arc::new(of))
    }

    pub fn map(key: Type, value: Type) -> Type {
        Type::Map(Arc::new(key), Arc::new(value))
    }

    pub fn optional(of: Type) -> Type {
        Type::Optional(Arc::new(of))
    }

    pub fn is_dyn(&self) -> bool {
        matches!(self, Type::Dyn)
    }

    pub fn is_dyn_or_error(&self) -> bool {
        matches!(self, Type::Dyn | Type::Error)
    }

    pub fn is_error(&self) -> bool {
        matches!(self, Type::Error)
    }

    /// The types that this one is made of.
    pub fn parameters(&self) -> Vec<&Type> {
        match self {
            Type::List(of) | Type::Optional(of) | Type::Type(Some(of)) => vec![of],
            Type::Map(key, value) => vec![key, value],
            _ => Vec::new(),
        }
    }

    /// The type with `change` applied to the types it is made of.
    pub fn with_parameters(&self, change: &mut impl FnMut(&Type) -> Type) -> Type {
        match self {
            Type::List(of) => Type::list(change(of)),
            Type::Optional(of) => Type::optional(change(of)),
            Type::Type(Some(of)) => Type::Type(Some(Arc::new(change(of)))),
            Type::Map(key, value) => Type::map(change(key), change(value)),
            other => other.clone(),
        }
    }

    /// Whether both are built the same way, whatever they are made of.
    pub fn same_kind(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Object(a), Type::Object(b)) => a.name == b.name,
            (Type::Library(a), Type::Library(b)) => a == b,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// The name of the type at run time, which `must evaluate to …` errors and conversions print.
    pub fn name(&self) -> String {
        match self {
            Type::Null => "null_type".to_owned(),
            Type::Timestamp => "google.protobuf.Timestamp".to_owned(),
            Type::Duration => "google.protobuf.Duration".to_owned(),
            Type::List(of) => format!("list({})", of.name()),
            Type::Map(key, value) => format!("map({}, {})", key.name(), value.name()),
            Type::Optional(of) => format!("optional_type({})", of.name()),
            Type::Type(Some(of)) => format!("type({})", of.name()),
            other => other.to_string(),
        }
    }

    /// The name without parameters, by which values are compared with types: `type(x) == list`.
    pub fn bare_name(&self) -> String {
        match self {
            Type::List(_) => "list".to_owned(),
            Type::Map(..) => "map".to_owned(),
            Type::Optional(_) => "optional_type".to_owned(),
            Type::Type(_) => "type".to_owned(),
            other => other.name(),
        }
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Param(a), Type::Param(b)) => a == b,
            _ => self.same_kind(other) && self.parameters() == other.parameters(),
        }
    }
}

/// The name that the checker's errors print.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Dyn => f.write_str("dyn"),
            Type::Error => f.write_str("!error!"),
            Type::Null => f.write_str("null"),
            Type::Bool => f.write_str("bool"),
            Type::Int => f.write_str("int"),
            Type::Uint => f.write_str("uint"),
            Type::Double => f.write_str("double"),
            Type::String => f.write_str("string"),
            Type::Bytes => f.write_str("bytes"),
            Type::Timestamp => f.write_str("timestamp"),
            Type::Duration => f.write_str("duration"),
            Type::List(of) => write!(f, "list({of})"),
            Type::Map(key, value) => write!(f, "map({key}, {value})"),
            Type::Optional(of) => write!(f, "optional_type({of})"),
            Type::Type(Some(of)) => write!(f, "type({of})"),
            Type::Type(None) => f.write_str("type"),
            Type::Object(object) => f.write_str(&object.name),
            Type::Library(library) => f.write_str(library.name()),
            Type::Param(number) => write!(f, "_var{number}"),
        }
    }
}

impl Declared {
    /// The type that the checker sees.
    pub fn to_type(&self) -> Type {
        match &self.shape {
            Shape::Dyn => Type::Dyn,
            Shape::Null => Type::Null,
            Shape::Bool => Type::Bool,
            Shape::Int => Type::Int,
            Shape::Uint => Type::Uint,
            Shape::Double => Type::Double,
            Shape::String => Type::String,
            Shape::Bytes => Type::Bytes,
            Shape::Timestamp | Shape::Date => Type::Timestamp,
            Shape::Duration => Type::Duration,
            Shape::List(items, _) => Type::list(items.to_type()),
            Shape::Map(values) => Type::map(Type::String, values.to_type()),
            Shape::Object(object) => Type::Object(object.clone()),
            Shape::Library(library) => Type::Library(*library),
            Shape::Optional(of) => Type::optional(of.to_type()),
        }
    }
}
