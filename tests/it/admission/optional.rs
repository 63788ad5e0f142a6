//! The plugins that run only where they are enabled.

use serde_json::{Value, json};

use crate::{client::Client, harness};

const PODS: &str = "/api/v1/namespaces/default/pods";

fn pod(spec: Value) -> Value {
    let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    pod["spec"].as_object_mut().expect("a spec").extend(spec.as_object().expect("members").clone());
    pod
}

async fn with_plugin(name: &str) -> (kubedouble::server::Server, Client) {
    let server = harness::start(&[&format!("--enable-admission-plugins={name}")]).await;
    let client = Client::new(server.url());
    (server, client)
}

async fn annotate(client: &Client, annotations: Value) {
    client.patch("/api/v1/namespaces/default", &json!({"metadata": {"annotations": annotations}})).await.expect(200);
}

#[tokio::test]
async fn images_are_always_pulled() {
    let (_server, client) = with_plugin("AlwaysPullImages").await;
    let spec = json!({"containers": [{"name": "c", "image": "i:1", "imagePullPolicy": "Never"}]});
    let made = client.post(PODS, &pod(spec)).await.expect(201).json();
    assert_eq!(made["spec"]["containers"][0]["imagePullPolicy"], "Always");
}

#[tokio::test]
async fn a_namespace_says_what_its_pods_tolerate() {
    let (_server, client) = with_plugin("PodTolerationRestriction").await;
    annotate(
        &client,
        json!({
            "scheduler.alpha.kubernetes.io/defaultTolerations": "[{\"key\": \"a\", \"operator\": \"Exists\"}]",
            "scheduler.alpha.kubernetes.io/tolerationsWhitelist":
                "[{\"key\": \"a\", \"operator\": \"Exists\"}, {\"operator\": \"Exists\", \"effect\": \"NoExecute\"}]",
        }),
    )
    .await;
    let made = client.post(PODS, &pod(json!({}))).await.expect(201).json();
    let tolerations = made["spec"]["tolerations"].as_array().expect("tolerations");
    assert_eq!(tolerations.last(), Some(&json!({"key": "a", "operator": "Exists"})));
    let other = json!({"tolerations": [{"key": "b", "operator": "Exists", "effect": "NoSchedule"}]});
    let refused = client.post(PODS, &pod(other)).await.expect(500).json();
    let why =
        "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist";
    assert_eq!(refused["message"], why);
}

#[tokio::test]
async fn a_namespace_says_where_its_pods_run() {
    let (_server, client) = with_plugin("PodNodeSelector").await;
    annotate(&client, json!({"scheduler.alpha.kubernetes.io/node-selector": "zone=a,disk=ssd"})).await;
    let made = client.post(PODS, &pod(json!({"nodeSelector": {"disk": "ssd"}}))).await.expect(201).json();
    assert_eq!(made["spec"]["nodeSelector"], json!({"disk": "ssd", "zone": "a"}));
    let refused = client.post(PODS, &pod(json!({"nodeSelector": {"zone": "b"}}))).await.expect(403).json();
    let why = "pod node label selector conflicts with its namespace node label selector";
    assert_eq!(refused["message"], format!("pods \"p\" is forbidden: {why}"));
}

#[tokio::test]
async fn pods_tolerate_the_taints_of_what_they_ask_for() {
    let (_server, client) = with_plugin("ExtendedResourceToleration").await;
    let resources = json!({"limits": {"x.io/gpu": "1"}, "requests": {"x.io/gpu": "1"}});
    let spec = json!({"containers": [{"name": "c", "image": "i", "resources": resources}]});
    let made = client.post(PODS, &pod(spec)).await.expect(201).json();
    let tolerations = made["spec"]["tolerations"].as_array().expect("tolerations");
    let wanted = json!({"key": "x.io/gpu", "operator": "Exists", "effect": "NoSchedule"});
    assert!(tolerations.contains(&wanted), "{made}");
}

#[tokio::test]
async fn pods_keep_others_off_their_node_only() {
    let (_server, client) = with_plugin("LimitPodHardAntiAffinityTopology").await;
    let with_key = |key: &str| {
        let term = json!({"topologyKey": key, "labelSelector": {"matchLabels": {"a": "b"}}});
        let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]});
        pod(json!({"affinity": {"podAntiAffinity": required}}))
    };
    let refused = client.post(PODS, &with_key("zone")).await.expect(403).json();
    let why = "affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is \
               allowed";
    assert_eq!(refused["message"], format!("pods \"p\" is forbidden: {why}"));
    client.post(PODS, &with_key("kubernetes.io/hostname")).await.expect(201);
}

#[tokio::test]
async fn services_get_no_external_addresses() {
    let (_server, client) = with_plugin("DenyServiceExternalIPs").await;
    let service = json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "externalIPs": ["192.0.2.1"]}});
    let refused = client.post("/api/v1/namespaces/default/services", &service).await.expect(403).json();
    assert_eq!(refused["message"], "services \"s\" is forbidden: Use of external IPs is denied by admission control.");
}

#[tokio::test]
async fn namespaces_come_with_what_is_in_them() {
    let (_server, client) = with_plugin("NamespaceAutoProvision").await;
    let map = json!({"metadata": {"name": "m"}});
    client.post("/api/v1/namespaces/new/configmaps?dryRun=All", &map).await.expect(404);
    client.post("/api/v1/namespaces/new/configmaps", &map).await.expect(201);
    client.get("/api/v1/namespaces/new").await.expect(200);
}

#[tokio::test]
async fn owners_are_chosen_by_who_may_delete() {
    let (_server, client) = with_plugin("NamespaceExists,OwnerReferencesPermissionEnforcement").await;
    let owner =
        json!({"apiVersion": "nowhere/v1", "kind": "None", "name": "o", "uid": "u", "blockOwnerDeletion": true});
    let map = json!({"metadata": {"name": "m", "ownerReferences": [owner]}});
    let refused = client.post("/api/v1/namespaces/default/configmaps", &map).await.expect(403).json();
    let why = "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion nowhere/v1 Kind None: \
               no matches for kind \"None\" in version \"nowhere/v1\"";
    assert_eq!(refused["message"], format!("configmaps \"m\" is forbidden: {why}"));
}

#[tokio::test]
async fn nothing_can_be_changed() {
    let (_server, client) = with_plugin("AlwaysDeny").await;
    let refused = client.post("/api/v1/namespaces/default/configmaps", &json!({"metadata": {"name": "m"}})).await;
    let why = "configmaps \"m\" is forbidden: admission control is denying all modifications";
    assert_eq!(refused.expect(403).json()["message"], why);
}
