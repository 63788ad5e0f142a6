//! Endpoints and EndpointSlices.

use kubedouble::object::meta;
use serde_json::{Value, json};

use super::definitions::{create_errors, created, def, now, update_errors};

fn endpoints(subsets: Value) -> Value {
    json!({"metadata": {"name": "e", "namespace": "default"}, "subsets": subsets})
}

fn slice(address_type: &str, endpoints: Value) -> Value {
    json!({"metadata": {"name": "e", "namespace": "default"}, "addressType": address_type, "endpoints": endpoints})
}

#[test]
fn what_endpoints_are_refused() {
    let one = |address: Value, port: Value| json!([{"addresses": [address], "ports": [port]}]);
    let at = "subsets[0].addresses[0]";
    for (subsets, expected) in [
        (
            json!([{"ports": [{"port": 80}]}]),
            vec!["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`".to_owned()],
        ),
        (
            one(json!({"ip": "x"}), json!({"port": 80})),
            vec![
                format!("{at}.ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
                format!("{at}.ip: Invalid value: \"x\": must be a valid IP address"),
            ],
        ),
        (
            one(json!({"ip": "127.0.0.1"}), json!({"port": 80})),
            vec![format!(
                "{at}.ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"
            )],
        ),
        (
            one(json!({"ip": "10.0.0.1"}), json!({})),
            vec!["subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive".to_owned()],
        ),
        (
            json!([{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1, "name": "a"}, {"port": 2}]}]),
            vec!["subsets[0].ports[1].name: Required value".to_owned()],
        ),
        (one(json!({"ip": "10.0.0.1"}), json!({"port": 1})), vec![]),
    ] {
        assert_eq!(create_errors(&def("", "endpoints"), endpoints(subsets.clone())), expected, "{subsets}");
    }
}

#[test]
fn unchanged_subsets_are_not_checked_again() {
    let kind = def("", "endpoints");
    let old = created(&kind, endpoints(json!([{"addresses": [{"ip": "127.0.0.1"}], "ports": [{"port": 80}]}])));
    let mut labelled = old.clone();
    labelled["metadata"]["labels"] = json!({"a": "b"});
    assert!(update_errors(&kind, &old, labelled).is_empty());
}

#[test]
fn odd_addresses_are_warned_about_unless_the_controller_wrote_them() {
    let kind = def("", "endpoints");
    let mut object = endpoints(json!([{"addresses": [{"ip": "2001:DB8::1"}]}]));
    assert_eq!(
        kind.strategy.warnings(&object, None),
        ["subsets[0].addresses[0].ip: IPv6 address \"2001:DB8::1\" should be in RFC 5952 canonical format \
             (\"2001:db8::1\")"]
    );
    object["metadata"]["labels"] = json!({"endpoints.kubernetes.io/managed-by": "endpoint-controller"});
    assert!(kind.strategy.warnings(&object, None).is_empty());
}

#[test]
fn endpoints_are_shown_by_address_and_port() {
    let ips = |n: usize| (1..=n).map(|i| json!({"ip": format!("10.0.0.{i}")})).collect::<Value>();
    for (subsets, cell) in [
        (json!([]), "<none>"),
        (json!([{"notReadyAddresses": ips(1), "ports": [{"port": 80}]}]), ""),
        (json!([{"addresses": ips(1)}]), "10.0.0.1"),
        (json!([{"addresses": ips(5), "ports": [{"port": 80}]}]), "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more..."),
        (
            json!([{"addresses": [{"ip": "fd00::1"}], "ports": [{"port": 80}, {"port": 81}]}]),
            "[fd00::1]:80,[fd00::1]:81",
        ),
    ] {
        assert_eq!((def("", "endpoints").cells)(&endpoints(subsets), now())[1], cell);
    }
}

#[test]
fn what_slices_are_refused() {
    let kind = def("discovery.k8s.io", "endpointslices");
    let with = |address: &str| json!([{"addresses": [address]}]);
    let many = |n: usize| (0..n).map(|i| json!({"addresses": [format!("10.1.{}.{}", i / 250, i % 250 + 1)]})).collect();
    for (object, expected) in [
        (slice("", json!([])), vec!["addressType: Required value"]),
        (
            slice("X", json!([])),
            vec!["addressType: Unsupported value: \"X\": supported values: \"FQDN\", \"IPv4\", \"IPv6\""],
        ),
        (slice("IPv4", json!([{}])), vec!["endpoints[0].addresses: Required value: must contain at least 1 address"]),
        (
            slice("IPv4", with("x")),
            vec![
                "endpoints[0].addresses[0]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or \
                 2001:db8::ffff)",
            ],
        ),
        (
            slice("IPv6", with("10.0.0.1")),
            vec!["endpoints[0].addresses: Invalid value: \"10.0.0.1\": must be an IPv6 address"],
        ),
        (
            slice("IPv6", with("2001:DB8::1")),
            vec![
                "endpoints[0].addresses[0]: Invalid value: \"2001:DB8::1\": must be in canonical form \
                 (\"2001:db8::1\")",
            ],
        ),
        (
            slice("FQDN", with("host")),
            vec![
                "endpoints[0].addresses[0]: Invalid value: \"host\": should be a domain with at least two \
                 segments separated by dots",
            ],
        ),
        (
            slice("FQDN", with(&format!("{}.example", "a".repeat(64)))),
            vec![
                "endpoints[0].addresses[0]: Invalid value: \
                 \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": must be no more than 63 characters",
            ],
        ),
        (slice("IPv4", many(1001)), vec!["endpoints: Too many: 1001: must have at most 1000 items"]),
        (
            slice("IPv4", json!([{"addresses": ["10.0.0.1"], "hints": {"forZones": [{"name": "z"}, {"name": "z"}]}}])),
            vec!["endpoints[0].hints.forZones[1].name: Duplicate value: \"z\""],
        ),
    ] {
        assert_eq!(create_errors(&kind, object.clone()), expected);
    }
    let mut object = slice("IPv4", json!([]));
    object["ports"] = json!([{"port": 1}, {"port": 2}]);
    assert_eq!(create_errors(&kind, object), ["ports[1].name: Duplicate value: \"\""]);
}

#[test]
fn a_slice_keeps_its_address_type() {
    let kind = def("discovery.k8s.io", "endpointslices");
    let old = created(&kind, slice("IPv4", json!([])));
    assert_eq!(
        update_errors(&kind, &old, slice("IPv6", json!([]))),
        ["addressType: Invalid value: \"IPv6\": field is immutable"]
    );
}

#[test]
fn topology_is_not_taken() {
    let kind = def("discovery.k8s.io", "endpointslices");
    let endpoint = json!({"addresses": ["10.0.0.1"], "deprecatedTopology": {"kubernetes.io/hostname": "n"}});
    let found = created(&kind, slice("IPv4", json!([endpoint])));
    assert_eq!(found["endpoints"], json!([{"addresses": ["10.0.0.1"]}]));
}

#[test]
fn labels_count_as_a_generation_of_a_slice() {
    let kind = def("discovery.k8s.io", "endpointslices");
    let old = created(&kind, slice("IPv4", json!([])));
    let changed = |path: &[&str], value: Value| {
        let mut object = old.clone();
        let parent = path[..path.len() - 1].iter().fold(&mut object, |object, name| &mut object[*name]);
        parent[path[path.len() - 1]] = value;
        kind.strategy.prepare_for_update(&mut object, &old);
        object["metadata"]["generation"] != old["metadata"]["generation"]
    };
    assert!(changed(&["metadata", "labels"], json!({"a": "b"})));
    assert!(changed(&["ports"], json!([{"name": "", "port": 1}])));
    assert!(!changed(&["metadata", "annotations"], json!({"a": "b"})));
    for empty in [json!(null), json!([])] {
        assert!(!changed(&["ports"], empty.clone()));
        assert!(!changed(&["endpoints"], empty));
    }
}

#[test]
fn fqdn_slices_are_deprecated() {
    let kind = def("discovery.k8s.io", "endpointslices");
    let object = slice("FQDN", json!([]));
    assert_eq!(kind.strategy.warnings(&object, None), ["spec.addressType: FQDN endpoints are deprecated"]);
    assert!(kind.strategy.warnings(&object, Some(&object)).is_empty());
}

#[test]
fn slices_are_shown_by_port_and_address() {
    let kind = def("discovery.k8s.io", "endpointslices");
    let mut object =
        slice("IPv4", json!([{"addresses": ["10.0.0.1", "10.0.0.2"]}, {"addresses": ["10.0.0.3", "10.0.0.4"]}]));
    object["ports"] = json!([{"port": 80}, {"name": "x"}]);
    let cells = (kind.cells)(&object, now());
    assert_eq!(cells[1..4], ["IPv4", "80,x", "10.0.0.1,10.0.0.2,10.0.0.3 + 1 more..."].map(Value::from));
    let cells = (kind.cells)(&slice("IPv4", json!([])), now());
    assert_eq!(cells[2..4], ["<unset>", "<unset>"].map(Value::from));
    assert_eq!(meta::name(&object), cells[0]);
}
