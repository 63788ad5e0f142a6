//! What steps say about values: `${name}` in what is sent, and pointers into what is answered.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// The values a case has captured so far, by name.
pub type Env = Map<String, Value>;

static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$\{(\w+)\}").expect("a valid pattern"));

/// Replaces `${name}` in a string; unknown names stay as they are.
pub fn fill_text(text: &str, env: &Env) -> String {
    let value = |found: &Captures| env.get(&found[1]).map_or_else(|| found[0].to_string(), plain);
    NAME.replace_all(text, value).into_owned()
}

/// Replaces `${name}` in every string of a value; a string that is only `${name}` becomes the captured value itself.
pub fn fill(value: &Value, env: &Env) -> Value {
    match value {
        Value::String(text) => {
            let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
            let whole = name.and_then(|name| env.get(name)).cloned();
            whole.unwrap_or_else(|| fill_text(text, env).into())
        }
        Value::Array(items) => items.iter().map(|item| fill(item, env)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (fill_text(name, env), fill(value, env))).collect(),
        other => other.clone(),
    }
}

/// A value as it reads inside a text.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToString::to_string)
}

/// The value at a JSON pointer, null where there is none; a negative index counts from the end of a list.
pub fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    parts(pointer).iter().try_fold(value, |value, part| child(value, part)).unwrap_or(&Value::Null)
}

/// The value at a JSON pointer, to be changed.
pub fn at_mut<'a>(value: &'a mut Value, pointer: &str) -> Option<&'a mut Value> {
    let mut found = value;
    for part in parts(pointer) {
        found = match found {
            Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?)?,
            Value::Object(fields) => fields.get_mut(&part)?,
            _ => return None,
        };
    }
    Some(found)
}

/// The names in a JSON pointer; empty ones don't count.
pub fn parts(pointer: &str) -> Vec<String> {
    let names = pointer.split('/').filter(|part| !part.is_empty());
    names.map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

fn child<'a>(value: &'a Value, part: &str) -> Option<&'a Value> {
    match value {
        Value::Array(items) => {
            let index = part.parse::<isize>().ok()?;
            items.get(if index < 0 { items.len().checked_add_signed(index)? } else { index as usize })
        }
        Value::Object(fields) => fields.get(part),
        _ => None,
    }
}

#[test]
fn a_lone_name_keeps_the_type_of_its_value() {
    let env = Env::from_iter([("n".to_string(), 7.into()), ("ns".to_string(), "a".into())]);
    let sent = serde_json::json!({"${ns}-x": ["${n}", "${n} of ${ns}", "${other}", 1, null]});
    assert_eq!(fill(&sent, &env), serde_json::json!({"a-x": [7, "7 of a", "${other}", 1, null]}));
}

#[test]
fn pointers_reach_into_lists_and_escaped_names() {
    let value = serde_json::json!({"a/b": [1, {"c~d": 2}]});
    for (pointer, want) in [("/a~1b/0", 1), ("/a~1b/-1/c~0d", 2)] {
        assert_eq!(at(&value, pointer), want, "{pointer}");
    }
    for pointer in ["/a", "/a~1b/2", "/a~1b/-3", "/a~1b/x", "/a~1b/0/0"] {
        assert_eq!(at(&value, pointer), &Value::Null, "{pointer}");
    }
}
