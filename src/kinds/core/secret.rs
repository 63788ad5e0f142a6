//! Secret: named configuration data that is not for everyone's eyes.

use std::sync::{Arc, LazyLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::config_map::{MAX_DATA, decoded_len, immutable_errors};
use crate::kinds::{
    Check, Column, Doc, FieldLabels, Kind, KindDef, Moment, SelectableField, Strategy,
    model::strategy::age,
    rules::{check, fill},
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};
use crate::text::{json_parser, node::Node};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("", "v1", "Secret"),
        plural: "secrets".into(),
        singular: "secret".into(),
        schema: "api.core.v1.Secret".into(),
        columns: vec![
            Column::NAME,
            Column::new("Type", Doc::Field("api.core.v1.Secret", "type")),
            Column::new("Data", Doc::Field("api.core.v1.Secret", "data")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        fields: vec![SelectableField::new("type", |secret| meta::text(secret, &["type"]).to_owned())],
        field_labels: FieldLabels::Converted,
        strategy: Arc::new(Secret),
        ..KindDef::default()
    })
});

const SERVICE_ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";

struct Secret;

impl Strategy for Secret {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        fill::absent(members, "type", "Opaque");
        if let Some(Value::Object(texts)) = members.shift_remove("stringData") {
            let mut data = match members.shift_remove("data") {
                Some(Value::Object(data)) => data,
                _ => Map::new(),
            };
            data.extend(texts.into_iter().map(|(key, text)| {
                let encoded = STANDARD.encode(text.as_str().unwrap_or_default());
                (key, encoded.into())
            }));
            members.insert("data".to_owned(), data.into());
        }
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("data");
        let mut errors = FieldErrors::new();
        let mut size = 0;
        for (key, value) in meta::map(object, &["data"]).into_iter().flatten() {
            errors.extend(check::rule(&path.key(key), key, names::config_key));
            size += decoded_len(value.as_str().unwrap_or_default());
        }
        if size > MAX_DATA {
            errors.push(FieldError::too_long(&path, MAX_DATA));
        }
        errors.extend(type_errors(object));
        errors
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Change, Check::Metadata, Check::Object]
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors: FieldErrors =
            check::immutable(&Path::new("type"), object.get("type"), old.get("type")).into_iter().collect();
        errors.extend(immutable_errors(object, old, &["data"]));
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        if meta::text(object, &["type"]) != "kubernetes.io/tls" {
            return Vec::new();
        }
        [("tls.crt", "certificate"), ("tls.key", "key")]
            .iter()
            .find(|(key, _)| !decoded(object, key).windows(11).any(|part| part == b"-----BEGIN "))
            .map(|(_, what)| vec![format!("tls: failed to find any PEM data in {what} input")])
            .unwrap_or_default()
    }
}

/// What the Secret's type asks for and is not there.
fn type_errors(object: &Value) -> FieldErrors {
    let required = |key: &str| FieldError::required(&Path::new("data").key(key), "");
    let missing = |keys: &[&str]| -> FieldErrors {
        keys.iter().filter(|key| meta::at(object, &["data", key]).is_none()).map(|key| required(key)).collect()
    };
    match meta::text(object, &["type"]) {
        "kubernetes.io/service-account-token" => {
            let path = Path::new("metadata").child("annotations").key(SERVICE_ACCOUNT_NAME);
            let name = meta::text(object, &["metadata", "annotations", SERVICE_ACCOUNT_NAME]);
            if name.is_empty() { vec![FieldError::required(&path, "")] } else { FieldErrors::new() }
        }
        "kubernetes.io/dockercfg" => json_errors(object, ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => json_errors(object, ".dockerconfigjson"),
        "kubernetes.io/basic-auth" => {
            let errors = missing(&["username", "password"]);
            if errors.len() == 2 { errors } else { FieldErrors::new() }
        }
        "kubernetes.io/ssh-auth" => {
            if decoded(object, "ssh-privatekey").is_empty() {
                vec![required("ssh-privatekey")]
            } else {
                FieldErrors::new()
            }
        }
        "kubernetes.io/tls" => missing(&["tls.crt", "tls.key"]),
        _ => FieldErrors::new(),
    }
}

/// The value at this key has to be a JSON object, or null.
fn json_errors(object: &Value, key: &str) -> FieldErrors {
    let path = Path::new("data").key(key);
    if meta::at(object, &["data", key]).is_none() {
        return vec![FieldError::required(&path, "")];
    }
    let why = match json_parser::parse(&decoded(object, key)) {
        Ok(Node::Null | Node::Object(_)) => return FieldErrors::new(),
        Ok(other) => {
            format!("json: cannot unmarshal {} into Go value of type map[string]interface {{}}", other.go_kind())
        }
        Err(why) => why,
    };
    vec![FieldError::invalid(&path, "<secret contents redacted>", &why)]
}

fn decoded(object: &Value, key: &str) -> Vec<u8> {
    STANDARD.decode(meta::text(object, &["data", key])).unwrap_or_default()
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let count = meta::map(object, &["data"]).map_or(0, |map| map.len());
    vec![meta::name(object).into(), meta::text(object, &["type"]).into(), count.into(), age(object, now).into()]
}
