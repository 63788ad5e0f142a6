//! Spellings of addresses and ranges, and the kinds that hold them.

use kubedouble::{
    kinds::{
        Moment,
        networking::{ip_address, service_cidr},
        rules::ip,
    },
    object::{FieldErrors, Path},
};
use serde_json::{Value, json};

use crate::{client::Client, harness};

fn details(errors: FieldErrors) -> Vec<String> {
    errors.into_iter().map(|error| error.to_string()).collect()
}

#[test]
fn old_fields_take_odd_but_unambiguous_addresses() {
    let at = Path::new("ip");
    let not_one = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    let zeros = "must not have leading 0s";
    let mapped = "must not be an IPv4-mapped IPv6 address";
    for (value, legacy, strict) in [
        ("10.0.0.1", None, None),
        ("2001:db8::1", None, None),
        ("2001:DB8::1", None, Some("must be in canonical form (\"2001:db8::1\")")),
        ("010.0.0.1", Some(zeros), Some(zeros)),
        ("::ffff:10.0.0.1", Some(mapped), Some(mapped)),
        ("10.0.0", Some(not_one), Some(not_one)),
        ("10.0.0.256", Some(not_one), Some(not_one)),
        ("10.0.0.1/8", Some(not_one), Some(not_one)),
        ("fe80::1%eth0", Some(not_one), Some(not_one)),
        ("", Some(not_one), Some(not_one)),
    ] {
        let expected = |why: Option<&str>| why.map(|why| format!("ip: Invalid value: \"{value}\": {why}"));
        assert_eq!(details(ip::legacy(&at, value)), Vec::from_iter(expected(legacy)), "{value}");
        assert_eq!(details(ip::strict(&at, value)), Vec::from_iter(expected(strict)), "{value}");
        assert_eq!(ip::name(value), Vec::from_iter(strict), "{value}");
    }
}

#[test]
fn endpoints_are_reachable_addresses() {
    let at = Path::new("ip");
    for (value, why) in [
        ("x", "must be a valid IP address"),
        ("0.0.0.0", "may not be unspecified (0.0.0.0)"),
        ("::", "may not be unspecified (::)"),
        ("127.1.2.3", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        ("169.254.0.1", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        ("fe80::1", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        ("224.0.0.9", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    ] {
        assert_eq!(details(ip::endpoint(&at, value)), [format!("ip: Invalid value: \"{value}\": {why}")]);
    }
    for fine in ["10.0.0.1", "224.0.1.1", "2001:db8::1"] {
        assert!(ip::endpoint(&at, fine).is_empty(), "{fine}");
    }
}

#[test]
fn ranges_end_where_their_prefix_does() {
    let at = Path::new("cidr");
    for (value, why) in [
        ("10.0.0.0/8", None),
        ("2001:DB8::/32", None),
        ("10.0.0.0", Some("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")),
        ("10.0.0.0/33", Some("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")),
        ("10.0.0.0/08", Some("must not have leading 0s in IP or prefix length")),
        ("::ffff:10.0.0.0/104", Some("must not have an IPv4-mapped IPv6 address")),
        ("10.0.0.1/8", Some("must not have bits set beyond the prefix length")),
    ] {
        let expected = why.map(|why| format!("cidr: Invalid value: \"{value}\": {why}"));
        assert_eq!(details(ip::legacy_cidr(&at, value)), Vec::from_iter(expected), "{value}");
    }
    assert_eq!(
        details(ip::strict_cidr(&at, "2001:DB8::/32")),
        ["cidr: Invalid value: \"2001:DB8::/32\": must be in canonical form (\"2001:db8::/32\")"]
    );
}

#[test]
fn odd_spellings_warn() {
    let at = Path::new("x");
    let cases: [(&str, &[&str]); 4] = [
        ("10.0.0.1", &[]),
        ("010.0.0.1", &["x: non-standard IP address \"010.0.0.1\" is invalid: use \"10.0.0.1\""]),
        ("::ffff:10.0.0.1", &["x: non-standard IP address \"::ffff:10.0.0.1\" is invalid: use \"10.0.0.1\""]),
        ("2001:DB8::1", &["x: IPv6 address \"2001:DB8::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")"]),
    ];
    for (value, expected) in cases {
        assert_eq!(ip::warnings(&at, value), expected, "{value}");
    }
    let ambiguous = |value: &str| {
        format!("x: CIDR value \"{value}\" is ambiguous in this context (should be \"1.2.3.0/24\" or \"1.2.3.4/32\"?)")
    };
    assert_eq!(ip::cidr_warnings(&at, "1.2.3.4/24"), [ambiguous("1.2.3.4/24")]);
    assert_eq!(
        ip::cidr_warnings(&at, "1.2.03.4/24"),
        [
            ambiguous("1.2.03.4/24"),
            "x: non-standard CIDR value \"1.2.03.4/24\" is invalid: use \"1.2.3.0/24\"".to_owned()
        ]
    );
    assert_eq!(
        ip::cidr_warnings(&at, "2001:db8:0::/64"),
        ["x: IPv6 CIDR value \"2001:db8:0::/64\" should be in RFC 5952 canonical format (\"2001:db8::/64\")"]
    );
}

fn address(name: &str, parent: Value) -> Value {
    json!({"metadata": {"name": name}, "spec": {"parentRef": parent}})
}

#[test]
fn an_ip_address_names_its_parent_for_good() {
    let strategy = &ip_address::DEF.strategy;
    let gateway = json!({"group": "example.com", "resource": "gateways", "namespace": "n", "name": "g"});
    let mine = address("10.96.0.7", gateway.clone());
    assert!(strategy.validate(&mine).is_empty());
    assert_eq!(
        strategy.claims(&mine).expect("it decodes").len(),
        1,
        "an address of no Service is held by the object itself"
    );
    assert!(strategy.validate_update(&mine, &mine).is_empty());
    assert_eq!(
        details(strategy.validate_update(&address("10.96.0.7", json!({"resource": "services", "name": "x"})), &mine)),
        [
            "spec.parentRef: Invalid value: {\"Group\":\"\",\"Resource\":\"services\",\"Namespace\":\"\",\"Name\":\"x\"}: \
          field is immutable"
        ]
    );
    assert_eq!(
        details(strategy.validate(&json!({"metadata": {"name": "10.96.0.7"}}))),
        ["spec.parentRef: Required value"]
    );
    assert_eq!(
        details(strategy.validate(&address("10.96.0.7", json!({"namespace": "a/b"})))),
        [
            "spec.parentRef.resource: Required value",
            "spec.parentRef.name: Required value",
            "spec.parentRef.namespace: Invalid value: \"a/b\": may not contain '/'",
        ]
    );
    let cells = (ip_address::DEF.cells)(&mine, Moment::UNIX_EPOCH);
    assert_eq!(cells[1], "gateways.example.com/n/g");
}

#[test]
fn a_service_cidr_has_one_range_of_each_family() {
    let strategy = &service_cidr::DEF.strategy;
    let with = |cidrs: &[&str]| json!({"metadata": {"name": "x"}, "spec": {"cidrs": cidrs}});
    let one_each = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
    for (cidrs, expected) in [
        (&["10.0.0.0/24"][..], None),
        (&["10.0.0.0/24", "fd00::/112"], None),
        (&[], Some("spec.cidrs: Required value: at least one CIDR required".to_owned())),
        (
            &["10.0.0.0/24", "10.0.1.0/24"],
            Some(format!("spec.cidrs: Invalid value: {{\"CIDRs\":[\"10.0.0.0/24\",\"10.0.1.0/24\"]}}: {one_each}")),
        ),
        (
            &["10.0.0.7/24"],
            Some(
                "spec.cidrs[0]: Invalid value: \"10.0.0.7/24\": must not have bits set beyond the prefix length"
                    .to_owned(),
            ),
        ),
    ] {
        assert_eq!(details(strategy.validate(&with(cidrs))), Vec::from_iter(expected), "{cidrs:?}");
    }
    let old = with(&["10.0.0.0/24"]);
    assert!(strategy.validate_update(&with(&["10.0.0.0/24", "fd00::/112"]), &old).is_empty(), "becoming dual-stack");
    assert_eq!(
        details(strategy.validate_update(&with(&["10.0.1.0/24"]), &old)),
        ["spec.cidrs[0]: Invalid value: \"10.0.1.0/24\": field is immutable"]
    );
}

#[test]
fn a_service_cidr_is_ready_unless_it_says_otherwise() {
    let ready = |status: &str| json!({"status": {"conditions": [{"type": "Ready", "status": status}]}});
    assert!(service_cidr::is_ready(&json!({})));
    assert!(service_cidr::is_ready(&ready("True")));
    assert!(!service_cidr::is_ready(&ready("False")));
}

#[tokio::test]
async fn an_ip_address_is_named_by_an_address_in_canonical_form() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = "/apis/networking.k8s.io/v1/ipaddresses";
    let parent = json!({"resource": "services", "name": "a"});
    for (name, wrong) in [
        ("x", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
        ("192.168.0.256", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
        ("192.168.0.01", "must not have leading 0s"),
        ("2001:db8:0::1", "must be in canonical form (\"2001:db8::1\")"),
    ] {
        let status = client.post(path, &address(name, parent.clone())).await.expect(422).json();
        let message =
            format!("IPAddress.networking.k8s.io {name:?} is invalid: metadata.name: Invalid value: {name:?}: {wrong}");
        assert_eq!(status["message"], message);
    }
    client.post(path, &address("2001:db8::1", parent)).await.expect(201);
}
