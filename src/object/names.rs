//! Kubernetes' name, label and key rules. Every function returns what is wrong, in kube-apiserver's words;
//! an empty list means the value is fine.

/// Pattern of a DNS-1123 label, as messages print it.
const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
/// Pattern of a DNS-1123 label with underscores, as messages print it.
const LABEL_UNDERSCORE: &str = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
/// Pattern of the name part of a label key, as messages print it.
const KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                          start and end with an alphanumeric character";
const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                              '.', and must start and end with an alphanumeric character";
const DNS1035_RULE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
                            alphabetic character, and end with an alphanumeric character";
const UNDERSCORE_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' \
                               or '.', and must start and end with an alphanumeric character";
const HEADER_RULE: &str = "a valid HTTP header must consist of alphanumeric characters or '-'";
const WILDCARD_RULE: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which \
                             must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric \
                             character";
const KEY_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                        alphanumeric character";
const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                          and must start and end with an alphanumeric character";
const CONDITION_REASON_RULE: &str = "a condition reason must start with alphabetic character, optionally followed by a \
                                     string of alphanumeric characters or '_,:', and must end with an alphanumeric \
                                     character or '_'";
const CONFIG_KEY_RULE: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";

/// DNS-1123 label, at most 63 characters: names of namespaces, Services and ports.
pub fn dns1123_label(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 63, "characters");
    if !is_label(value) {
        if is_subdomain(value) {
            wrong.push("must not contain dots".to_owned());
        } else {
            wrong.push(pattern_error(LABEL_RULE, &["my-name", "123-abc"], LABEL));
        }
    }
    wrong
}

/// DNS-1035 label, at most 63 characters: names of versions.
pub fn dns1035_label(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 63, "characters");
    if !is_label(value) || value.starts_with(|c: char| c.is_ascii_digit()) {
        wrong.push(pattern_error(DNS1035_RULE, &["my-name", "abc-123"], "[a-z]([-a-z0-9]*[a-z0-9])?"));
    }
    wrong
}

/// DNS-1123 subdomain, at most 253 characters: the names of most objects.
pub fn dns1123_subdomain(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 253, "characters");
    if !is_subdomain(value) {
        wrong.push(pattern_error(SUBDOMAIN_RULE, &["example.com"], &subdomain_pattern()));
    }
    wrong
}

/// What may start a DNS-1123 subdomain: more may follow a trailing dash.
pub fn dns1123_subdomain_prefix(value: &str) -> Vec<String> {
    dns1123_subdomain(&masked_prefix(value))
}

/// A DNS-1123 subdomain whose labels may have underscores, as in a list of search domains.
pub fn dns1123_subdomain_with_underscore(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 253, "characters");
    let is_label = |label: &str| {
        let label = label.strip_prefix('_').unwrap_or(label).as_bytes();
        let ends = |b: Option<&u8>| b.is_some_and(|b| is_lower_alnum(*b));
        let inner = |b: &u8| is_lower_alnum(*b) || matches!(b, b'-' | b'_');
        ends(label.first()) && ends(label.last()) && label.iter().all(inner)
    };
    if !value.split('.').all(is_label) {
        let pattern = format!(r"{LABEL_UNDERSCORE}(\.{LABEL_UNDERSCORE})*");
        wrong.push(pattern_error(UNDERSCORE_RULE, &["example.com"], &pattern));
    }
    wrong
}

/// The name of an HTTP header.
pub fn http_header(value: &str) -> Vec<String> {
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Vec::new();
    }
    vec![pattern_error(HEADER_RULE, &["X-Header-Name"], "[-A-Za-z0-9]+")]
}

/// Whether a host name asks for the wildcard rule.
pub fn is_wildcard(value: &str) -> bool {
    value.contains('*')
}

/// A DNS-1123 subdomain below `*.`, as in an Ingress host.
pub fn wildcard_dns1123_subdomain(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 253, "characters");
    if !value.strip_prefix("*.").is_some_and(is_subdomain) {
        let pattern = format!(r"\*\.{}", subdomain_pattern());
        wrong.push(pattern_error(WILDCARD_RULE, &["*.example.com"], &pattern));
    }
    wrong
}

/// A label key or qualified name: `name` or `example.com/name`.
pub fn qualified_name(value: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let name = match value.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".to_owned());
            } else {
                wrong.extend(dns1123_subdomain(prefix).into_iter().map(|text| format!("prefix part {text}")));
            }
            name
        }
        _ => {
            let rule = pattern_error(&format!("a valid label key {KEY_RULE}"), KEY_EXAMPLES, KEY);
            return vec![format!("{rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")];
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    }
    wrong.extend(too_long(name, 63, "bytes").into_iter().map(|text| format!("name part {text}")));
    if !is_key(name) {
        wrong.push(pattern_error(&format!("name part {KEY_RULE}"), KEY_EXAMPLES, KEY));
    }
    wrong
}

/// A label value: empty, or at most 63 bytes of what a label key's name part may be.
pub fn label_value(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 63, "bytes");
    if !value.is_empty() && !is_key(value) {
        wrong.push(pattern_error(VALUE_RULE, &["MyValue", "my_value", "12345"], &format!("({KEY})?")));
    }
    wrong
}

/// The reason of a condition: one word in camel case, mostly.
pub fn condition_reason(value: &str) -> Vec<String> {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b',' | b':');
    let ends = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let bytes = value.as_bytes();
    let fits = match bytes {
        [] => false,
        [only] => only.is_ascii_alphabetic(),
        [first, middle @ .., last] => first.is_ascii_alphabetic() && middle.iter().all(|b| inner(*b)) && ends(*last),
    };
    if fits {
        return Vec::new();
    }
    let examples = ["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"];
    vec![pattern_error(CONDITION_REASON_RULE, &examples, "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")]
}

/// A port name (IANA service name), as in a string `targetPort`.
pub fn port_name(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 15, "characters");
    if value.is_empty() || !value.bytes().all(|b| is_lower_alnum(b) || b == b'-') {
        wrong.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !value.bytes().any(|b| b.is_ascii_lowercase()) {
        wrong.push("must contain at least one letter (a-z)".to_owned());
    }
    if value.contains("--") {
        wrong.push("must not contain consecutive hyphens".to_owned());
    }
    if value.starts_with('-') || value.ends_with('-') {
        wrong.push("must not begin or end with a hyphen".to_owned());
    }
    wrong
}

/// What may stand in a URL as a name.
pub fn path_segment(value: &str) -> Vec<String> {
    if value == "." || value == ".." {
        return vec![format!("may not be '{value}'")];
    }
    path_segment_prefix(value)
}

/// What may start a path segment: the rule for a `generateName` of such a name.
pub fn path_segment_prefix(value: &str) -> Vec<String> {
    ['/', '%'].iter().filter(|c| value.contains(**c)).map(|c| format!("may not contain '{c}'")).collect()
}

/// A key of a ConfigMap's or Secret's data.
pub fn config_key(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 253, "characters");
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        wrong.push(pattern_error(CONFIG_KEY_RULE, &["key.name", "KEY_NAME", "key-name"], "[-._a-zA-Z0-9]+"));
    }
    match value {
        "." | ".." => wrong.push(format!("must not be '{value}'")),
        _ if value.starts_with("..") => wrong.push("must not start with '..'".to_owned()),
        _ => {}
    }
    wrong
}

/// What of a `generateName` is checked: a trailing dash is fine, since more will follow it.
pub fn masked_prefix(value: &str) -> String {
    let bytes = value.len();
    match value.get(..bytes.saturating_sub(2)) {
        Some(start) if bytes > 1 && value.ends_with('-') => format!("{start}a"),
        _ => value.to_owned(),
    }
}

const KEY_EXAMPLES: &[&str] = &["MyName", "my.name", "123-abc"];

fn too_long(value: &str, max: usize, unit: &str) -> Vec<String> {
    if value.len() > max { vec![format!("must be no more than {max} {unit}")] } else { Vec::new() }
}

fn pattern_error(rule: &str, examples: &[&str], pattern: &str) -> String {
    let quoted: Vec<_> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{rule} (e.g. {}regex used for validation is '{pattern}')", quoted.join(" or "))
}

fn subdomain_pattern() -> String {
    format!(r"{LABEL}(\.{LABEL})*")
}

fn is_subdomain(value: &str) -> bool {
    value.split('.').all(is_label)
}

fn is_label(value: &str) -> bool {
    let ends = |b: Option<&u8>| b.is_some_and(|b| is_lower_alnum(*b));
    let bytes = value.as_bytes();
    ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(|b| is_lower_alnum(*b) || *b == b'-')
}

fn is_key(value: &str) -> bool {
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = value.as_bytes();
    let inner = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(inner)
}

fn is_lower_alnum(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}
