//! The reviews that webhooks send back: their type is checked, and then their members, as a Go decoder does.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::{
    text::{go_quote, json_type},
    wire,
};

/// A kind of review, with the versions that are known.
pub struct Review {
    /// `admission.k8s.io`.
    pub group: &'static str,
    /// `AdmissionReview`.
    pub kind: &'static str,
    /// The members of a response that have a type.
    pub members: &'static [(&'static str, Form)],
    /// What Go calls the struct of a response.
    pub response: &'static str,
}

/// The type of a member of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Bool,
    /// A text, and what Go calls its type.
    Text(&'static str),
    Bytes,
    Texts,
    TextMap,
    /// A list of objects, and what Go calls its type.
    List(&'static str),
    /// An object, and what Go calls its type.
    Object(&'static str),
}

/// The versions of reviews, the preferred one first.
pub const VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// The name that a Go server has for the scheme of its webhook client.
const SCHEME: &str = "k8s.io/apiserver/pkg/util/webhook/client.go:71";
/// What a Go decoder reads first.
const TYPE_META: &str =
    r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

impl Review {
    /// The `apiVersion` of a version.
    pub fn api_version(&self, version: &str) -> String {
        format!("{}/{version}", self.group)
    }

    /// Reads a body as the review of this version. `null` stands for a missing response.
    pub fn read(&self, body: &[u8], version: &str) -> Result<Value, String> {
        let unreadable = |why: String| format!("couldn't get version/kind; json parse error: {why}");
        // What does not begin as a JSON object is taken for YAML.
        let is_json = body.trim_ascii_start().starts_with(b"{");
        let node = if is_json { wire::json::parse(body).map_err(unreadable)? } else { wire::yaml::parse(body)?.node };
        let value = node.into_value();
        let found = json_type(&value);
        if !value.is_object() && !value.is_null() {
            return Err(unreadable(format!("json: cannot unmarshal {found} into Go value of type {TYPE_META}")));
        }
        for (member, go) in [("apiVersion", "apiVersion"), ("kind", "kind")] {
            if let Some(wrong) = value.get(member).filter(|value| !value.is_string() && !value.is_null()) {
                let found = json_type(wrong);
                return Err(unreadable(format!(
                    "json: cannot unmarshal {found} into Go struct field .{go} of type string"
                )));
            }
        }
        self.check_type(&value, version)?;
        self.check_members(&value)?;
        Ok(value)
    }

    /// A missing kind or version is taken to be the right one.
    fn check_type(&self, value: &Value, version: &str) -> Result<(), String> {
        let text = |member: &str| value.get(member).and_then(Value::as_str).unwrap_or_default();
        let wanted = self.api_version(version);
        let kind = if text("kind").is_empty() { self.kind } else { text("kind") };
        let found = if text("apiVersion").is_empty() { &wanted } else { text("apiVersion") };
        if kind == self.kind && found == wanted {
            return Ok(());
        }
        let known = |version: &&&str| self.api_version(version) == *found;
        let other = match VERSIONS.iter().find(known) {
            Some(other) if kind == self.kind => format!("{other}.{kind}"),
            _ if kind == "Status" && found == "v1" => "v1.Status".to_owned(),
            _ => {
                let (kind, found) = (go_quote(kind), go_quote(found));
                return Err(format!("no kind {kind} is registered for version {found} in scheme \"{SCHEME}\""));
            }
        };
        Err(format!("converting ({other}) to ({version}.{}): unknown conversion", self.kind))
    }

    fn check_members(&self, value: &Value) -> Result<(), String> {
        let Some(response) = value.get("response").filter(|response| !response.is_null()) else { return Ok(()) };
        let package = "v1";
        if !response.is_object() {
            let found = json_type(response);
            let (kind, go) = (self.kind, self.response);
            return Err(format!(
                "json: cannot unmarshal {found} into Go struct field {kind}.response of type {package}.{go}"
            ));
        }
        self.members.iter().try_for_each(|(name, form)| match response.get(*name).filter(|value| !value.is_null()) {
            Some(value) => form.check(value).map_err(|(found, go)| match go {
                Some(go) => format!(
                    "json: cannot unmarshal {found} into Go struct field {}.response.{name} of type {go}",
                    self.response
                ),
                None => found,
            }),
            None => Ok(()),
        })
    }
}

impl Form {
    /// The error is what was found and the Go type that it does not fit, or a text of its own.
    fn check(self, value: &Value) -> Result<(), (String, Option<&'static str>)> {
        let wrong = |value: &Value, go: &'static str| Err((json_type(value).to_owned(), Some(go)));
        match (self, value) {
            (Self::Bool, Value::Bool(_)) | (Self::Text(_), Value::String(_)) | (Self::Object(_), Value::Object(_)) => {
                Ok(())
            }
            (Self::Bytes, Value::String(text)) => match corrupt_at(text) {
                Some(at) => Err((format!("illegal base64 data at input byte {at}"), None)),
                None => Ok(()),
            },
            (Self::Texts, Value::Array(items)) => match items.iter().find(|item| !item.is_string()) {
                Some(item) => wrong(item, "string"),
                None => Ok(()),
            },
            (Self::TextMap, Value::Object(entries)) => match entries.values().find(|value| !value.is_string()) {
                Some(value) => wrong(value, "string"),
                None => Ok(()),
            },
            (Self::List(_), Value::Array(_)) => Ok(()),
            (form, value) => wrong(value, form.go_type()),
        }
    }

    fn go_type(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Text(go) | Self::List(go) | Self::Object(go) => go,
            Self::Bytes => "[]uint8",
            Self::Texts => "[]string",
            Self::TextMap => "map[string]string",
        }
    }
}

/// Where a text stops being base64, line breaks aside.
fn corrupt_at(text: &str) -> Option<usize> {
    let bytes: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    match BASE64_STANDARD.decode(&bytes) {
        Ok(_) => None,
        Err(base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _)) => Some(at),
        Err(_) => Some(bytes.len()),
    }
}
