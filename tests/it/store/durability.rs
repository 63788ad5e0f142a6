//! What clients were told survives the end of the process, however it ends.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    client::{Client, SERVICES, at, names, node_port_service, revision, service},
    program::process::{Program, data_file},
};

#[tokio::test]
async fn everything_is_there_after_a_crash() {
    let (_directory, file) = data_file();
    let program = Program::start(&file, &[]);
    let client = program.client();
    for number in 0..12 {
        client.post(SERVICES, &node_port_service(&format!("web-{number}"))).await.expect(201);
    }
    client.patch(&at("web-3"), &json!({"metadata": {"labels": {"tier": "front"}}})).await.expect(200);
    client.delete(&at("web-5")).await.expect(200);
    let before = client.get(SERVICES).await.expect(200).json();
    program.kill();

    let program = Program::start(&file, &[]);
    let after = program.client().get(SERVICES).await.expect(200).json();
    assert_eq!(after["items"], before["items"]);
    let number = |list: &Value| revision(list).parse::<u64>().expect("a number");
    assert!(number(&after) >= number(&before), "revisions never go back");
}

#[tokio::test]
async fn a_watch_goes_on_where_it_was_before_a_crash() {
    let (_directory, file) = data_file();
    let program = Program::start(&file, &[]);
    let client = program.client();
    let first = client.post(SERVICES, &service("first")).await.expect(201).json();
    client.post(SERVICES, &service("second")).await.expect(201);
    client.delete(&at("first")).await.expect(200);
    program.kill();

    let program = Program::start(&file, &[]);
    let client = program.client();
    let path = format!("{SERVICES}?resourceVersion={}", revision(&first));
    let mut watch = client.watch(&path).await;
    client.post(SERVICES, &service("third")).await.expect(201);
    assert_eq!(watch.take(3).await, ["ADDED second", "DELETED first", "ADDED third"]);
}

#[tokio::test]
async fn addresses_and_ports_have_one_holder_across_a_crash() {
    let (_directory, file) = data_file();
    // 14 addresses and 14 ports: the second half fits only if every number is known to be free or taken.
    let flags = ["--service-cluster-ip-range=10.7.0.0/28", "--service-node-port-range=30000-30013"];
    let program = Program::start(&file, &flags);
    let client = program.client();
    let free_addresses = 13;
    for number in 0..free_addresses {
        client.post(SERVICES, &node_port_service(&format!("old-{number}"))).await.expect(201);
    }
    client.post(SERVICES, &node_port_service("one-too-many")).await.expect(500);
    let released = client.get(&at("old-4")).await.expect(200).json();
    for number in 0..6 {
        client.delete(&at(&format!("old-{number}"))).await.expect(200);
    }
    program.kill();

    let program = Program::start(&file, &flags);
    let client = program.client();
    let mut again = service("again");
    again["spec"]["clusterIP"] = released["spec"]["clusterIP"].clone();
    client.post(SERVICES, &again).await.expect(201);
    for number in 0..5 {
        client.post(SERVICES, &node_port_service(&format!("new-{number}"))).await.expect(201);
    }
    client.post(SERVICES, &service("one-too-many")).await.expect(500);
    assert_held_once(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_in_the_middle_of_a_storm_is_there() {
    const WRITERS: usize = 8;
    let (_directory, file) = data_file();
    let program = Program::start(&file, &[]);
    let (sender, mut acknowledged) = tokio::sync::mpsc::unbounded_channel();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (client, sender) = (program.client(), sender.clone());
            tokio::spawn(async move {
                for number in 0.. {
                    let body = node_port_service(&format!("storm-{writer}-{number}")).to_string();
                    let json = [("content-type", "application/json")];
                    let Ok(answer) = client.try_send("POST", SERVICES, &json, body).await else { return };
                    let created = answer.expect(201).json();
                    if sender.send(created).is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    drop(sender);
    let mut told = Vec::new();
    while told.len() < 100 {
        told.push(acknowledged.recv().await.expect("writers that go on"));
    }
    program.kill();
    for writer in writers {
        writer.await.expect("a writer that ends with its server");
    }
    while let Ok(created) = acknowledged.try_recv() {
        told.push(created);
    }

    let program = Program::start(&file, &[]);
    let client = program.client();
    let list = client.get(SERVICES).await.expect(200).json();
    let stored: BTreeMap<_, _> = names(&list).into_iter().zip(list["items"].as_array().expect("items")).collect();
    for created in &told {
        let name = created["metadata"]["name"].as_str().expect("a name");
        let there = stored.get(name).unwrap_or_else(|| panic!("{name} is lost"));
        assert_eq!((&there["metadata"], &there["spec"]), (&created["metadata"], &created["spec"]));
    }
    for number in 0..20 {
        client.post(SERVICES, &node_port_service(&format!("calm-{number}"))).await.expect(201);
    }
    assert_held_once(&client).await;
}

/// No two Services of the server have an address or a node port in common.
async fn assert_held_once(client: &Client) {
    let list = client.get("/api/v1/services").await.expect(200).json();
    let mut held = BTreeSet::new();
    for item in list["items"].as_array().expect("items") {
        let address = item["spec"]["clusterIP"].to_string();
        assert!(held.insert(address.clone()), "{address} is held twice");
        for port in item["spec"]["ports"].as_array().expect("ports").iter().filter(|port| port["nodePort"].is_u64()) {
            assert!(held.insert(port["nodePort"].to_string()), "{port} is held twice");
        }
    }
}
