//! `Format`: what `format` says about strings and numbers, by the rules of the real server's registry of formats.

mod address;
mod number;
mod time;
mod uri;

use std::sync::LazyLock;

use regex::Regex;

use super::node::Types;

/// A format that means something to the server.
#[derive(Clone, Debug)]
pub struct Format {
    name: Box<str>,
    /// How a string is checked; `None` for the formats of numbers.
    check: Option<Check>,
}

type Check = fn(&str) -> bool;

impl Format {
    /// The format of this name, if it is known for values of these types. Others mean nothing.
    pub fn known(name: &str, types: &Types) -> Option<Self> {
        let check = match types {
            Types::One("integer") if ["int32", "int64"].contains(&name) => None,
            Types::One("number") if ["float", "double"].contains(&name) => None,
            Types::Any | Types::IntOrString | Types::One("string") => {
                let bare = name.replace('-', "");
                Some(CHECKS.iter().find(|(known, _)| *known == bare)?.1)
            }
            Types::One(_) => return None,
        };
        Some(Self { name: name.into(), check })
    }

    /// The name, as the schema writes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is one of strings.
    pub fn is_for_strings(&self) -> bool {
        self.check.is_some()
    }

    /// Whether a string has the format.
    pub fn matches(&self, text: &str) -> bool {
        self.check.is_none_or(|check| check(text))
    }
}

/// The formats of strings, by their names without dashes.
const CHECKS: [(&str, Check); 26] = [
    ("bsonobjectid", |text| text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit())),
    ("uri", uri::is_request_uri),
    ("email", address::is_email),
    ("hostname", address::is_hostname),
    ("ipv4", address::is_ipv4),
    ("ipv6", address::is_ipv6),
    ("cidr", address::is_cidr),
    ("mac", address::is_mac),
    ("uuid", |text| UUID.is_match(text)),
    ("uuid3", |text| UUID.is_match(text) && is_version(text, '3')),
    ("uuid4", |text| UUID.is_match(text) && is_version(text, '4') && is_standard_variant(text)),
    ("uuid5", |text| UUID.is_match(text) && is_version(text, '5') && is_standard_variant(text)),
    ("isbn", |text| number::is_isbn10(text) || number::is_isbn13(text)),
    ("isbn10", number::is_isbn10),
    ("isbn13", number::is_isbn13),
    ("creditcard", number::is_credit_card),
    ("ssn", |text| text.len() == 11 && SSN.is_match(text)),
    ("hexcolor", is_hex_color),
    ("rgbcolor", |text| RGB_COLOR.is_match(text)),
    ("byte", |text| BASE64.is_match(text)),
    ("password", |_| true),
    ("date", time::is_date),
    ("duration", time::is_duration),
    ("datetime", time::is_date_time),
    ("k8sshortname", |text| text.len() <= 63 && is_short_name(text)),
    ("k8slongname", |text| text.len() <= 253 && text.split('.').all(is_short_name)),
];

static UUID: Pattern =
    Pattern::new(|| compile("(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"));
static SSN: Pattern = Pattern::new(|| compile("^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$"));
static BASE64: Pattern =
    Pattern::new(|| compile("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$"));
static RGB_COLOR: Pattern = Pattern::new(|| {
    let part = r"[\t\n\f\r ]*(?:0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])[\t\n\f\r ]*";
    compile(&format!(r"^rgb\({part},{part},{part}\)$"))
});

type Pattern = LazyLock<Regex>;

/// Compiles a pattern of ours.
fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

/// The 13th digit of a UUID is its version.
fn is_version(uuid: &str, version: char) -> bool {
    digit(uuid, 12) == Some(version)
}

/// The 17th digit of a UUID says how it is laid out.
fn is_standard_variant(uuid: &str) -> bool {
    digit(uuid, 16).is_some_and(|digit| "89abAB".contains(digit))
}

fn digit(uuid: &str, place: usize) -> Option<char> {
    uuid.chars().filter(|c| *c != '-').nth(place)
}

fn is_hex_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    [3, 6].contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_short_name(text: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}
