//! Connections through objects: what is refused before anybody would have to run a container.

use serde_json::{Value, json};

use crate::{
    client::{Client, SERVICES, service},
    harness,
};

const PODS: &str = "/api/v1/namespaces/default/pods";

fn pod(name: &str, spec: &Value) -> Value {
    let mut object = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    for (member, value) in spec.as_object().expect("an object") {
        object["spec"][member] = value.clone();
    }
    object
}

async fn refusal(client: &Client, method: &str, path: &str) -> (u16, String) {
    let answer = client.send(method, path, &[], "").await;
    (answer.status, answer.json()["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_pod_without_a_node_has_an_empty_log_and_takes_no_streams() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let two = json!({"containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]});
    client.post(PODS, &pod("one", &json!({}))).await.expect(201);
    client.post(PODS, &pod("two", &two)).await.expect(201);
    let log = client.get(&format!("{PODS}/one/log")).await.expect(204);
    assert_eq!(log.text(), "");
    for sub in ["exec", "attach", "portforward"] {
        let refused = refusal(&client, "POST", &format!("{PODS}/one/{sub}")).await;
        assert_eq!(refused, (400, "pod one does not have a host assigned".to_owned()), "{sub}");
    }
    let choose = "a container name must be specified for pod two, choose one of: [a b]";
    assert_eq!(refusal(&client, "GET", &format!("{PODS}/two/log")).await, (400, choose.to_owned()));
    let unknown = refusal(&client, "GET", &format!("{PODS}/one/log?container=x")).await;
    assert_eq!(unknown, (400, "container x is not valid for pod one".to_owned()));
    assert_eq!(refusal(&client, "GET", &format!("{PODS}/none/log")).await, (404, "pods \"none\" not found".to_owned()));
    assert_eq!(refusal(&client, "GET", &format!("{PODS}/one/proxy/x")).await, (400, "address not allowed".to_owned()));
}

#[tokio::test]
async fn a_simulated_container_prints_nothing() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    for (name, labels) in [("real", json!({})), ("simulated", json!({"kubedouble.dev/simulated": "true"}))] {
        client.post("/api/v1/nodes", &json!({"metadata": {"name": name, "labels": labels}})).await.expect(201);
        client.post(PODS, &pod(name, &json!({"nodeName": name}))).await.expect(201);
    }
    let log = client.get(&format!("{PODS}/simulated/log")).await.expect(200);
    assert_eq!((log.text().as_str(), log.header("content-type")), ("", "text/plain"));
    client.get(&format!("{PODS}/real/log")).await.expect(503);
}

#[tokio::test]
async fn the_proxy_of_a_service_takes_a_scheme_and_a_port() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let mut web = service("web");
    web["spec"]["ports"][0]["name"] = json!("http");
    client.post(SERVICES, &web).await.expect(201);
    let at = |id: &str| format!("{SERVICES}/{id}/proxy/");
    for id in ["a:b:c:d", "ftp:web:80", "web:not_a_port", ":web:http:"] {
        let refused = refusal(&client, "GET", &at(id)).await;
        assert_eq!(refused, (400, format!("invalid service request \"{id}\"")), "{id}");
    }
    let no_port = "no service port 81 found for service \"web\"";
    assert_eq!(refusal(&client, "GET", &at("web:81")).await, (503, no_port.to_owned()));
    assert_eq!(refusal(&client, "GET", &at("web")).await, (404, "endpoints \"web\" not found".to_owned()));
    let endpoints = json!({"metadata": {"name": "web"}});
    client.post("/api/v1/namespaces/default/endpoints", &endpoints).await.expect(201);
    let none = "no endpoints available for service \"web\"";
    for id in ["web", "web:80", "https:web:http"] {
        assert_eq!(refusal(&client, "PUT", &at(id)).await, (503, none.to_owned()), "{id}");
    }
}

#[tokio::test]
async fn the_proxy_of_a_node_needs_the_node() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let missing = refusal(&client, "GET", "/api/v1/nodes/https:n:10250/proxy/metrics").await;
    assert_eq!(missing, (404, "nodes \"n\" not found".to_owned()));
}
