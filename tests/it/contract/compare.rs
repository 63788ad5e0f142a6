//! Grades an answer against the recorded one, and says where they differ.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::template::{at, at_mut, parts};

/// Keys that no comparison looks at, in any family.
const IGNORED_EVERYWHERE: &[&str] = &["managedFields"];

/// How many differences of a step are told.
const TOLD_DIFFERENCES: usize = 12;

/// How deep two answers agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Not even the status code is the same.
    Nothing,
    /// The status code is the same.
    Status,
    /// And the Status object's reason, kind, name and causes.
    Reason,
    /// And everything else: body, content type and warnings.
    Exact,
}

/// What of a step's answer is compared.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// Paths left out; `*` is every item.
    ignore: Vec<String>,
    /// Lists of which only some entries count: pointer, key, wanted values of the key.
    only: Vec<(String, String, Vec<Value>)>,
    /// Names of lists that a controller writes in any order.
    unordered: Vec<String>,
    /// When set, nothing but the values at these pointers counts.
    pick: Vec<String>,
}

impl Scope {
    /// How deep the normalised answers agree.
    pub fn grade(&self, want: &Value, got: &Value) -> Grade {
        if want["status"] != got["status"] {
            Grade::Nothing
        } else if reason(want) != reason(got) {
            Grade::Status
        } else if self.comparable(want) != self.comparable(got) {
            Grade::Reason
        } else {
            Grade::Exact
        }
    }

    /// The first differences between the answers, a line each.
    pub fn differences(&self, want: &Value, got: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        collect_differences(&self.comparable(want), &self.comparable(got), "", &mut lines);
        lines.truncate(TOLD_DIFFERENCES);
        lines
    }

    fn comparable(&self, answer: &Value) -> Value {
        let mut answer = answer.clone();
        for part in ["body", "frames"] {
            let Some(value) = answer.get_mut(part) else { continue };
            remove_keys(value, IGNORED_EVERYWHERE);
            for pointer in &self.ignore {
                remove(value, &parts(pointer));
            }
            for (pointer, key, wanted) in &self.only {
                keep_only(value, pointer, key, wanted);
            }
            if !self.unordered.is_empty() {
                sort_lists(value, &self.unordered, "");
            }
        }
        if self.pick.is_empty() {
            return answer;
        }
        let answered = answer.get("body").or(answer.get("frames")).unwrap_or(&Value::Null);
        Value::Object(self.pick.iter().map(|pointer| (pointer.clone(), at(answered, pointer).clone())).collect())
    }
}

/// What a Status says to a program: reason, kind, name and causes. Nothing for other bodies.
fn reason(answer: &Value) -> Option<Value> {
    let body = answer.get("body").filter(|body| body["kind"] == "Status")?;
    let details = &body["details"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let causes = details["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut causes: Vec<_> = causes.iter().map(|cause| (text(&cause["field"]), text(&cause["reason"]))).collect();
    causes.sort();
    Some(json!([body["reason"], details["kind"], details["name"], causes]))
}

fn remove_keys(value: &mut Value, keys: &[&str]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| remove_keys(item, keys)),
        Value::Object(fields) => {
            fields.retain(|name, _| !keys.contains(&name.as_str()));
            fields.values_mut().for_each(|value| remove_keys(value, keys));
        }
        _ => {}
    }
}

fn remove(value: &mut Value, path: &[String]) {
    let Some((head, rest)) = path.split_first() else { return };
    match value {
        Value::Array(items) if head == "*" => items.iter_mut().for_each(|item| remove(item, rest)),
        Value::Object(fields) if head == "*" => fields.values_mut().for_each(|value| remove(value, rest)),
        Value::Object(fields) if rest.is_empty() => drop(fields.shift_remove(head)),
        Value::Object(fields) => {
            if let Some(value) = fields.get_mut(head) {
                remove(value, rest);
            }
        }
        _ => {}
    }
}

fn keep_only(value: &mut Value, pointer: &str, key: &str, wanted: &[Value]) {
    if let Some(Value::Array(items)) = at_mut(value, pointer) {
        items.retain(|item| item.get(key).is_some_and(|value| wanted.contains(value)));
        items.sort_by_key(|item| item[key].to_string());
    }
}

/// Puts the named lists in one order; numbered uids and generated names lose their number, which followed the order.
fn sort_lists(value: &mut Value, names: &[String], name: &str) {
    static NUMBERED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"<(uid|gen)\d+>").expect("a valid pattern"));
    static SLICE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\bweb-[bcdfghjklmnpqrstvwxz2456789]{5}\b").expect("a valid pattern"));
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| sort_lists(value, names, name)),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| sort_lists(item, names, ""));
            if names.iter().any(|listed| listed == name) {
                items.sort_by_cached_key(canonical);
            }
        }
        Value::String(text) => {
            let unnumbered = NUMBERED.replace_all(text, "<$1>").into_owned();
            *text = SLICE.replace_all(&unnumbered, "<gen>").into_owned();
        }
        _ => {}
    }
}

/// A text that is the same for equal values, whatever the order of their fields.
fn canonical(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    value.to_string()
}

fn collect_differences(want: &Value, got: &Value, path: &str, lines: &mut Vec<String>) {
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => {
            for name in names(want, got) {
                let path = format!("{path}/{name}");
                match (want.get(name), got.get(name)) {
                    (Some(want), Some(got)) => collect_differences(want, got, &path, lines),
                    (Some(want), None) => lines.push(format!("{path}: missing, want {}", brief(want))),
                    (None, got) => {
                        lines.push(format!("{path}: not expected, got {}", brief(got.unwrap_or(&Value::Null))))
                    }
                }
            }
        }
        (Value::Array(want), Value::Array(got)) => {
            if want.len() != got.len() {
                lines.push(format!("{path}: {} items wanted, {} got", want.len(), got.len()));
            }
            for (index, (want, got)) in want.iter().zip(got).enumerate() {
                collect_differences(want, got, &format!("{path}/{index}"), lines);
            }
        }
        _ if want == got => {}
        _ => lines.push(format!("{path}: want {} got {}", brief(want), brief(got))),
    }
}

fn names<'a>(want: &'a Map<String, Value>, got: &'a Map<String, Value>) -> Vec<&'a String> {
    let mut names: Vec<_> = want.keys().chain(got.keys()).collect();
    names.sort();
    names.dedup();
    names
}

fn brief(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}

#[test]
fn answers_are_graded_at_three_depths() {
    let refused = |reason: &str, message: &str| {
        let body = json!({"kind": "Status", "reason": reason, "message": message, "details": {"name": "a"}});
        json!({"status": 409, "type": "application/json", "warnings": [], "body": body})
    };
    let want = refused("Conflict", "changed");
    let cases = [
        (json!({"status": 200, "type": "", "warnings": [], "body": {}}), Grade::Nothing),
        (refused("AlreadyExists", "changed"), Grade::Status),
        (refused("Conflict", "other"), Grade::Reason),
        (want.clone(), Grade::Exact),
    ];
    for (got, grade) in cases {
        assert_eq!(Scope::default().grade(&want, &got), grade, "{got}");
    }
    let told = Scope::default().differences(&want, &refused("Conflict", "other"));
    assert_eq!(told, [r#"/body/message: want "changed" got "other""#]);
}

#[test]
fn a_scope_limits_what_is_compared() {
    let answer = |body: Value| json!({"status": 200, "type": "", "warnings": [], "body": body});
    let cases = [
        (json!({"ignore": ["/items/*/a~1b"]}), json!({"items": [{"a/b": 1, "c": 2}]}), json!({"items": [{"c": 2}]})),
        (
            json!({"only": [["/items", "n", ["x", "y"]]]}),
            json!({"items": [{"n": "x"}, {"n": "y"}]}),
            json!({"items": [{"n": "z"}, {"n": "y"}, {"n": "x"}]}),
        ),
        (
            json!({"unordered": ["l"]}),
            json!({"l": [{"a": "<uid1>"}, {"a": 1, "b": 2}]}),
            json!({"l": [{"b": 2, "a": 1}, {"a": "<uid2>"}]}),
        ),
        (json!({"pick": ["/a/0"]}), json!({"a": [1], "b": 2}), json!({"a": [1, 2], "c": 3})),
        (json!({}), json!({"metadata": {"managedFields": [1]}}), json!({"metadata": {}})),
    ];
    for (scope, want, got) in cases {
        let (want, got) = (answer(want), answer(got));
        let parsed: Scope = serde_json::from_value(scope.clone()).expect("a scope");
        assert_eq!(parsed.grade(&want, &got), Grade::Exact, "{scope}");
        assert_eq!(parsed.differences(&want, &got), Vec::<String>::new(), "{scope}");
    }
}
