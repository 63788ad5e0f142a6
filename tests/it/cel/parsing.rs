//! Syntax errors and limits.

use kubedouble::cel::{escape, is_identifier};

use super::run;

#[test]
fn syntax_errors_are_those_of_cel_go() {
    let expected = "ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', \
                    'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 'a' +\n | .....^";
    assert_eq!(run("'a' +"), expected);
    let two = "ERROR: <input>:1:3: Syntax error: token recognition error at: '#'\n | a # b\n | ..^\n\
               ERROR: <input>:1:5: Syntax error: extraneous input 'b' expecting <EOF>\n | a # b\n | ....^";
    assert_eq!(run("a # b"), two);
}

#[test]
fn a_wide_character_takes_a_wide_dot() {
    let expected = "ERROR: <input>:1:9: undeclared reference to 'y' (in container '')\n | 'éé' == y\n | .．．.....^";
    assert_eq!(run("'éé' == y"), expected);
}

#[test]
fn an_error_is_shown_with_its_own_line() {
    let expected = "ERROR: <input>:2:3: undeclared reference to 'y' (in container '')\n |  \u{20}y\n | ..^";
    assert_eq!(run("1 ==\n  y"), expected);
}

#[test]
fn macros_check_their_arguments() {
    assert!(run("has(1)").contains("<input>:1:5: invalid argument to has() macro"));
    assert!(run("[1].all(x.y, true)").contains("<input>:1:10: argument must be a simple name"));
    assert!(run("[1].all(x, x, true)").contains("duplicate variable name: x"));
    assert!(run("1 == if").contains("<input>:1:6: reserved identifier: if"));
    assert!(run("99999999999999999999 > 0").contains("<input>:1:1: invalid int literal"));
}

#[test]
fn an_expression_has_a_largest_size_and_depth() {
    let long = "1".repeat(100_001);
    assert_eq!(run(&long), "ERROR: <input>:-1:0: expression code point size exceeds limit: size: 100001, limit 100000");
    let refused = "ERROR: <input>:-1:0: expression recursion limit exceeded: 250";
    for deep in [
        format!("{}1{}", "(".repeat(300), ")".repeat(300)),
        format!("{}1{}", "[".repeat(300), "]".repeat(300)),
        format!("1{}", " + 1".repeat(300)),
        format!("a{}", ".b".repeat(300)),
        format!("{}1", "true ? 1 : ".repeat(300)),
        "(".repeat(90_000),
    ] {
        assert_eq!(run(&deep), refused, "{}", &deep[..20]);
    }
    assert_eq!(run(&format!("{}1{}", "(".repeat(200), ")".repeat(200))), "1");
    assert_eq!(run(&format!("1{}", " + 1".repeat(200))), "201");
    assert_eq!(run(&format!("true{}", " && true".repeat(5_000))), "true");
    assert_eq!(run(&format!("'{}' != ''", "(".repeat(300))), "true");
}

#[test]
fn names_of_fields_are_escaped() {
    let escaped = |name: &str| escape(name).unwrap_or_default();
    assert_eq!(escaped("namespace"), "__namespace__");
    assert_eq!(escaped("x-y"), "x__dash__y");
    assert_eq!(escaped("a.b/c"), "a__dot__b__slash__c");
    assert_eq!(escaped("a__b"), "a__underscores__b");
    assert_eq!(escaped("_ok"), "_ok");
    assert_eq!(escape("1a"), None);
    assert_eq!(escape("a b"), None);
    assert_eq!(escape(""), None);
    assert!(is_identifier("a_1") && !is_identifier("in") && !is_identifier("1a"));
}

#[test]
fn what_was_expected_is_what_would_end_the_expression() {
    let cases = [
        ("1.2.3.4", "1:4: Syntax error: mismatched input '.3' expecting <EOF>"),
        ("fd00:10:96::aa", "1:5: Syntax error: mismatched input ':' expecting <EOF>"),
        ("a b c", "1:3: Syntax error: mismatched input 'b' expecting <EOF>"),
        ("'\u{e9}(' b c", "1:6: Syntax error: mismatched input 'b' expecting <EOF>"),
        ("(a b", "1:4: Syntax error: mismatched input 'b' expecting ')'"),
        ("size('a')) == 1", "1:10: Syntax error: mismatched input ')' expecting <EOF>"),
        ("a ?\n b : c d e", "2:8: Syntax error: mismatched input 'd' expecting <EOF>"),
    ];
    for (source, wanted) in cases {
        let text = run(source);
        assert!(text.starts_with(&format!("ERROR: <input>:{wanted}\n")), "{source}: {text}");
    }
}
