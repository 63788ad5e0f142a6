//! EndpointSlices: what is in them, how little of them changes, and the mirrors of hand-written Endpoints.

use kubedouble::{
    kinds::{
        core::{endpoints, event, node},
        endpoint_slice, pod, service,
    },
    object::meta,
};
use serde_json::{Value, json};

use super::support::{Cluster, addresses_of, owned_by};

const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const SKIP_MIRROR: &str = "endpointslice.kubernetes.io/skip-mirror";
const MIRRORING: &str = "endpointslicemirroring-controller.k8s.io";

fn manager(slice: &Value) -> &str {
    meta::text(slice, &["metadata", "labels", MANAGED_BY])
}

#[tokio::test]
async fn an_endpoint_says_all_about_its_pod() {
    let cluster = Cluster::with_nodes().await;
    let service = cluster.web(json!({})).await;
    let pod = cluster.pod("a", "10.1.0.1", true).await;
    let slice = cluster.until_slices("web", &["10.1.0.1"]).await.remove(0);
    let wanted = json!([{
        "addresses": ["10.1.0.1"],
        "conditions": {"ready": true, "serving": true, "terminating": false},
        "targetRef": {"kind": "Pod", "namespace": "default", "name": "a", "uid": meta::uid(&pod)},
        "nodeName": "n1",
        "zone": "z1",
    }]);
    assert_eq!(slice["endpoints"], wanted);
    assert_eq!(slice["ports"], json!([{"name": "", "port": 80, "protocol": "TCP"}]));
    let mut owner = owned_by(&service, true);
    owner["controller"] = true.into();
    assert_eq!(slice["metadata"]["ownerReferences"], json!([owner]));
}

#[tokio::test]
async fn the_first_slice_keeps_its_name_through_everything() {
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({})).await;
    let name = |slices: &[Value]| meta::name(&slices[0]).to_owned();
    let placeholder = cluster.until_slices("web", &[]).await;
    assert_eq!((placeholder.len(), &placeholder[0]["ports"]), (1, &Value::Null));
    cluster.pod("a", "10.1.0.1", true).await;
    let filled = cluster.until_slices("web", &["10.1.0.1"]).await;
    cluster.patch(&service::DEF, "web", json!({"spec": {"ports": [{"port": 81}]}})).await;
    let moved = async |cluster: &Cluster| {
        let slices = cluster.slices("web").await;
        (slices[0]["ports"][0]["port"] == 81).then_some(slices)
    };
    let moved = cluster.until("the new port", moved).await;
    cluster.delete(&pod::DEF, "a", "").await;
    let emptied = cluster.until_slices("web", &[]).await;
    for slices in [&filled, &moved, &emptied] {
        assert_eq!((slices.len(), name(slices)), (1, name(&placeholder)));
    }
}

#[tokio::test]
async fn both_families_have_slices_of_their_own() {
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({"ipFamilyPolicy": "RequireDualStack"})).await;
    cluster.pod("a", "10.1.0.1", true).await;
    cluster.status("a", &["10.1.0.1", "fd00::1"], true).await;
    let slices = cluster.until_slices("web", &["10.1.0.1", "fd00::1"]).await;
    for slice in &slices {
        let address = addresses_of(slice).remove(0);
        let expected = if address.contains(':') { "IPv6" } else { "IPv4" };
        assert_eq!(slice["addressType"], expected);
    }
    cluster.patch(&service::DEF, "web", json!({"spec": {"ipFamilyPolicy": "SingleStack"}})).await;
    cluster.until_slices("web", &["10.1.0.1"]).await;
}

#[tokio::test]
async fn hints_follow_the_wish_for_distribution() {
    let zone = json!({"forZones": [{"name": "z1"}]});
    let both = json!({"forZones": [{"name": "z1"}], "forNodes": [{"name": "n1"}]});
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({})).await;
    cluster.pod("a", "10.1.0.1", true).await;
    cluster.until_slices("web", &["10.1.0.1"]).await;
    for (wish, hints) in [
        (json!("PreferClose"), Some(&zone)),
        (json!("PreferSameNode"), Some(&both)),
        (json!("PreferSameZone"), Some(&zone)),
        (Value::Null, None),
    ] {
        cluster.patch(&service::DEF, "web", json!({"spec": {"trafficDistribution": wish}})).await;
        let hinted = async |cluster: &Cluster| {
            let slices = cluster.slices("web").await;
            (slices[0]["endpoints"][0].get("hints") == hints).then_some(())
        };
        cluster.until(&format!("hints for {wish}"), hinted).await;
    }
}

#[tokio::test]
async fn hints_follow_the_cpus_of_zones() {
    let cluster = Cluster::start().await;
    for (node, zone, cpu) in [("n1", "a", "3"), ("n2", "b", "2000m"), ("n3", "b", "1")] {
        let metadata = json!({"name": node, "labels": {"topology.kubernetes.io/zone": zone}});
        let status = json!({"allocatable": {"cpu": cpu}, "conditions": [{"type": "Ready", "status": "True"}]});
        cluster.create(&node::DEF, json!({"metadata": metadata, "status": status})).await;
    }
    let auto = json!({"service.kubernetes.io/topology-mode": "Auto"});
    cluster.web(json!({})).await;
    cluster.patch(&service::DEF, "web", json!({"metadata": {"annotations": auto}})).await;
    cluster.pod("p0", "10.1.0.10", true).await;
    let few = "Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4";
    until_told(&cluster, "Warning", "TopologyAwareHintsDisabled", few).await;
    // All pods are in zone a, so that it gives half of them to zone b.
    for number in 1..6 {
        cluster.pod(&format!("p{number}"), &format!("10.1.0.1{number}"), true).await;
    }
    until_hinted(&cluster, &["a", "a", "a", "b", "b", "b"]).await;
    until_told(
        &cluster,
        "Normal",
        "TopologyAwareHintsEnabled",
        "Topology Aware Hints has been enabled, addressType: IPv4",
    )
    .await;
    // A quarter of the CPUs asks for one and a half of six, which is not less than two.
    cluster.patch_part(&node::DEF, "n2", "status", json!({"status": {"conditions": null}})).await;
    cluster.patch(&node::DEF, "n3", json!({"metadata": {"labels": {"topology.kubernetes.io/zone": "c"}}})).await;
    until_hinted(&cluster, &["a", "a", "a", "a", "c", "c"]).await;
    cluster.patch(&node::DEF, "n3", json!({"metadata": {"labels": {"topology.kubernetes.io/zone": null}}})).await;
    until_hinted(&cluster, &[]).await;
    let unknown = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, \
                   addressType: IPv4";
    until_told(&cluster, "Warning", "TopologyAwareHintsDisabled", unknown).await;
    cluster.delete(&node::DEF, "n3", "").await;
    cluster.patch(&service::DEF, "web", json!({"spec": {"trafficDistribution": "PreferSameZone"}})).await;
    cluster.patch(&service::DEF, "web", json!({"metadata": {"annotations": null}})).await;
    until_hinted(&cluster, &["a"; 6]).await;
}

/// Waits until the endpoints of `web` are meant for these zones altogether.
async fn until_hinted(cluster: &Cluster, zones: &[&str]) {
    let hinted = async |cluster: &Cluster| {
        let slices = cluster.slices("web").await;
        let endpoints = slices.iter().flat_map(|slice| meta::items(slice, &["endpoints"]));
        let mut found: Vec<_> = endpoints
            .flat_map(|endpoint| meta::items(endpoint, &["hints", "forZones"]))
            .map(|zone| meta::text(zone, &["name"]).to_owned())
            .collect();
        found.sort();
        (found == zones).then_some(())
    };
    cluster.until(&format!("hints for {zones:?}"), hinted).await;
}

/// Waits until an event of this type and reason says this.
async fn until_told(cluster: &Cluster, kind: &str, reason: &str, message: &str) {
    let told = async |cluster: &Cluster| {
        let events = cluster.list(&event::DEF).await;
        events.iter().any(|e| e["type"] == kind && e["reason"] == reason && e["message"] == message).then_some(())
    };
    cluster.until(message, told).await;
}

#[tokio::test]
async fn edited_and_removed_slices_are_restored() {
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({})).await;
    cluster.pod("a", "10.1.0.1", true).await;
    let slice = cluster.until_slices("web", &["10.1.0.1"]).await.remove(0);
    let stranger = json!([{"addresses": ["10.9.9.9"]}]);
    for edit in [
        json!({"endpoints": stranger}),
        json!({"metadata": {"labels": {"more": "labels"}}}),
        json!({"metadata": {"labels": {"kubernetes.io/service-name": "else"}}}),
    ] {
        let name = cluster.slices("web").await.first().map(|slice| meta::name(slice).to_owned());
        cluster.patch(&endpoint_slice::DEF, &name.expect("a slice"), edit).await;
        let restored = async |cluster: &Cluster| {
            let slices = cluster.slices("web").await;
            let [only] = slices.as_slice() else { return None };
            let agrees = addresses_of(only) == ["10.1.0.1"];
            (agrees && only["metadata"]["labels"] == slice["metadata"]["labels"]).then_some(())
        };
        cluster.until("the restored slice", restored).await;
    }
    let name = meta::name(&cluster.slices("web").await[0]).to_owned();
    cluster.delete(&endpoint_slice::DEF, &name, "").await;
    cluster.until_slices("web", &["10.1.0.1"]).await;
}

#[tokio::test]
async fn one_new_pod_changes_one_slice() {
    let cluster = Cluster::with_nodes().await;
    let ips: Vec<String> = (1..=151).map(|i| format!("10.1.0.{i}")).collect();
    let ips: Vec<&str> = ips.iter().map(String::as_str).collect();
    let (last, first) = ips.split_last().expect("151 addresses");
    for (i, ip) in first.iter().enumerate() {
        cluster.pod(&format!("p{i}"), ip, true).await;
    }
    cluster.web(json!({})).await;
    let before = cluster.until_slices("web", first).await;
    cluster.pod("new", last, true).await;
    let after = cluster.until_slices("web", &ips).await;
    let unchanged = after.iter().filter(|slice| before.contains(slice)).count();
    assert_eq!((before.len(), after.len(), unchanged), (2, 2, 1));
}

#[tokio::test]
async fn slices_of_an_earlier_service_of_the_same_name_are_replaced() {
    let cluster = Cluster::start().await;
    cluster.web(json!({})).await;
    let old = cluster.until_slices("web", &[]).await.remove(0);
    cluster.delete(&service::DEF, "web", "Orphan").await;
    cluster.until_gone(&service::DEF, "web").await;
    let new = cluster.web(json!({})).await;
    cluster.until_gone(&endpoint_slice::DEF, meta::name(&old)).await;
    let owned = async |cluster: &Cluster| {
        let slices = cluster.slices("web").await;
        (slices.len() == 1 && slices[0]["metadata"]["ownerReferences"][0]["uid"] == new["metadata"]["uid"])
            .then_some(())
    };
    cluster.until("one slice of the new Service", owned).await;
}

#[tokio::test]
async fn hand_written_endpoints_are_mirrored_through_their_life() {
    let cluster = Cluster::start().await;
    cluster.web(json!({"selector": null})).await;
    let object = json!({
        "metadata": {"name": "web", "labels": {"team": "x"}, "annotations": {"note": "n"}},
        "subsets": [{
            "addresses": [{"ip": "10.9.0.1", "hostname": "h"}, {"ip": "fd00::9"}],
            "notReadyAddresses": [{"ip": "10.9.0.2"}],
            "ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}],
        }],
    });
    cluster.create(&endpoints::DEF, object).await;
    let slices = cluster.until_slices("web", &["10.9.0.1", "10.9.0.2", "fd00::9"]).await;
    assert_eq!(slices.len(), 2, "one for each family");
    let v4 = slices.iter().find(|slice| slice["addressType"] == "IPv4").expect("a slice for IPv4");
    assert_eq!(manager(v4), MIRRORING);
    assert_eq!(v4["metadata"]["annotations"], json!({"note": "n"}));
    assert_eq!(v4["metadata"]["labels"]["team"], "x");
    assert_eq!(v4["endpoints"][0], json!({"addresses": ["10.9.0.1"], "conditions": {"ready": true}, "hostname": "h"}));
    assert_eq!(v4["endpoints"][1], json!({"addresses": ["10.9.0.2"], "conditions": {"ready": false}}));
    let https = json!({"name": "https", "port": 443, "protocol": "TCP"});
    assert_eq!(v4["ports"][0], https, "slices order their ports by hash");
    let smaller = json!({"subsets": [{"addresses": [{"ip": "10.9.0.3"}], "ports": [{"port": 80}]}]});
    cluster.patch(&endpoints::DEF, "web", smaller).await;
    cluster.until_slices("web", &["10.9.0.3"]).await;
    cluster.patch(&endpoints::DEF, "web", json!({"metadata": {"labels": {SKIP_MIRROR: "true"}}})).await;
    cluster.until("no mirror", async |cluster| cluster.slices("web").await.is_empty().then_some(())).await;
    cluster.patch(&endpoints::DEF, "web", json!({"metadata": {"labels": {SKIP_MIRROR: null}}})).await;
    cluster.until_slices("web", &["10.9.0.3"]).await;
    cluster.delete(&endpoints::DEF, "web", "").await;
    cluster.until("no mirror", async |cluster| cluster.slices("web").await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_mirror_ends_when_the_service_gets_a_selector() {
    let cluster = Cluster::start().await;
    cluster.web(json!({"selector": null})).await;
    let subsets = json!([{"addresses": [{"ip": "10.9.0.1"}], "ports": [{"port": 80}]}]);
    cluster.create(&endpoints::DEF, json!({"metadata": {"name": "web"}, "subsets": subsets})).await;
    cluster.until_slices("web", &["10.9.0.1"]).await;
    cluster.patch(&service::DEF, "web", json!({"spec": {"selector": {"app": "web"}}})).await;
    let replaced = async |cluster: &Cluster| {
        let slices = cluster.slices("web").await;
        (slices.len() == 1 && manager(&slices[0]) != MIRRORING).then_some(())
    };
    cluster.until("a slice of the other controller alone", replaced).await;
    cluster.until_endpoints("web", &[], &[]).await;
}

#[tokio::test]
async fn a_mirror_holds_a_thousand_addresses_of_a_subset() {
    let cluster = Cluster::start().await;
    cluster.web(json!({"selector": null})).await;
    let addresses: Vec<_> = (0..1003).map(|i| json!({"ip": format!("10.9.{}.{}", i / 250, i % 250 + 1)})).collect();
    let subsets = json!([{"addresses": addresses, "ports": [{"port": 80}]}]);
    cluster.create(&endpoints::DEF, json!({"metadata": {"name": "web"}, "subsets": subsets})).await;
    let full = async |cluster: &Cluster| {
        let slices = cluster.slices("web").await;
        (slices.len() == 1 && addresses_of(&slices[0]).len() == 1000).then_some(())
    };
    cluster.until("a full mirror", full).await;
    let events = cluster.list(&event::DEF).await;
    let told = events.iter().find(|event| event["reason"] == "TooManyAddressesToMirror").expect("an event");
    let message =
        "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 3 addresses were skipped";
    assert_eq!(told["message"], message);
}
