//! Many clients at once: nothing is given out twice, nothing is lost, and a conflict has one winner.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    client::{Client, SERVICES, at, node_port_service, service},
    harness,
};

const CLIENTS: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_never_share_an_address_or_a_port() {
    // Exactly as many ports as Services, and barely more addresses: the last ones are found only by looking for them.
    let ranges = ["--service-cluster-ip-range=10.7.0.0/25", "--service-node-port-range=30000-30063"];
    let server = harness::start(&ranges).await;
    let client = Client::new(server.url());
    let creates = (0..CLIENTS).map(|number| {
        let client = client.clone();
        async move { client.post(SERVICES, &node_port_service(&format!("web-{number}"))).await.expect(201).json() }
    });
    let made = join_all(creates).await;
    let distinct = |pick: fn(&Value) -> &Value| made.iter().map(|made| pick(made).to_string()).collect::<BTreeSet<_>>();
    assert_eq!(distinct(|made| &made["spec"]["clusterIP"]).len(), CLIENTS);
    assert_eq!(distinct(|made| &made["spec"]["ports"][0]["nodePort"]).len(), CLIENTS);
    assert_eq!(distinct(|made| &made["metadata"]["uid"]).len(), CLIENTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_creates_of_a_name_wins() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let creates = (0..CLIENTS).map(|_| client.clone()).map(|client| async move {
        let answer = client.post(SERVICES, &node_port_service("web")).await;
        (answer.status, answer.json()["reason"].clone())
    });
    let answers = join_all(creates).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1);
    let refused = answers.iter().filter(|answer| **answer == (409, json!("AlreadyExists"))).count();
    assert_eq!(refused, CLIENTS - 1);
    // What the losers had been given is free again.
    let addresses = client.get("/apis/networking.k8s.io/v1/ipaddresses").await.expect(200).json();
    assert_eq!(addresses["items"].as_array().map(Vec::len), Some(2), "those of web and kubernetes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_updates_of_a_revision_wins() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let made = client.post(SERVICES, &service("web")).await.expect(201).json();
    let updates = (0..CLIENTS).map(|number| {
        let (client, mut object) = (client.clone(), made.clone());
        object["metadata"]["labels"] = json!({"writer": number.to_string()});
        async move { (number, client.put(&at("web"), &object).await) }
    });
    let answers = join_all(updates).await;
    let winners: Vec<_> = answers.iter().filter(|(_, answer)| answer.status == 200).collect();
    let [(winner, _)] = winners[..] else { panic!("{} updates won", winners.len()) };
    for (_, answer) in answers.iter().filter(|(number, _)| number != winner) {
        assert_eq!((answer.status, &answer.json()["reason"]), (409, &json!("Conflict")));
    }
    let left = client.get(&at("web")).await.expect(200).json();
    assert_eq!(left["metadata"]["labels"]["writer"], winner.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patches_of_the_same_object_all_land() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(SERVICES, &service("web")).await.expect(201);
    let patches = (0..CLIENTS).map(|number| {
        let client = client.clone();
        let patch = json!({"metadata": {"labels": {format!("label-{number}"): "there"}}});
        async move { client.patch(&at("web"), &patch).await.expect(200) }
    });
    join_all(patches).await;
    let left = client.get(&at("web")).await.expect(200).json();
    assert_eq!(left["metadata"]["labels"].as_object().map(serde_json::Map::len), Some(CLIENTS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_come_and_go_leave_nothing_behind() {
    let server = harness::start(&["--service-cluster-ip-range=10.7.0.0/25"]).await;
    let client = Client::new(server.url());
    let lives = (0..CLIENTS).map(|number| {
        let (client, name) = (client.clone(), format!("web-{number}"));
        async move {
            for _ in 0..4 {
                client.post(SERVICES, &node_port_service(&name)).await.expect(201);
                client.delete(&at(&name)).await.expect(200);
            }
        }
    });
    join_all(lives).await;
    let addresses = client.get("/apis/networking.k8s.io/v1/ipaddresses").await.expect(200).json();
    assert_eq!(addresses["items"].as_array().map(Vec::len), Some(1), "that of kubernetes");
}
