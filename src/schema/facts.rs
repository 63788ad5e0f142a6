//! The table of facts: one line of `facts.json` per message, parsed when the message is first asked for.

use std::{
    collections::HashMap,
    fmt,
    marker::PhantomData,
    sync::{LazyLock, OnceLock},
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::message::{Embedded, Field, Form, ListType, Message, MessageRef, Type, Union};
use crate::object::{GroupVersionKind, gvk::api_version};

const FACTS: &str = include_str!("facts.json");

/// The message of this name.
pub fn message(name: &str) -> Option<&'static Message> {
    INDEX.get(name).map(Entry::message)
}

/// The names of all messages.
pub fn messages() -> impl Iterator<Item = &'static str> {
    INDEX.keys().copied()
}

/// The message of a kind, by the `apiVersion` and `kind` that an object states.
pub fn by_gvk(api_version: &str, kind: &str) -> Option<&'static Message> {
    BY_KIND.get(kind)?.iter().find(|(of, _)| of == api_version).and_then(|(_, name)| message(name))
}

/// The whole table as text, for those who need to know whether it changed.
pub(super) fn text() -> &'static str {
    FACTS
}

struct Entry {
    name: &'static str,
    text: &'static str,
    parsed: OnceLock<Message>,
}

impl Entry {
    fn message(&'static self) -> &'static Message {
        self.parsed.get_or_init(|| {
            let raw: RawMessage = serde_json::from_str(self.text).expect("facts.json is well formed");
            raw.build(self.name)
        })
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

type KindIndex = HashMap<String, Vec<(String, &'static str)>>;

static BY_KIND: LazyLock<KindIndex> = LazyLock::new(|| {
    let mut index = KindIndex::new();
    for entry in INDEX.values().filter(|entry| entry.text.contains("\"gvk\":")) {
        for gvk in &entry.message().gvks {
            index.entry(gvk.kind.to_string()).or_default().push((api_version(&gvk.group, &gvk.version), entry.name));
        }
    }
    index
});

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawMessage {
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
    list_type: Option<ListType>,
    keys: Vec<&'static str>,
    map_type: Option<&'static str>,
    merge_key: Option<&'static str>,
    patch: Option<&'static str>,
    format: Option<&'static str>,
    item_format: Option<&'static str>,
    #[serde(rename = "enum")]
    enumeration: Vec<&'static str>,
    default: Option<Value>,
    go: Option<&'static str>,
    go_all: Option<&'static str>,
}

impl RawMessage {
    fn build(self, name: &'static str) -> Message {
        let type_meta = ["kind", "apiVersion"].map(|name| (name, RawField { t: "string", ..RawField::default() }));
        let mut fields = Vec::with_capacity(self.fields.len() + 2);
        if !self.gvk.is_empty() {
            fields.extend(type_meta.into_iter().map(|(name, raw)| raw.build(name, None)));
        }
        for (name, raw) in self.fields {
            if raw.inline {
                fields.extend(embedded_fields(&raw));
            } else {
                fields.push(raw.build(name, None));
            }
        }
        Message {
            name,
            form: form(name),
            fields,
            required: self.required,
            gvks: self.gvk.iter().map(|k| GroupVersionKind::new(k.group, k.version, k.kind)).collect(),
            atomic: self.map_type == Some("atomic"),
            unions: self.unions,
        }
    }
}

impl RawField {
    fn build(self, name: &'static str, embedded: Option<Embedded>) -> Field {
        Field {
            name,
            number: self.n,
            embedded,
            ty: match self.t {
                "string" => Type::String,
                "bool" => Type::Bool,
                "int32" => Type::Int32,
                "int64" => Type::Int64,
                "double" => Type::Double,
                "bytes" => Type::Bytes,
                name => Type::Message(MessageRef { name, found: OnceLock::new() }),
            },
            list: self.list,
            map: self.map,
            ptr: self.ptr,
            always: self.always,
            omit_zero: self.omitzero,
            list_type: self.list_type,
            keys: self.keys,
            atomic: self.map_type == Some("atomic"),
            merge_key: self.merge_key,
            patch: self.patch,
            format: self.format,
            item_format: self.item_format,
            enumeration: self.enumeration,
            default: self.default,
            go: self.go,
            go_container: self.go_all,
        }
    }
}

/// The fields of an embedded struct, built anew for the message that embeds it.
fn embedded_fields(raw: &RawField) -> Vec<Field> {
    let entry = INDEX.get(raw.t).expect("every type that the facts name is in the facts");
    let inner: RawMessage = serde_json::from_str(entry.text).expect("facts.json is well formed");
    let go = entry.name.rsplit_once('.').map_or(entry.name, |(_, short)| short);
    let embedded = Some(Embedded { number: raw.n, go });
    inner.fields.into_iter().map(|(name, field)| field.build(name, embedded)).collect()
}

fn form(name: &str) -> Form {
    match name {
        "apimachinery.pkg.apis.meta.v1.Time" => Form::Time,
        "apimachinery.pkg.apis.meta.v1.MicroTime" => Form::MicroTime,
        "apimachinery.pkg.api.resource.Quantity" => Form::Quantity,
        "apimachinery.pkg.util.intstr.IntOrString" => Form::IntOrString,
        "apimachinery.pkg.apis.meta.v1.Duration" => Form::Duration,
        "apimachinery.pkg.apis.meta.v1.Verbs"
        | "api.authentication.v1.ExtraValue"
        | "api.authorization.v1.ExtraValue" => Form::Strings,
        "apimachinery.pkg.runtime.RawExtension"
        | "apimachinery.pkg.apis.meta.v1.FieldsV1"
        | "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON"
        | "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray"
        | "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool"
        | "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray" => Form::Any,
        _ => Form::Object,
    }
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
