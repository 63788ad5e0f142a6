//! What flags bound: how many requests at once, how long tokens last, which APIs there are, and how a server leaves.

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
