//! Where addresses and node ports come from.

use std::net::IpAddr;

use kubedouble::kinds::{Claim, networking::ip_address, service};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::world::World;

fn plain() -> Value {
    json!({"ports": [{"port": 80}]})
}

fn octet(service: &Value) -> u8 {
    let text = service["spec"]["clusterIP"].as_str().expect("an address");
    text.rsplit('.').next().and_then(|last| last.parse().ok()).expect("an IPv4 address")
}

#[test]
fn automatic_addresses_leave_the_static_band_for_last() {
    // Of a /27, 1 to 16 are for those who ask, 17 to 30 for everyone else; 0 and 31 are nobody's.
    let mut world = World::new(&["10.0.0.0/27"]);
    let all: Vec<_> = (0..30).map(|i| octet(&world.create(&format!("s{i}"), plain()).expect("room"))).collect();
    let (mut dynamic, mut fixed) = (all[..14].to_vec(), all[14..].to_vec());
    dynamic.sort_unstable();
    fixed.sort_unstable();
    assert_eq!(dynamic, (17..=30).collect::<Vec<_>>());
    assert_eq!(fixed, (1..=16).collect::<Vec<_>>());

    let status = world.create("late", plain()).expect_err("full");
    assert_eq!(status.code, 500);
    assert_eq!(
        status.message,
        "Internal error occurred: failed to allocate a serviceIP for Service \"late\": range is full"
    );
    world.delete("s3");
    assert_eq!(octet(&world.create("late", plain()).expect("room")), all[3]);
}

#[test]
fn bands_grow_with_the_range() {
    // The first dynamic address of each range, once everything dynamic above it is gone.
    for (range, first) in [("10.0.0.0/28", 1), ("10.0.0.0/27", 17), ("10.0.0.0/24", 17), ("10.0.0.0/22", 65)] {
        let mut world = World::new(&[range]);
        let size = 2_u32.pow(32 - range[9..].parse::<u32>().expect("a length"));
        let base = u128::from(u32::from_be_bytes([10, 0, 0, 0]));
        world.held.entry("cluster-ips-v4").or_default().extend((first + 1..size - 1).map(|i| base + u128::from(i)));
        let service = world.create("web", plain()).expect("room");
        assert_eq!(octet(&service), u8::try_from(first).expect("small"), "{range}");
    }
}

#[test]
fn ipv6_has_no_broadcast_address() {
    let mut world = World::new(&["fd00::/125"]);
    let mut all: Vec<_> = (0..7)
        .map(|i| {
            world.create(&format!("s{i}"), plain()).expect("room")["spec"]["clusterIP"]
                .as_str()
                .expect("text")
                .to_owned()
        })
        .collect();
    all.sort();
    assert_eq!(all, ["fd00::1", "fd00::2", "fd00::3", "fd00::4", "fd00::5", "fd00::6", "fd00::7"]);
    assert!(world.create("late", plain()).is_err());
}

#[test]
fn addresses_that_were_asked_for() {
    let mut world = World::new(&["10.0.0.0/24"]);
    let ask = |address: &str| json!({"ports": [{"port": 80}], "clusterIP": address});
    for fine in ["10.0.0.1", "10.0.0.16", "10.0.0.254"] {
        world.create(&format!("ip-{}", fine.replace('.', "-")), ask(fine)).expect(fine);
    }
    let refused = |address: &str, why: &str| {
        format!(
            "Service \"x\" is invalid: spec.clusterIPs: Invalid value: [\"{address}\"]: failed to allocate IP {address}: {why}"
        )
    };
    for (address, why) in [
        ("10.0.0.0", "the provided network does not match the current range"),
        ("10.0.0.255", "the provided network does not match the current range"),
        ("192.0.2.1", "the provided network does not match the current range"),
        ("10.0.0.1", "provided IP is already allocated"),
    ] {
        assert_eq!(world.create("x", ask(address)).expect_err(address).message, refused(address, why));
    }
    world.dry_run = true;
    assert!(world.create("x", ask("10.0.0.1")).is_ok(), "a dry run does not look at who holds the address");
    assert_eq!(
        world.create("x", ask("192.0.2.1")).expect_err("out of range").message,
        refused(
            "192.0.2.1",
            "the provided IP (192.0.2.1) is not in the valid range. The range of valid IPs is 10.0.0.0/24"
        )
    );
}

#[test]
fn another_range_is_used_once_it_is_ready() {
    let mut world = World::new(&["10.0.0.0/30"]);
    world.create("a", plain()).expect("room");
    world.create("b", plain()).expect("room");
    assert!(world.create("c", plain()).is_err());
    world.ranges.ready.push("10.1.0.0/30".parse().expect("a range"));
    let more = world.create("c", plain()).expect("room in the other range");
    assert!(more["spec"]["clusterIP"].as_str().is_some_and(|address| address.starts_with("10.1.0.")));
    let asked = json!({"ports": [{"port": 80}], "clusterIP": "10.1.0.9"});
    assert!(world.create("d", asked).is_err());
}

#[test]
fn node_ports_of_one_service() {
    let tcp_udp = json!([{"name": "t", "port": 53}, {"name": "u", "port": 53, "protocol": "UDP"}]);
    let mut world = World::dual();
    let ports =
        world.create("dns", json!({"type": "NodePort", "ports": tcp_udp})).expect("created")["spec"]["ports"].clone();
    assert_eq!(ports[0]["nodePort"], ports[1]["nodePort"], "one port number, one node port");

    let later_names_it =
        json!([{"name": "t", "port": 54}, {"name": "u", "port": 54, "protocol": "UDP", "nodePort": 30054}]);
    let ports =
        world.create("dns2", json!({"type": "NodePort", "ports": later_names_it})).expect("created")["spec"]["ports"]
            .clone();
    assert_eq!((&ports[0]["nodePort"], &ports[1]["nodePort"]), (&json!(30054), &json!(30054)));

    let two_ports_one_number = json!([
        {"name": "a", "port": 1, "nodePort": 30100}, {"name": "b", "port": 2, "nodePort": 30100, "protocol": "UDP"},
    ]);
    let status =
        world.create("c", json!({"type": "NodePort", "ports": two_ports_one_number.clone()})).expect_err("taken");
    assert_eq!(
        status.message,
        "Service \"c\" is invalid: spec.ports[1].nodePort: Invalid value: 30100: provided port is already allocated"
    );
    world.create("c", json!({"type": "NodePort", "ports": [{"name": "a", "port": 1}]})).expect("created");
    assert!(
        world.patch("c", json!({"ports": two_ports_one_number})).is_ok(),
        "an update minds only (protocol, number)"
    );
}

#[test]
fn node_ports_leave_the_static_band_for_last() {
    let mut world = World::new(&["10.0.0.0/16"]);
    world.ranges.node_ports = 30_000..=30_031;
    let port = |i: usize| json!({"name": format!("p{i}"), "port": i + 1});
    let spec = json!({"type": "NodePort", "ports": (0..32).map(port).collect::<Vec<_>>()});
    let created = world.create("all", spec).expect("room");
    let numbers: Vec<_> = created["spec"]["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|port| port["nodePort"].as_u64())
        .collect();
    assert!(numbers[..16].iter().all(|number| *number >= 30_016), "{numbers:?}");
    assert!(numbers[16..].iter().all(|number| *number < 30_016), "{numbers:?}");

    let node_port = json!({"type": "NodePort", "ports": [{"port": 80}]});
    let status = world.create("late", node_port).expect_err("full");
    assert_eq!(status.message, "Internal error occurred: failed to allocate a nodePort: range is full");
}

#[test]
fn health_check_ports_are_node_ports() {
    let mut world = World::dual();
    let local = |number: i32| {
        json!({
            "type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": number,
            "ports": [{"port": 80}], "allocateLoadBalancerNodePorts": false,
        })
    };
    assert_eq!(world.create("a", local(30500)).expect("created")["spec"]["healthCheckNodePort"], 30500);
    for (number, why) in [
        (30500, "provided port is already allocated"),
        (80, "provided port is not in the valid range. The range of valid ports is 30000-32767"),
    ] {
        let status = world.create("b", local(number)).expect_err("refused");
        assert_eq!(status.code, 500);
        assert_eq!(
            status.message,
            format!("Internal error occurred: failed to allocate requested HealthCheck NodePort {number}: {why}")
        );
    }
}

#[test]
fn a_dry_run_shows_stand_ins() {
    let mut world = World::dual();
    world.dry_run = true;
    let spec = json!({
        "type": "LoadBalancer", "externalTrafficPolicy": "Local", "ipFamilyPolicy": "PreferDualStack",
        "ports": [{"name": "a", "port": 1}, {"name": "b", "port": 2}],
    });
    let shown = world.create("web", spec).expect("created")["spec"].clone();
    assert_eq!(shown["clusterIPs"], json!(["10.96.0.0", "fd00:10:96::"]));
    assert_eq!(shown["ports"][0]["nodePort"], 32769);
    assert_eq!(shown["ports"][1]["nodePort"], 32770);
    assert_eq!(shown["healthCheckNodePort"], 32771);
    let any_number = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 40000}]});
    assert!(world.create("web", any_number).is_ok(), "a dry run does not mind the range");
    assert_eq!(world.held_count(), 0);
}

#[test]
fn an_address_needs_a_service_it_can_name() {
    let status = World::single().create("", plain()).expect_err("refused");
    assert!(
        status.message.starts_with(
            "Service \"\" is invalid: spec.clusterIPs: Invalid value: [\"\"]: failed to allocate IP: \
             IPAddress.networking.k8s.io \"10.96."
        ),
        "{status}"
    );
    assert!(status.message.ends_with("is invalid: spec.parentRef.name: Required value"), "{status}");
}

#[test]
fn a_service_comes_with_its_addresses() {
    let mut world = World::dual();
    let spec = json!({
        "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "FD00:10:96::9"], "ipFamilyPolicy": "PreferDualStack",
        "ports": [{"port": 80}],
    });
    let stored = world.create("web", spec).expect("created");
    let companions = service::DEF.strategy.companions(&stored).expect("it decodes");
    let shown: Vec<_> = companions
        .iter()
        .map(|companion| (&companion.object["metadata"], &companion.object["spec"]))
        .map(|(metadata, spec)| json!([metadata["name"], metadata["labels"], spec["parentRef"]]))
        .collect();
    let labels = |family: &str| json!({"ipaddress.kubernetes.io/ip-family": family, "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"});
    let parent = json!({"resource": "services", "namespace": "default", "name": "web"});
    assert_eq!(shown, [json!(["10.96.0.9", labels("IPv4"), parent]), json!(["fd00:10:96::9", labels("IPv6"), parent])]);

    let claims = service::DEF.strategy.claims(&stored).expect("it decodes");
    let expected: Vec<_> =
        ["10.96.0.9", "fd00:10:96::9"].map(|text| Claim::address(&text.parse::<IpAddr>().expect("an address"))).into();
    assert_eq!(claims, expected);
    for companion in companions {
        assert!(ip_address::DEF.strategy.validate(&companion.object).is_empty());
        let claims = ip_address::DEF.strategy.claims(&companion.object);
        assert_eq!(claims.expect("it decodes"), [], "the Service holds it");
    }
}

proptest! {
    #[test]
    fn an_allocated_address_is_free_and_inside_a_range(
        length in 16..30_u8,
        held in prop::collection::btree_set(0..300_u128, 0..40),
    ) {
        let net: ipnet::IpNet = format!("10.0.0.0/{length}").parse().expect("a range");
        let mut world = World::new(&[&net.to_string()]);
        let base = u128::from(u32::from_be_bytes([10, 0, 0, 0]));
        world.held.entry("cluster-ips-v4").or_default().extend(held.iter().map(|offset| base + offset));
        let before = world.held.clone();
        if let Ok(service) = world.create("web", plain()) {
            let address: IpAddr = service["spec"]["clusterIP"].as_str().and_then(|text| text.parse().ok()).expect("an address");
            prop_assert!(net.contains(&address));
            prop_assert!(address != net.network() && address != net.broadcast());
            let claim = Claim::address(&address);
            prop_assert!(!before[claim.pool].contains(&claim.number));
        } else {
            let usable = 1..(1_u128 << (32 - length)) - 1;
            prop_assert!(usable.clone().all(|offset| held.contains(&offset)), "only a full range is refused");
        }
    }
}
