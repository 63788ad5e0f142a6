//! What flags bound: how many requests at once, how long tokens last, which APIs there are, and how a server leaves.

use std::io::Write as _;

use kubedouble::http::{RotatedFile, Rotation};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::server::House;
use crate::harness;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn config_map(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

/// A webhook that is called for new ConfigMaps, at an address where nobody says anything.
fn silent_webhook(port: u16) -> Value {
    json!({
        "metadata": {"name": "silent"},
        "webhooks": [{
            "name": "silent.kubedouble.test",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "timeoutSeconds": 30,
            "clientConfig": {"url": format!("https://127.0.0.1:{port}/")},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
        }],
    })
}

#[tokio::test]
async fn writes_above_the_limit_may_come_again() {
    let house = House::open(&["--max-mutating-requests-inflight=1"]).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let webhook = silent_webhook(silent.local_addr().expect("an address").port());
    let webhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    assert_eq!(house.call("master", "POST", webhooks, webhook).await.0, 201);
    let first = house.call("jane", "POST", CONFIG_MAPS, config_map("first"));
    let others = async {
        // The first write waits for its webhook.
        let _called = silent.accept().await.expect("the webhook is called");
        let second = house.call("jane", "DELETE", &format!("{CONFIG_MAPS}/none"), Value::Null).await;
        let read = house.call("jane", "GET", CONFIG_MAPS, Value::Null).await;
        let master = house.call("master", "DELETE", &format!("{CONFIG_MAPS}/none"), Value::Null).await;
        (second.0, read.0, master.0)
    };
    tokio::select! {
        answer = first => panic!("the webhook said something: {answer:?}"),
        codes = others => assert_eq!(codes, (429, 200, 404)),
    }
}

#[tokio::test]
async fn no_token_lasts_longer_than_the_longest() {
    let house = House::open(&[
        "--service-account-max-token-expiration=2h",
        "--service-account-jwks-uri=https://keys.kubedouble.test/jwks",
    ])
    .await;
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    assert_eq!(house.call("master", "POST", accounts, json!({"metadata": {"name": "robot"}})).await.0, 201);
    for (asked, given) in [(3600, 3600), (7200, 7200), (86400, 7200)] {
        let request = json!({"spec": {"expirationSeconds": asked}});
        let (code, made) = house.call("master", "POST", &format!("{accounts}/robot/token"), request).await;
        assert_eq!((code, &made["spec"]["expirationSeconds"]), (201, &json!(given)), "{made}");
    }
    let (_, document) = house.call("master", "GET", "/.well-known/openid-configuration", Value::Null).await;
    assert_eq!(document["jwks_uri"], "https://keys.kubedouble.test/jwks");
}

#[tokio::test]
async fn apis_can_be_turned_off() {
    let house = House::open(&["--runtime-config=apps/v1=false,networking.k8s.io/v1/ingresses=false"]).await;
    let code = async |path| house.call("master", "GET", path, Value::Null).await.0;
    assert_eq!(code("/apis/apps/v1").await, 404);
    assert_eq!(code("/apis/apps/v1/deployments").await, 404);
    assert_eq!(code("/apis/networking.k8s.io/v1/ingresses").await, 404);
    assert_eq!(code("/apis/networking.k8s.io/v1/ingressclasses").await, 200);
    let (_, groups) = house.call("master", "GET", "/apis", Value::Null).await;
    assert!(!groups.to_string().contains("\"apps\""), "{groups}");
}

#[tokio::test]
async fn controllers_are_chosen_by_the_names_of_kube_controller_manager() {
    let names = async |flags: &[&str]| harness::start(flags).await.controllers().names();
    let few = names(&["--controllers=endpoint,deployment-controller"]).await;
    assert_eq!(few, ["deployment-controller", "endpoint-controller", "kubernetes-service-controller", "event-expiry"]);
    let most = names(&["--controllers=*,-endpointslice-controller"]).await;
    assert!(most.contains(&"endpoint-controller") && !most.contains(&"endpointslice-controller.k8s.io"), "{most:?}");
}

#[tokio::test]
async fn the_first_rule_of_the_policy_says_what_is_recorded() {
    let folder = tempfile::tempdir().expect("a directory");
    let (policy, log) = (folder.path().join("policy.yaml"), folder.path().join("audit.log"));
    let rules = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n\
                 - level: None\n  users: [jane]\n  verbs: [list]\n\
                 - level: Metadata\n  resources:\n  - group: \"\"\n    resources: [configmaps]\n\
                 - level: None\n";
    std::fs::write(&policy, rules).expect("a policy");
    let flags = [format!("--audit-policy-file={}", policy.display()), format!("--audit-log-path={}", log.display())];
    let house = House::open(&[&flags[0], &flags[1]]).await;
    house.call("jane", "GET", CONFIG_MAPS, Value::Null).await;
    house.call("master", "GET", "/version", Value::Null).await;
    house.call("master", "GET", CONFIG_MAPS, Value::Null).await;
    let text = loop {
        let text = std::fs::read_to_string(&log).expect("the log");
        if text.ends_with('\n') {
            break text;
        }
        tokio::task::yield_now().await;
    };
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_eq!(events.len(), 1, "{text}");
    assert_eq!((&events[0]["user"]["username"], &events[0]["verb"]), (&json!("root"), &json!("list")));
}

#[test]
fn an_audit_log_that_is_too_large_is_put_away() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("audit.log");
    let seconds = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_800_000_000));
    let now = std::sync::Arc::clone(&seconds);
    let clock: kubedouble::verbs::Clock = std::sync::Arc::new(move || {
        jiff::Timestamp::from_second(now.fetch_add(60, std::sync::atomic::Ordering::Relaxed)).expect("a time")
    });
    let rotation = Rotation { bytes: 20, backups: 2, ..Rotation::default() };
    let mut file = RotatedFile::open(&path, rotation, clock).expect("a file");
    for line in 0..5 {
        file.write_all(format!("a line of bytes {line}\n").as_bytes()).expect("room");
    }
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .expect("the directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["audit-2027-01-15T08-02-00.000.log", "audit-2027-01-15T08-03-00.000.log", "audit.log"]);
    assert_eq!(std::fs::read_to_string(&path).expect("the newest"), "a line of bytes 4\n");
}
