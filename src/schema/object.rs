//! `ObjectType` and `Field`: objects with known fields.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use serde::Deserialize;

use super::{Form, Rules, Text, Type, facts};
use crate::object::GroupVersionKind;

/// The type of objects with known fields: a kind's, or that of a part of one.
#[derive(Debug, Default)]
pub struct ObjectType {
    /// Full name without the `io.k8s.` that OpenAPI puts before it, e.g. `api.core.v1.Service`. Empty for a part of a
    /// custom kind.
    pub name: Text,
    /// The rules by which objects are read and written.
    pub model: Model,
    /// The fields in the order in which they are written; those of embedded structs stand among them.
    pub(super) fields: Vec<Field>,
    /// Places in `fields`, sorted by name.
    pub(super) by_name: Vec<u32>,
    /// Places of the fields that have a default.
    pub(super) defaulted: Vec<u32>,
    /// Members that are no fields are kept.
    pub preserves_unknown: bool,
    /// The object is a whole resource within another.
    pub embedded_resource: bool,
    /// The members that OpenAPI calls required.
    pub required: Vec<Text>,
    /// The kinds that have this type; none if it is a part of others.
    pub gvks: Vec<GroupVersionKind>,
    /// Server-side apply treats the whole as one value.
    pub atomic: bool,
    /// Members of which at most one is set.
    pub unions: Vec<Union>,
    /// What else OpenAPI says of the object.
    pub rules: Option<Box<Rules>>,
}

/// The rules by which an object is read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// Those of a Go struct: a value of the wrong type cannot be decoded, and a field may be written without a value.
    #[default]
    Struct,
    /// Those of a structural schema: every value is kept as it came, and validation reports wrong types.
    Structural,
}

/// Members of which at most one is set.
#[derive(Clone, Debug, Deserialize)]
pub struct Union {
    /// The member that names the one that is set.
    pub discriminator: Option<&'static str>,
    /// Member to the discriminator's value.
    #[serde(rename = "fields-to-discriminateBy", deserialize_with = "facts::pairs")]
    pub fields: Vec<(&'static str, &'static str)>,
}

/// One member of an object.
#[derive(Clone, Debug)]
pub struct Field {
    /// The JSON name.
    pub name: Text,
    /// The protobuf number; 0 for a field that is not in protobuf.
    pub number: u32,
    /// The structs through which the field is embedded, the outermost first.
    pub embedded: Vec<Embedded>,
    /// The type of its values.
    pub ty: Type,
    /// An explicit zero differs from an absent value.
    pub ptr: bool,
    /// Written even when empty.
    pub always: bool,
    /// A struct that is left out when empty.
    pub omit_zero: bool,
    /// The member that identifies an item in a strategic merge patch.
    pub merge_key: Option<&'static str>,
    /// The strategy of a strategic merge patch: `merge`, `replace`, `retainKeys` or a comma-separated list.
    pub patch: Option<&'static str>,
}

/// A struct through which a field is embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// Its protobuf number.
    pub number: u32,
    /// Its Go name.
    pub go: &'static str,
}

impl ObjectType {
    /// The type with these fields.
    pub fn with_fields(mut self, fields: Vec<Field>) -> Self {
        self.by_name = (0..u32::try_from(fields.len()).expect("fewer fields than a body has bytes")).collect();
        self.by_name.sort_by(|a, b| fields[*a as usize].name.cmp(&fields[*b as usize].name));
        let has_default = |place: &u32| fields[*place as usize].ty.default.is_some();
        self.defaulted = self.by_name.iter().copied().filter(has_default).collect();
        self.fields = fields;
        self
    }

    /// Takes the fields out.
    pub(super) fn take_fields(&mut self) -> Vec<Field> {
        std::mem::take(&mut self.fields)
    }

    /// The fields that have a default.
    pub fn defaulted(&self) -> impl Iterator<Item = &Field> {
        self.defaulted.iter().map(|place| &self.fields[*place as usize])
    }

    /// The fields in the order in which they are written.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.position(name, 0).map(|place| &self.fields[place])
    }

    /// The place of the field of this name. It is found at once where it is `expected`.
    pub fn position(&self, name: &str, expected: usize) -> Option<usize> {
        if self.fields.get(expected).is_some_and(|field| field.name == name) {
            return Some(expected);
        }
        let found = self.by_name.binary_search_by(|place| (*self.fields[*place as usize].name).cmp(name)).ok()?;
        Some(self.by_name[found] as usize)
    }

    /// Whether objects are read and written by the rules of a structural schema.
    pub fn is_structural(&self) -> bool {
        self.model == Model::Structural
    }

    /// The last part of the name, e.g. `ServiceSpec`.
    pub fn short_name(&self) -> &str {
        self.name.rsplit_once('.').map_or(&self.name, |(_, short)| short)
    }

    /// The name in Go messages: package and type, e.g. `v1.ServiceSpec`.
    pub fn go_name(&self) -> &str {
        go_name(&self.name)
    }

    /// Whether objects are lists of others.
    pub fn is_list(&self) -> bool {
        self.name.ends_with("List") && self.field("items").is_some()
    }
}

impl Field {
    /// A field of a structural schema: it is written where it was given.
    pub fn structural(name: impl Into<Text>, ty: Type) -> Self {
        Self {
            name: name.into(),
            number: 0,
            embedded: Vec::new(),
            ty,
            ptr: true,
            always: false,
            omit_zero: false,
            merge_key: None,
            patch: None,
        }
    }

    /// The object type of the values, or of the items or the map's values.
    pub fn object(&self) -> Option<&ObjectType> {
        match &self.ty.form {
            Form::List(list) => list.items.object(),
            Form::Map(values) => values.object(),
            _ => self.ty.object(),
        }
    }
}

/// Package and type of a full name.
pub(super) fn go_name(name: &str) -> &str {
    let package = name.rmatch_indices('.').nth(1).map_or(0, |(dot, _)| dot + 1);
    &name[package..]
}

/// A shared object type. A built-in one is named, since types may contain themselves, and looked up when it is needed.
#[derive(Clone)]
pub struct ObjectRef(Reference);

#[derive(Clone)]
enum Reference {
    BuiltIn { name: Text, found: OnceLock<&'static ObjectType> },
    Made(Arc<ObjectType>),
}

impl ObjectRef {
    /// The built-in type of this name, which must exist.
    pub fn built_in(name: impl Into<Text>) -> Self {
        Self(Reference::BuiltIn { name: name.into(), found: OnceLock::new() })
    }

    /// The type of a built-in kind, by the `apiVersion` and `kind` that an object states.
    pub fn of_kind(api_version: &str, kind: &str) -> Option<Self> {
        facts::by_gvk(api_version, kind).map(|object| Self::built_in(object.name.clone()))
    }
}

impl From<Arc<ObjectType>> for ObjectRef {
    fn from(object: Arc<ObjectType>) -> Self {
        Self(Reference::Made(object))
    }
}

impl From<ObjectType> for ObjectRef {
    fn from(object: ObjectType) -> Self {
        Arc::new(object).into()
    }
}

/// Names a built-in type.
impl From<&'static str> for ObjectRef {
    fn from(name: &'static str) -> Self {
        Self::built_in(name)
    }
}

impl Deref for ObjectRef {
    type Target = ObjectType;

    fn deref(&self) -> &ObjectType {
        match &self.0 {
            Reference::Made(object) => object,
            Reference::BuiltIn { name, found } => {
                found.get_or_init(|| facts::built_in(name).expect("every type that is named is in the facts"))
            }
        }
    }
}

/// Only the name, since types may contain themselves.
impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reference::BuiltIn { name, .. } => f.write_str(name),
            Reference::Made(object) => object.fmt(f),
        }
    }
}
