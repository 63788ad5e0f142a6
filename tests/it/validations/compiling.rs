//! Rules are checked when a definition is written.

use serde_json::{Value, json};

use super::refused;

/// A schema with one rule on a string `spec.a`.
fn with_rule(rule: Value) -> Value {
    let a = json!({"type": "string", "maxLength": 9, "x-kubernetes-validations": [rule]});
    json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"a": a}}}})
}

const AT: &str = "schema.properties[spec].properties[a].x-kubernetes-validations[0]";

#[test]
fn an_error_shows_the_rule_and_where_in_it() {
    let said = refused(with_rule(json!({"rule": "self > 1"})));
    let wanted = "Invalid value: {\"Rule\":\"self \\u003e 1\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\
                  \"FieldPath\":\"\",\"OptionalOldSelf\":null}: compilation failed: ERROR: <input>:1:6: found no \
                  matching overload for '_>_' applied to '(string, int)'\n | self > 1\n | .....^";
    assert_eq!(said, [format!("{AT}.rule: {wanted}")]);
    let said = refused(with_rule(json!({"rule": "self"})));
    assert!(said[0].ends_with("cel expression must evaluate to a bool"), "{said:?}");
    let said = refused(with_rule(json!({"rule": "true", "messageExpression": "1"})));
    assert!(said[0].starts_with(&format!("{AT}.messageExpression: ")), "{said:?}");
    assert!(said[0].ends_with("messageExpression must evaluate to a string"), "{said:?}");
}

#[test]
fn what_surrounds_the_expression_is_checked_too() {
    let cases = [
        (json!({"rule": " "}), "rule: Required value: rule is not specified"),
        (
            json!({"rule": "true", "message": " "}),
            "message: Invalid value: \" \": message must be non-empty if specified",
        ),
        (json!({"rule": "true", "message": "a\nb"}), "message: Invalid value: \"a\\nb\": must not contain line breaks"),
        (
            json!({"rule": "true ||\ntrue"}),
            "message: Required value: message must be specified if rule contains line breaks",
        ),
        (
            json!({"rule": "true", "messageExpression": " "}),
            "messageExpression: Required value: messageExpression must be non-empty if specified",
        ),
        (json!({"rule": "true", "fieldPath": ".a"}), "fieldPath: Invalid value: \".a\": must be a valid path"),
        (
            json!({"rule": "true", "optionalOldSelf": true}),
            "optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule",
        ),
    ];
    for (rule, wanted) in cases {
        assert_eq!(refused(with_rule(rule)), [format!("{AT}.{wanted}")]);
    }
}

#[test]
fn only_names_are_known_of_metadata() {
    let rule = |rule: &str| json!({"type": "object", "x-kubernetes-validations": [{"rule": rule}]});
    assert_eq!(
        refused(rule("self.metadata.name != self.metadata.generateName && self.kind != self.apiVersion")),
        [""; 0]
    );
    let said = refused(rule("self.metadata.labels.size() == 0"));
    assert!(said[0].contains("undefined field 'labels'"), "{said:?}");
}

#[test]
fn old_values_must_be_found_again() {
    let list = |kind: &str| {
        let item = json!({"type": "object", "properties": {"k": {"type": "string", "maxLength": 9}},
            "required": ["k"], "x-kubernetes-validations": [{"rule": "self.k == oldSelf.k"}]});
        let mut list = json!({"type": "array", "maxItems": 3, "items": item});
        if kind == "map" {
            list["x-kubernetes-list-type"] = "map".into();
            list["x-kubernetes-list-map-keys"] = json!(["k"]);
        }
        json!({"type": "object", "properties": {"l": list}})
    };
    assert_eq!(refused(list("map")), [""; 0]);
    let wanted = "schema.properties[l].items.x-kubernetes-validations[0].rule: Invalid value: \"self.k == oldSelf.k\": \
                  oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[l]";
    assert_eq!(refused(list("atomic")), [wanted]);
}

#[test]
fn rules_must_not_be_too_expensive() {
    let list = |most: u64| {
        json!({"type": "object", "properties": {"l": {"type": "array", "maxItems": most, "items": {"type": "integer"},
            "x-kubernetes-validations": [{"rule": "self.all(a, self.all(b, self.all(c, a + b + c >= 0)))"}]}}})
    };
    assert_eq!(refused(list(50)), [""; 0]);
    let said = refused(list(150));
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("rule: Forbidden: estimated rule cost exceeds budget by factor of 3.0x (try"), "{said:?}");
    let said = refused(list(5000));
    assert_eq!(said.len(), 3, "the rule, what it is of the whole, and the whole: {said:?}");
    assert!(said[2].starts_with("schema: Forbidden: x-kubernetes-validations estimated rule cost total"), "{said:?}");
}
