//! The function libraries.

use std::sync::Arc;

use kubedouble::cel::library::authorizer::{self, Authorizer, Check, Decision, Resource, What};
use kubedouble::cel::{Budget, Declared, Environment, LibraryType, PER_CALL_LIMIT, Program, Shape};

use super::{expect, expect_true, run, shown};

#[test]
fn strings() {
    expect(
        "'héllo'.charAt(1) => \"é\"
         'abc'.charAt(3) => \"\"
         'abc'.charAt(4) => ERROR: index out of range: 4
         'tacocat'.indexOf('ac') => 1
         'tacocat'.indexOf('t', 1) => 6
         'tacocat'.indexOf('x') => -1
         'tacocat'.lastIndexOf('t') => 6
         'tacocat'.lastIndexOf('t', 5) => 0
         ['a', 'b'].join('-') => \"a-b\"
         [].join() => \"\"
         'AbC'.lowerAscii() => \"abc\"
         'abC'.upperAscii() => \"ABC\"
         'ab'.replace('', '-') => \"-a-b-\"
         'aXbX'.replace('X', '', 1) => \"abX\"
         'a,b,c'.split(',') => [\"a\",\"b\",\"c\"]
         'a,b,c'.split(',', 2) => [\"a\",\"b,c\"]
         'a,b'.split(',', 0) => []
         'abc'.split('') => [\"a\",\"b\",\"c\"]
         ''.split('') => []
         'tacocat'.substring(4) => \"cat\"
         'tacocat'.substring(0, 4) => \"taco\"
         'ab'.substring(1, 3) => ERROR: index out of range: 3
         'ab'.substring(2, 1) => ERROR: invalid substring range. start: 2, end: 1
         ' x '.trim() => \"x\"
         '%s is %d%%'.format(['x', 5]) => \"x is 5%\"
         '%.2f %e %x %X %o %b'.format([1.5, 1.5, 255, 255, 8, 5]) => \"1.50 1.500000e+00 ff FF 10 101\"
         '%s %s'.format([[1, 2], {'a': 'b'}]) => \"[1, 2] {a: b}\"
         '%d'.format(['a']) => ERROR: error during formatting: decimal clause can only be used on integers, was given string
         '%s %s'.format([1]) => ERROR: index 1 out of range",
    );
    expect_true(
        r#"strings.quote("a\n\"") == '"a\\n\\""'
           'héllo'.size() == 5
           'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c')
           'a' < 'b' && 'a' + 'b' == 'ab'"#,
    );
}

#[test]
fn a_string_does_not_grow_without_limit() {
    let expression =
        "lists.range(5000).map(x, 'aaaaaaaaaa').join().replace('', lists.range(5000).map(x, 'aaaaaaaaaa').join())";
    assert_eq!(run(expression), "ERROR: result is larger than 16777216 bytes");
    assert_eq!(run("lists.range(9000000000).size()"), "ERROR: lists.range(9000000000) is longer than 1000000 items");
}

#[test]
fn lists() {
    expect(
        "[1, 2].isSorted() => true
         [2, 1].isSorted() => false
         [1, 2].sum() => 3
         [1.5].sum() => 1.5
         [3, 1].min() => 1
         [3, 1].max() => 3
         [].min() => ERROR: min called on empty list
         [1, 2, 2].indexOf(2) => 1
         [1, 2, 2].lastIndexOf(2) => 2
         [1, 2, 1].distinct() => [1,2]
         [2, 1].sort() => [1,2]
         [1, 2].reverse() => [2,1]
         [1, 2, 3].slice(1, 3) => [2,3]
         [].slice(0, 1) => ERROR: cannot slice(0, 1), list is length 0
         lists.range(3) => [0,1,2]
         [[1], [2, 3]].flatten() => [1,2,3]
         [1, 3, 2].sortBy(x, -x) => [3,2,1]
         sets.contains([1, 2], [1]) => true
         sets.equivalent([1, 2], [2, 1, 1]) => true
         sets.intersects([1], [2]) => false",
    );
}

#[test]
fn regular_expressions() {
    expect(
        "'a12b'.find('[0-9]+') => \"12\"
         'ab'.find('[0-9]+') => \"\"
         '1a2'.findAll('[0-9]') => [\"1\",\"2\"]
         '1a2'.findAll('[0-9]', 1) => [\"1\"]
         'ABC'.matches('(?i)^abc$') => true
         matches('abc', 'b') => true
         'a'.matches('[' + 'a') => ERROR: error parsing regexp: missing closing ]: `[a`",
    );
}

#[test]
fn urls() {
    expect(
        "isURL('https://a/b') => true
         isURL('a/b') => false
         url('https://a.b:80/x').getScheme() => \"https\"
         url('https://a.b:80/x').getHost() => \"a.b:80\"
         url('https://[::1]:80/x').getHostname() => \"::1\"
         url('https://a.b:80/x').getPort() => \"80\"
         url('https://a/a%20b').getEscapedPath() => \"/a%20b\"
         url('https://a/?k=v&k=w').getQuery() => {\"k\":[\"v\",\"w\"]}
         url('::bad::') => ERROR: URL parse error during conversion from string: parse \"::bad::\": missing protocol scheme",
    );
}

#[test]
fn addresses() {
    expect(
        "isIP('10.0.0.1') => true
         isIP('010.0.0.1') => false
         isIP('::ffff:1.2.3.4') => false
         ip('::1').family() => 6
         ip('127.0.0.1').isLoopback() => true
         ip('0.0.0.0').isUnspecified() => true
         ip('8.8.8.8').isGlobalUnicast() => true
         ip('169.254.1.1').isLinkLocalUnicast() => true
         ip.isCanonical('::1') => true
         ip.isCanonical('0:0::1') => false
         string(ip('0:0::1')) => \"::1\"
         cidr('10.0.0.0/8').containsIP('10.1.1.1') => true
         cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') => true
         cidr('10.0.0.0/8').containsCIDR(cidr('0.0.0.0/0')) => false
         cidr('10.1.0.0/8').masked() == cidr('10.0.0.0/8') => true
         cidr('10.1.0.0/8').ip() == ip('10.1.0.0') => true
         cidr('10.1.0.0/8').prefixLength() => 8
         string(ip('bad')) => ERROR: IP Address \"bad\" parse error during conversion from string: ParseAddr(\"bad\"): unable to parse IP
         cidr('bad').prefixLength() => ERROR: network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix(\"bad\"): no '/'",
    );
}

#[test]
fn quantities() {
    expect(
        "isQuantity('1Gi') => true
         isQuantity('x') => false
         quantity('1Gi').compareTo(quantity('1Mi')) => 1
         quantity('500m').add(quantity('500m')) == quantity('1') => true
         quantity('2k').asInteger() => 2000
         quantity('1.5').asInteger() => ERROR: cannot convert value to integer
         quantity('1.5').asApproximateFloat() => 1.5
         quantity('2').sub(1).isGreaterThan(quantity('999m')) => true
         quantity('-1').sign() => -1",
    );
}

#[test]
fn versions() {
    expect(
        "isSemver('1.2.3-rc.1+b') => true
         isSemver('1.2') => false
         isSemver('v1.2', true) => true
         semver('1.2.3').major() => 1
         semver('1.2.3').isLessThan(semver('1.10.0')) => true
         semver('1.2.3-rc.1').compareTo(semver('1.2.3')) => -1
         semver('v1.02', true) == semver('1.2.0') => true
         semver('1').major() => ERROR: No Major.Minor.Patch elements found",
    );
}

#[test]
fn named_formats() {
    expect_true(
        "!format.dns1123Label().validate('good').hasValue()
         format.dns1123Label().validate('Bad').hasValue()
         format.named('uuid').hasValue() && !format.named('nonsense').hasValue()
         !format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()
         !format.date().validate('2024-02-29').hasValue() && format.date().validate('2023-02-29').hasValue()
         !format.labelValue().validate('').hasValue()
         format.byte().validate('%').hasValue()
         !format.uri().validate('https://a').hasValue()",
    );
}

/// Lets everybody get pods.
struct Pods;

impl Authorizer for Pods {
    fn decide(&self, check: &Check) -> Decision {
        let allowed = matches!(&check.what, What::Resource(of) if of.resource == "pods") && check.verb == "get";
        Decision { allowed, reason: format!("{:?}", check.subject.service_account), error: None }
    }
}

#[test]
fn the_authorizer_is_asked() {
    let library = |of| Arc::new(Declared::of(Shape::Library(of)));
    let environment = Environment::new()
        .with("authorizer", library(LibraryType::Authorizer))
        .with("authorizer.requestResource", library(LibraryType::ResourceCheck));
    let ask = |expression: &str| {
        let program = Program::compile(expression, &environment).expect("it compiles");
        let own = Resource { resource: "pods".to_owned(), ..Resource::default() };
        let bindings = [
            ("authorizer", authorizer::variable(Arc::new(Pods))),
            ("authorizer.requestResource", authorizer::resource_variable(Arc::new(Pods), own)),
        ];
        let mut budget = Budget::new(PER_CALL_LIMIT);
        shown(program.evaluate(&bindings, &mut budget))
    };
    assert_eq!(ask("authorizer.group('').resource('pods').namespace('x').check('get').allowed()"), "true");
    assert_eq!(ask("authorizer.group('').resource('services').check('get').allowed()"), "false");
    assert_eq!(ask("authorizer.requestResource.check('get').allowed()"), "true");
    assert_eq!(
        ask("authorizer.serviceAccount('a', 'b').path('/x').check('get').reason()"),
        r#""Some((\"a\", \"b\"))""#
    );
    let three = "authorizer.path('/a').check('get').allowed() || authorizer.path('/b').check('get').allowed() || \
                 authorizer.path('/c').check('get').allowed()";
    assert_eq!(ask(three), "ERROR: operation cancelled: actual cost limit exceeded");
}
