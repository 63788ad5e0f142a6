//! Formats are checked as the real server's registry checks them.

use kubedouble::structural::unrecognized_formats;
use serde_json::json;

use super::compiled;

fn matches(format: &str, text: &str) -> bool {
    let schema = compiled(json!({"type": "string", "format": format}));
    schema.validate(&json!({"spec": text}), None).is_empty()
}

#[test]
fn formats_take_what_the_registry_takes() {
    let taken: [(&str, &[&str]); 24] = [
        ("ipv4", &["1.2.3.4", "01.2.3.4", "::ffff:1.2.3.4"]),
        ("ipv6", &["::1", "2001:db8::1.2.3.4"]),
        ("cidr", &["10.0.0.5/8", "2001:db8::1/64", "010.0.0.0/8"]),
        ("mac", &["01:23:45:67:89:ab", "01-23-45-67-89-ab", "0123.4567.89ab"]),
        ("uuid", &["11111111-2222-3333-4444-555555555555", "11111111222233334444555555555555"]),
        ("uuid3", &["11111111-2222-3333-4444-555555555555"]),
        ("uuid4", &["11111111-2222-4333-8444-555555555555"]),
        ("uuid5", &["11111111-2222-5333-A444-555555555555"]),
        ("date", &["2024-02-29"]),
        ("date-time", &["2024-05-06T07:08:09Z", "2024-05-06t07:08:09.5z", "2024-05-06T07:08:09+01:00"]),
        ("datetime", &["2024-05-06T07:08:09Z"]),
        ("duration", &["1h30m", "1 week", "3 days", "1d", "PT1H", "-5m30s x", "0"]),
        ("byte", &["YWJj", "YWI="]),
        ("uri", &["http://example.com/a?b#c", "/path", "mailto:a@b.c", "http://[::1]:80/", "*"]),
        ("email", &["a@b.c", "A <a@b.c>", "\"x y\"@b.c"]),
        ("hostname", &["example.com", "a-b.example.co", "localhost"]),
        ("hexcolor", &["#fff", "abcdef"]),
        ("rgbcolor", &["rgb(1, 2, 255)"]),
        ("isbn", &["0321751043", "978-0321751041"]),
        ("isbn10", &["097522980X"]),
        ("creditcard", &["4111 1111 1111 1111"]),
        ("ssn", &["111-22-3333"]),
        ("k8s-short-name", &["a-b", "1"]),
        ("password", &["", "anything"]),
    ];
    for (format, texts) in taken {
        for text in texts {
            assert!(matches(format, text), "{format} {text}");
        }
    }
}

#[test]
fn formats_refuse_what_the_registry_refuses() {
    let refused: [(&str, &[&str]); 19] = [
        ("ipv4", &["1.2.3", "1.2.3.256", "::1", ""]),
        ("ipv6", &["1.2.3.4", ":::"]),
        ("cidr", &["10.0.0.0", "10.0.0.0/33", "10.0.0.0/"]),
        ("mac", &["01:23:45", "0123456789ab"]),
        ("uuid", &["11111111-2222-3333-4444-55555555555", "g1111111-2222-3333-4444-555555555555"]),
        ("uuid4", &["11111111-2222-3333-8444-555555555555"]),
        ("uuid5", &["11111111-2222-5333-c444-555555555555"]),
        ("date", &["2024-02-30", "2024-2-3", "2024-05-06T00:00:00Z"]),
        ("date-time", &["2024-05-06", "2024-05-06T25:00:00Z", "2024-05-06T07:08:09"]),
        ("duration", &["5", "", "x"]),
        ("byte", &["", "a", "=="]),
        ("uri", &["", "path", "http://a b/", "%zz", "://x"]),
        ("email", &["a", "@b.c", "a@", "a b@c.d"]),
        ("hostname", &["", "-a", "1.2.3.4", "a..b"]),
        ("hexcolor", &["#ffff", "ggg"]),
        ("isbn", &["0321751044"]),
        ("creditcard", &["4111111111111112"]),
        ("ssn", &["111223333"]),
        ("k8s-short-name", &["A", "-a", "a.b"]),
    ];
    for (format, texts) in refused {
        for text in texts {
            assert!(!matches(format, text), "{format} {text}");
        }
    }
}

#[test]
fn a_format_that_is_told_is_the_one_that_was_written() {
    let schema = compiled(json!({"type": "string", "format": "date-time"}));
    let errors = schema.validate(&json!({"spec": "x"}), None);
    assert_eq!(errors[0].to_string(), r#"spec: Invalid value: "x": spec in body must be of type date-time: "x""#);
    assert_eq!(errors[0].reason, "FieldValueTypeInvalid");
}

#[test]
fn unknown_formats_mean_nothing_and_are_told() {
    assert!(matches("ip", "x") && matches("int32", "x"));
    let schema = json!({"type": "object", "format": "object", "properties": {
        "a": {"type": "string", "format": "nonsense"}, "b": {"type": "integer", "format": "int32"},
        "c": {"type": "integer", "format": "date"}, "d": {"type": "string", "format": "datetime"}}});
    assert_eq!(unrecognized_formats(&schema), ["object", "nonsense", "date"]);
}
