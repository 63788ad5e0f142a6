//! What quotas refuse and what they are charged.

use serde_json::json;

use super::{PODS, QUOTAS, limit, paused, pod, refusal, used};
use crate::client::{SERVICES, service};

#[tokio::test]
async fn a_quota_limits_once_its_status_says_how_much_is_used() {
    let (_server, client) = paused().await;
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {"services": "0"}}});
    client.post(QUOTAS, &quota).await.expect(201);
    client.post(SERVICES, &service("a")).await.expect(201);
    let status = json!({"status": {"hard": {"services": "5"}}});
    client.patch(&format!("{QUOTAS}/q/status"), &status).await.expect(200);
    assert_eq!(
        refusal(&client, SERVICES, &service("b")).await,
        r#"services "b" is forbidden: status unknown for quota: q, resources: services"#
    );
    let used = json!({"status": {"used": {"services": "4"}}});
    client.patch(&format!("{QUOTAS}/q/status"), &used).await.expect(200);
    client.post(&format!("{SERVICES}?dryRun=All"), &service("b")).await.expect(201);
    client.post(SERVICES, &service("b")).await.expect(201);
    assert_eq!(
        refusal(&client, &format!("{SERVICES}?dryRun=All"), &service("c")).await,
        r#"services "c" is forbidden: exceeded quota: q, requested: services=1, used: services=5, limited: services=5"#
    );
}

#[tokio::test]
async fn a_charge_is_the_servers_own_write_of_the_status() {
    let (_server, client) = paused().await;
    limit(&client, "q", &json!({"hard": {"services": "5", "services.nodeports": "1"}})).await;
    client.post(SERVICES, &service("a")).await.expect(201);
    let quota = client.get(&format!("{QUOTAS}/q")).await.expect(200).json();
    let managers = quota["metadata"]["managedFields"].as_array().expect("managers");
    let own = managers.iter().find(|entry| entry["manager"] == "kube-apiserver").expect("the server's entry");
    assert_eq!(own["subresource"], "status");
    assert_eq!(own["fieldsV1"], json!({"f:status": {"f:used": {"f:services": {}}}}));
}

#[tokio::test]
async fn updates_are_charged_for_what_they_add() {
    let (_server, client) = paused().await;
    limit(&client, "q", &json!({"hard": {"services": "2", "services.nodeports": "1"}})).await;
    client.post(SERVICES, &service("a")).await.expect(201);
    client.patch(&format!("{SERVICES}/a"), &json!({"spec": {"type": "NodePort"}})).await.expect(200);
    assert_eq!(used(&client, "q").await, json!({"services": "1", "services.nodeports": "1"}));
    client.patch(&format!("{SERVICES}/a"), &json!({"metadata": {"labels": {"a": "b"}}})).await.expect(200);
    client.post(SERVICES, &service("b")).await.expect(201);
    let status =
        client.patch(&format!("{SERVICES}/b"), &json!({"spec": {"type": "NodePort"}})).await.expect(403).json();
    assert_eq!(
        status["message"],
        r#"services "b" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1"#
    );
    // What becomes less is given back by the controller only.
    client.patch(&format!("{SERVICES}/a"), &json!({"spec": {"type": "ClusterIP"}})).await.expect(200);
    client.delete(&format!("{SERVICES}/b")).await.expect(200);
    assert_eq!(used(&client, "q").await, json!({"services": "2", "services.nodeports": "1"}));
}

#[tokio::test]
async fn pods_are_charged_for_all_that_they_may_need_at_once() {
    let (_server, client) = paused().await;
    let hard = json!({
        "pods": "5", "requests.cpu": "2", "limits.memory": "2Gi", "requests.example.com/gpu": "3", "hugepages-2Mi": "8Mi",
        "requests.ephemeral-storage": "1Gi",
    });
    limit(&client, "q", &json!({"hard": hard})).await;
    let container = |name: &str, cpu: &str| json!({"name": name, "image": "i", "resources": {"requests": {"cpu": cpu}, "limits": {"memory": "256Mi"}}});
    let mut main = container("main", "200m");
    main["resources"]["limits"]["example.com/gpu"] = "2".into();
    main["resources"]["limits"]["hugepages-2Mi"] = "4Mi".into();
    let mut sidecar = container("sidecar", "100m");
    sidecar["restartPolicy"] = "Always".into();
    let spec = json!({
        "initContainers": [container("first", "500m"), sidecar, container("second", "600m")],
        "containers": [main, container("other", "0.25")],
    });
    client.post(PODS, &json!({"metadata": {"name": "p"}, "spec": spec})).await.expect(201);
    assert_eq!(
        used(&client, "q").await,
        json!({
            "pods": "1", "requests.cpu": "700m", "limits.memory": "768Mi", "requests.example.com/gpu": "2",
            "hugepages-2Mi": "4Mi", "requests.ephemeral-storage": "0",
        })
    );
    assert_eq!(
        refusal(&client, PODS, &pod("q", json!({"requests": {"cpu": "1"}}))).await,
        r#"pods "q" is forbidden: failed quota: q: must specify limits.memory for: c"#
    );
    let large = json!({"requests": {"cpu": "1.5"}, "limits": {"memory": "3Gi", "cpu": "2"}});
    assert_eq!(
        refusal(&client, PODS, &pod("q", large)).await,
        "pods \"q\" is forbidden: exceeded quota: q, requested: limits.memory=3Gi,requests.cpu=1500m, used: \
         limits.memory=768Mi,requests.cpu=700m, limited: limits.memory=2Gi,requests.cpu=2"
    );
}

#[tokio::test]
async fn scopes_say_which_pods_a_quota_is_about() {
    let (_server, client) = paused().await;
    let small = json!({"requests": {"cpu": "1m"}});
    let with = |member: &str, value: serde_json::Value| {
        let mut pod = pod("p", json!({}));
        pod["spec"][member] = value;
        pod
    };
    let affinity = json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 1, "podAffinityTerm": {"topologyKey": "z", "namespaceSelector": {}}},
    ]}});
    let selector = |operator: &str, values: &[&str]| json!({"matchExpressions": [{"scopeName": "PriorityClass", "operator": operator, "values": values}]});
    let critical = with("priorityClassName", json!("system-node-critical"));
    let plain = || pod("p", json!({}));
    // What the quota is about, a pod that it counts, and one that it does not.
    let cases = [
        (json!({"scopes": ["BestEffort"]}), plain(), pod("p", small.clone())),
        (json!({"scopes": ["NotBestEffort"]}), pod("p", small), plain()),
        (json!({"scopes": ["Terminating"]}), with("activeDeadlineSeconds", json!(5)), plain()),
        (json!({"scopes": ["NotTerminating"]}), plain(), with("activeDeadlineSeconds", json!(5))),
        (json!({"scopes": ["CrossNamespacePodAffinity"]}), with("affinity", affinity), plain()),
        (json!({"scopes": ["PriorityClass"]}), critical.clone(), plain()),
        (json!({"scopeSelector": selector("In", &["a", "system-node-critical"])}), critical.clone(), plain()),
        (json!({"scopeSelector": selector("NotIn", &["system-node-critical"])}), plain(), critical.clone()),
        (json!({"scopeSelector": selector("DoesNotExist", &[])}), plain(), critical),
    ];
    for (mut spec, counted, other) in cases {
        spec["hard"] = json!({"pods": "0"});
        limit(&client, "q", &spec).await;
        assert_eq!(
            refusal(&client, PODS, &counted).await,
            r#"pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0"#,
            "{spec}"
        );
        client.post(&format!("{PODS}?dryRun=All"), &other).await.expect(201);
        client.delete(&format!("{QUOTAS}/q")).await.expect(200);
    }
}

#[tokio::test]
async fn objects_of_every_kind_can_be_counted_but_events() {
    let (_server, client) = paused().await;
    let hard = json!({
        "count/leases.coordination.k8s.io": "0", "count/events": "0", "count/events.events.k8s.io": "0",
        "resourcequotas": "0", "secrets": "0", "count/secrets": "0",
    });
    limit(&client, "q", &json!({"hard": hard})).await;
    let named = json!({"metadata": {"name": "x"}});
    let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    assert_eq!(
        refusal(&client, leases, &named).await,
        "leases.coordination.k8s.io \"x\" is forbidden: exceeded quota: q, requested: \
         count/leases.coordination.k8s.io=1, used: count/leases.coordination.k8s.io=0, limited: \
         count/leases.coordination.k8s.io=0"
    );
    assert_eq!(
        refusal(&client, "/api/v1/namespaces/default/secrets", &named).await,
        "secrets \"x\" is forbidden: exceeded quota: q, requested: count/secrets=1,secrets=1, used: \
         count/secrets=0,secrets=0, limited: count/secrets=0,secrets=0"
    );
    assert!(refusal(&client, QUOTAS, &named).await.contains("requested: resourcequotas=1"));
    let event = json!({"metadata": {"name": "e"}, "involvedObject": {"namespace": "default"}});
    client.post("/api/v1/namespaces/default/events", &event).await.expect(201);
}

#[tokio::test]
async fn claims_are_charged_for_storage_also_by_class() {
    let (_server, client) = paused().await;
    let hard = json!({
        "persistentvolumeclaims": "3", "requests.storage": "10Gi",
        "gold.storageclass.storage.k8s.io/requests.storage": "2Gi",
        "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
    });
    limit(&client, "q", &json!({"hard": hard})).await;
    let claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    let claim = |name: &str, class: &str, storage: &str| {
        let resources = json!({"requests": {"storage": storage}});
        let spec = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": class, "resources": resources});
        json!({"metadata": {"name": name}, "spec": spec})
    };
    assert_eq!(
        refusal(&client, claims, &claim("a", "gold", "3Gi")).await,
        "persistentvolumeclaims \"a\" is forbidden: exceeded quota: q, requested: \
         gold.storageclass.storage.k8s.io/requests.storage=3Gi, used: \
         gold.storageclass.storage.k8s.io/requests.storage=0, limited: \
         gold.storageclass.storage.k8s.io/requests.storage=2Gi"
    );
    client.post(claims, &claim("a", "gold", "1Gi")).await.expect(201);
    client.post(claims, &claim("b", "silver", "3Gi")).await.expect(201);
    assert_eq!(
        used(&client, "q").await,
        json!({
            "persistentvolumeclaims": "2", "requests.storage": "4Gi",
            "gold.storageclass.storage.k8s.io/requests.storage": "1Gi",
            "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
        })
    );
}

#[tokio::test]
async fn a_resize_is_charged_for_what_it_adds() {
    let (_server, client) = paused().await;
    limit(&client, "q", &json!({"hard": {"requests.cpu": "2"}})).await;
    client.post(PODS, &pod("p", json!({"requests": {"cpu": "1"}}))).await.expect(201);
    let resize = |cpu: &str| json!({"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}});
    let headers = [("content-type", "application/strategic-merge-patch+json")];
    let path = format!("{PODS}/p/resize");
    client.send("PATCH", &path, &headers, resize("1500m").to_string()).await.expect(200);
    assert_eq!(used(&client, "q").await, json!({"requests.cpu": "1500m"}));
    let refused = client.send("PATCH", &path, &headers, resize("3").to_string()).await.expect(403).json();
    assert_eq!(
        refused["message"],
        "pods \"p\" is forbidden: exceeded quota: q, requested: requests.cpu=1500m, used: requests.cpu=1500m, limited: \
         requests.cpu=2"
    );
}
