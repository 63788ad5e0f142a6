//! Replaces what differs from run to run (uids, times, revisions, allocated addresses and ports) by placeholders.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// Numbered placeholders in order of first sight, one numbering per case.
pub struct Normal {
    /// Everything the case sends, as text: what a case asks for is not volatile.
    sent: String,
    seen: Seen,
    /// One pattern for each `generateName` the case sends, the longest first.
    generated: Vec<Regex>,
}

type Seen = HashMap<&'static str, HashMap<String, String>>;

const NAME_SUFFIX: &str = "[bcdfghjklmnpqrstvwxz2456789]{5}";

/// The ends of the node port range, named by messages.
const PORT_RANGE: [&str; 2] = ["30000", "32767"];

static UID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"));
static REVISION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(resourceVersion\\*": ?\\*"|in record \(|current: |resource version: [0-9]+ \()[0-9]+"#)
});
static TIME: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"));
static WHOLE_TIME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"));
static AGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\d+[smhd])+$"));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b10\.96\.\d+\.\d+\b|\bfd00:10:96::[0-9a-f:]*"));
static PORT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b3(?:[01]\d{3}|2[0-7]\d\d)\b"));

impl Normal {
    /// Placeholders for the answers to these steps.
    pub fn new(steps: &Value) -> Normal {
        let mut prefixes = Vec::from_iter(generate_names(steps));
        prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        let generated = prefixes.iter().map(|prefix| pattern(&format!(r"{}{NAME_SUFFIX}\b", regex::escape(prefix))));
        Normal { sent: steps.to_string(), seen: Seen::new(), generated: generated.collect() }
    }

    /// An answer with placeholders.
    pub fn answer(&mut self, answer: &Value) -> Value {
        let fields = answer.as_object().expect("an answer is an object");
        let normal = fields.iter().map(|(name, value)| {
            let value = match (name.as_str(), value) {
                ("type", Value::String(text)) => text.replace(' ', "").into(),
                ("warnings", Value::Array(warnings)) => {
                    warnings.iter().map(|warning| self.text(warning.as_str().unwrap_or_default())).collect()
                }
                ("text", Value::String(text)) => self.text(text).into(),
                ("body" | "frames", value) => self.value(value, ""),
                (_, value) => value.clone(),
            };
            (name.clone(), value)
        });
        Value::Object(normal.collect())
    }

    fn value(&mut self, value: &Value, key: &str) -> Value {
        match value {
            Value::Object(fields) => {
                let normal: Map<_, _> = fields.iter().map(|(name, value)| self.field(name, value)).collect();
                normal.into()
            }
            Value::Array(items) => items.iter().map(|item| self.value(item, key)).collect(),
            Value::String(text) if WHOLE_TIME.is_match(text) => "<time>".into(),
            Value::String(text) if key == "age" || AGE.is_match(text) => "<age>".into(),
            Value::String(text) => self.text(text).into(),
            Value::Number(number) => match number.as_i64() {
                Some(port) if 30000 < port && port < 32767 && !self.sent.contains(&port.to_string()) => {
                    tag(&mut self.seen, "port", &port.to_string()).into()
                }
                _ => value.clone(),
            },
            other => other.clone(),
        }
    }

    fn field(&mut self, name: &str, value: &Value) -> (String, Value) {
        let placeholder = match (name, value) {
            ("resourceVersion", Value::String(revision))
                if revision != "0" && !revision.is_empty() && revision.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                Some("<rv>")
            }
            ("continue", Value::String(token)) if !token.is_empty() => Some("<continue>"),
            ("time", Value::String(_)) => Some("<time>"),
            _ => None,
        };
        match placeholder {
            Some(placeholder) => (name.to_string(), placeholder.into()),
            None => (self.text(name), self.value(value, name)),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let Normal { sent, seen, generated } = self;
        let text = UID.replace_all(text, |found: &Captures| tag(seen, "uid", &found[0]));
        let text = REVISION.replace_all(&text, "${1}<rv>");
        let asked = |found: &str| sent.contains(found);
        let mut text = TIME
            .replace_all(
                &text,
                |found: &Captures| if asked(&found[0]) { found[0].into() } else { "<time>".to_string() },
            )
            .into_owned();
        for name in generated {
            text = name.replace_all(&text, |found: &Captures| tag(seen, "gen", &found[0])).into_owned();
        }
        for (kind, pattern) in [("ip", &ADDRESS), ("port", &PORT)] {
            let allocated = |found: &Captures| match &found[0] {
                value if asked(value) || PORT_RANGE.contains(&value) => value.to_string(),
                value => tag(seen, kind, value),
            };
            text = pattern.replace_all(&text, allocated).into_owned();
        }
        text
    }
}

/// Every prefix that the steps ask a name to be generated from.
pub fn generate_names(steps: &Value) -> BTreeSet<String> {
    let mut prefixes = BTreeSet::new();
    collect_generate_names(steps, &mut prefixes);
    prefixes
}

fn tag(seen: &mut Seen, kind: &'static str, value: &str) -> String {
    let group = seen.entry(kind).or_default();
    let next = format!("<{kind}{}>", group.len() + 1);
    group.entry(value.to_string()).or_insert(next).clone()
}

fn collect_generate_names(value: &Value, prefixes: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_generate_names(item, prefixes)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(prefix) if name == "generateName" && !prefix.is_empty() => {
                        prefixes.insert(prefix.clone());
                    }
                    value => collect_generate_names(value, prefixes),
                }
            }
        }
        _ => {}
    }
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

#[test]
fn volatile_values_become_placeholders() {
    use serde_json::json;
    let sent = json!([{"body": {"metadata": {"generateName": "web-"}, "spec": {"clusterIP": "10.96.7.7", "nodePort": 30070}}}]);
    let uid = "0fedcba9-1234-4abc-8def-0123456789ab";
    let cases = [
        (json!({"uid": uid, "ownerUID": uid}), json!({"uid": "<uid1>", "ownerUID": "<uid1>"})),
        (
            json!({"resourceVersion": "12", "continue": "abc", "time": "x"}),
            json!({"resourceVersion": "<rv>", "continue": "<continue>", "time": "<time>"}),
        ),
        (json!({"resourceVersion": "0", "continue": ""}), json!({"resourceVersion": "0", "continue": ""})),
        (json!(["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000006Z", "5m3s"]), json!(["<time>", "<time>", "<age>"])),
        (json!({"name": "web-b2c4d"}), json!({"name": "<gen1>"})),
        (json!({"name": "other-b2c4d"}), json!({"name": "other-b2c4d"})),
        (
            json!(["10.96.7.7", "10.96.1.2", "fd00:10:96::1a", "10.97.0.1"]),
            json!(["10.96.7.7", "<ip1>", "<ip2>", "10.97.0.1"]),
        ),
        (
            json!([30070, 30071, 80, 30000, "port 30071, 30070 or 32767"]),
            json!([30070, "<port1>", 80, 30000, "port <port1>, 30070 or 32767"]),
        ),
        (
            json!({"message": "Precondition failed: UID in record (5), current: 7"}),
            json!({"message": "Precondition failed: UID in record (<rv>), current: <rv>"}),
        ),
    ];
    for (answered, want) in cases {
        let answer =
            json!({"status": 200, "type": "application/json; charset=utf-8", "warnings": [], "body": answered});
        let got = Normal::new(&sent).answer(&answer);
        assert_eq!(got, json!({"status": 200, "type": "application/json;charset=utf-8", "warnings": [], "body": want}));
    }
}
