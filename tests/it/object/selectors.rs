//! Label and field selectors.

use kubedouble::object::selector::{FieldSelector, LabelSelector};
use proptest::prelude::*;
use serde_json::json;

fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut out: Vec<_> = pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    out.sort();
    out
}

#[test]
fn a_label_selector_matches_as_its_operators_say() {
    let object = labels(&[("app", "web"), ("n", "3"), ("empty", ""), ("in", "x")]);
    for (text, expected) in [
        ("", true),
        ("   ", true),
        ("app", true),
        ("!app", false),
        ("!absent", true),
        ("app=web", true),
        ("app==web", true),
        (" app = web ", true),
        ("app!=web", false),
        ("absent!=web", true),
        ("app in (web, api)", true),
        ("app in (api)", false),
        ("app notin (api)", true),
        ("absent notin (api)", true),
        ("absent in (api)", false),
        ("empty=", true),
        ("empty in ()", true),
        ("app in (,web)", true),
        ("absent=", false),
        ("n>2", true),
        ("n>3", false),
        ("n<4", true),
        ("app>1", false),
        ("absent<1", false),
        ("app=web,n>2,!absent", true),
        ("app=web,n>5", false),
        ("in=x", true),
        ("in in (x,in)", true),
    ] {
        let selector = LabelSelector::parse(text).expect(text);
        assert_eq!(selector.matches(&object), expected, "{text}");
        let map = json!({"app": "web", "n": "3", "empty": "", "in": "x"});
        assert_eq!(selector.matches_map(map.as_object()), expected, "{text}");
    }
}

#[test]
fn a_label_selector_prints_sorted_and_without_spaces() {
    for (text, printed) in [
        ("b = 1 , a", "a,b=1"),
        ("x in (c,a,a,b)", "x in (a,b,c)"),
        ("x notin(a)", "x notin (a)"),
        ("x==a,!y,z!=b", "x==a,!y,z!=b"),
        ("n>1,n<9", "n>1,n<9"),
        ("x in ()", "x in ()"),
    ] {
        assert_eq!(LabelSelector::parse(text).expect(text).to_string(), printed);
    }
}

#[test]
fn a_bad_label_selector_is_refused_in_kubernetes_words() {
    const KEY: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
                       an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                       validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                         and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or \
                         '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let requirement = |text: &str| format!("unable to parse requirement: {text}");
    for (text, error) in [
        ("n~3", requirement(&format!("<nil>: Invalid value: \"n~3\": {KEY}"))),
        ("n=a b", "found 'b', expected: ',' or 'end of string'".into()),
        ("a,", "found '', expected: identifier after ','".into()),
        ("a,,b", "found ',', expected: identifier after ','".into()),
        (",a", "found ',', expected: !, identifier, or 'end of string'".into()),
        ("=a", "found '=', expected: !, identifier, or 'end of string'".into()),
        ("!", requirement("found '', expected: identifier")),
        ("!a=b", "found '=', expected: ',' or 'end of string'".into()),
        ("a b", requirement("found 'b', expected: in, notin, =, ==, !=, gt, lt")),
        ("a in b", requirement("found 'b' expected: '('")),
        ("a in (", requirement("found '', expected: ',', ')' or identifier")),
        ("a in (1", requirement("found '', expected: ',' or ')'")),
        ("a in (1,", requirement("found '', expected: ',', or identifier")),
        ("a=(", requirement("found '(', expected: identifier")),
        ("n>x", requirement("values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer")),
        ("n='3'", requirement(&format!("values[0][n]: Invalid value: \"'3'\": {VALUE}"))),
    ] {
        assert_eq!(LabelSelector::parse(text).expect_err(text), error, "{text}");
    }
}

#[test]
fn a_field_selector_matches_and_prints() {
    let value = |field: &str| match field {
        "metadata.name" => "web",
        "spec.type" => "ClusterIP",
        "odd" => "a,b=c\\",
        _ => "",
    };
    for (text, expected, printed) in [
        ("", true, ""),
        ("metadata.name=web", true, "metadata.name=web"),
        ("metadata.name==web", true, "metadata.name=web"),
        ("metadata.name!=web", false, "metadata.name!=web"),
        ("spec.type=ClusterIP,,metadata.name=web", true, "metadata.name=web,spec.type=ClusterIP"),
        ("spec.type=ClusterIP,metadata.name=x", false, "metadata.name=x,spec.type=ClusterIP"),
        ("spec.nodeName=", true, "spec.nodeName="),
        (r"odd=a\,b\=c\\", true, r"odd=a\,b\=c\\"),
    ] {
        let selector = FieldSelector::parse(text).expect(text);
        assert_eq!(selector.matches(value), expected, "{text}");
        assert_eq!(selector.to_string(), printed);
    }
    let selector = FieldSelector::parse("metadata.name=web,spec.type!=x").expect("valid");
    assert_eq!((selector.exact("metadata.name"), selector.exact("spec.type")), (Some("web"), None));
}

#[test]
fn a_bad_field_selector_is_refused_in_kubernetes_words() {
    for (text, error) in [
        (
            "metadata.name in (s1)",
            "invalid selector: 'metadata.name in (s1)'; can't understand 'metadata.name in (s1)'",
        ),
        ("a=1,b", "invalid selector: 'a=1,b'; can't understand 'b'"),
        (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
        ("a=\\", r"invalid field selector: invalid escape sequence: \"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
    ] {
        assert_eq!(FieldSelector::parse(text).expect_err(text), error, "{text}");
    }
}

proptest! {
    #[test]
    fn a_printed_label_selector_parses_to_itself(
        terms in prop::collection::vec(("[a-z]{1,3}", 0..5usize, prop::collection::vec("[a-z0-9]{1,2}", 1..4)), 0..5),
    ) {
        let texts: Vec<_> = terms.iter().map(|(key, operator, values)| match operator {
            0 => format!("{key} in ({})", values.join(",")),
            1 => format!("{key} notin ({})", values.join(",")),
            2 => format!("{key}={}", values[0]),
            3 => format!("{key}!={}", values[0]),
            _ => format!("!{key}"),
        }).collect();
        let selector = LabelSelector::parse(&texts.join(",")).expect("generated selectors are valid");
        prop_assert_eq!(LabelSelector::parse(&selector.to_string()), Ok(selector));
    }

    #[test]
    fn parsing_any_text_returns(text in ".*") {
        let _ = LabelSelector::parse(&text);
        let _ = FieldSelector::parse(&text);
    }

    #[test]
    fn any_field_value_survives_printing(value in ".*") {
        let escaped = value.replace('\\', r"\\").replace(',', r"\,").replace('=', r"\=");
        let selector = FieldSelector::parse(&format!("f={escaped}")).expect("escaped");
        prop_assert_eq!(&selector.requirements()[0].value, &value);
        prop_assert_eq!(FieldSelector::parse(&selector.to_string()), Ok(selector));
    }
}
