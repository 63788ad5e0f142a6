//! Formats that have names: `format.dns1123Label().validate(text)`.

use super::{Library, Row, regex, time, url};
use crate::cel::error::Error;
use crate::cel::value::Value;
use crate::object::names;

type Outcome<'a> = Result<Value<'a>, Error>;

/// A format. The length of its regular expression is what checking it costs.
#[derive(Debug)]
pub struct Format {
    pub name: &'static str,
    pub pattern_length: u64,
    validate: fn(&str) -> Vec<String>,
}

const UUID: &str = "^(?i)[0-9A-F]{8}-?[0-9A-F]{4}-?[0-9A-F]{4}-?[0-9A-F]{4}-?[0-9A-F]{12}$";
const LABEL_1035: &str = "^[a-z]([-a-z0-9]*[a-z0-9])?$";

static FORMATS: [Format; 13] = [
    Format { name: "dns1123Label", pattern_length: 30, validate: names::dns1123_label },
    Format { name: "dns1123Subdomain", pattern_length: 60, validate: names::dns1123_subdomain },
    Format { name: "dns1035Label", pattern_length: 30, validate: dns1035_label },
    Format { name: "qualifiedName", pattern_length: 60, validate: names::qualified_name },
    Format { name: "dns1123LabelPrefix", pattern_length: 30, validate: |text| prefix(text, names::dns1123_label) },
    Format {
        name: "dns1123SubdomainPrefix",
        pattern_length: 60,
        validate: |text| prefix(text, names::dns1123_subdomain),
    },
    Format { name: "dns1035LabelPrefix", pattern_length: 30, validate: |text| prefix(text, dns1035_label) },
    Format { name: "labelValue", pattern_length: 40, validate: names::label_value },
    Format { name: "uri", pattern_length: 0, validate: uri },
    Format {
        name: "uuid",
        pattern_length: 64,
        validate: |text| unless(is_uuid(text), "does not match the UUID format"),
    },
    Format { name: "byte", pattern_length: 64, validate: |text| unless(is_base64(text), "invalid base64") },
    Format {
        name: "date",
        pattern_length: 0,
        validate: |text| unless(time::start_of_day(text).is_some(), "invalid date"),
    },
    Format { name: "datetime", pattern_length: 0, validate: |text| unless(is_datetime(text), "invalid datetime") },
];

pub const FUNCTIONS: &[Row] = &[
    (&["format.named(string) optional(format)"], |args| match args {
        [Value::String(name)] => Ok(match find(name) {
            Some(format) => Value::some(Value::Library(Library::Format(format))),
            None => Value::Optional(None),
        }),
        _ => Err(Error::no_such_overload()),
    }),
    (&["(format).validate(string) optional(list(string))"], |args| match args {
        [Value::Library(Library::Format(format)), Value::String(text)] => {
            let errors = (format.validate)(text);
            Ok(match errors.is_empty() {
                true => Value::Optional(None),
                false => Value::some(Value::list(errors.into_iter().map(Value::string).collect())),
            })
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["format.dns1123Label() format"], |_| named("dns1123Label")),
    (&["format.dns1123Subdomain() format"], |_| named("dns1123Subdomain")),
    (&["format.dns1035Label() format"], |_| named("dns1035Label")),
    (&["format.qualifiedName() format"], |_| named("qualifiedName")),
    (&["format.dns1123LabelPrefix() format"], |_| named("dns1123LabelPrefix")),
    (&["format.dns1123SubdomainPrefix() format"], |_| named("dns1123SubdomainPrefix")),
    (&["format.dns1035LabelPrefix() format"], |_| named("dns1035LabelPrefix")),
    (&["format.labelValue() format"], |_| named("labelValue")),
    (&["format.uri() format"], |_| named("uri")),
    (&["format.uuid() format"], |_| named("uuid")),
    (&["format.byte() format"], |_| named("byte")),
    (&["format.date() format"], |_| named("date")),
    (&["format.datetime() format"], |_| named("datetime")),
];

fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

fn named<'a>(name: &str) -> Outcome<'a> {
    find(name).map(|format| Value::Library(Library::Format(format))).ok_or_else(Error::no_such_overload)
}

fn unless(holds: bool, error: &str) -> Vec<String> {
    if holds { Vec::new() } else { vec![error.to_owned()] }
}

/// The start of a name, to which something is added: it may end with a dash.
fn prefix(text: &str, validate: fn(&str) -> Vec<String>) -> Vec<String> {
    match text.strip_suffix('-') {
        Some(start) if !start.is_empty() => validate(&format!("{start}a")),
        _ => validate(text),
    }
}

fn dns1035_label(text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if text.len() > 63 {
        errors.push("must be no more than 63 bytes".to_owned());
    }
    if !regex::compile(LABEL_1035).is_ok_and(|regex| regex.is_match(text)) {
        errors.push(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
             character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is \
             '[a-z]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    errors
}

fn uri(text: &str) -> Vec<String> {
    match url::Url::parse(text) {
        Ok(_) => Vec::new(),
        Err(why) => vec![format!("parse {}: {why}", crate::text::go_quote(text))],
    }
}

fn is_uuid(text: &str) -> bool {
    regex::compile(UUID).is_ok_and(|regex| regex.is_match(text))
}

fn is_base64(text: &str) -> bool {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.decode(text).is_ok()
}

fn is_datetime(text: &str) -> bool {
    time::lenient_timestamp(text).is_some()
}
