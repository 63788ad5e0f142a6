//! `Rules`: what OpenAPI says of a value beyond its form. Custom kinds are validated by them.

use serde_json::{Number, Value};

use super::Text;

/// What OpenAPI says of a value beyond its form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// `title`.
    pub title: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `enum`: the values that are allowed.
    pub enumeration: Vec<Value>,
    /// `pattern` of a string.
    pub pattern: Option<String>,
    /// `minimum` and `maximum`, each with whether it is excluded.
    pub minimum: Option<Bound>,
    /// See `minimum`.
    pub maximum: Option<Bound>,
    /// `multipleOf`.
    pub multiple_of: Option<Number>,
    /// `minLength` and `maxLength` of a string.
    pub length: Range,
    /// `minItems` and `maxItems` of a list.
    pub items: Range,
    /// `minProperties` and `maxProperties` of an object.
    pub properties: Range,
    /// `uniqueItems`.
    pub unique_items: bool,
    /// `x-kubernetes-validations`.
    pub validations: Vec<Validation>,
    /// `allOf`.
    pub all_of: Vec<Nested>,
    /// `anyOf`.
    pub any_of: Vec<Nested>,
    /// `oneOf`.
    pub one_of: Vec<Nested>,
    /// `not`.
    pub not: Option<Box<Nested>>,
    /// Keywords without a meaning for the server, such as `example` and `externalDocs`; they are shown again.
    pub others: Vec<(String, Value)>,
}

/// The lower or upper end of a range of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The number.
    pub value: Number,
    /// Whether the number itself is outside the range.
    pub exclusive: bool,
}

/// How small and how large a count may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The smallest.
    pub min: Option<i64>,
    /// The largest.
    pub max: Option<i64>,
}

/// A rule of `x-kubernetes-validations`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Validation {
    /// The expression.
    pub rule: String,
    /// What is said of a value that breaks the rule.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// An expression that makes the message.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message_expression: String,
    /// The reason of the cause; `FieldValueInvalid` if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The path of the field that is at fault, below the value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field_path: String,
    /// Whether the rule is also checked where there is no old value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional_old_self: Option<bool>,
}

/// A schema below `allOf`, `anyOf`, `oneOf` or `not`: it restricts values, and declares nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nested {
    /// `type`, which only int-or-string may repeat here.
    pub ty: Option<Text>,
    /// `format`.
    pub format: Option<Text>,
    /// What it says of the value itself.
    pub rules: Rules,
    /// `required`.
    pub required: Vec<Text>,
    /// `properties`.
    pub properties: Vec<(Text, Nested)>,
    /// `additionalProperties`.
    pub values: Option<Box<Nested>>,
    /// `items`.
    pub items: Option<Box<Nested>>,
}

impl Range {
    /// Whether nothing is said.
    pub fn is_open(self) -> bool {
        self == Self::default()
    }
}
