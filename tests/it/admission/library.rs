//! A library of ValidatingAdmissionPolicies by topic, as clusters have them: what each lets through, and what it refuses.

use serde_json::{Value, json};

use crate::{client::Client, harness};

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
const PODS: &str = "/api/v1/namespaces/default/pods";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";

/// Puts a policy in force for a resource (`group/resource`) with these operations.
async fn enforce(client: &Client, name: &str, resource: &str, operations: &[&str], spec: &Value) {
    let (group, resource) = resource.split_once('/').expect("a group and a resource");
    let mut spec = spec.clone();
    spec["matchConstraints"] = json!({"resourceRules": [{
        "apiGroups": [group], "apiVersions": ["*"], "operations": operations, "resources": [resource],
    }]});
    client.post(POLICIES, &json!({"metadata": {"name": name}, "spec": spec})).await.expect(201);
    let binding = json!({"policyName": name, "validationActions": ["Deny"]});
    client.post(BINDINGS, &json!({"metadata": {"name": name}, "spec": binding})).await.expect(201);
}

/// A policy about what is created: one object passes, another is refused with this text.
async fn check(resource: &str, spec: Value, path: &str, fine: Value, refused: Value, why: &str) {
    let server = harness::start(&["--disable-admission-plugins=ServiceAccount"]).await;
    let client = Client::new(server.url());
    enforce(&client, "p", resource, &["CREATE"], &spec).await;
    let dry = format!("{path}?dryRun=All");
    client.post(&dry, &fine).await.expect(201);
    let answer = client.post(&dry, &refused).await.json();
    let message = answer["message"].as_str().unwrap_or_default();
    let wanted = format!("ValidatingAdmissionPolicy 'p' with binding 'p' denied request: {why}");
    assert!(message.ends_with(&wanted), "{message}");
}

fn pod(spec: Value) -> Value {
    let mut whole = json!({"containers": [{"name": "c", "image": "registry.example.com/app:1.2.3"}]});
    for (name, value) in spec.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    json!({"metadata": {"name": "p", "labels": {"owner": "team"}}, "spec": whole})
}

fn deployment(replicas: u32) -> Value {
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let spec = json!({"replicas": replicas, "selector": {"matchLabels": {"a": "b"}}, "template": template});
    json!({"metadata": {"name": "d"}, "spec": spec})
}

#[tokio::test]
async fn labels_that_must_be_there() {
    let spec = json!({
        "variables": [{"name": "labels", "expression": "object.?metadata.labels.orValue({})"}],
        "validations": [{
            "expression": "['owner'].all(key, key in variables.labels && variables.labels[key] != '')",
            "messageExpression": "object.kind + ' ' + object.metadata.name + ' has no owner'",
        }],
    });
    let bare = json!({"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    check("/pods", spec, PODS, pod(json!({})), bare, "Pod x has no owner").await;
}

#[tokio::test]
async fn images_of_known_registries_with_versions() {
    let spec = json!({
        "variables": [{
            "name": "images",
            "expression": "(object.spec.containers + object.spec.?initContainers.orValue([])).map(c, c.image)",
        }],
        "validations": [
            {"expression": "variables.images.all(i, i.startsWith('registry.example.com/'))", "message": "unknown registry"},
            {
                "expression": "variables.images.all(i, i.contains(':') && !i.endsWith(':latest'))",
                "messageExpression": "'no version: ' + variables.images.filter(i, !i.contains(':') || \
                    i.endsWith(':latest')).join(', ')",
            },
        ],
    });
    let latest = pod(json!({"containers": [{"name": "c", "image": "registry.example.com/app:latest"}]}));
    check("/pods", spec, PODS, pod(json!({})), latest, "no version: registry.example.com/app:latest").await;
}

#[tokio::test]
async fn pods_without_the_node_s_namespaces() {
    let spec = json!({"validations": [{
        "expression": "['hostNetwork', 'hostPID', 'hostIPC'].all(n, n != 'hostNetwork' || \
            !object.spec.?hostNetwork.orValue(false)) && !object.spec.?hostPID.orValue(false)",
        "message": "the node's namespaces are not for pods",
        "reason": "Forbidden",
    }]});
    let host = pod(json!({"hostPID": true}));
    check("/pods", spec, PODS, pod(json!({})), host, "the node's namespaces are not for pods").await;
}

#[tokio::test]
async fn limits_of_memory() {
    let spec = json!({"validations": [{
        "expression": "object.spec.containers.all(c, has(c.resources.limits) && 'memory' in c.resources.limits && \
            quantity(c.resources.limits['memory']).compareTo(quantity('1Gi')) <= 0)",
        "message": "every container needs a memory limit of at most 1Gi",
    }]});
    let with = |limit: &str| {
        let resources = json!({"limits": {"memory": limit}});
        pod(json!({"containers": [{"name": "c", "image": "i", "resources": resources}]}))
    };
    check("/pods", spec, PODS, with("512Mi"), with("2Gi"), "every container needs a memory limit of at most 1Gi").await;
}

#[tokio::test]
async fn a_bound_for_replicas() {
    let spec = json!({"validations": [{
        "expression": "object.spec.replicas <= 5",
        "messageExpression": "'%d replicas are too many'.format([object.spec.replicas])",
    }]});
    check("apps/deployments", spec, DEPLOYMENTS, deployment(5), deployment(6), "6 replicas are too many").await;
}

#[tokio::test]
async fn services_that_stay_inside() {
    let spec = json!({"validations": [
        {"expression": "object.spec.type in ['ClusterIP', 'ExternalName']", "message": "no service leads outside"},
        {
            "expression": "object.spec.?externalIPs.orValue([]).all(i, cidr('192.0.2.0/24').containsIP(ip(i)))",
            "message": "external addresses must be in 192.0.2.0/24",
        },
    ]});
    let service = |addresses: Value| json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "externalIPs": addresses}});
    let why = "external addresses must be in 192.0.2.0/24";
    check("/services", spec, SERVICES, service(json!(["192.0.2.7"])), service(json!(["198.51.100.1"])), why).await;
}

#[tokio::test]
async fn ingresses_with_tls_for_every_host() {
    let spec = json!({
        "variables": [{
            "name": "covered",
            "expression": "object.spec.?tls.orValue([]).map(t, t.?hosts.orValue([])).flatten()",
        }],
        "validations": [{
            "expression": "object.spec.rules.all(r, r.host in variables.covered)",
            "messageExpression": "'no certificate for ' + object.spec.rules.filter(r, !(r.host in variables.covered))\
                .map(r, r.host).join(', ')",
        }],
    });
    let ingress = |hosts: Value| {
        let backend = json!({"service": {"name": "s", "port": {"number": 80}}});
        let paths = json!([{"path": "/", "pathType": "Prefix", "backend": backend}]);
        let spec = json!({"rules": [{"host": "a.example.com", "http": {"paths": paths}}], "tls": [{"hosts": hosts}]});
        json!({"metadata": {"name": "i"}, "spec": spec})
    };
    let (fine, bad) = (ingress(json!(["a.example.com"])), ingress(json!(["b.example.com"])));
    check("networking.k8s.io/ingresses", spec, INGRESSES, fine, bad, "no certificate for a.example.com").await;
}

#[tokio::test]
async fn versions_in_annotations() {
    let spec = json!({"validations": [{
        "expression": "isSemver(object.metadata.annotations['version']) && \
            semver(object.metadata.annotations['version']).isGreaterThan(semver('1.0.0'))",
        "message": "version must be above 1.0.0",
    }]});
    let with = |version: &str| json!({"metadata": {"name": "c", "annotations": {"version": version}}});
    check("/configmaps", spec, CONFIG_MAPS, with("1.0.1"), with("0.9.0"), "version must be above 1.0.0").await;
}

#[tokio::test]
async fn fields_that_never_change() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let spec = json!({"validations": [{
        "expression": "!has(oldObject.data.id) || object.data.id == oldObject.data.id",
        "messageExpression": "'id stays ' + oldObject.data.id",
    }]});
    enforce(&client, "p", "/configmaps", &["UPDATE"], &spec).await;
    let config_map = |id: &str, b: &str| json!({"metadata": {"name": "c"}, "data": {"id": id, "b": b}});
    client.post(CONFIG_MAPS, &config_map("1", "x")).await.expect(201);
    client.put(&format!("{CONFIG_MAPS}/c"), &config_map("1", "y")).await.expect(200);
    let refused = client.put(&format!("{CONFIG_MAPS}/c"), &config_map("2", "y")).await.expect(422).json();
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with("denied request: id stays 1")), "{refused}");
}

#[tokio::test]
async fn objects_that_only_some_may_delete() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let spec = json!({
        "matchConditions": [{
            "name": "protected",
            "expression": "oldObject.?metadata.labels['protected'].orValue('') == 'yes'",
        }],
        "validations": [{
            "expression": "'guards' in request.userInfo.groups",
            "messageExpression": "request.userInfo.username + ' may not ' + request.operation",
            "reason": "Forbidden",
        }],
    });
    enforce(&client, "p", "/configmaps", &["DELETE"], &spec).await;
    let labels = json!({"protected": "yes"});
    client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c", "labels": labels}})).await.expect(201);
    client.post(CONFIG_MAPS, &json!({"metadata": {"name": "free"}})).await.expect(201);
    client.delete(&format!("{CONFIG_MAPS}/free")).await.expect(200);
    let refused = client.delete(&format!("{CONFIG_MAPS}/c")).await.expect(403).json();
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with(" may not DELETE")), "{refused}");
    let guard =
        [("Impersonate-User", "jane"), ("Impersonate-Group", "guards"), ("Impersonate-Group", "system:masters")];
    client.send("DELETE", &format!("{CONFIG_MAPS}/c"), &guard, "").await.expect(200);
}

#[tokio::test]
async fn rules_that_depend_on_the_namespace() {
    let server = harness::start(&["--disable-admission-plugins=ServiceAccount"]).await;
    let client = Client::new(server.url());
    let spec = json!({"validations": [{
        "expression": "namespaceObject.metadata.?labels['tier'].orValue('') != 'production' || \
            object.spec.containers.all(c, has(c.livenessProbe))",
        "messageExpression": "namespaceObject.metadata.name + ' wants probes'",
    }]});
    enforce(&client, "p", "/pods", &["CREATE"], &spec).await;
    let production = json!({"metadata": {"name": "prod", "labels": {"tier": "production"}}});
    client.post("/api/v1/namespaces", &production).await.expect(201);
    client.post(PODS, &pod(json!({}))).await.expect(201);
    let refused = client.post("/api/v1/namespaces/prod/pods", &pod(json!({}))).await.expect(422).json();
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with("prod wants probes")), "{refused}");
}

#[tokio::test]
async fn what_the_sender_may_do_elsewhere() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let spec = json!({"validations": [{
        "expression": "authorizer.group('').resource('secrets').namespace('default').check('create').allowed()",
        "message": "whoever writes settings must be able to write secrets",
    }]});
    enforce(&client, "p", "/configmaps", &["CREATE"], &spec).await;
    client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c"}})).await.expect(201);
}
