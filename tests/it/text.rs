//! How Go writes things.

use std::time::Duration;

use kubedouble::text::{
    duration, float, go_print, go_quote,
    integer::{parse_int, parse_uint},
    percent,
    quantity::{self, Quantity},
    time,
};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn strings_are_quoted_as_by_percent_q() {
    let table = [
        ("", r#""""#),
        ("a b", r#""a b""#),
        ("say \"hi\"\\", r#""say \"hi\"\\""#),
        ("\u{7}\u{8}\t\n\u{b}\u{c}\r", r#""\a\b\t\n\v\f\r""#),
        ("\0\u{1f}\u{7f}", r#""\x00\x1f\x7f""#),
        ("\u{a0}\u{2028}", r#""\u00a0\u2028""#),
        ("ünï€", r#""ünï€""#),
    ];
    for (text, quoted) in table {
        assert_eq!(go_quote(text), quoted, "{text:?}");
    }
}

#[test]
fn values_print_as_by_percent_v() {
    for (value, text) in [
        (json!({"spec": {"ports": "x"}, "a": [1, true, null, {}]}), "map[a:[1 true <nil> map[]] spec:map[ports:x]]"),
        (json!([1.5, 1e21, 1e-7, 100000.0]), "[1.5 1e+21 1e-07 100000]"),
    ] {
        assert_eq!(go_print(&value), text);
    }
}

#[test]
fn numbers_fail_in_the_words_of_strconv() {
    let signed = |text: &str, why: &str| Err(format!("strconv.ParseInt: parsing \"{text}\": {why}"));
    for (text, expected) in [("5", Ok(5)), ("+5", Ok(5)), ("-1", Ok(-1))] {
        assert_eq!(parse_int(text), expected, "{text}");
    }
    for text in ["", "x", "1.5", "+-1", "-"] {
        assert_eq!(parse_int(text), signed(text, "invalid syntax"));
    }
    assert_eq!(parse_int("9223372036854775808"), signed("9223372036854775808", "value out of range"));
    assert_eq!(parse_uint("9223372036854775808"), Ok(9_223_372_036_854_775_808));
    for (text, why) in
        [("+5", "invalid syntax"), ("-5", "invalid syntax"), ("18446744073709551616", "value out of range")]
    {
        assert_eq!(parse_uint(text), Err(format!("strconv.ParseUint: parsing \"{text}\": {why}")));
    }
}

#[test]
fn durations_are_read_and_written() {
    let table = [
        ("0", "0s"),
        ("500ms", "500ms"),
        ("32s", "32s"),
        ("1m30.5s", "1m30.5s"),
        ("-1h", "-1h0m0s"),
        (".5s", "500ms"),
        ("5.s", "5s"),
        ("90m", "1h30m0s"),
        ("5µs", "5µs"),
        ("1.0000000019s", "1.000000001s"),
        ("-9223372036854775808ns", "-2562047h47m16.854775808s"),
    ];
    for (text, printed) in table {
        assert_eq!(duration::parse(text).map(duration::format), Ok(printed.to_owned()), "{text}");
    }
    let table = [
        ("abc", "time: invalid duration \"abc\""),
        ("", "time: invalid duration \"\""),
        ("-", "time: invalid duration \"-\""),
        ("1.2.3s", "time: invalid duration \"1.2.3s\""),
        (".s", "time: invalid duration \".s\""),
        ("9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\""),
        ("5", "time: missing unit in duration \"5\""),
        ("1s5", "time: missing unit in duration \"1s5\""),
        ("5x", "time: unknown unit \"x\" in duration \"5x\""),
        ("5 s", "time: unknown unit \" s\" in duration \"5 s\""),
    ];
    for (text, error) in table {
        assert_eq!(duration::parse(text), Err(error.to_owned()), "{text}");
    }
    assert_eq!(duration::parse_unsigned("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(duration::parse_unsigned("-1s"), Err("duration \"-1s\" is negative".to_owned()));
}

#[test]
fn quantities_have_one_size_and_one_spelling() {
    let table = [
        ("100m", "100m", 100_000_000),
        ("0.1", "100m", 100_000_000),
        ("1.5Gi", "1536Mi", 1_610_612_736_000_000_000),
        ("2e3", "2e3", 2_000_000_000_000),
        ("1000", "1k", 1_000_000_000_000),
        ("-5", "-5", -5_000_000_000),
        ("0.0000000001", "1n", 1),
        ("0", "0", 0),
        ("+0.000", "0", 0),
    ];
    for (text, spelling, nanos) in table {
        assert_eq!(
            (quantity::canonical(text), quantity::nanos(text)),
            (Ok(spelling.to_owned()), Some(nanos)),
            "{text}"
        );
    }
    for text in ["", "x", "5 Gi", "1kk", "5-", "--5"] {
        assert!(quantity::canonical(text).is_err() && quantity::nanos(text).is_none(), "{text}");
    }
    assert_eq!(quantity::nanos("1e99"), None, "larger than any real amount");
}

#[test]
fn times_are_read_and_written() {
    let read = |text: &str| time::parse(text).map(time::rfc3339);
    assert_eq!(read("2020-01-02T03:04:05+01:00"), Ok("2020-01-02T02:04:05Z".to_owned()));
    assert_eq!(read("2020-01-02T03:04:05.999Z"), Ok("2020-01-02T03:04:05Z".to_owned()));
    assert_eq!(read("2020-02-30T00:00:00Z"), Err("parsing time \"2020-02-30T00:00:00Z\": day out of range".to_owned()));
    assert_eq!(
        time::parse_micro("2020-01-02T03:04:05.000006Z").map(time::rfc3339_micro),
        Ok("2020-01-02T03:04:05.000006Z".to_owned())
    );
}

#[test]
fn floats_are_as_short_as_in_json() {
    for (number, text) in
        [(1.5, "1.5"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (1e-7, "1e-7"), (-0.5, "-0.5")]
    {
        assert_eq!(float::format(number), text);
    }
}

#[test]
fn percent_encoding_is_decoded() {
    let table = [
        ("a/b", Some("a/b")),
        ("a%2Fb", Some("a/b")),
        ("a+b", Some("a+b")),
        ("%e2%82%ac", Some("€")),
        ("%ff", Some("\u{fffd}")),
        ("%", None),
        ("%zz", None),
        ("%4", None),
        ("%€", None),
    ];
    for (text, expected) in table {
        assert_eq!(percent::decode(text).as_deref(), expected, "{text}");
    }
    assert_eq!(percent::decode_query("a+b%2B").as_deref(), Some("a b+"));
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(nanos: i64) {
        prop_assert_eq!(duration::parse(&duration::format(nanos)), Ok(nanos));
    }

    #[test]
    fn nothing_read_panics(text in ".{0,20}", number in "[-+]?[0-9.]{0,40}[a-zA-Z]{0,3}[-+0-9]{0,9}") {
        for text in [&text, &number] {
            let _ = (duration::parse(text), quantity::canonical(text), quantity::nanos(text), time::parse(text));
            let _ = (percent::decode(text), parse_int(text), go_quote(text));
        }
    }
}

#[test]
fn quantities_are_shown_as_written_until_they_change() {
    let sum = |texts: &[&str]| {
        let mut sum = Quantity::parse(texts[0]).expect("a quantity");
        texts[1..].iter().for_each(|text| sum.add(&Quantity::parse(text).expect("a quantity")));
        sum.to_string()
    };
    let sums: [(&[&str], &str); 10] = [
        (&["1.500k"], "1.500k"),
        (&["600m", "600m"], "1200m"),
        (&["500m", "0.5"], "1"),
        // The first amount that is not zero says how the sum is written.
        (&["0", "512Mi"], "512Mi"),
        (&["512Mi", "512Mi"], "1Gi"),
        (&["1Gi", "1M"], "1074741824"),
        (&["1M", "1Gi"], "1074741824"),
        (&["100Mi", "500m"], "104857600500m"),
        (&["1e3", "1"], "1001"),
        (&["-1", "3"], "2"),
    ];
    for (texts, expected) in sums {
        assert_eq!(sum(texts), expected, "{texts:?}");
    }
    let [large, small] = ["1500m", "2"].map(|text| Quantity::parse(text).expect("a quantity"));
    assert_eq!(small.minus(&large).to_string(), "500m");
    assert_eq!(large.minus(&small).to_string(), "0");
    assert!(large < small);
    assert_eq!((large.thousandths(), large.rounded()), (1500, 2));
    assert_eq!(Quantity::parse("0.0001").expect("a quantity").rounded_to(1_000_000).to_string(), "1m");
    assert_eq!(Quantity::whole(3).to_string(), "3");
    assert!(Quantity::parse("many").is_none());
}
