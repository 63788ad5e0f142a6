//! cel-spec's conformance cases, read from its published Go module where that can be had. Cases about protobuf messages
//! and containers, which Kubernetes does not have, are left out and counted.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use kubedouble::cel::{Budget, Declared, Environment, Key, Map, PER_CALL_LIMIT, Program, Value};

use super::textproto::{Message, parse};

const MODULE: &str = "cel.dev/expr@v0.26.0";

/// The files about what Kubernetes has.
const FILES: [&str; 14] = [
    "basic",
    "comparisons",
    "conversions",
    "fields",
    "fp_math",
    "integer_math",
    "lists",
    "logic",
    "macros",
    "macros2",
    "parse",
    "plumbing",
    "string",
    "timestamps",
];

/// Cases that are not passed, and why.
const KNOWN: &[(&str, &str)] = &[
    ("fields/quoted_map_fields/field_access_slash", BACKQUOTES),
    ("fields/quoted_map_fields/field_access_dash", BACKQUOTES),
    ("fields/quoted_map_fields/field_access_dot", BACKQUOTES),
    ("fields/quoted_map_fields/has_field_slash", BACKQUOTES),
    ("fields/quoted_map_fields/has_field_dash", BACKQUOTES),
    ("fields/quoted_map_fields/has_field_dot", BACKQUOTES),
    ("timestamps/duration_conversions/toString_duration_max", LONG_DURATIONS),
    ("timestamps/duration_conversions/toString_duration_min", LONG_DURATIONS),
    ("timestamps/timestamp_arithmetic/add_max_duration_to_min_time", LONG_DURATIONS),
    ("timestamps/timestamp_arithmetic/subtract_max_duration_from_max_time", LONG_DURATIONS),
    ("timestamps/timestamp_arithmetic/add_duration_to_duration_max", LONG_DURATIONS),
    ("timestamps/timestamp_arithmetic/subtract_duration_from_duration_min", LONG_DURATIONS),
];

const BACKQUOTES: &str = "Kubernetes does not enable names in backquotes";
const LONG_DURATIONS: &str = "durations are nanoseconds in 64 bits, as in Go";

#[test]
fn conformance_cases_pass() {
    let Some(folder) = module() else {
        println!("NOT TRIED: there is no Go, or it cannot get {MODULE}");
        return;
    };
    let mut count = BTreeMap::from([("passed", 0), ("left out", 0), ("known", 0)]);
    let mut wrong = Vec::new();
    for file in FILES {
        let path = folder.join(format!("tests/simple/testdata/{file}.textproto"));
        let text = std::fs::read_to_string(&path).expect("the module has the file");
        let whole = parse(&text);
        for section in whole.messages("section") {
            for test in section.messages("test") {
                let name = format!("{file}/{}/{}", section.text("name"), test.text("name"));
                let outcome = try_case(test);
                let is_known = KNOWN.iter().any(|(known, _)| *known == name);
                let what = match outcome {
                    None => "left out",
                    Some(Ok(())) if is_known => {
                        wrong.push(format!("{name} passes; it need not be known any more"));
                        "passed"
                    }
                    Some(Ok(())) => "passed",
                    Some(Err(_)) if is_known => "known",
                    Some(Err(why)) => {
                        wrong.push(format!("{name}: {}\n    {why}", test.text("expr")));
                        continue;
                    }
                };
                *count.entry(what).or_default() += 1;
            }
        }
    }
    println!("conformance: {count:?}");
    assert!(wrong.is_empty(), "{count:?}, and {} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count["passed"] > 500, "{count:?}");
}

/// The folder of the module, downloaded if need be.
fn module() -> Option<PathBuf> {
    let folder = tempfile::tempdir().ok()?;
    let output =
        Command::new("go").args(["mod", "download", "-json", MODULE]).current_dir(folder.path()).output().ok()?;
    let about: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    about["Dir"].as_str().map(PathBuf::from)
}

/// Runs a case; `None` if it is about something that Kubernetes does not have.
fn try_case(test: &Message) -> Option<Result<(), String>> {
    let expression = test.text("expr");
    let is_about_protobuf = ["TestAllTypes", "google.protobuf.", "cel.expr", "proto2", "proto3"];
    let whole = format!("{test:?}");
    if is_about_protobuf.iter().any(|word| whole.contains(word) && !whole.contains("protobuf.Timestamp"))
        || !test.text("container").is_empty()
        || test.text("disable_check") == "true"
        || whole.contains("object_value")
        || whole.contains("unknown")
    {
        return None;
    }
    let mut environment = Environment::new();
    for declared in test.messages("type_env") {
        if declared.messages("function").next().is_some() {
            return None;
        }
        environment = environment.with(declared.text("name"), Declared::dynamic());
    }
    let mut values = std::collections::HashMap::new();
    for binding in test.messages("bindings") {
        let name = binding.text("key");
        environment = environment.with(name, Declared::dynamic());
        values.insert(name.to_owned(), value_of(binding.message("value")?.message("value")?)?);
    }
    let wants_error = test.message("eval_error").is_some() || test.message("any_eval_errors").is_some();
    let program = match Program::compile(expression, &environment) {
        Ok(program) => program,
        Err(_) if wants_error => return Some(Ok(())),
        // Kubernetes wants the elements of a literal to have one type.
        Err(problems) if problems.problems.iter().all(|one| one.message.starts_with("expected type")) => return None,
        Err(problems) => return Some(Err(problems.to_string())),
    };
    if test.text("check_only") == "true" {
        return Some(Ok(()));
    }
    let outcome = program.evaluate(&values, &mut Budget::new(PER_CALL_LIMIT));
    Some(match (outcome, test.message("value")) {
        (Err(_), _) if wants_error => Ok(()),
        (Err(error), _) => Err(error.to_string()),
        (Ok(value), _) if wants_error => Err(format!("{value:?}")),
        (Ok(value), wanted) => {
            let wanted = match wanted {
                Some(wanted) => value_of(wanted)?,
                None => Value::Bool(true),
            };
            if is_same(&value, &wanted) { Ok(()) } else { Err(format!("{value:?} instead of {wanted:?}")) }
        }
    })
}

/// Equal and of the same type; NaN is NaN here.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => a == b || a.is_nan() && b.is_nan(),
        (Value::List(a), Value::List(b)) => {
            let (a, b) = (a.items().expect("items"), b.items().expect("items"));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| is_same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let (a, b) = (a.entries().expect("entries"), b.entries().expect("entries"));
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.iter().any(|(k, v)| is_same(key, k) && is_same(value, v)))
        }
        _ => format!("{a:?}").replace("Borrowed", "Owned") == format!("{b:?}").replace("Borrowed", "Owned"),
    }
}

fn value_of(message: &Message) -> Option<Value<'static>> {
    let (name, text) = message.only()?;
    Some(match name {
        "bool_value" => Value::Bool(text?.as_str() == "true"),
        "int64_value" => Value::Int(text?.parse().ok()?),
        "uint64_value" => Value::Uint(text?.parse().ok()?),
        "double_value" => Value::Double(match text?.as_str() {
            "inf" | "infinity" => f64::INFINITY,
            "-inf" | "-infinity" => f64::NEG_INFINITY,
            other => other.parse().ok()?,
        }),
        "string_value" => Value::string(text?.clone()),
        "bytes_value" => Value::Bytes(Arc::from(message.bytes(name)?)),
        "null_value" => Value::Null,
        "type_value" => return None,
        "list_value" => {
            let items = message.message(name)?.messages("values").map(value_of);
            Value::list(items.collect::<Option<Vec<_>>>()?)
        }
        "map_value" => {
            let mut entries = BTreeMap::new();
            for entry in message.message(name)?.messages("entries") {
                let (key, value) = (value_of(entry.message("key")?)?, value_of(entry.message("value")?)?);
                entries.insert(Key::of(&key)?, (key, value));
            }
            Value::Map(Map::Made(Arc::new(entries)))
        }
        _ => return None,
    })
}
