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
    let events = client.get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=c").await.json();
    assert_eq!(events["items"][0]["reason"], "SyncLoadBalancerFailed");
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
