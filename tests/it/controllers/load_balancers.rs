//! Load balancers: when Services get addresses, which ones, and when they give them back.

use kubedouble::server::Server;
use serde_json::{Value, json};

use crate::{
    client::{Client, SERVICES, at, service, settle},
    harness,
};

const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";

#[tokio::test]
async fn a_load_balancer_gets_an_address_of_each_family_and_a_finalizer() {
    let (_server, client) = start(&["--load-balancer=instant"]).await;
    create(&client, "lb", json!({"ipFamilyPolicy": "RequireDualStack"})).await;
    let lb = get(&client, "lb").await;
    let expected = json!([{"ip": "203.0.113.1", "ipMode": "VIP"}, {"ip": "2001:db8:113::1", "ipMode": "VIP"}]);
    assert_eq!(lb["status"]["loadBalancer"]["ingress"], expected);
    assert_eq!(lb["metadata"]["finalizers"], json!([FINALIZER]));
}

#[tokio::test]
async fn an_address_is_free_again_when_its_service_is_gone_or_no_load_balancer_any_more() {
    let (_server, client) = start(&["--load-balancer=instant", "--load-balancer-pool=203.0.113.0/30"]).await;
    for name in ["a", "b", "c"] {
        create(&client, name, json!({})).await;
    }
    assert_eq!(address(&get(&client, "c").await), "");
    let told = told(&client, "c").await;
    let failed = "Warning SyncLoadBalancerFailed: Error syncing load balancer: failed to ensure load balancer: ";
    assert!(told.iter().any(|told| told.starts_with(failed)), "{told:?}");
    client.delete(&at("a")).await.expect(200);
    settle(&client).await;
    client.get(&at("a")).await.expect(404);
    assert_eq!(address(&get(&client, "c").await), "203.0.113.1");
    client.patch(&at("b"), &json!({"spec": {"type": "ClusterIP"}})).await.expect(200);
    settle(&client).await;
    let b = get(&client, "b").await;
    assert_eq!((&b["status"], &b["metadata"]["finalizers"]), (&json!({"loadBalancer": {}}), &json!(null)));
    create(&client, "d", json!({})).await;
    assert_eq!(address(&get(&client, "d").await), "203.0.113.2");
}

#[tokio::test]
async fn wishes_are_honoured() {
    let (_server, client) = start(&["--load-balancer=instant"]).await;
    create(&client, "wanted", json!({"loadBalancerIP": "203.0.113.77"})).await;
    create(&client, "taken", json!({"loadBalancerIP": "203.0.113.77"})).await;
    create(&client, "foreign", json!({"loadBalancerClass": "example.com/theirs"})).await;
    create(&client, "ours", json!({"loadBalancerClass": "kubedouble.dev/lb"})).await;
    let given = [("wanted", "203.0.113.77"), ("taken", ""), ("foreign", ""), ("ours", "203.0.113.1")];
    for (name, expected) in given {
        assert_eq!(address(&get(&client, name).await), expected, "{name}");
    }
    assert_eq!(get(&client, "foreign").await["metadata"]["finalizers"], json!(null));
}

#[tokio::test]
async fn in_manual_mode_the_annotation_decides() {
    let (_server, client) = start(&["--load-balancer=manual"]).await;
    create(&client, "lb", json!({})).await;
    assert_eq!(address(&get(&client, "lb").await), "");
    annotate(&client, "auto").await;
    assert_eq!(address(&get(&client, "lb").await), "203.0.113.1");
    annotate(&client, "192.0.2.9").await;
    assert_eq!(address(&get(&client, "lb").await), "192.0.2.9");
}

#[tokio::test]
async fn a_domain_gives_names_instead_of_addresses() {
    let (_server, client) = start(&["--load-balancer=instant", "--load-balancer-domain=lb.example"]).await;
    create(&client, "lb", json!({})).await;
    let expected = json!([{"hostname": "lb.default.lb.example"}]);
    assert_eq!(get(&client, "lb").await["status"]["loadBalancer"]["ingress"], expected);
}

#[tokio::test]
async fn a_delayed_load_balancer_is_pending_and_then_there() {
    let (_server, client) = start(&["--load-balancer=delayed=1s"]).await;
    create(&client, "lb", json!({})).await;
    let pending = get(&client, "lb").await;
    assert_eq!(address(&pending), "");
    let version = pending["metadata"]["resourceVersion"].as_str().expect("a version");
    let path = format!("{SERVICES}?fieldSelector=metadata.name=lb&resourceVersion={version}");
    let event = client.watch(&path).await.next().await.expect("an event");
    assert_eq!(address(&event["object"]), "203.0.113.1");
}

#[tokio::test]
async fn people_are_told_what_happens_to_a_load_balancer() {
    let (_server, client) = start(&["--load-balancer=instant", "--simulate-pods=true", "--simulate-nodes=1"]).await;
    create(&client, "lb", json!({})).await;
    let mut expected = vec!["Normal EnsuredLoadBalancer: Ensured load balancer".to_owned()];
    expected.push("Normal EnsuringLoadBalancer: Ensuring load balancer".to_owned());
    assert_eq!(told(&client, "lb").await, expected);
    client.post("/api/v1/nodes", &json!({"metadata": {"name": "mine"}})).await.expect(201);
    for (change, event) in [
        (json!({"loadBalancerSourceRanges": ["10.0.0.0/8"]}), "LoadBalancerSourceRanges: [] -> [10.0.0.0/8]"),
        (json!({"externalIPs": ["192.0.2.1"]}), "ExternalIP: Count: 0 -> 1"),
        (json!({"externalIPs": ["192.0.2.2"]}), "ExternalIP: Added: 192.0.2.2"),
        (json!({"externalTrafficPolicy": "Local"}), "ExternalTrafficPolicy: Cluster -> Local"),
        (json!({"ipFamilyPolicy": "PreferDualStack"}), "IPFamilies: Count: 1 -> 2"),
        (json!({"loadBalancerIP": "203.0.113.9", "ipFamilyPolicy": "SingleStack"}), "LoadbalancerIP:  -> 203.0.113.9"),
        (
            json!({"type": "ClusterIP", "externalTrafficPolicy": null, "loadBalancerSourceRanges": null}),
            "Type: LoadBalancer -> ClusterIP",
        ),
    ] {
        client.patch(&at("lb"), &json!({"spec": change})).await.expect(200);
        settle(&client).await;
        expected.push(format!("Normal {event}"));
    }
    expected.push("Normal UpdatedLoadBalancer: Updated load balancer with new hosts".to_owned());
    expected.push("Normal DeletingLoadBalancer: Deleting load balancer".to_owned());
    expected.push("Normal DeletedLoadBalancer: Deleted load balancer".to_owned());
    expected.sort();
    assert_eq!(told(&client, "lb").await, expected);
}

#[tokio::test]
async fn a_load_balancer_without_nodes_is_worth_a_warning() {
    let (_server, client) = start(&["--load-balancer=instant"]).await;
    create(&client, "lb", json!({})).await;
    let warning = "Warning UnAvailableLoadBalancer: There are no available nodes for LoadBalancer".to_owned();
    assert!(told(&client, "lb").await.contains(&warning));
}

#[tokio::test]
async fn an_address_that_cannot_be_given_is_told_and_not_tried_for_ever() {
    let (server, client) = start(&["--load-balancer=manual"]).await;
    create(&client, "lb", json!({})).await;
    for bad in ["nonsense", "203.0.113.1,nonsense"] {
        annotate(&client, bad).await;
        let reason = "Warning SyncLoadBalancerFailed: Error syncing load balancer: failed to ensure load balancer: ";
        let events = told(&client, "lb").await;
        assert!(events.iter().any(|event| event.starts_with(reason) && event.contains("no address")), "{events:?}");
        assert_eq!(address(&get(&client, "lb").await), "");
    }
    let revision = server.api().revision();
    settle(&client).await;
    assert_eq!(server.api().revision(), revision);
    annotate(&client, "203.0.113.1").await;
    assert_eq!(address(&get(&client, "lb").await), "203.0.113.1");
}

/// The events about a Service, in order of their text.
async fn told(client: &Client, name: &str) -> Vec<String> {
    let path = format!("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name={name}");
    let events = client.get(&path).await.expect(200).json();
    let text = |event: &Value, member: &str| event[member].as_str().unwrap_or_default().to_owned();
    let events = events["items"].as_array().expect("events").iter();
    let shown = events.map(|e| format!("{} {}: {}", text(e, "type"), text(e, "reason"), text(e, "message")));
    let mut shown: Vec<_> = shown.collect();
    shown.sort();
    shown
}

async fn start(flags: &[&str]) -> (Server, Client) {
    let server = harness::start(flags).await;
    let client = Client::new(server.url());
    (server, client)
}

async fn create(client: &Client, name: &str, members: Value) {
    let mut object = service(name);
    object["spec"]["type"] = "LoadBalancer".into();
    for (member, value) in members.as_object().into_iter().flatten() {
        object["spec"][member] = value.clone();
    }
    client.post(SERVICES, &object).await.expect(201);
    settle(client).await;
}

async fn annotate(client: &Client, address: &str) {
    let annotation = json!({"metadata": {"annotations": {"kubedouble.dev/address": address}}});
    client.patch(&at("lb"), &annotation).await.expect(200);
    settle(client).await;
}

async fn get(client: &Client, name: &str) -> Value {
    client.get(&at(name)).await.expect(200).json()
}

fn address(service: &Value) -> String {
    service["status"]["loadBalancer"]["ingress"][0]["ip"].as_str().unwrap_or_default().to_owned()
}
