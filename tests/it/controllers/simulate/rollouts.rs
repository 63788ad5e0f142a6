//! Deployments and ReplicaSets on simulated nodes: rollouts, scaling, and Services that survive their pods.

use kubedouble::server::Server;
use serde_json::{Value, json};

use crate::{
    client::{Client, SERVICES, names, settle},
    harness,
};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const SETS: &str = "/apis/apps/v1/namespaces/default/replicasets";
const PODS: &str = "/api/v1/namespaces/default/pods";
const WEB: &str = "/apis/apps/v1/namespaces/default/deployments/web";
const ENDPOINTS: &str = "/api/v1/namespaces/default/endpoints/web";

#[tokio::test]
async fn a_deployment_becomes_available() {
    let (_server, client) = start().await;
    let web = get(&client, WEB).await;
    let status = &web["status"];
    let counts = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"].map(|name| status[name].clone());
    assert_eq!(counts, [json!(3), json!(3), json!(3), json!(3)]);
    assert_eq!(status["observedGeneration"], web["metadata"]["generation"]);
    let conditions = status["conditions"].as_array().expect("conditions");
    let reasons: Vec<_> = conditions.iter().map(|condition| &condition["reason"]).collect();
    assert_eq!(reasons, ["MinimumReplicasAvailable", "NewReplicaSetAvailable"]);
    assert_eq!(web["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
}

#[tokio::test]
async fn scale_is_read_and_written_as_a_scale() {
    let (_server, client) = start().await;
    let path = format!("{WEB}/scale");
    let scale = get(&client, &path).await;
    assert_eq!((&scale["kind"], &scale["apiVersion"]), (&json!("Scale"), &json!("autoscaling/v1")));
    assert_eq!(scale["status"], json!({"replicas": 3, "selector": "app=web"}));
    let mut wanted = scale.clone();
    wanted["spec"]["replicas"] = json!(5);
    let answer = client.put(&path, &wanted).await.expect(200).json();
    assert_eq!(answer["spec"], json!({"replicas": 5}));
    client.put(&path, &wanted).await.expect(409);
    settle(&client).await;
    assert_eq!(pods(&client).await.len(), 5);
    client.patch(&path, &json!({"spec": {"replicas": 1}})).await.expect(200);
    settle(&client).await;
    assert_eq!(pods(&client).await.len(), 1);
    client.patch(&path, &json!({"spec": {"replicas": -1}})).await.expect(422);
    let entries = get(&client, WEB).await["metadata"]["managedFields"].clone();
    let scaled = entries.as_array().expect("entries").iter().find(|entry| entry["subresource"] == "scale").cloned();
    assert_eq!(scaled.expect("an entry")["fieldsV1"], json!({"f:spec": {"f:replicas": {}}}));
}

#[tokio::test]
async fn a_new_template_replaces_every_pod_and_an_old_one_comes_back() {
    let (_server, client) = start().await;
    let before = pods(&client).await;
    set_image(&client, "web:2").await;
    let after = pods(&client).await;
    assert_eq!(after.len(), 3);
    assert!(after.iter().all(|name| !before.contains(name)));
    assert_eq!(get(&client, SETS).await["items"].as_array().map(Vec::len), Some(2));
    set_image(&client, "web:1").await;
    let sets = get(&client, SETS).await;
    assert_eq!(sets["items"].as_array().map(Vec::len), Some(2), "the first template still has its ReplicaSet");
    let annotation = &get(&client, WEB).await["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
    assert_eq!(annotation, "3");
}

#[tokio::test]
async fn a_service_keeps_its_address_while_pods_die_and_come() {
    let (_server, client) = start().await;
    let service = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}});
    let address = client.post(SERVICES, &service).await.expect(201).json()["spec"]["clusterIP"].clone();
    settle(&client).await;
    let before = endpoints(&client).await;
    assert_eq!(before.len(), 3);
    for name in pods(&client).await {
        client.delete(&format!("{PODS}/{name}")).await.expect(200);
    }
    settle(&client).await;
    let after = endpoints(&client).await;
    assert_eq!(after.len(), 3);
    assert!(after.iter().all(|address| !before.contains(address)), "{before:?} {after:?}");
    assert_eq!(get(&client, &format!("{SERVICES}/web")).await["spec"]["clusterIP"], address);
}

#[tokio::test]
async fn a_failed_pod_is_replaced() {
    let (_server, client) = start().await;
    let name = pods(&client).await.remove(0);
    let annotation = json!({"metadata": {"annotations": {"kubedouble.dev/fail": "true"}}});
    client.patch(&format!("{PODS}/{name}"), &annotation).await.expect(200);
    settle(&client).await;
    assert_eq!(pods(&client).await.len(), 4, "three that run and the one that failed");
    assert_eq!(get(&client, WEB).await["status"]["availableReplicas"], 3);
}

#[tokio::test]
async fn a_relabelled_pod_is_let_go_and_replaced() {
    let (_server, client) = start().await;
    let name = pods(&client).await.remove(0);
    let path = format!("{PODS}/{name}");
    client.patch(&path, &json!({"metadata": {"labels": {"app": "debug"}}})).await.expect(200);
    settle(&client).await;
    assert_eq!(pods(&client).await.len(), 4);
    assert_eq!(get(&client, &path).await["metadata"]["ownerReferences"], json!(null));
}

#[tokio::test]
async fn a_deleted_deployment_takes_its_pods_along() {
    let (_server, client) = start().await;
    let options = json!({"propagationPolicy": "Background"}).to_string();
    client.send("DELETE", WEB, &[("content-type", "application/json")], options).await.expect(200);
    settle(&client).await;
    assert_eq!((pods(&client).await.len(), names(&get(&client, SETS).await).len()), (0, 0));
}

#[tokio::test]
async fn replica_sets_of_nobody_are_taken_over_by_who_selects_them() {
    let (_server, client) = start().await;
    let before = pods(&client).await;
    let orphan = json!({"propagationPolicy": "Orphan"});
    let headers = [("content-type", "application/json")];
    client.send("DELETE", WEB, &headers, orphan.to_string()).await.expect(200);
    settle(&client).await;
    let owners = async || get(&client, SETS).await["items"][0]["metadata"]["ownerReferences"].clone();
    assert_eq!((pods(&client).await, owners().await), (before.clone(), Value::Null));

    client.post(DEPLOYMENTS, &deployment()).await.expect(201);
    settle(&client).await;
    assert_eq!(pods(&client).await, before, "the Deployment goes on where the one before it was");
    assert_eq!(owners().await[0]["uid"], get(&client, WEB).await["metadata"]["uid"]);

    // A set that is made later is old from the start, and one that is not selected any more is let go.
    let mut set = json!({"metadata": {"name": "late", "labels": {"app": "web"}}, "spec": deployment()["spec"]});
    set["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:0");
    client.post(SETS, &set).await.expect(201);
    settle(&client).await;
    let late = format!("{SETS}/late");
    let found = get(&client, &late).await;
    assert_eq!(
        (&found["metadata"]["ownerReferences"][0]["name"], &found["spec"]["replicas"]),
        (&json!("web"), &json!(0))
    );
    assert_eq!(pods(&client).await, before);
    client.patch(&late, &json!({"metadata": {"labels": {"app": "other"}}})).await.expect(200);
    settle(&client).await;
    assert_eq!(get(&client, &late).await["metadata"]["ownerReferences"], Value::Null);
}

#[tokio::test]
async fn a_deployment_that_makes_no_sense_is_refused() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let refused = |spec: Value| {
        let client = client.clone();
        async move {
            let object = json!({"metadata": {"name": "web"}, "spec": spec});
            let status = client.post(DEPLOYMENTS, &object).await.expect(422).json();
            let causes = status["details"]["causes"].as_array().expect("causes").clone();
            causes.iter().map(|cause| cause["field"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        }
    };
    let mut spec = deployment()["spec"].clone();
    spec["template"]["metadata"]["labels"] = json!({"app": "other"});
    assert_eq!(refused(spec).await, ["spec.template.metadata.labels"]);
    let mut spec = deployment()["spec"].clone();
    spec["strategy"] = json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}});
    assert_eq!(refused(spec).await, ["spec.strategy.rollingUpdate.maxUnavailable"]);
    let mut spec = deployment()["spec"].clone();
    spec["template"]["spec"]["restartPolicy"] = json!("Never");
    spec["replicas"] = json!(-1);
    assert_eq!(refused(spec).await, ["spec.replicas", "spec.template.spec.restartPolicy"]);
}

#[tokio::test]
async fn a_paused_deployment_scales_and_rolls_out_when_it_goes_on() {
    let (_server, client) = start().await;
    client.patch(WEB, &json!({"spec": {"paused": true}})).await.expect(200);
    settle(&client).await;
    assert_eq!(progress(&client).await, ("Unknown".to_owned(), "DeploymentPaused".to_owned()));
    set_image(&client, "web:2").await;
    client.patch(WEB, &json!({"spec": {"replicas": 5}})).await.expect(200);
    settle(&client).await;
    assert_eq!(sizes(&client).await, [("web:1".to_owned(), 5)]);
    client.patch(WEB, &json!({"spec": {"paused": false}})).await.expect(200);
    settle(&client).await;
    assert_eq!(sizes(&client).await, [("web:1".to_owned(), 0), ("web:2".to_owned(), 5)]);
    assert_eq!(progress(&client).await, ("True".to_owned(), "NewReplicaSetAvailable".to_owned()));
}

#[tokio::test]
async fn a_rollout_that_is_scaled_on_its_way_keeps_its_proportions() {
    let (_server, client) = start().await;
    client.patch(WEB, &json!({"spec": {"replicas": 8}})).await.expect(200);
    settle(&client).await;
    // New pods are never ready, so that the rollout stops half way: 8 + 2 at most, 6 at least.
    let template = json!({"metadata": {"annotations": {"kubedouble.dev/ready": "false"}}});
    client.patch(WEB, &json!({"spec": {"template": template}})).await.expect(200);
    settle(&client).await;
    assert_eq!(counts(&client).await, [6, 4]);
    client.patch(WEB, &json!({"spec": {"replicas": 16}})).await.expect(200);
    settle(&client).await;
    assert_eq!(counts(&client).await, [12, 8]);
    client.patch(WEB, &json!({"spec": {"replicas": 4}})).await.expect(200);
    settle(&client).await;
    assert_eq!(counts(&client).await, [3, 2]);
}

#[tokio::test]
async fn old_replica_sets_go_beyond_the_limit_and_remember_their_numbers() {
    let (_server, client) = start().await;
    client.patch(WEB, &json!({"spec": {"revisionHistoryLimit": 1}})).await.expect(200);
    for image in ["web:2", "web:3"] {
        set_image(&client, image).await;
    }
    assert_eq!(sizes(&client).await, [("web:2".to_owned(), 0), ("web:3".to_owned(), 3)]);
    set_image(&client, "web:2").await;
    let sets = get(&client, SETS).await;
    let annotation = |name: &str| {
        let items = sets["items"].as_array().expect("items").iter();
        let values =
            items.map(|set| set["metadata"]["annotations"][format!("deployment.kubernetes.io/{name}")].clone());
        values.filter(|value| !value.is_null()).collect::<Vec<_>>()
    };
    assert_eq!(annotation("revision-history"), ["2"]);
    assert!(annotation("revision").contains(&json!("4")));
}

#[tokio::test]
async fn a_rollout_that_does_not_proceed_is_given_up() {
    let (_server, client) = start().await;
    let template = json!({"metadata": {"annotations": {"kubedouble.dev/ready": "false"}}});
    let changes = json!({"spec": {"template": template, "progressDeadlineSeconds": 1}});
    let version = client.patch(WEB, &changes).await.expect(200).json()["metadata"]["resourceVersion"].clone();
    let path = format!("{DEPLOYMENTS}?resourceVersion={}", version.as_str().expect("a version"));
    let mut watch = client.watch(&path).await;
    loop {
        let event = watch.next().await.expect("an event");
        let conditions = event["object"]["status"]["conditions"].as_array().cloned().unwrap_or_default();
        if let Some(late) = conditions.iter().find(|condition| condition["reason"] == "ProgressDeadlineExceeded") {
            assert_eq!((&late["type"], &late["status"]), (&json!("Progressing"), &json!("False")));
            break;
        }
    }
}

/// The status and the reason of the condition `Progressing`.
async fn progress(client: &Client) -> (String, String) {
    let web = get(client, WEB).await;
    let conditions = web["status"]["conditions"].as_array().expect("conditions");
    let found = conditions.iter().find(|condition| condition["type"] == "Progressing").expect("the condition");
    let text = |member: &str| found[member].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"))
}

/// The image and the size of each ReplicaSet, in order of image.
async fn sizes(client: &Client) -> Vec<(String, i64)> {
    let sets = get(client, SETS).await;
    let items = sets["items"].as_array().expect("items").iter();
    let size = |set: &Value| {
        let image = &set["spec"]["template"]["spec"]["containers"][0]["image"];
        (image.as_str().unwrap_or_default().to_owned(), set["spec"]["replicas"].as_i64().unwrap_or_default())
    };
    let mut sizes: Vec<_> = items.map(size).collect();
    sizes.sort();
    sizes
}

/// The sizes of the ReplicaSets, the largest first.
async fn counts(client: &Client) -> Vec<i64> {
    let mut counts: Vec<_> = sizes(client).await.into_iter().map(|(_, count)| count).collect();
    counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
    counts
}

/// A server with a Deployment of three pods that are ready.
async fn start() -> (Server, Client) {
    let server = harness::start(&["--simulate-pods=true", "--pod-start-delay=20ms"]).await;
    let client = Client::new(server.url());
    client.post(DEPLOYMENTS, &deployment()).await.expect(201);
    settle(&client).await;
    (server, client)
}

fn deployment() -> Value {
    json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    })
}

async fn set_image(client: &Client, image: &str) {
    let containers = json!([{"name": "web", "image": image}]);
    let patch = json!({"spec": {"template": {"spec": {"containers": containers}}}});
    client.patch(WEB, &patch).await.expect(200);
    settle(client).await;
}

async fn get(client: &Client, path: &str) -> Value {
    client.get(path).await.expect(200).json()
}

async fn pods(client: &Client) -> Vec<String> {
    names(&get(client, PODS).await)
}

async fn endpoints(client: &Client) -> Vec<Value> {
    let endpoints = get(client, ENDPOINTS).await;
    let addresses = endpoints["subsets"][0]["addresses"].as_array().cloned().unwrap_or_default();
    addresses.iter().map(|address| address["ip"].clone()).collect()
}
