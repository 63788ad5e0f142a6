//! CEL: expressions, their values and errors, in the words of cel-go and Kubernetes.

mod checking;
mod conformance;
mod costs;
mod evaluation;
mod libraries;
mod parsing;
mod random;
mod textproto;

use std::sync::Arc;

use kubedouble::cel::{Budget, Declared, Environment, Ordering, PER_CALL_LIMIT, Program, Shape, Value};
use serde_json::{Value as Json, json};

/// Declares what a small OpenAPI schema describes.
fn declared(schema: &Json) -> Arc<Declared> {
    let limit = |name: &str| schema[name].as_u64();
    let of = |shape: Shape| Declared::of(shape);
    Arc::new(match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), Some("date-time")) => of(Shape::Timestamp).with_max_size(32),
        (Some("string"), Some("date")) => of(Shape::Date).with_max_size(12),
        (Some("string"), Some("duration")) => of(Shape::Duration).with_max_size(32),
        (Some("string"), Some("byte")) => of(Shape::Bytes),
        (Some("string"), _) => Declared::string(limit("maxLength")),
        (Some("integer"), _) => of(Shape::Int),
        (Some("number"), _) => of(Shape::Double),
        (Some("boolean"), _) => of(Shape::Bool),
        (Some("array"), _) => {
            let order = match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => Ordering::Set,
                Some("map") => {
                    let keys = schema["x-kubernetes-list-map-keys"].as_array().cloned().unwrap_or_default();
                    Ordering::ByKeys(keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect())
                }
                _ => Ordering::Atomic,
            };
            Declared::list(declared(&schema["items"]), order, limit("maxItems"))
        }
        (Some("object"), _) if schema["additionalProperties"].is_object() => {
            Declared::map(declared(&schema["additionalProperties"]), limit("maxProperties"))
        }
        (Some("object"), _) => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            let fields = properties.iter().map(|(name, of)| (name.clone(), declared(of))).collect();
            Declared::object("object", fields, &[])
        }
        _ => of(Shape::Dyn),
    })
}

/// An environment with `self` of that schema, and `oldSelf` too.
fn environment(schema: &Json) -> Environment {
    let of = Arc::new(declared(schema).named("selfType"));
    Environment::new().with("self", of.clone()).with("oldSelf", of)
}

/// What an expression about `self` returns, as text: JSON, or `ERROR: ` and the message.
fn run_on(schema: &Json, object: &Json, expression: &str) -> String {
    let environment = environment(schema);
    let program = match Program::compile(expression, &environment) {
        Ok(program) => program,
        Err(problems) => return problems.to_string(),
    };
    let of = environment.variables["self"].clone();
    let mut budget = Budget::new(PER_CALL_LIMIT);
    let value = match Value::json(object, &of) {
        Ok(value) => program.evaluate(&[("self", value)], &mut budget),
        Err(error) => return format!("ERROR: {error}"),
    };
    shown(value)
}

fn shown(value: Result<Value<'_>, kubedouble::cel::Error>) -> String {
    match value {
        Ok(Value::Optional(None)) => "none".to_owned(),
        Ok(value) => match value.to_json() {
            Some(json) => json.to_string(),
            None => value.to_text().unwrap_or_else(|| format!("{value:?}")),
        },
        Err(error) => format!("ERROR: {error}"),
    }
}

/// What an expression without variables returns.
fn run(expression: &str) -> String {
    run_on(&json!({}), &Json::Null, expression)
}

/// Checks each expression on a line, and what follows `=>` there: its result. Says everything that is wrong at once.
fn expect(table: &str) {
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (expression, expected) = line.split_once(" => ").expect("a line has an expression and its result");
        let got = run(expression.trim());
        if got != expected.trim() {
            wrong.push(format!("{expression}\n  wanted {expected}\n  got    {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Checks that each expression on a line is true.
fn expect_true(table: &str) {
    let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    let wrong: Vec<String> = lines
        .map(|line| (line, run(line)))
        .filter(|(_, got)| got != "true")
        .map(|(line, got)| format!("{line}\n  {got}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
