//! What is wrong with values, in the words of the real server.

use serde_json::{Value, json};

use super::compiled;

/// What is wrong with a value of `spec.p`.
fn wrong(schema: Value, value: Value) -> Vec<String> {
    let schema = compiled(json!({"type": "object", "properties": {"p": schema}}));
    let errors = schema.validate(&json!({"spec": {"p": value}}), None);
    errors.iter().map(ToString::to_string).collect()
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
    assert_eq!(wrong(json!({"type": "integer"}), json!(1.0)), [""; 0]);
    assert_eq!(
        wrong(json!({"x-kubernetes-int-or-string": true}), json!(true)),
        [r#"spec.p: Invalid value: "boolean": spec.p in body must be of type integer,string: "boolean""#]
    );
}
