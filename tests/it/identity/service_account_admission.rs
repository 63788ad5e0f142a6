//! The admission plugin `ServiceAccount`, and the flags that switch plugins off.

use clap::Parser;
use kubedouble::{config::Config, server::Server};
use serde_json::{Value, json};

use crate::client::{Answer, Client};

const PODS: &str = "/api/v1/namespaces/default/pods";
const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A server with the plugins that it has by default.
async fn start() -> (Server, Client) {
    let flags = ["kubedouble", "--port=0", "--data=:memory:", "--simulate-pods=false", "--load-balancer=off"];
    let server = Server::start(Config::parse_from(flags)).await.expect("a server in memory on a free port starts");
    let client = Client::new(server.url());
    (server, client)
}

fn pod(name: &str, spec: Value) -> Value {
    let mut object = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    for (member, value) in spec.as_object().expect("an object") {
        object["spec"][member] = value.clone();
    }
    object
}

async fn made(client: &Client, name: &str, spec: Value) -> Value {
    client.post(PODS, &pod(name, spec)).await.expect(201).json()["spec"].clone()
}

#[track_caller]
fn why(answer: Answer) -> String {
    answer.expect(403).json()["message"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_pod_acts_as_the_default_account_and_finds_its_token() {
    let (_server, client) = start().await;
    let spec = made(&client, "p", json!({})).await;
    assert_eq!((&spec["serviceAccountName"], &spec["serviceAccount"]), (&json!("default"), &json!("default")));
    let name = spec["volumes"][0]["name"].as_str().expect("a volume");
    assert!(name.starts_with("kube-api-access-") && name.len() == 21, "{name}");
    assert_eq!(
        spec["containers"][0]["volumeMounts"],
        json!([{"name": name, "readOnly": true, "mountPath": MOUNT_PATH}])
    );
    let sources = json!([
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]);
    assert_eq!(spec["volumes"][0]["projected"], json!({"sources": sources, "defaultMode": 420}));
    let unknown = client.post(PODS, &pod("q", json!({"serviceAccountName": "x"}))).await;
    assert_eq!(
        why(unknown),
        "pods \"q\" is forbidden: error looking up service account default/x: serviceaccount \"x\" not found"
    );
}

#[tokio::test]
async fn a_token_is_mounted_unless_the_pod_or_else_the_account_says_no() {
    let (_server, client) = start().await;
    let account = json!({
        "metadata": {"name": "shy"}, "automountServiceAccountToken": false, "imagePullSecrets": [{"name": "s"}],
    });
    client.post(ACCOUNTS, &account).await.expect(201);
    let volumes = |spec: &Value| spec["volumes"].as_array().map_or(0, Vec::len);
    let shy = made(&client, "a", json!({"serviceAccountName": "shy"})).await;
    assert_eq!((volumes(&shy), &shy["imagePullSecrets"]), (0, &json!([{"name": "s"}])));
    let asks = json!({"serviceAccountName": "shy", "automountServiceAccountToken": true});
    assert_eq!(volumes(&made(&client, "b", asks).await), 1);
    assert_eq!(volumes(&made(&client, "c", json!({"automountServiceAccountToken": false})).await), 0);
    let own = json!({
        "containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": MOUNT_PATH}]}],
        "volumes": [{"name": "v", "emptyDir": {}}],
    });
    assert_eq!(volumes(&made(&client, "d", own).await), 1);
}

#[tokio::test]
async fn an_account_can_limit_its_pods_to_the_secrets_that_it_lists() {
    let (_server, client) = start().await;
    let annotations = json!({"kubernetes.io/enforce-mountable-secrets": "true"});
    let account = json!({"metadata": {"name": "a", "annotations": annotations}, "secrets": [{"name": "listed"}]});
    client.post(ACCOUNTS, &account).await.expect(201);
    let with = |secret: &str| {
        pod("p", json!({"serviceAccountName": "a", "volumes": [{"name": "v", "secret": {"secretName": secret}}]}))
    };
    assert_eq!(
        why(client.post(PODS, &with("other")).await),
        "pods \"p\" is forbidden: volume with secret.secretName=\"other\" is not allowed because service account a does \
         not reference that secret"
    );
    client.post(PODS, &with("listed")).await.expect(201);
}

#[test]
fn plugins_are_named_as_kube_apiserver_names_them() {
    let check = |flags: &[&str]| {
        let all = ["kubedouble"].iter().chain(flags);
        Config::try_parse_from(all).map_err(|error| error.to_string()).and_then(|config| config.check())
    };
    assert_eq!(check(&["--disable-admission-plugins=ServiceAccount,Priority"]), Ok(()));
    assert_eq!(check(&["--enable-admission-plugins=Priority"]), Ok(()));
    let both = check(&["--enable-admission-plugins=Priority", "--disable-admission-plugins=Priority"]);
    assert!(both.expect_err("refused").contains("overlapped"));
    assert!(check(&["--disable-admission-plugins=Nope"]).expect_err("refused").contains("\"Nope\" is unknown"));
    assert_eq!(check(&["--enable-admission-plugins=AlwaysPullImages"]), Ok(()));
    assert!(check(&["--enable-admission-plugins=EventRateLimit"]).expect_err("refused").contains("EventRateLimit"));
}
