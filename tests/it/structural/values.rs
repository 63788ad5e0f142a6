//! What is wrong with values, in the words of the real server.

use serde_json::{Value, json};

use super::{compiled, whole};

/// What is wrong with a value of `spec.p`.
fn wrong(schema: Value, value: Value) -> Vec<String> {
    let schema = compiled(json!({"type": "object", "properties": {"p": schema}}));
    let object = json!({"spec": {"p": value}});
    let mut errors = schema.validate(&object, None);
    errors.extend(schema.validate_embedded(&object));
    errors.extend(schema.validate_lists(&object, None));
    errors.iter().map(ToString::to_string).collect()
}

/// That a value is fine.
fn fine(schema: Value, value: Value) {
    assert_eq!(wrong(schema, value.clone()), [""; 0], "{value}");
}

#[test]
fn a_value_has_the_declared_type() {
    assert_eq!(
        wrong(json!({"type": "integer"}), json!("1")),
        [r#"spec.p: Invalid value: "string": spec.p in body must be of type integer: "string""#]
    );
    assert_eq!(
        wrong(json!({"type": "integer"}), json!(1.5)),
        [
            r#"spec.p: Invalid value: "number": spec.p in body must be of type integer: "number""#,
            r#"<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.p"#,
        ]
    );
    fine(json!({"type": "integer"}), json!(1.0));
    assert_eq!(
        wrong(json!({"x-kubernetes-int-or-string": true}), json!(true)),
        [r#"spec.p: Invalid value: "boolean": spec.p in body must be of type integer,string: "boolean""#]
    );
    let null = r#"spec.p[0]: Invalid value: "null": spec.p[0] in body must be of type string: "null""#;
    assert_eq!(wrong(json!({"type": "array", "items": {"type": "string"}}), json!([null])), [null]);
    fine(json!({"type": "array", "items": {"type": "string", "nullable": true}}), json!([null]));
}

#[test]
fn a_number_has_the_range_of_its_format() {
    let int32 = json!({"type": "integer", "format": "int32"});
    assert_eq!(
        wrong(int32, json!(1_i64 << 31)),
        [r#"<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.p"#]
    );
    let int64 = json!({"type": "integer", "format": "int64"});
    assert_eq!(
        wrong(int64, json!(9_223_372_036_854_775_808_u64)),
        [
            r#"spec.p: Invalid value: "float64": spec.p in body must be of type int64: "float64""#,
            r#"<nil>: Invalid value: "": Checked value must be of type integer with format int64 in spec.p"#,
        ]
    );
    assert_eq!(
        wrong(json!({"type": "number", "format": "float"}), json!(1e39)),
        [r#"<nil>: Invalid value: "": Checked value must be of type number with format float in spec.p"#]
    );
}

#[test]
fn numbers_keep_their_bounds() {
    let bounds = json!({"type": "integer", "minimum": 3, "maximum": 5});
    assert_eq!(
        wrong(bounds.clone(), json!(1)),
        ["spec.p: Invalid value: 1: spec.p in body should be greater than or equal to 3"]
    );
    assert_eq!(wrong(bounds, json!(6)), ["spec.p: Invalid value: 6: spec.p in body should be less than or equal to 5"]);
    let open =
        json!({"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 1, "exclusiveMaximum": true});
    assert_eq!(wrong(open.clone(), json!(0)), ["spec.p: Invalid value: 0: spec.p in body should be greater than 0"]);
    assert_eq!(wrong(open.clone(), json!(1)), ["spec.p: Invalid value: 1: spec.p in body should be less than 1"]);
    fine(open, json!(0.5));
    assert_eq!(
        wrong(json!({"type": "integer", "multipleOf": 3}), json!(4)),
        ["spec.p: Invalid value: 4: spec.p in body should be a multiple of 3"]
    );
    // The real server reads the factor as an integer where the value is one.
    assert_eq!(
        wrong(json!({"type": "number", "multipleOf": 0.1}), json!(1)),
        ["spec.p: Invalid value: 0: factor MultipleOf declared for spec.p must be positive: 0"]
    );
    fine(json!({"type": "number", "multipleOf": 0.1}), json!(0.3));
}

#[test]
fn strings_are_counted_in_characters() {
    let length = json!({"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^a"});
    fine(length.clone(), json!("a\u{e9}\u{1f600}"));
    assert_eq!(
        wrong(length.clone(), json!("a")),
        [r#"spec.p: Invalid value: "a": spec.p in body should be at least 2 chars long"#]
    );
    assert_eq!(wrong(length.clone(), json!("bbbb")), ["spec.p: Too long: may not be more than 3 bytes"]);
    assert_eq!(wrong(length, json!("bb")), [r#"spec.p: Invalid value: "bb": spec.p in body should match '^a'"#]);
    let one = json!({"type": "string", "maxLength": 1});
    assert_eq!(wrong(one, json!("ab")), ["spec.p: Too long: may not be more than 1 byte"]);
}

#[test]
fn lists_and_maps_are_counted() {
    let list = json!({"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 1});
    assert_eq!(
        wrong(list.clone(), json!([])),
        ["spec.p: Invalid value: 0: spec.p in body should have at least 1 items"]
    );
    assert_eq!(wrong(list, json!([1, 2])), ["spec.p: Too many: 2: must have at most 1 item"]);
    let map =
        json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1, "maxProperties": 2});
    assert_eq!(
        wrong(map.clone(), json!({})),
        ["spec.p: Invalid value: 0: spec.p in body should have at least 1 properties"]
    );
    assert_eq!(wrong(map, json!({"a": 1, "b": 2, "c": 3})), ["spec.p: Too many: 3: must have at most 2 items"]);
    let closed = json!({"type": "object", "additionalProperties": false});
    assert_eq!(
        wrong(closed, json!({"a": 1})),
        [r#"spec.p: Invalid value: "a": spec.p.a in body is a forbidden property"#]
    );
}

#[test]
fn an_enumeration_shows_what_it_lists() {
    let numbers = json!({"type": "integer", "enum": [1, 2]});
    fine(numbers.clone(), json!(2.0));
    assert_eq!(wrong(numbers, json!(3)), [r#"spec.p: Unsupported value: 3: supported values: "1", "2""#]);
    let objects = json!({"x-kubernetes-preserve-unknown-fields": true, "enum": [{"k": 1}, null]});
    assert_eq!(
        wrong(objects, json!(null)),
        [r#"spec.p: Unsupported value: null: supported values: "{\"k\":1}", "null""#]
    );
}

#[test]
fn alternatives_tell_what_failed_and_why() {
    let alternatives = json!([{"required": ["a"]}, {"required": ["b"]}]);
    let with = |keyword: &str| {
        let members = json!({"a": {"type": "integer"}, "b": {"type": "integer"}});
        let mut schema = json!({"type": "object", "properties": members});
        schema[keyword] = alternatives.clone();
        schema
    };
    let one_of = |found: &str| {
        format!("<nil>: Invalid value: \"\": \"spec.p\" must validate one and only one schema (oneOf). {found}")
    };
    assert_eq!(wrong(with("oneOf"), json!({})), [one_of("Found none valid"), "spec.p.a: Required value".to_owned()]);
    assert_eq!(wrong(with("oneOf"), json!({"a": 1, "b": 1})), [one_of("Found 2 valid alternatives")]);
    fine(with("oneOf"), json!({"b": 1}));
    assert_eq!(
        wrong(with("anyOf"), json!({})),
        [
            "<nil>: Invalid value: \"\": \"spec.p\" must validate at least one schema (anyOf)",
            "spec.p.a: Required value"
        ]
    );
    assert_eq!(
        wrong(with("allOf"), json!({"a": 1})),
        ["spec.p.b: Required value", "<nil>: Invalid value: \"\": \"spec.p\" must validate all the schemas (allOf)"]
    );
    let none = r#"<nil>: Invalid value: "": "spec.p" must validate all the schemas (allOf). None validated"#;
    assert_eq!(wrong(with("allOf"), json!({}))[2], none);
    let not = json!({"type": "integer", "not": {"minimum": 5}});
    assert_eq!(
        wrong(not.clone(), json!(5)),
        [r#"<nil>: Invalid value: "": "spec.p" must not validate the schema (not)"#]
    );
    fine(not, json!(4));
}

#[test]
fn sets_and_maps_hold_each_item_once() {
    let set = json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}});
    assert_eq!(wrong(set, json!(["a", "b", "a", "a"])), [r#"spec.p[2]: Duplicate value: "a""#]);
    let key = json!({"type": "object", "properties": {"k": {"type": "string"}, "p": {"type": "integer"}}});
    let map = |keys: Value| json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys, "items": key});
    assert_eq!(
        wrong(map(json!(["k", "p"])), json!([{"k": "a", "p": 80}, {"k": "a", "p": 81}, {"k": "a", "p": 80}])),
        [r#"spec.p[2]: Duplicate value: {"k":"a","p":80}"#]
    );
    fine(map(json!(["k"])), json!([{"k": "a"}, {"k": "b"}]));
}

#[test]
fn an_embedded_resource_is_a_resource() {
    let embedded = json!({"type": "object", "x-kubernetes-embedded-resource": true,
                          "x-kubernetes-preserve-unknown-fields": true});
    assert_eq!(
        wrong(embedded.clone(), json!({})),
        ["spec.p.apiVersion: Required value", "spec.p.kind: Required value"]
    );
    assert_eq!(
        wrong(embedded.clone(), json!({"apiVersion": "a/b/c", "kind": ""})),
        [
            r#"spec.p.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c"#,
            r#"spec.p.kind: Invalid value: "": must not be empty"#,
        ]
    );
    let named = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    fine(embedded.clone(), named("n"));
    assert_eq!(wrong(embedded, named("a/b")), [r#"spec.p.metadata.name: Invalid value: "a/b": may not contain '/'"#]);
}

#[test]
fn a_status_is_checked_alone() {
    let part = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}});
    let schema = whole(json!({"type": "object", "properties": {"spec": part, "status": part}}));
    let errors = schema.validate_status(&json!({"spec": {"n": -1}, "status": {"n": -1}}), None);
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["status.n: Invalid value: -1: n in body should be greater than or equal to 0"]);
    let errors = schema.validate_status(&json!({"status": "x"}), None);
    assert_eq!(errors[0].to_string(), r#"status: Invalid value: "string":  in body must be of type object: "string""#);
}

#[test]
fn equal_errors_are_told_once_and_many_do_not_take_long() {
    let schema = json!({"type": "array", "items": {"type": "string", "allOf": [{"minLength": 1}], "minLength": 1}});
    let mut items = vec![json!(1); 50_000];
    items[0] = json!("");
    let errors = wrong(schema, items.into());
    assert_eq!(errors.len(), 50_001, "the first item is too short, and does not satisfy allOf");
}

#[test]
fn rules_are_checked_where_types_and_sizes_are_right() {
    let rules = json!([{"rule": "self.n < 9", "message": "too large"}]);
    let spec = json!({"type": "object", "x-kubernetes-validations": rules, "properties": {"n": {"type": "integer"}}});
    let schema = compiled(spec);
    let wrong = |object: Value| {
        let mut errors = schema.validate(&object, None);
        assert_eq!(schema.validate_rules(&object, None, &mut errors), [""; 0], "no warnings");
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(wrong(json!({"spec": {"n": 8}})), [""; 0]);
    assert_eq!(wrong(json!({"spec": {"n": 9}})).len(), 1);
    let skipped = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; \
                   correct the existing errors to complete validation";
    assert_eq!(wrong(json!({"spec": {"n": "x"}}))[1], skipped);
}
