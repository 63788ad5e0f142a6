//! What a Service looks like once it is stored, and what is refused or warned about.

use serde_json::{Value, json};

use super::world::World;

/// A spec with one port and these members.
fn with_port(mut members: Value) -> Value {
    members["ports"] = json!([{"port": 80}]);
    members
}

#[test]
fn the_least_spec_becomes_a_cluster_ip_service() {
    let mut world = World::single();
    let service = world.create("web", json!({"selector": {"app": "a"}, "ports": [{"port": 80}]})).expect("created");
    let address = service["spec"]["clusterIP"].as_str().expect("an address").to_owned();
    assert_eq!(
        service["spec"],
        json!({
            "clusterIP": address,
            "clusterIPs": [address],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
            "selector": {"app": "a"},
            "sessionAffinity": "None",
            "type": "ClusterIP",
        })
    );
}

#[test]
fn defaults_depend_on_type_and_affinity() {
    let cases = [
        (json!({"type": "NodePort"}), "externalTrafficPolicy", json!("Cluster")),
        (json!({"type": "LoadBalancer"}), "externalTrafficPolicy", json!("Cluster")),
        (json!({"type": "LoadBalancer"}), "allocateLoadBalancerNodePorts", json!(true)),
        (json!({"externalIPs": ["192.0.2.1"]}), "externalTrafficPolicy", json!("Cluster")),
        (json!({}), "externalTrafficPolicy", Value::Null),
        (json!({"type": "ExternalName", "externalName": "a.b"}), "internalTrafficPolicy", Value::Null),
        (
            json!({"type": "ExternalName", "externalName": "a.b", "internalTrafficPolicy": "Cluster"}),
            "internalTrafficPolicy",
            Value::Null,
        ),
        (
            json!({"sessionAffinity": "ClientIP"}),
            "sessionAffinityConfig",
            json!({"clientIP": {"timeoutSeconds": 10800}}),
        ),
        (
            json!({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86400}}}),
            "sessionAffinityConfig",
            json!({"clientIP": {"timeoutSeconds": 86400}}),
        ),
        (
            json!({"sessionAffinity": "None", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}}),
            "sessionAffinityConfig",
            Value::Null,
        ),
    ];
    for (spec, field, expected) in cases {
        let service = World::dual().create("web", with_port(spec.clone())).expect("created");
        assert_eq!(service["spec"][field], expected, "{field} of {spec}");
    }
}

#[test]
fn families_follow_the_policy_and_the_cluster() {
    let (v4, v6) = ("IPv4", "IPv6");
    let headless = json!({"clusterIP": "None"});
    let headless_pods = json!({"clusterIP": "None", "selector": {"a": "b"}});
    let cases = [
        (true, json!({}), "SingleStack", vec![v4]),
        (true, json!({"ipFamilyPolicy": "PreferDualStack"}), "PreferDualStack", vec![v4, v6]),
        (false, json!({"ipFamilyPolicy": "PreferDualStack"}), "PreferDualStack", vec![v4]),
        (true, json!({"ipFamilyPolicy": "RequireDualStack"}), "RequireDualStack", vec![v4, v6]),
        (true, json!({"ipFamilies": ["IPv6"]}), "SingleStack", vec![v6]),
        (true, json!({"ipFamilies": ["IPv6"], "ipFamilyPolicy": "PreferDualStack"}), "PreferDualStack", vec![v6, v4]),
        (true, json!({"clusterIP": "fd00:10:96::5"}), "SingleStack", vec![v6]),
        (true, headless.clone(), "RequireDualStack", vec![v4, v6]),
        (false, headless, "RequireDualStack", vec![v4, v6]),
        (true, headless_pods.clone(), "SingleStack", vec![v4]),
        (false, headless_pods, "SingleStack", vec![v4]),
    ];
    for (dual, spec, policy, families) in cases {
        let mut world = if dual { World::dual() } else { World::single() };
        let stored = world.create("web", with_port(spec.clone())).expect("created")["spec"].clone();
        assert_eq!(stored["ipFamilyPolicy"], policy, "{spec} with dual={dual}");
        assert_eq!(stored["ipFamilies"], json!(families), "{spec} with dual={dual}");
        if stored["clusterIP"] != "None" {
            assert_eq!(stored["clusterIPs"].as_array().map(Vec::len), Some(families.len()), "{spec}");
            assert_eq!(stored["clusterIP"], stored["clusterIPs"][0], "{spec}");
        }
    }
}

/// Each spec is refused with exactly these messages.
fn refused(dual: bool, cases: &[(Value, &[&str])]) {
    for (spec, expected) in cases {
        let mut world = if dual { World::dual() } else { World::single() };
        let status = world.create("web", spec.clone()).expect_err(&spec.to_string());
        let causes = status.details.as_ref().map(|details| &details.causes[..]).unwrap_or_default();
        let texts: Vec<_> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        assert_eq!(texts, *expected, "{spec}");
        assert_eq!(world.held_count(), 0, "{spec} left something held");
    }
}

#[test]
fn bad_ports_are_refused() {
    const RANGE: &str = "must be between 1 and 65535, inclusive";
    refused(
        true,
        &[
            (json!({"selector": {"a": "b"}}), &["spec.ports: Required value"]),
            (
                json!({"ports": [{"name": "x"}]}),
                &[
                    &format!("spec.ports[0].port: Invalid value: 0: {RANGE}"),
                    &format!("spec.ports[0].targetPort: Invalid value: 0: {RANGE}"),
                ],
            ),
            (
                json!({"ports": [{"port": 80, "targetPort": "1-2--"}]}),
                &[
                    "spec.ports[0].targetPort: Invalid value: \"1-2--\": must contain at least one letter (a-z)",
                    "spec.ports[0].targetPort: Invalid value: \"1-2--\": must not contain consecutive hyphens",
                    "spec.ports[0].targetPort: Invalid value: \"1-2--\": must not begin or end with a hyphen",
                ],
            ),
            (
                json!({"ports": [{"name": "a", "port": 80, "appProtocol": ""}, {"name": "a", "port": 80}]}),
                &[
                    "spec.ports[0].appProtocol: Invalid value: \"\": name part must be non-empty",
                    "spec.ports[0].appProtocol: Invalid value: \"\": name part must consist of alphanumeric characters, \
                     '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or \
                     'my.name',  or '123-abc', regex used for validation is \
                     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
                    "spec.ports[1].name: Duplicate value: \"a\"",
                    "spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\
                     \"Port\":80,\"TargetPort\":0,\"NodePort\":0}",
                ],
            ),
        ],
    );
}

#[test]
fn the_address_block_reports_alone() {
    let bad_port = json!([{"port": 0}]);
    refused(
        true,
        &[
            (
                json!({"ports": bad_port, "clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.6"]}),
                &["spec.clusterIPs: Invalid value: [\"10.96.0.6\"]: first value must match `clusterIP`"],
            ),
            (
                json!({"ports": bad_port, "ipFamilies": ["IPv4", "IPv4"], "ipFamilyPolicy": "Both"}),
                &[
                    "spec.ipFamilies[1]: Duplicate value: \"IPv4\"",
                    "spec.ipFamilyPolicy: Unsupported value: \"Both\": supported values: \"PreferDualStack\", \
                     \"RequireDualStack\", \"SingleStack\"",
                ],
            ),
            (
                json!({"clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5", "fd00:10:96::5"]}),
                &["spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or \
                   'PreferDualStack' when multiple cluster IPs are specified"],
            ),
            (
                json!({"clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5", "10.96.0.6", "x"]}),
                &[
                    "spec.clusterIPs[2]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or \
                     2001:db8::ffff)",
                    "spec.clusterIPs: Invalid value: [\"10.96.0.5\",\"10.96.0.6\",\"x\"]: may only hold up to 2 values",
                ],
            ),
        ],
    );
    refused(
        false,
        &[
            (
                json!({"ports": bad_port, "ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]}),
                &[
                    "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for \
                     dual-stack services",
                    "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster",
                ],
            ),
            (
                json!({"clusterIP": "fd00:10:96::5"}),
                &["spec.clusterIPs[0]: Invalid value: [\"fd00:10:96::5\"]: IPv6 is not configured on this cluster"],
            ),
        ],
    );
}

#[test]
fn fields_of_other_types_are_refused() {
    refused(
        true,
        &[
            (
                with_port(json!({
                    "allocateLoadBalancerNodePorts": false, "loadBalancerClass": "a/b", "externalTrafficPolicy": "Local",
                    "healthCheckNodePort": 30000, "loadBalancerSourceRanges": [" 10.0.0.0/8 ", "10.0.0.1/8"],
                })),
                &[
                    "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
                    "spec.LoadBalancerSourceRanges[1]: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the \
                     prefix length",
                    "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
                    "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
                    "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible \
                     services",
                    "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and \
                     `externalTrafficPolicy` is 'Local'",
                ],
            ),
            (
                json!({
                    "type": "ExternalName", "externalName": "A_b", "clusterIP": "10.96.0.5", "ipFamilies": ["IPv4"],
                    "ipFamilyPolicy": "SingleStack",
                }),
                &[
                    "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
                    "spec.ipFamilies: Forbidden: may not be set for ExternalName services",
                    "spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services",
                    "spec.externalName: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consist of lower \
                     case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character \
                     (e.g. 'example.com', regex used for validation is \
                     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
                ],
            ),
            (
                with_port(json!({"internalTrafficPolicy": "Near", "trafficDistribution": "Near"})),
                &[
                    "spec.internalTrafficPolicy: Unsupported value: \"Near\": supported values: \"Cluster\", \"Local\"",
                    "spec.trafficDistribution: Unsupported value: \"Near\": supported values: \"PreferClose\", \
                     \"PreferSameZone\", \"PreferSameNode\"",
                ],
            ),
        ],
    );
    assert!(World::dual().create("web", json!({"type": "ExternalName", "externalName": "example.com."})).is_ok());
}

#[test]
fn annotations_are_checked_with_the_spec() {
    let object = |annotations: Value, kind: &str| {
        json!({
            "metadata": {"name": "web", "namespace": "default", "annotations": annotations},
            "spec": {"type": kind, "ports": [{"port": 80}]},
        })
    };
    let ranges = "service.beta.kubernetes.io/load-balancer-source-ranges";
    let (hints, mode) = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode");
    let cases = [
        (
            object(json!({hints: "Auto", mode: "Off"}), "ClusterIP"),
            format!(
                "metadata.annotations[{mode}]: Invalid value: \"Off\": must match annotations[{hints}] when both are \
                 specified"
            ),
        ),
        (
            object(json!({ranges: "10.0.0.0/8"}), "ClusterIP"),
            format!("metadata.annotations[{ranges}]: Forbidden: may only be used when `type` is 'LoadBalancer'"),
        ),
        (
            object(json!({ranges: "10.0.0.0/8, x"}), "LoadBalancer"),
            format!(
                "metadata.annotations[{ranges}]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or \
                 2001:db8::/64)"
            ),
        ),
    ];
    for (object, expected) in cases {
        let status = World::dual().create_object(object).expect_err("refused");
        assert_eq!(status.message, format!("Service \"web\" is invalid: {expected}"));
    }
}

#[test]
fn warnings_come_in_a_fixed_order() {
    let mut world = World::dual();
    let metadata = json!({
        "name": "web", "namespace": "default", "annotations": {"service.kubernetes.io/topology-aware-hints": "Auto"},
    });
    let headless = json!({
        "clusterIP": "None", "loadBalancerIP": "192.0.2.1", "externalIPs": ["2001:DB8::1"], "sessionAffinity": "ClientIP",
        "trafficDistribution": "PreferClose", "externalName": "a.b",
    });
    world.create_object(json!({"metadata": metadata, "spec": headless})).expect("created");
    assert_eq!(
        world.warnings("web"),
        [
            "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use \
             service.kubernetes.io/topology-mode instead",
            "spec.loadBalancerIP is ignored for headless services",
            "spec.externalIPs is ignored for headless services",
            "spec.SessionAffinity is ignored for headless services",
            "spec.externalIPs[0]: IPv6 address \"2001:DB8::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")",
            "spec.externalName is ignored when spec.type is not \"ExternalName\"",
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"",
        ]
    );
    world
        .create("odd", with_port(json!({"clusterIP": "fd00:10:96:0::77", "externalIPs": ["192.0.2.1"]})))
        .expect("created");
    assert_eq!(
        world.warnings("odd"),
        [
            "spec.clusterIPs[0]: IPv6 address \"fd00:10:96:0::77\" should be in RFC 5952 canonical format \
             (\"fd00:10:96::77\")",
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
        ]
    );
}

#[test]
fn a_status_belongs_to_load_balancers() {
    let mut world = World::dual();
    world.create("plain", with_port(json!({}))).expect("created");
    world.create("lb", with_port(json!({"type": "LoadBalancer"}))).expect("created");
    let ingress = |entry: Value| json!({"loadBalancer": {"ingress": [entry]}});

    let stored = world.patch_status("lb", ingress(json!({"ip": "192.0.2.1"}))).expect("updated");
    assert_eq!(stored["status"], ingress(json!({"ip": "192.0.2.1", "ipMode": "VIP"})));

    let at = "status.loadBalancer.ingress";
    let cases = [
        (
            "plain",
            json!({"ip": "192.0.2.1"}),
            format!("{at}: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"),
        ),
        ("lb", json!({"ipMode": "X"}), format!("{at}[0].ipMode: Forbidden: may not be specified when `ip` is not set")),
        (
            "lb",
            json!({"ip": "192.0.2.1", "ipMode": "X"}),
            format!("{at}[0].ipMode: Unsupported value: \"X\": supported values: \"Proxy\", \"VIP\""),
        ),
        (
            "lb",
            json!({"hostname": "192.0.2.1"}),
            format!("{at}[0].hostname: Invalid value: \"192.0.2.1\": must be a DNS name, not an IP address"),
        ),
    ];
    for (name, entry, expected) in cases {
        let status = world.patch_status(name, ingress(entry)).expect_err("refused");
        assert_eq!(status.message, format!("Service \"{name}\" is invalid: {expected}"));
    }
}
