//! What updates of a Service keep, clear, release and refuse.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::world::World;

/// The kinds of Service that transitions go between.
const SHAPES: [&str; 6] = ["clusterip", "headless", "nodeport", "lb", "lb-local", "externalname"];

/// A manifest of this shape, as a user would write it.
fn manifest(shape: &str) -> Value {
    let mut spec = match shape {
        "headless" => json!({"clusterIP": "None"}),
        "nodeport" => json!({"type": "NodePort"}),
        "lb" => json!({"type": "LoadBalancer"}),
        "lb-local" => json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}),
        "externalname" => return json!({"type": "ExternalName", "externalName": "x.example.com"}),
        _ => json!({}),
    };
    spec["selector"] = json!({"a": "b"});
    spec["ports"] = json!([{"port": 80}]);
    spec
}

/// How many addresses and ports a Service of this shape holds.
fn holds(shape: &str) -> usize {
    match shape {
        "clusterip" => 1,
        "nodeport" | "lb" => 2,
        "lb-local" => 3,
        _ => 0,
    }
}

#[test]
fn every_transition_by_put() {
    for from in SHAPES {
        for to in SHAPES {
            let mut world = World::dual();
            let before = world.create("web", manifest(from)).expect("created")["spec"].clone();
            let result = world.update("web", manifest(to));
            let has_ip = |shape: &str| !matches!(shape, "headless" | "externalname");
            let refused =
                has_ip(from) && to == "headless" || from == "headless" && matches!(to, "nodeport" | "lb" | "lb-local");
            if refused {
                assert_eq!(result.expect_err("refused").code, 422, "{from} to {to}");
                assert_eq!(world.held_count(), holds(from), "{from} to {to} was refused");
                continue;
            }
            let after = result.unwrap_or_else(|status| panic!("{from} to {to}: {status}"))["spec"].clone();
            // A headless Service stays headless unless it becomes an alias.
            let reached = if from == "headless" && to == "clusterip" { "headless" } else { to };
            assert_eq!(world.held_count(), holds(reached), "{from} to {to}: {after}");
            if has_ip(from) && has_ip(to) {
                assert_eq!(before["clusterIPs"], after["clusterIPs"], "{from} to {to} keeps its address");
            }
            let expected = World::dual().create("web", manifest(reached)).expect("created")["spec"].clone();
            let names = |spec: &Value| -> Vec<String> {
                let mut names: Vec<_> = spec.as_object().expect("a spec").keys().cloned().collect();
                names.sort();
                names
            };
            assert_eq!(names(&after), names(&expected), "{from} to {to} sets the fields a new one has");
        }
    }
}

#[test]
fn changing_only_the_type_clears_what_no_longer_applies() {
    let cleared = [
        ("nodeport", json!({"type": "ClusterIP"}), vec!["externalTrafficPolicy"]),
        (
            "lb-local",
            json!({"type": "ClusterIP"}),
            vec!["externalTrafficPolicy", "healthCheckNodePort", "allocateLoadBalancerNodePorts", "loadBalancerClass"],
        ),
        ("lb-local", json!({"type": "NodePort"}), vec!["healthCheckNodePort", "allocateLoadBalancerNodePorts"]),
        ("lb-local", json!({"externalTrafficPolicy": "Cluster"}), vec!["healthCheckNodePort"]),
        (
            "lb",
            json!({"type": "ExternalName", "externalName": "a.b"}),
            vec![
                "clusterIP",
                "clusterIPs",
                "ipFamilies",
                "ipFamilyPolicy",
                "externalTrafficPolicy",
                "internalTrafficPolicy",
            ],
        ),
    ];
    for (from, patch, fields) in cleared {
        let mut world = World::dual();
        let mut spec = manifest(from);
        if spec["type"] == "LoadBalancer" {
            spec["loadBalancerClass"] = json!("a.b/c");
        }
        world.create("web", spec).expect("created");
        let after = world.patch("web", patch.clone()).expect("updated")["spec"].clone();
        for field in fields {
            assert_eq!(after[field], Value::Null, "{field} after {from} and {patch}");
        }
        if !matches!(after["type"].as_str(), Some("NodePort" | "LoadBalancer")) {
            assert_eq!(after["ports"][0]["nodePort"], Value::Null, "{from} and {patch}");
        }
    }
}

#[test]
fn a_load_balancer_status_goes_with_the_type() {
    let mut world = World::dual();
    world.create("web", manifest("lb")).expect("created");
    let status = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
    world.patch_status("web", status).expect("updated");
    let kept = world.patch("web", json!({"externalTrafficPolicy": "Local"})).expect("updated");
    assert_eq!(kept["status"]["loadBalancer"]["ingress"][0]["ip"], "192.0.2.1");
    let gone = world.patch("web", json!({"type": "NodePort"})).expect("updated");
    assert_eq!(gone["status"], json!({"loadBalancer": {}}));
}

#[test]
fn fields_the_client_changed_are_not_cleared_but_refused() {
    let mut world = World::dual();
    world.create("web", manifest("nodeport")).expect("created");
    let status = world
        .patch("web", json!({"type": "ClusterIP", "ports": [{"port": 80, "nodePort": 30500}]}))
        .expect_err("refused");
    assert_eq!(
        status.message,
        "Service \"web\" is invalid: spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"
    );
}

#[test]
fn the_primary_address_is_for_life_and_the_secondary_is_not() {
    let dual = json!({"ports": [{"port": 80}], "ipFamilyPolicy": "RequireDualStack"});
    let once = "may not change once set";
    let cases = [
        (
            manifest("clusterip"),
            json!({"clusterIP": "10.96.0.99"}),
            vec![format!("spec.clusterIPs[0]: Invalid value: [\"10.96.0.99\"]: {once}")],
        ),
        (
            manifest("headless"),
            json!({"clusterIP": "10.96.0.99"}),
            vec![format!("spec.clusterIPs[0]: Invalid value: [\"10.96.0.99\"]: {once}")],
        ),
        (
            dual.clone(),
            json!({"ipFamilies": ["IPv4"]}),
            vec![
                "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be 'SingleStack' to release the \
                  secondary IP family"
                    .to_owned(),
            ],
        ),
        (
            manifest("lb"),
            json!({"loadBalancerClass": "bad class"}),
            vec![format!("spec.loadBalancerClass: Invalid value: \"bad class\": {once}")],
        ),
    ];
    for (spec, patch, expected) in cases {
        let mut world = World::dual();
        world.create("web", spec).expect("created");
        let status = world.patch("web", patch.clone()).expect_err("refused");
        let causes = &status.details.as_ref().expect("details").causes;
        let first: Vec<_> =
            causes.iter().take(expected.len()).map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        assert_eq!(first, expected, "{patch}");
    }

    let mut world = World::dual();
    world.create("web", dual).expect("created");
    assert_eq!(world.held_count(), 2);
    let single = world.patch("web", json!({"ipFamilyPolicy": "SingleStack"})).expect("downgraded");
    assert_eq!(single["spec"]["ipFamilies"], json!(["IPv4"]));
    assert_eq!(world.held_count(), 1);
    let named = world
        .patch(
            "web",
            json!({
                "ipFamilyPolicy": "PreferDualStack",
                "clusterIPs": [single["spec"]["clusterIP"], "fd00:10:96::9"],
            }),
        )
        .expect("upgraded");
    assert_eq!(named["spec"]["clusterIPs"][1], "fd00:10:96::9");
    assert_eq!(named["spec"]["ipFamilies"], json!(["IPv4", "IPv6"]));
}

#[test]
fn node_ports_stay_with_the_port_of_the_same_name() {
    let named = |ports: &[(&str, i32, i32)]| -> Value {
        ports.iter().map(|(name, port, node)| json!({"name": name, "port": port, "nodePort": node})).collect()
    };
    let mut world = World::dual();
    let ports = named(&[("a", 80, 30001), ("b", 81, 30002)]);
    world.create("web", json!({"type": "NodePort", "ports": ports})).expect("created");

    let swapped = world.patch("web", json!({"ports": named(&[("b", 8081, 0), ("a", 8080, 0)])})).expect("updated");
    assert_eq!(swapped["spec"]["ports"][0]["nodePort"], 30002);
    assert_eq!(swapped["spec"]["ports"][1]["nodePort"], 30001);

    let taken_over = world.patch("web", json!({"ports": named(&[("a", 80, 0), ("b", 81, 30001)])})).expect("updated");
    assert_eq!(taken_over["spec"]["ports"][1]["nodePort"], 30001);
    assert_ne!(taken_over["spec"]["ports"][0]["nodePort"], 30001);

    let twice = json!([{"name": "x", "port": 1, "nodePort": 30050}, {"name": "y", "port": 2, "nodePort": 30050}]);
    let status = world.patch("web", json!({"ports": twice})).expect_err("refused");
    assert_eq!((status.code, status.message.as_str()), (500, "duplicate nodePort: {TCP 30050}"));
}

#[test]
fn a_health_check_port_cannot_change() {
    let mut world = World::dual();
    world.create("web", manifest("lb-local")).expect("created");
    let status = world.patch("web", json!({"healthCheckNodePort": 30999})).expect_err("refused");
    assert_eq!(status.message, "Service \"web\" is invalid: spec.healthCheckNodePort: Forbidden: field is immutable");
}

#[test]
fn old_values_that_are_no_longer_valid_may_stay() {
    let mut world = World::dual();
    world.create("web", json!({"ports": [{"port": 80}], "externalIPs": ["192.0.2.1"]})).expect("created");
    world.services.get_mut("web").expect("stored")["spec"]["externalIPs"] = json!(["192.0.2.01"]);
    assert!(world.patch("web", json!({"selector": {"a": "b"}})).is_ok());
    assert!(world.patch("web", json!({"externalIPs": ["192.0.2.01", "192.0.2.02"]})).is_err());
}

/// Ports of one number share their node port, so either all of them name it or none does.
fn any_manifest() -> impl Strategy<Value = Value> {
    let shape = prop::sample::select(&SHAPES[..]);
    let policy = prop::sample::select(&["", "SingleStack", "PreferDualStack", "RequireDualStack"][..]);
    let ports = prop::collection::vec((1..4_usize, prop::sample::select(&["TCP", "UDP"][..])), 1..4);
    (shape, policy, ports, any::<[bool; 4]>()).prop_map(|(shape, policy, ports, fixed)| {
        let mut spec = manifest(shape);
        if shape != "externalname" {
            let has_node_ports = spec["type"].is_string();
            spec["ipFamilyPolicy"] = policy.into();
            let ports = ports.iter().enumerate().map(|(i, (port, protocol))| {
                let number = if fixed[*port] && has_node_ports { 30_010 + port } else { 0 };
                json!({"name": format!("p{i}"), "port": port, "protocol": protocol, "nodePort": number})
            });
            spec["ports"] = ports.collect();
        }
        spec
    })
}

proptest! {
    #[test]
    fn applying_the_same_manifest_again_changes_nothing(spec in any_manifest()) {
        let mut world = World::dual();
        if let Ok(created) = world.create("web", spec.clone()) {
            let again = world.update("web", spec).expect("the same manifest is accepted");
            prop_assert_eq!(&again, &created);
            let whole = world.update_object("web", created.clone()).expect("the stored object is accepted");
            prop_assert_eq!(&whole, &created);
        }
    }

    #[test]
    fn nothing_is_held_twice_or_left_behind(specs in prop::collection::vec((any_manifest(), 0..3_usize), 1..12)) {
        let mut world = World::new(&["10.96.0.0/27", "fd00::/123"]);
        for (spec, slot) in specs {
            let name = format!("s{slot}");
            // The world itself asserts that every claim is free when taken and held when released.
            let _ = if world.services.contains_key(&name) { world.update(&name, spec) } else { world.create(&name, spec) };
        }
        for name in world.services.keys().cloned().collect::<Vec<_>>() {
            world.delete(&name);
        }
        prop_assert_eq!(world.held_count(), 0);
    }
}
