//! Schemas as a Go server shows its own structs: with every member, under Go's names.

use serde_json::{Map, Value, json};

/// The members in their order: Go's name and the keyword.
pub const KEYWORDS: [(&str, &str); 44] = [
    ("ID", "id"),
    ("Schema", "$schema"),
    ("Ref", "$ref"),
    ("Description", "description"),
    ("Type", "type"),
    ("Nullable", "nullable"),
    ("Format", "format"),
    ("Title", "title"),
    ("Default", "default"),
    ("Maximum", "maximum"),
    ("ExclusiveMaximum", "exclusiveMaximum"),
    ("Minimum", "minimum"),
    ("ExclusiveMinimum", "exclusiveMinimum"),
    ("MaxLength", "maxLength"),
    ("MinLength", "minLength"),
    ("Pattern", "pattern"),
    ("MaxItems", "maxItems"),
    ("MinItems", "minItems"),
    ("UniqueItems", "uniqueItems"),
    ("MultipleOf", "multipleOf"),
    ("Enum", "enum"),
    ("MaxProperties", "maxProperties"),
    ("MinProperties", "minProperties"),
    ("Required", "required"),
    ("Items", "items"),
    ("AllOf", "allOf"),
    ("OneOf", "oneOf"),
    ("AnyOf", "anyOf"),
    ("Not", "not"),
    ("Properties", "properties"),
    ("AdditionalProperties", "additionalProperties"),
    ("PatternProperties", "patternProperties"),
    ("Dependencies", "dependencies"),
    ("AdditionalItems", "additionalItems"),
    ("Definitions", "definitions"),
    ("ExternalDocs", "externalDocs"),
    ("Example", "example"),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields"),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource"),
    ("XIntOrString", "x-kubernetes-int-or-string"),
    ("XListMapKeys", "x-kubernetes-list-map-keys"),
    ("XListType", "x-kubernetes-list-type"),
    ("XMapType", "x-kubernetes-map-type"),
    ("XValidations", "x-kubernetes-validations"),
];

/// A schema with all members.
pub fn schema(of: &Value) -> Value {
    let members = KEYWORDS.iter().map(|(shown, name)| ((*shown).to_owned(), member(name, of.get(*name))));
    Value::Object(members.collect())
}

/// The items of a list, which are a schema or a list of schemas.
pub fn items(of: &Value) -> Value {
    match of {
        Value::Array(list) => json!({"Schema": null, "JSONSchemas": list.iter().map(schema).collect::<Vec<_>>()}),
        of => json!({"Schema": schema(of), "JSONSchemas": null}),
    }
}

/// A rule of `x-kubernetes-validations`.
pub fn rule(of: &Value) -> Value {
    let text = |name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default();
    json!({
        "Rule": text("rule"), "Message": text("message"), "MessageExpression": text("messageExpression"),
        "Reason": of.get("reason"), "FieldPath": text("fieldPath"), "OptionalOldSelf": of.get("optionalOldSelf"),
    })
}

/// Whether a member has the value that it has where it is not given.
pub fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn member(name: &str, value: Option<&Value>) -> Value {
    let value = value.unwrap_or(&Value::Null);
    match (name, value) {
        ("id" | "$schema" | "description" | "type" | "format" | "title" | "pattern", Value::Null) => "".into(),
        (
            "nullable"
            | "exclusiveMaximum"
            | "exclusiveMinimum"
            | "uniqueItems"
            | "x-kubernetes-embedded-resource"
            | "x-kubernetes-int-or-string",
            Value::Null,
        ) => false.into(),
        (_, Value::Null) => Value::Null,
        ("items", items) => self::items(items),
        ("allOf" | "oneOf" | "anyOf", Value::Array(schemas)) => schemas.iter().map(schema).collect(),
        ("not", not) => schema(not),
        ("properties" | "patternProperties" | "definitions", Value::Object(members)) => sorted(members, schema),
        ("additionalProperties" | "additionalItems", Value::Bool(allows)) => json!({"Allows": allows, "Schema": null}),
        ("additionalProperties" | "additionalItems", found) => json!({"Allows": true, "Schema": schema(found)}),
        ("dependencies", Value::Object(members)) => sorted(members, |found| match found {
            Value::Array(names) => json!({"Schema": null, "Property": names}),
            found => json!({"Schema": schema(found), "Property": null}),
        }),
        ("externalDocs", docs) => {
            let text = |name: &str| docs.get(name).and_then(Value::as_str).unwrap_or_default();
            json!({"Description": text("description"), "URL": text("url")})
        }
        ("x-kubernetes-validations", Value::Array(rules)) => rules.iter().map(rule).collect(),
        (_, value) => value.clone(),
    }
}

/// Members in the order of their names, as Go shows a map.
fn sorted(members: &Map<String, Value>, show: impl Fn(&Value) -> Value) -> Value {
    let mut members: Vec<_> = members.iter().map(|(name, value)| (name.clone(), show(value))).collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(members.into_iter().collect())
}
