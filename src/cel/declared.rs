//! Declarations: what is known of the data that a variable holds. The checker takes types from them, the cost estimate
//! sizes, and evaluation reads JSON along them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::library_type::LibraryType;

/// The largest request that Kubernetes' estimates assume, in bytes.
pub const LARGEST_REQUEST: u64 = 3 * 1024 * 1024;

/// What is known of a value.
#[derive(Clone, Debug)]
pub struct Declared {
    pub shape: Shape,
    /// The most characters, bytes, items or entries it can have, where that is known.
    pub max_size: Option<u64>,
    /// The fewest bytes it takes in JSON.
    pub min_bytes: u64,
}

/// How a value is built.
#[derive(Clone, Debug)]
pub enum Shape {
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    /// A string with base64 in it.
    Bytes,
    /// An RFC 3339 string.
    Timestamp,
    /// A string with a day in it.
    Date,
    Duration,
    List(Arc<Declared>, Ordering),
    /// A map from strings.
    Map(Arc<Declared>),
    Object(Arc<ObjectType>),
    Library(LibraryType),
    Optional(Arc<Declared>),
}

/// How the order of a list matters when two lists are compared or added.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ordering {
    #[default]
    Atomic,
    Set,
    /// Items are found by these fields.
    ByKeys(Vec<String>),
}

/// An object with named fields.
#[derive(Clone, Debug, Default)]
pub struct ObjectType {
    pub name: String,
    /// By the name that expressions use.
    pub fields: BTreeMap<String, Field>,
}

impl ObjectType {
    /// A field by its name in expressions. A reserved word is found without its escape too, where the grammar takes it.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name).or_else(|| self.fields.get(&format!("__{name}__")))
    }
}

#[derive(Clone, Debug)]
pub struct Field {
    /// The name in JSON, which the name in expressions escapes.
    pub key: String,
    pub declared: Arc<Declared>,
}

impl Declared {
    /// A value of the given shape, of which nothing else is known.
    pub fn of(shape: Shape) -> Declared {
        let min_bytes = match &shape {
            Shape::Bool => 4,
            Shape::String | Shape::Bytes | Shape::List(..) | Shape::Map(_) | Shape::Object(_) => 2,
            Shape::Timestamp => 21,
            Shape::Date => 12,
            Shape::Duration => 3,
            _ => 1,
        };
        Declared { shape, max_size: None, min_bytes }
    }

    /// A value that is only known when the expression runs.
    pub fn dynamic() -> Arc<Declared> {
        Arc::new(Declared::of(Shape::Dyn))
    }

    pub fn with_max_size(self, size: u64) -> Declared {
        Declared { max_size: Some(size), ..self }
    }

    /// A list; without a limit, as many items as fit into a request.
    pub fn list(items: Arc<Declared>, order: Ordering, max_items: Option<u64>) -> Declared {
        let fit = (LARGEST_REQUEST - 2) / (items.min_bytes + 1);
        Declared::of(Shape::List(items, order)).with_max_size(max_items.unwrap_or(fit))
    }

    /// A map from strings; without a limit, as many entries as fit into a request.
    pub fn map(values: Arc<Declared>, max_entries: Option<u64>) -> Declared {
        let fit = (LARGEST_REQUEST - 2) / (values.min_bytes + 6);
        Declared::of(Shape::Map(values)).with_max_size(max_entries.unwrap_or(fit))
    }

    /// A string of up to `max_length` characters, each of which may be four bytes; without a limit, one that fills a request.
    pub fn string(max_length: Option<u64>) -> Declared {
        let max_bytes = max_length.map_or(LARGEST_REQUEST - 2, |length| length.saturating_mul(4));
        Declared::of(Shape::String).with_max_size(max_bytes)
    }

    /// An object of the given fields, by their names in JSON. Fields whose names cannot be escaped are left out.
    /// `required` says which fields every object has, without a default.
    pub fn object(name: &str, fields: Vec<(String, Arc<Declared>)>, required: &[String]) -> Declared {
        let is_required = |key: &String| required.contains(key);
        let min_bytes: u64 = fields
            .iter()
            .filter(|(key, _)| is_required(key))
            .map(|(key, of)| key.len() as u64 + of.min_bytes + 4)
            .sum();
        let named = fields.into_iter().filter_map(|(key, declared)| {
            let name = super::escape(&key)?;
            Some((name, Field { key, declared }))
        });
        let object = ObjectType { name: name.to_owned(), fields: named.collect() };
        Declared { shape: Shape::Object(Arc::new(object)), max_size: None, min_bytes: 2 + min_bytes }
    }

    /// The same declaration with `name` for the object, and names below it for the objects inside.
    pub fn named(&self, name: &str) -> Declared {
        let shape = match &self.shape {
            Shape::Object(object) => {
                let rename = |(field, of): (&String, &Field)| {
                    let declared = Arc::new(of.declared.named(&format!("{name}.{field}")));
                    (field.clone(), Field { key: of.key.clone(), declared })
                };
                let fields = object.fields.iter().map(rename).collect();
                Shape::Object(Arc::new(ObjectType { name: name.to_owned(), fields }))
            }
            Shape::List(items, order) => Shape::List(Arc::new(items.named(&format!("{name}.@idx"))), order.clone()),
            Shape::Map(values) => Shape::Map(Arc::new(values.named(&format!("{name}.@elem")))),
            other => other.clone(),
        };
        Declared { shape, ..*self }
    }
}
