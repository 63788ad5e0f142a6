//! Names, label keys and values, port names.

use kubedouble::object::names;
use proptest::prelude::*;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                     and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                         must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation \
                         is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                         alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                         '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
                     start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used \
                     for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// Each value is refused for exactly these reasons.
fn check(rule: fn(&str) -> Vec<String>, cases: &[(&str, &[&str])]) {
    for (value, wrong) in cases {
        assert_eq!(rule(value), *wrong, "{value:?}");
    }
}

#[test]
fn a_label_is_lower_case_letters_digits_and_inner_dashes() {
    let long = "a".repeat(64);
    check(
        names::dns1123_label,
        &[
            ("web", &[]),
            ("1web", &[]),
            ("a-b-9", &[]),
            ("", &[LABEL]),
            ("Web", &[LABEL]),
            ("-a", &[LABEL]),
            ("a-", &[LABEL]),
            ("a_b", &[LABEL]),
            ("a.b", &["must not contain dots"]),
            ("a..b", &[LABEL]),
            (&long, &["must be no more than 63 characters"]),
        ],
    );
}

#[test]
fn a_subdomain_is_labels_joined_by_dots() {
    let long = "a".repeat(254);
    check(
        names::dns1123_subdomain,
        &[
            ("example.com", &[]),
            ("a", &[]),
            ("example.com.", &[SUBDOMAIN]),
            ("a_b.c", &[SUBDOMAIN]),
            (&long, &["must be no more than 253 characters"]),
        ],
    );
    assert!(names::wildcard_dns1123_subdomain("*.example.com").is_empty());
    assert_eq!(names::wildcard_dns1123_subdomain("*.*.com").len(), 1);
    assert_eq!(names::wildcard_dns1123_subdomain("a.*.com").len(), 1);
}

#[test]
fn a_label_key_is_a_name_with_an_optional_prefix() {
    let long = "a".repeat(64);
    let bad_prefix = format!("prefix part {SUBDOMAIN}");
    check(
        names::qualified_name,
        &[
            ("app", &[]),
            ("example.com/App_1.x", &[]),
            ("bad key", &[NAME_PART]),
            ("/app", &["prefix part must be non-empty"]),
            ("a/", &["name part must be non-empty", NAME_PART]),
            ("Bad/app", &[&bad_prefix]),
            (&long, &["name part must be no more than 63 bytes"]),
        ],
    );
    let [only] = &names::qualified_name("a/b/c")[..] else { panic!("one reason") };
    assert!(only.starts_with("a valid label key must consist of alphanumeric characters"));
    assert!(only.ends_with("with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"));
}

#[test]
fn a_label_value_may_be_empty() {
    let long = "v".repeat(64);
    check(
        names::label_value,
        &[("", &[]), ("My_value", &[]), ("a b", &[VALUE]), (&long, &["must be no more than 63 bytes"])],
    );
}

#[test]
fn a_port_name_lists_every_broken_rule() {
    check(
        names::port_name,
        &[
            ("http", &[]),
            ("h2-c", &[]),
            ("Not_A_Port", &["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]),
            ("80", &["must contain at least one letter (a-z)"]),
            ("a--b", &["must not contain consecutive hyphens"]),
            ("-a", &["must not begin or end with a hyphen"]),
            ("aaaaaaaaaaaaaaaa", &["must be no more than 15 characters"]),
        ],
    );
}

#[test]
fn a_path_segment_survives_in_a_url() {
    check(
        names::path_segment,
        &[
            ("system:node", &[]),
            ("..", &["may not be '..'"]),
            ("a/b%", &["may not contain '/'", "may not contain '%'"]),
        ],
    );
}

#[test]
fn a_config_key_is_a_file_name() {
    check(
        names::config_key,
        &[
            ("ca.crt", &[]),
            ("_x-Y", &[]),
            ("..", &["must not be '..'"]),
            ("..a", &["must not start with '..'"]),
            (
                "bad key",
                &["a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  \
                          or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"],
            ),
        ],
    );
}

#[test]
fn a_generate_name_may_end_in_a_dash() {
    for (given, checked) in [("web-", "wea"), ("web", "web"), ("-", "-"), ("", "")] {
        assert_eq!(names::masked_prefix(given), checked);
    }
    assert!(names::dns1123_label(&names::masked_prefix(&format!("{}-", "a".repeat(63)))).is_empty());
}

proptest! {
    #[test]
    fn labels_are_subdomains_and_label_values(label in "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?") {
        prop_assert!(names::dns1123_label(&label).is_empty());
        prop_assert!(names::dns1123_subdomain(&label).is_empty());
        prop_assert!(names::label_value(&label).is_empty());
        prop_assert!(names::qualified_name(&label).is_empty());
    }

    #[test]
    fn rules_stand_any_text(text in "\\PC*") {
        for rule in [names::dns1123_label, names::dns1123_subdomain, names::qualified_name, names::label_value,
                     names::port_name, names::path_segment, names::config_key] {
            rule(&text);
        }
        names::masked_prefix(&text);
    }
}
