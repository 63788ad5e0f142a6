//! The table of facts about built-in types: one line of `facts.json` per type, parsed when it is first asked for.

use std::{
    collections::HashMap,
    fmt,
    marker::PhantomData,
    sync::{Arc, LazyLock, OnceLock},
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::{Either, Embedded, Field, Form, List, ListKind, ObjectRef, ObjectType, Rules, Type, Union};
use crate::object::{GroupVersionKind, gvk::api_version};

const FACTS: &str = include_str!("facts.json");

/// The built-in type of this name.
pub fn built_in(name: &str) -> Option<&'static ObjectType> {
    INDEX.get(name).map(Entry::object)
}

/// The names of all built-in types.
pub fn built_ins() -> impl Iterator<Item = &'static str> {
    INDEX.keys().copied()
}

/// The type of a built-in kind, by the `apiVersion` and `kind` that an object states.
pub fn by_gvk(api_version: &str, kind: &str) -> Option<&'static ObjectType> {
    BY_KIND.get(kind)?.iter().find(|(of, _)| of == api_version).and_then(|(_, name)| built_in(name))
}

/// The package in which a Go server keeps the one internal version of a group's kinds. Kinds of the same name that
/// share it are versions of one another, also where their groups differ.
pub fn internal_package(group: &str) -> &str {
    match group.split('.').next() {
        Some("" | "events") | None => "core",
        Some(package) => package,
    }
}

/// The whole table as text, for those who need to know whether it changed.
pub(super) fn text() -> &'static str {
    FACTS
}

struct Entry {
    name: &'static str,
    text: &'static str,
    parsed: OnceLock<ObjectType>,
}

impl Entry {
    fn object(&'static self) -> &'static ObjectType {
        self.parsed.get_or_init(|| {
            let raw: RawObject = serde_json::from_str(self.text).expect("facts.json is well formed");
            raw.build(self.name)
        })
    }

    /// The kinds that have the type, read without the rest of the line.
    fn kinds(&self) -> Vec<RawKind> {
        let Some((_, kinds)) = self.text.split_once("\"gvk\":") else { return Vec::new() };
        let mut values = serde_json::Deserializer::from_str(kinds).into_iter();
        values.next().expect("a list of kinds follows").expect("facts.json is well formed")
    }
}

static INDEX: LazyLock<HashMap<&'static str, Entry>> = LazyLock::new(|| {
    FACTS
        .lines()
        .filter_map(|line| {
            let (name, text) = line.strip_prefix('"')?.split_once("\": ")?;
            let text = text.strip_suffix(',').unwrap_or(text);
            Some((name, Entry { name, text, parsed: OnceLock::new() }))
        })
        .collect()
});

type KindIndex = HashMap<&'static str, Vec<(String, &'static str)>>;

static BY_KIND: LazyLock<KindIndex> = LazyLock::new(|| {
    let mut index = KindIndex::new();
    for entry in INDEX.values() {
        for gvk in entry.kinds() {
            index.entry(gvk.kind).or_default().push((api_version(gvk.group, gvk.version), entry.name));
        }
    }
    index
});

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawObject {
    #[serde(deserialize_with = "pairs")]
    fields: Vec<(&'static str, RawField)>,
    #[serde(default, borrow)]
    required: Vec<&'static str>,
    #[serde(default)]
    gvk: Vec<RawKind>,
    #[serde(borrow)]
    map_type: Option<&'static str>,
    #[serde(default)]
    unions: Vec<Union>,
}

#[derive(Deserialize)]
struct RawKind {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RawField {
    n: u32,
    t: &'static str,
    list: bool,
    map: bool,
    inline: bool,
    ptr: bool,
    always: bool,
    omitzero: bool,
    list_type: Option<ListKind>,
    keys: Vec<&'static str>,
    map_type: Option<&'static str>,
    merge_key: Option<&'static str>,
    patch: Option<&'static str>,
    format: Option<&'static str>,
    item_format: Option<&'static str>,
    #[serde(rename = "enum")]
    enumeration: Vec<Value>,
    default: Option<Value>,
    go: Option<&'static str>,
    go_all: Option<&'static str>,
}

impl RawObject {
    fn build(self, name: &'static str) -> ObjectType {
        let mut all = Vec::with_capacity(self.fields.len() + 2);
        if !self.gvk.is_empty() {
            let raw = || RawField { t: "string", ..RawField::default() };
            all.extend(["kind", "apiVersion"].map(|name| raw().build(name, Vec::new())));
        }
        all.extend(fields(self.fields, &[]));
        let object = ObjectType {
            name: name.into(),
            required: self.required.into_iter().map(Into::into).collect(),
            gvks: self.gvk.iter().map(|k| GroupVersionKind::new(k.group, k.version, k.kind)).collect(),
            atomic: self.map_type == Some("atomic"),
            unions: self.unions,
            ..ObjectType::default()
        };
        object.with_fields(all)
    }
}

impl RawField {
    fn build(self, name: &'static str, embedded: Vec<Embedded>) -> Field {
        Field {
            name: name.into(),
            number: self.n,
            embedded,
            ptr: self.ptr,
            always: self.always,
            omit_zero: self.omitzero,
            merge_key: self.merge_key,
            patch: self.patch,
            ty: self.into_type(),
        }
    }

    fn into_type(self) -> Type {
        let mut value = value_type(self.t);
        value.go = self.go.map(Into::into).or(value.go);
        let mut ty = if self.list {
            value.format = self.item_format.map(Into::into);
            let keys = self.keys.into_iter().map(Into::into).collect();
            Type::new(Form::List(List { items: Arc::new(value), kind: self.list_type, keys, wrapped: false }))
        } else {
            value.format = self.format.map(Into::into);
            if self.map { Type::new(Form::Map(Arc::new(value))) } else { value }
        };
        ty.atomic = self.map_type == Some("atomic");
        ty.granular = self.map_type == Some("granular");
        ty.go = self.go_all.map(Into::into).or(ty.go);
        ty.default = self.default.map(Arc::new);
        if !self.enumeration.is_empty() {
            ty.rules = Some(Box::new(Rules { enumeration: self.enumeration, ..Rules::default() }));
        }
        ty
    }
}

/// The type of a single value, item or map value that the facts call by this name.
fn value_type(name: &'static str) -> Type {
    let form = match name {
        "string" => Form::String,
        "bool" => Form::Bool,
        "int32" => Form::Int32,
        "int64" => Form::Int64,
        "double" => Form::Double,
        "bytes" => Form::Bytes,
        "apimachinery.pkg.apis.meta.v1.Verbs"
        | "api.authentication.v1.ExtraValue"
        | "api.authorization.v1.ExtraValue"
        | "api.certificates.v1.ExtraValue" => {
            let items = Arc::new(Type::new(Form::String));
            let list = Form::List(List { items, kind: None, keys: Vec::new(), wrapped: true });
            return Type { go: Some(super::object::go_name(name).into()), ..Type::new(list) };
        }
        name => match form_without_fields(name) {
            Some(form) => return Type { definition: Some(name), ..Type::new(form) },
            None => Form::Object(ObjectRef::built_in(name)),
        },
    };
    Type::new(form)
}

/// The form of a type that is a message in protobuf, but not an object with known fields in JSON.
fn form_without_fields(name: &'static str) -> Option<Form> {
    Some(match name {
        "apimachinery.pkg.apis.meta.v1.Time" => Form::Time,
        "apimachinery.pkg.apis.meta.v1.MicroTime" => Form::MicroTime,
        "apimachinery.pkg.api.resource.Quantity" => Form::Quantity,
        "apimachinery.pkg.util.intstr.IntOrString" => Form::IntOrString,
        "apimachinery.pkg.apis.meta.v1.Duration" => Form::Duration,
        "apimachinery.pkg.runtime.RawExtension"
        | "apimachinery.pkg.apis.meta.v1.FieldsV1"
        | "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON" => Form::Any,
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray"
        | "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool"
        | "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray" => {
            Form::Either(either(name))
        }
        _ => return None,
    })
}

/// A type of which the facts list two fields: an object, and what the value is if it is none.
fn either(name: &'static str) -> Arc<Either> {
    let entry = INDEX.get(name).expect("every type that the facts name is in the facts");
    let raw: RawObject = serde_json::from_str(entry.text).expect("facts.json is well formed");
    let mut fields = fields(raw.fields, &[]);
    // The object is not looked up: it may be the one that is being parsed.
    let is_object = |field: &Field| matches!(field.ty.form, Form::Object(_));
    let place = fields.iter().position(is_object).expect("one of the fields is an object");
    let object = fields.swap_remove(place);
    let (Form::Object(object_type), Some(other)) = (object.ty.form, fields.pop()) else {
        unreachable!("there are two fields, and this one was found to be an object")
    };
    Arc::new(Either { object: object_type, object_number: object.number, other: other.ty, other_number: other.number })
}

/// The fields of an embedded struct, built anew for the object that embeds it.
fn embedded_fields(raw: &RawField, through: &[Embedded]) -> Vec<Field> {
    let entry = INDEX.get(raw.t).expect("every type that the facts name is in the facts");
    let inner: RawObject = serde_json::from_str(entry.text).expect("facts.json is well formed");
    let go = entry.name.rsplit_once('.').map_or(entry.name, |(_, short)| short);
    let embedded = [through, &[Embedded { number: raw.n, go }]].concat();
    fields(inner.fields, &embedded)
}

/// The fields that stand in an object, or in a struct that is embedded through others.
fn fields(raw: Vec<(&'static str, RawField)>, through: &[Embedded]) -> Vec<Field> {
    let mut out = Vec::with_capacity(raw.len());
    for (name, raw) in raw {
        if raw.inline {
            out.extend(embedded_fields(&raw, through));
        } else {
            out.push(raw.build(name, through.to_vec()));
        }
    }
    out
}

/// Reads a JSON object as a list of pairs, in the order of the text.
pub(super) fn pairs<'de, D, K, V>(deserializer: D) -> Result<Vec<(K, V)>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de>,
    V: Deserialize<'de>,
{
    deserializer.deserialize_map(Pairs(PhantomData))
}

struct Pairs<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Pairs<K, V> {
    type Value = Vec<(K, V)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::with_capacity(map.size_hint().unwrap_or_default());
        while let Some(pair) = map.next_entry()? {
            list.push(pair);
        }
        Ok(list)
    }
}
