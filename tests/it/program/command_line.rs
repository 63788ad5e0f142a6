//! The command line: what it says, what it refuses, and how the program ends.

use std::{net::TcpListener, time::Duration};

use serde_json::{Value, json};

use super::process::{Program, data_file, run};
use crate::client::{SERVICES, node_port_service, service};

#[test]
fn help_names_every_flag_with_its_default() {
    let output = run(["--help"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    for flag in [
        "--bind-address <IP>",
        "--port <PORT>",
        "--data <FILE>",
        "--durability <DURABILITY>",
        "--history-window <AGE[,EVENTS[,SIZE]]>",
        "--service-cluster-ip-range <CIDR[,CIDR]>",
        "--service-node-port-range <FROM-TO>",
        "--advertise-address <IP>",
        "--kubeconfig-out <FILE>",
        "--seed <N>",
        "--simulate-pods",
        "--load-balancer <MODE>",
        "--log <FILTER>",
        "[default: kubedouble.db]",
        "[default: 8080]",
        "[default: 10.96.0.0/16,fd00:10:96::/112]",
        "[default: 30000-32767]",
    ] {
        assert!(text.contains(flag), "{flag} is missing from\n{text}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = run(["--version"]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), concat!("kubedouble ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn flags_that_make_no_sense_are_refused_in_plain_words() {
    let refused = [
        ("--service-cluster-ip-range=10.96.0.0/99", "\"10.96.0.0/99\" is not a range such as 10.96.0.0/16"),
        ("--service-cluster-ip-range=10.96.0.0/30", "10.96.0.0/30 must hold at least 8 addresses"),
        ("--service-cluster-ip-range=10.0.0.0/16,10.1.0.0/16", "two service ranges must be of different IP families"),
        ("--service-cluster-ip-range=fd00::/48", "shortest allowed prefix length for service CIDR is 64, got 48"),
        ("--service-node-port-range=32767-30000", "\"32767-30000\" is not a range of ports such as 30000-32767"),
        ("--service-node-port-range=30000", "\"30000\" is not a range of ports such as 30000-32767"),
        ("--history-window=soon", "\"soon\" is not a duration such as 250ms, 30s, 5m or 1h"),
        ("--pod-start-delay=5 s", "\"5 s\" is not a duration such as 250ms, 30s, 5m or 1h"),
        ("--pod-start-delay=-1s", "\"-1s\" is not a duration such as 250ms, 30s, 5m or 1h"),
        ("--load-balancer=delayed=1", "\"1\" is not a duration such as 250ms, 30s, 5m or 1h"),
        ("--port=65536", "65536 is not in 0..=65535"),
        ("--durability=maybe", "[possible values: full, normal, off]"),
        ("--simulate-nodes=0", "0 is not in 1..=1000"),
        ("--load-balancer=perhaps", "it is one of off, instant, delayed=DURATION and manual"),
        ("--frobnicate", "unexpected argument '--frobnicate' found"),
    ];
    for (flag, why) in refused {
        assert_refused(&[flag], 2, why);
    }
}

#[tokio::test]
async fn nobody_has_to_read_the_greeting() {
    let (_directory, file) = data_file();
    // The test reads one of the three lines and closes the pipe.
    let program = Program::start(&file, &[]);
    program.client().get("/readyz").await.expect(200);
}

#[test]
fn a_busy_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let why = format!("cannot listen on 127.0.0.1:{port}: ");
    let output = assert_refused(&[&format!("--port={port}"), "--data=:memory:"], 1, &why);
    assert!(output.contains("another program uses the port, choose one with --port"), "{output}");
}

#[test]
fn a_data_file_has_one_server() {
    let (_directory, file) = data_file();
    let _first = Program::start(&file, &[]);
    let why = format!("{} is in use by another process", file.display());
    assert_refused(&["--port=0", "--data", file.to_str().expect("a path")], 1, &why);
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let (_directory, file) = data_file();
    std::fs::write(&file, "dear diary\n").expect("a file");
    let why = format!("{} is not a kubedouble data file", file.display());
    assert_refused(&["--port=0", "--data", file.to_str().expect("a path")], 1, &why);
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), "dear diary\n");
}

#[test]
fn a_missing_directory_is_named() {
    let (directory, _) = data_file();
    let file = directory.path().join("nowhere/kubedouble.db");
    let why = format!("directory {} does not exist", directory.path().join("nowhere").display());
    assert_refused(&["--port=0", "--data", file.to_str().expect("a path")], 1, &why);
}

#[tokio::test]
async fn a_kubeconfig_leads_to_a_port_that_was_free() {
    let (directory, file) = data_file();
    let config = directory.path().join("kubeconfig");
    let program = Program::start(&file, &["--kubeconfig-out", config.to_str().expect("a path")]);
    let text = std::fs::read_to_string(&config).expect("it is there before the greeting");
    let config: Value = serde_json::from_str(&text).expect("JSON, which is YAML too");
    assert_eq!(config["clusters"][0]["cluster"], json!({"server": program.url, "insecure-skip-tls-verify": true}));
    assert_eq!(config["current-context"], config["contexts"][0]["name"]);
    program.client().get("/readyz").await.expect(200);
}

#[tokio::test]
async fn a_seed_makes_a_run_reproducible() {
    let mut runs = Vec::new();
    for seed in ["--seed=7", "--seed=7", "--seed=8"] {
        let (_directory, file) = data_file();
        let program = Program::start(&file, &[seed]);
        let client = program.client();
        let mut seen = Vec::new();
        for number in 0..8 {
            // Controllers make endpoints meanwhile; that must not show.
            let mut object = node_port_service("");
            object["metadata"] = json!({"generateName": format!("web-{}-", number % 2)});
            object["spec"]["selector"] = json!({"app": "web"});
            let made = client.post(SERVICES, &object).await.expect(201).json();
            let (metadata, spec) = (&made["metadata"], &made["spec"]);
            let facts = [&metadata["name"], &metadata["uid"], &spec["clusterIP"], &spec["ports"][0]["nodePort"]];
            seen.push(facts.map(Value::to_string));
        }
        runs.push(seen);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_request_to_stop_ends_watches_properly() {
    let (_directory, file) = data_file();
    let program = Program::start(&file, &[]);
    let client = program.client();
    let mut watch = client.watch(SERVICES).await;
    assert_eq!(watch.take(1).await, ["ADDED kubernetes"]);
    client.post(SERVICES, &service("last")).await.expect(201);
    program.terminate();
    assert_eq!(watch.take(1).await, ["ADDED last"]);
    assert_eq!(watch.next().await, None, "the body ends with its last chunk");
    let ended = tokio::task::spawn_blocking(|| program.wait());
    let status = tokio::time::timeout(Duration::from_secs(30), ended).await.expect("it stops").expect("a status");
    assert!(status.success(), "{status}");

    let program = Program::start(&file, &[]);
    program.client().get(&format!("{SERVICES}/last")).await.expect(200);
}

/// Runs the program with these flags: it must end with the code and say why. Returns what it says.
#[track_caller]
fn assert_refused(flags: &[&str], code: i32, why: &str) -> String {
    let output = run(flags);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{flags:?}: {said}");
    assert!(said.contains(why), "{flags:?} should say {why:?}, but says {said:?}");
    said
}
