//! Patterns are read as Go's `regexp` reads them, and wrong ones are refused in its words.

use serde_json::json;

use super::{compiled, refused};

/// What Go says about a pattern; nothing if it takes it.
fn wrong(pattern: &str) -> Option<String> {
    let errors = refused(json!({"type": "string", "pattern": pattern}));
    let error = errors.into_iter().next()?;
    let (_, why) = error.split_once("must be a valid regular expression, but isn't: error parsing regexp: ")?;
    Some(why.to_owned())
}

#[test]
fn a_wrong_pattern_is_refused_in_the_words_of_go() {
    let wrong_ones = [
        (r#"("#, r#"missing closing ): `(`"#),
        (r#")"#, r#"unexpected ): `)`"#),
        (r#"a)"#, r#"unexpected ): `a)`"#),
        (r#"(?=a)b"#, r#"invalid or unsupported Perl syntax: `(?=`"#),
        (r#"(?!a)"#, r#"invalid or unsupported Perl syntax: `(?!`"#),
        (r#"(?<=a)"#, r#"invalid named capture: `(?<=a)`"#),
        (r#"(?P<n"#, r#"invalid named capture: `(?P<n`"#),
        (r#"(?P<>a)"#, r#"invalid named capture: `(?P<>`"#),
        (r#"(?<x y>a)"#, r#"invalid named capture: `(?<x y>`"#),
        (r#"[a"#, r#"missing closing ]: `[a`"#),
        (r#"[]a"#, r#"missing closing ]: `[]a`"#),
        (r#"[z-a]"#, r#"invalid character class range: `z-a`"#),
        (r#"[a-\d]"#, r#"invalid escape sequence: `\d`"#),
        (r#"[[:foo:]]"#, r#"invalid character class range: `[:foo:]`"#),
        (r#"*"#, r#"missing argument to repetition operator: `*`"#),
        (r#"a**"#, r#"invalid nested repetition operator: `**`"#),
        (r#"a*?*"#, r#"invalid nested repetition operator: `*?*`"#),
        (r#"a+*"#, r#"invalid nested repetition operator: `+*`"#),
        (r#"a{2}{3}"#, r#"invalid nested repetition operator: `{2}{3}`"#),
        (r#"a{1001}"#, r#"invalid repeat count: `{1001}`"#),
        (r#"a{2,1}"#, r#"invalid repeat count: `{2,1}`"#),
        (r#"{2}"#, r#"missing argument to repetition operator: `{2}`"#),
        (r#"a|*"#, r#"missing argument to repetition operator: `*`"#),
        (r#"\"#, r#"trailing backslash at end of expression: ``"#),
        (r#"\Z"#, r#"invalid escape sequence: `\Z`"#),
        (r#"\8"#, r#"invalid escape sequence: `\8`"#),
        (r#"\1"#, r#"invalid escape sequence: `\1`"#),
        (r#"\x"#, r#"invalid escape sequence: `\x`"#),
        (r#"\x4"#, r#"invalid escape sequence: `\x4`"#),
        (r#"\x{110000}"#, r#"invalid escape sequence: `\x{110000`"#),
        (r#"\x{zz}"#, r#"invalid escape sequence: `\x{z`"#),
        (r#"\p{Foo}"#, r#"invalid character class range: `\p{Foo}`"#),
        (r#"\p{"#, r#"invalid character class range: `\p{`"#),
        (r#"\pX"#, r#"invalid character class range: `\pX`"#),
        (r#"[\p{Foo}]"#, r#"invalid character class range: `\p{Foo}`"#),
        (r#"\C"#, r#"invalid escape sequence: `\C`"#),
        (r#"\é"#, r#"invalid escape sequence: `\é`"#),
        (r#"(?i"#, r#"invalid or unsupported Perl syntax: `(?i`"#),
        (r#"(?"#, r#"invalid or unsupported Perl syntax: `(?`"#),
        (r#"(?-)"#, r#"invalid or unsupported Perl syntax: `(?-)`"#),
        (r#"(?i-)"#, r#"invalid or unsupported Perl syntax: `(?i-)`"#),
        (r#"(?x)"#, r#"invalid or unsupported Perl syntax: `(?x`"#),
        (r#"(a{100}){11}"#, r#"invalid repeat count: `{11}`"#),
        (r#"((a{10}){10}){11}"#, r#"invalid repeat count: `{11}`"#),
        (r#"(?:a"#, r#"missing closing ): `(?:a`"#),
        (r#"a{99999999999}"#, r#"invalid repeat count: `{99999999999}`"#),
        (r#"[a--b]"#, r#"invalid character class range: `a--`"#),
        (r#"a{2}*"#, r#"invalid nested repetition operator: `{2}*`"#),
        (r#"(?P=n)"#, r#"invalid or unsupported Perl syntax: `(?P`"#),
        (r#"(?#c)"#, r#"invalid or unsupported Perl syntax: `(?#`"#),
        (r#"(?>a)"#, r#"invalid or unsupported Perl syntax: `(?>`"#),
        (r#"(?'n'a)"#, r#"invalid or unsupported Perl syntax: `(?'`"#),
        (r#"(?P>n)"#, r#"invalid or unsupported Perl syntax: `(?P`"#),
    ];
    for (pattern, why) in wrong_ones {
        assert_eq!(wrong(pattern).as_deref(), Some(why), "{pattern}");
    }
}

#[test]
fn what_go_takes_is_taken_and_can_be_matched() {
    let right_ones = [
        r#"(?P<n>a)(?P<n>b)"#,
        r#"(?<name>a)"#,
        r#"[^]a]"#,
        r#"[\d-z]"#,
        r#"[[:alpha:]]"#,
        r#"[[:^alpha:]]"#,
        r#"[a-b-c]"#,
        r#"a{,2}"#,
        r#"a{2"#,
        r#"^*"#,
        r#"$+"#,
        r#"(|a)*"#,
        r#"()"#,
        r#"a||b"#,
        r#"\z"#,
        r#"\07"#,
        r#"\x41"#,
        r#"\x{41}"#,
        r#"\pL"#,
        r#"\p{Greek}"#,
        r#"\p{^Lu}"#,
        r#"\p{letter}"#,
        r#"\Qa*\E+"#,
        r#"\Qa"#,
        r#"\_"#,
        r#"\-"#,
        r#"(?i)a"#,
        r#"(?-i:a)"#,
        r#"(?s-i:a)"#,
        r#"(a{10}){100}"#,
        r#"x{1000}"#,
        r#"a{01}"#,
        r#"[a-]"#,
        r#"[-a]"#,
        r#"[a&&b]"#,
        r#"[[]"#,
        r#"\d\D\s\S\w\W"#,
        r#"[\w.-]+@[\w.-]+"#,
        r#"a{2}?"#,
        r#"\b\B\A"#,
        r#"(?i)(?s)a"#,
    ];
    for pattern in right_ones {
        assert_eq!(wrong(pattern), None, "{pattern}");
    }
}

#[test]
fn a_pattern_matches_what_it_matches_in_go() {
    let cases = [
        ("^a+$", "aaa", true),
        ("^a+$", "aaa\n", false),
        ("b", "abc", true),
        (r"^\d$", "\u{665}", false),
        (r"^\w$", "\u{e9}", false),
        (r"^\s$", "\u{a0}", false),
        (r"^[\d_-]+$", "1-_", true),
        (r"^[^\W]$", "x", true),
        (r"\bx\b", "\u{e9}x", true),
        ("^[a&&b]$", "&", true),
        ("^[[]$", "[", true),
        ("^[a~]$", "~", true),
        (r"^\Qa.b\E+$", "a.bb", true),
        ("^(?i)k$", "K", true),
        (r"^\pL+$", "\u{e9}", true),
        (r"^\P{^Greek}$", "\u{3b1}", true),
        ("^a{,2}$", "a{,2}", true),
        ("^x{2,3}?$", "xxx", true),
        (r"^\x{41}\101$", "AA", true),
        ("^[[:^alpha:]]$", "1", true),
        ("^.$", "\n", false),
        ("^(?s).$", "\n", true),
    ];
    for (pattern, text, matches) in cases {
        let schema = compiled(json!({"type": "string", "pattern": pattern}));
        let errors = schema.validate(&json!({"spec": text}), None);
        assert_eq!(errors.is_empty(), matches, "{pattern} {text:?}");
    }
}

#[test]
fn a_pattern_has_a_largest_size() {
    let unicode = "[\\p{L}\\p{N}]{1000}".repeat(40);
    assert!(wrong(&unicode).is_some_and(|why| why.starts_with("expression too large")));
    let deep = "(".repeat(2000) + &")".repeat(2000);
    assert!(wrong(&deep).is_some_and(|why| why.starts_with("expression nests too deeply")));
    let long = compiled(json!({"type": "string", "pattern": "^(a|aa)+$"}));
    assert!(!long.validate(&json!({"spec": "a".repeat(100_000) + "b"}), None).is_empty());
}
