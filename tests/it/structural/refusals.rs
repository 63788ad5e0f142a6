//! What the server refuses about the schema of a definition.

use kubedouble::{
    object::Path,
    structural::{self, refusals},
};
use serde_json::{Value, json};

use super::{refused, refused_whole};

/// A schema whose `a` looks like this.
fn with(a: Value) -> Value {
    json!({"type": "object", "properties": {"a": a}})
}

#[test]
fn every_value_has_a_type() {
    assert_eq!(
        refused(with(json!({}))),
        ["properties[a].type: Required value: must not be empty for specified object fields"]
    );
    assert_eq!(
        refused(with(json!({"type": "array", "items": {}}))),
        ["properties[a].items.type: Required value: must not be empty for specified array items"]
    );
    assert_eq!(refused(with(json!({"type": "array"}))), ["properties[a].items: Required value: must be specified"]);
    let types = r#""array", "boolean", "integer", "number", "object", "string""#;
    assert_eq!(
        refused(with(json!({"type": "null"}))),
        [
            format!("properties[a].type: Unsupported value: \"null\": supported values: {types}"),
            "properties[a].type: Forbidden: type cannot be set to null, use nullable as an alternative".to_owned(),
        ]
    );
    assert_eq!(refused_whole(json!({})), ["schema.type: Required value: must not be empty at the root"]);
    assert_eq!(
        refused_whole(json!({"type": "object", "additionalProperties": {"type": "string"}})),
        ["schema.additionalProperties: Forbidden: must not be used at the root"]
    );
}

#[test]
fn metadata_only_restrict_names() {
    let metadata = |metadata: Value| refused_whole(json!({"type": "object", "properties": {"metadata": metadata}}));
    assert_eq!(
        metadata(json!({"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}}})),
        [""; 0]
    );
    let why = "schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but \
               metadata is implicitly specified";
    assert_eq!(metadata(json!({"type": "object", "properties": {"labels": {"type": "object"}}})), [why]);
    assert_eq!(metadata(json!({"type": "object", "required": ["name"]})), [why]);
}

#[test]
fn alternatives_declare_nothing() {
    let alternative = json!({"type": "object", "title": "t", "nullable": true, "default": {}, "minLength": 1});
    assert_eq!(
        refused(json!({"type": "object", "oneOf": [alternative]})),
        [
            "oneOf[0].default: Forbidden: must be undefined to be structural",
            "oneOf[0].nullable: Forbidden: must be false to be structural",
            "oneOf[0].title: Forbidden: must be empty to be structural",
            "oneOf[0].type: Forbidden: must be empty to be structural",
        ]
    );
    let either = |alternatives: Value| refused(json!({"x-kubernetes-int-or-string": true, "anyOf": alternatives}));
    assert_eq!(either(json!([{"type": "integer"}, {"type": "string"}])), [""; 0]);
    assert_eq!(either(json!([{"type": "string"}, {"type": "integer"}])).len(), 2, "only in this order");
}

#[test]
fn keywords_that_are_not_supported_are_named() {
    let cases = [
        (json!({"type": "string", "id": "x"}), "id: Forbidden: id is not supported"),
        (json!({"type": "string", "$ref": "#/x"}), "$ref: Forbidden: $ref is not supported"),
        (
            json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
            "uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        ),
        (
            json!({"type": "array", "items": [{"type": "string"}]}),
            "items: Forbidden: items must be a schema object and not an array",
        ),
        (
            json!({"type": "object", "x-kubernetes-preserve-unknown-fields": false}),
            "x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
        ),
    ];
    for (schema, why) in cases {
        assert_eq!(refused(schema), [why]);
    }
}

#[test]
fn lists_know_how_they_are_merged() {
    let list = |items: Value, kind: &str, keys: Value| {
        let mut list = json!({"type": "array", "items": items, "x-kubernetes-list-type": kind});
        if !keys.is_null() {
            list["x-kubernetes-list-map-keys"] = keys;
        }
        refused(list)
    };
    let object = json!({"type": "object", "required": ["k"],
                        "properties": {"k": {"type": "string"}, "o": {"type": "object", "default": {}}}});
    assert_eq!(list(object.clone(), "map", json!(["k"])), [""; 0]);
    assert_eq!(
        list(object.clone(), "map", json!(["x"])),
        [r#"x-kubernetes-list-map-keys: Invalid value: ["x"]: entries must all be names of item properties"#]
    );
    let scalar = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    assert_eq!(
        list(object.clone(), "map", json!(["o"])),
        [format!("items.properties[o].type: Invalid value: \"object\": {scalar}")]
    );
    assert_eq!(
        list(object, "set", Value::Null),
        ["items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with \
          x-kubernetes-list-type=set"]
    );
    assert_eq!(
        list(json!({"type": "string"}), "bag", Value::Null),
        [r#"x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map""#]
    );
}

#[test]
fn defaults_are_values_of_their_schemas() {
    assert_eq!(
        refused(with(json!({"type": "integer", "default": "x"}))),
        [r#"properties[a].default: Invalid value: "string":  in body must be of type integer: "string""#]
    );
    let object = json!({"type": "object", "required": ["b"], "properties": {"b": {"type": "string"}}, "default": {}});
    assert_eq!(refused(with(object)), ["properties[a].default.b: Required value"]);
    let pruned = json!({"type": "object", "properties": {"b": {"type": "string"}}, "default": {"z": 1}});
    assert_eq!(
        refused(with(pruned)),
        [r#"properties[a].default: Invalid value: {"z":1}: must not have unknown fields"#]
    );
}

#[test]
fn the_root_is_shown_whole_where_the_status_is_a_subresource() {
    let path = Path::new("schema");
    let schema = json!({"type": "object", "minProperties": 2, "properties": {"spec": {"type": "object"}}});
    let errors = refusals(&schema, &path, true);
    assert_eq!(errors.len(), 1);
    let text = errors[0].to_string();
    let start =
        "schema: Invalid value: {\"ID\":\"\",\"Schema\":\"\",\"Ref\":null,\"Description\":\"\",\"Type\":\"object\"";
    assert!(text.starts_with(start), "{text}");
    assert!(text.contains(r#""MinProperties":2,"Required":null"#) && text.contains(r#""Properties":{"spec":{"ID":"""#));
    assert!(text.ends_with("fields are allowed at the root of the schema if the status subresource is enabled"));
    assert_eq!(refusals(&schema, &path, false), []);
}

#[test]
fn selectable_fields_are_scalars_of_the_schema() {
    let spec = json!({"type": "object", "properties": {
        "s": {"type": "string"}, "o": {"type": "object"}, "l": {"type": "array", "items": {"type": "string"}},
        "m": {"type": "object", "additionalProperties": {"type": "string"}}}});
    let schema = json!({"type": "object", "properties": {"spec": spec}});
    let check = |paths: &[&str]| -> Vec<String> {
        let fields: Vec<Value> = paths.iter().map(|path| json!({"jsonPath": path})).collect();
        let errors = structural::selectable_fields(&fields, Some(&schema), &Path::new("fields"));
        errors.iter().map(ToString::to_string).collect()
    };
    assert_eq!(check(&[".spec.s", ".spec.m.x"]), [""; 0]);
    assert_eq!(
        check(&[".spec.zz"]),
        [r#"fields[0].jsonPath: Invalid value: ".spec.zz": is an invalid path: does not refer to a valid field"#]
    );
    assert_eq!(
        check(&[".spec.l[0]"]),
        [r#"fields[0].jsonPath: Invalid value: ".spec.l[0]": is an invalid path: array notation is not allowed"#]
    );
    assert_eq!(check(&["spec.s"]).len(), 1);
    assert_eq!(check(&[".spec.s", ".spec.s"]), [r#"fields[1].jsonPath: Duplicate value: ".spec.s""#]);
}

#[test]
fn rules_are_compiled_once_nothing_else_is_wrong() {
    let ruled = |rule: &str| json!({"type": "integer", "x-kubernetes-validations": [{"rule": rule}]});
    assert_eq!(refused(ruled("self > 1")), [""; 0]);
    let number = refused(ruled("self"));
    assert!(number[0].ends_with("cel expression must evaluate to a bool") && number.len() == 1, "{number:?}");
    assert_eq!(refused(ruled(" ")), ["x-kubernetes-validations[0].rule: Required value: rule is not specified"]);
    let mut contradicting = ruled("self");
    contradicting["id"] = "x".into();
    assert_eq!(refused(contradicting), ["id: Forbidden: id is not supported"]);
}

#[test]
fn a_deep_or_wide_schema_is_checked_in_time() {
    // No body is nested more than 120 times.
    let mut deep = json!({"type": "string"});
    for _ in 0..60 {
        deep = with(deep);
    }
    assert_eq!(refused(deep), [""; 0]);
    let wide: serde_json::Map<String, Value> =
        (0..10_000).map(|i| (format!("p{i}"), json!({"type": "string", "default": "x"}))).collect();
    assert_eq!(refused(json!({"type": "object", "properties": wide})), [""; 0]);
}
