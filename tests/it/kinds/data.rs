//! ConfigMaps, Secrets, ServiceAccounts, Leases, Ingresses: what they hold and what is refused.

use serde_json::{Value, json};

use super::definitions::{create_errors, created, def, now, update_errors};

fn object(members: Value) -> Value {
    let mut object = members;
    object["metadata"] = json!({"name": "x", "namespace": "default"});
    object
}

#[test]
fn keys_of_data_are_checked() {
    let rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
                'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    for plural in ["configmaps", "secrets"] {
        assert_eq!(
            create_errors(&def("", plural), object(json!({"data": {"a b": "MQ=="}}))),
            [format!("data[a b]: Invalid value: \"a b\": {rule}")]
        );
    }
    assert_eq!(
        create_errors(&def("", "configmaps"), object(json!({"data": {"a": "1"}, "binaryData": {"a": "MQ=="}}))),
        ["data[a]: Invalid value: \"a\": duplicate of key present in binaryData"]
    );
}

#[test]
fn there_is_a_limit_to_data() {
    let big = "x".repeat(1024 * 1024 + 1);
    assert_eq!(
        create_errors(&def("", "configmaps"), object(json!({"data": {"a": big}}))),
        ["[]: Too long: may not be more than 1048576 bytes"]
    );
}

#[test]
fn immutable_data_stays() {
    for plural in ["configmaps", "secrets"] {
        let kind = def("", plural);
        let old = created(&kind, object(json!({"immutable": true, "data": {"a": "MQ=="}})));
        assert_eq!(
            update_errors(&kind, &old, object(json!({"data": {"a": "Mg=="}}))),
            [
                "immutable: Forbidden: field is immutable when `immutable` is set",
                "data: Forbidden: field is immutable when `immutable` is set",
            ],
            "{plural}"
        );
    }
}

#[test]
fn string_data_becomes_data() {
    let found =
        created(&def("", "secrets"), object(json!({"data": {"a": "MQ=="}, "stringData": {"a": "2", "b": "3"}})));
    assert_eq!(found["data"], json!({"a": "Mg==", "b": "Mw=="}));
    assert_eq!((&found["type"], found.get("stringData")), (&json!("Opaque"), None));
}

#[test]
fn a_secrets_type_asks_for_keys() {
    for (kind, data, expected) in [
        ("kubernetes.io/tls", json!({}), vec!["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
        (
            "kubernetes.io/basic-auth",
            json!({}),
            vec!["data[username]: Required value", "data[password]: Required value"],
        ),
        ("kubernetes.io/basic-auth", json!({"username": "MQ=="}), vec![]),
        ("kubernetes.io/ssh-auth", json!({}), vec!["data[ssh-privatekey]: Required value"]),
        ("kubernetes.io/dockerconfigjson", json!({}), vec!["data[.dockerconfigjson]: Required value"]),
        ("kubernetes.io/dockerconfigjson", json!({".dockerconfigjson": "e30="}), vec![]),
        ("kubernetes.io/dockerconfigjson", json!({".dockerconfigjson": "bnVsbA=="}), vec![]),
        (
            "kubernetes.io/dockerconfigjson",
            json!({".dockerconfigjson": "ZXZpbA=="}),
            vec![
                "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": invalid character 'e' looking for \
                 beginning of value",
            ],
        ),
        (
            "kubernetes.io/dockercfg",
            json!({".dockercfg": "W10="}),
            vec![
                "data[.dockercfg]: Invalid value: \"<secret contents redacted>\": json: cannot unmarshal array into Go \
                 value of type map[string]interface {}",
            ],
        ),
        (
            "kubernetes.io/service-account-token",
            json!({}),
            vec!["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
        ("anything", json!({}), vec![]),
    ] {
        assert_eq!(create_errors(&def("", "secrets"), object(json!({"type": kind, "data": data}))), expected, "{kind}");
    }
    let old = created(&def("", "secrets"), object(json!({"type": "a"})));
    assert_eq!(
        update_errors(&def("", "secrets"), &old, object(json!({"type": "b"}))),
        ["type: Invalid value: \"b\": field is immutable"]
    );
}

#[test]
fn data_is_counted_in_tables() {
    let cells = (def("", "configmaps").cells)(&object(json!({"data": {"a": "1"}, "binaryData": {"b": "MQ=="}})), now());
    assert_eq!(cells[1], 2);
    let cells = (def("", "secrets").cells)(&object(json!({"type": "Opaque", "data": {"a": "MQ=="}})), now());
    assert_eq!(cells[1..3], [json!("Opaque"), json!(1)]);
}

#[test]
fn an_account_names_its_secrets_and_no_more() {
    let found = created(&def("", "serviceaccounts"), object(json!({"secrets": [{"name": "s", "namespace": "other"}]})));
    assert_eq!(found["secrets"], json!([{"name": "s"}]));
}

#[test]
fn leases_last_some_time() {
    let kind = def("coordination.k8s.io", "leases");
    assert_eq!(
        create_errors(&kind, object(json!({"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}}))),
        [
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ]
    );
    assert!(!kind.unconditional_update && kind.create_on_update);
}

#[test]
fn what_ingresses_are_refused() {
    let kind = def("networking.k8s.io", "ingresses");
    let path = |path: Value| json!({"rules": [{"http": {"paths": [path]}}]});
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let at = "spec.rules[0].http.paths[0]";
    for (spec, expected) in [
        (json!({}), "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified".to_owned()),
        (
            json!({"defaultBackend": {}}),
            "spec.defaultBackend: Invalid value: \"\": resource or service backend is required".to_owned(),
        ),
        (
            json!({"defaultBackend": {"service": {"name": "web"}}}),
            "spec.defaultBackend: Required value: port name or number is required".to_owned(),
        ),
        (
            json!({"defaultBackend": {"service": {"name": "web", "port": {"number": 70000}}}}),
            "spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive"
                .to_owned(),
        ),
        (
            json!({"rules": [{"host": "1.2.3.4"}]}),
            "spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address".to_owned(),
        ),
        (
            path(json!({"path": "/", "backend": backend})),
            format!("{at}.pathType: Required value: pathType must be specified"),
        ),
        (
            path(json!({"path": "a", "pathType": "Exact", "backend": backend})),
            format!("{at}.path: Invalid value: \"a\": must be an absolute path"),
        ),
        (
            path(json!({"path": "/a//b", "pathType": "Prefix", "backend": backend})),
            format!("{at}.path: Invalid value: \"/a//b\": must not contain '//'"),
        ),
    ] {
        assert_eq!(create_errors(&kind, object(json!({"spec": spec}))), [expected]);
    }
}

#[test]
fn an_ingress_is_shown_with_hosts_and_addresses() {
    let host = |name: &str| json!({"host": name});
    let ingress = object(json!({
        "spec": {"rules": [host("a"), host("b"), host("c"), host("d")], "tls": [{}]},
        "status": {"loadBalancer": {"ingress": [{"hostname": "z"}, {"ip": "1.2.3.4"}]}},
    }));
    let cells = (def("networking.k8s.io", "ingresses").cells)(&ingress, now());
    assert_eq!(cells[1..5], ["<none>", "a,b,c + 1 more...", "1.2.3.4,z", "80, 443"].map(Value::from));
}
