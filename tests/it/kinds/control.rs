//! What says how a cluster behaves: autoscalers, network policies, priorities of requests, API services and requests for
//! certificates, through the front door.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::batch::causes;
use crate::{client::Client, harness};

#[tokio::test]
async fn an_autoscaler_has_a_metric_and_a_pace() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
    let scaler = |members: Value| {
        let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"});
        let mut spec = json!({"maxReplicas": 3, "scaleTargetRef": target});
        for (member, value) in members.as_object().expect("members") {
            spec[member] = value.clone();
        }
        json!({"metadata": {"name": "a"}, "spec": spec})
    };
    let made = client.post(path, &scaler(json!({"behavior": {"scaleDown": {}}}))).await.expect(201).json();
    let target = json!({"type": "Utilization", "averageUtilization": 80});
    let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
    assert_eq!((&made["spec"]["minReplicas"], &made["spec"]["metrics"]), (&json!(1), &json!([metric])));
    assert_eq!(made["spec"]["behavior"]["scaleUp"]["policies"].as_array().map(Vec::len), Some(2));
    let path_v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
    let seen = client.get(&format!("{path_v1}/a")).await.expect(200).json();
    assert_eq!(seen["spec"]["targetCPUUtilizationPercentage"], 80);
    // The first version always has it, the second leaves out a 0.
    assert_eq!((&seen["status"]["currentReplicas"], made["status"].get("currentReplicas")), (&json!(0), None));
    let behavior = seen["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/behavior"].as_str();
    assert!(behavior.is_some_and(|text| text.contains("scaleDown")), "{seen}");
    for (members, expected) in [
        (
            json!({"minReplicas": 5}),
            "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
        ),
        (
            json!({"scaleTargetRef": {"apiVersion": "v1", "kind": "Pod", "name": "p"}}),
            "spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must specify API group",
        ),
        (
            json!({"metrics": [{"type": "Pods"}]}),
            "spec.metrics[0].pods: Required value: must populate information for the given metric source",
        ),
        (
            json!({"behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 0, "periodSeconds": 1}]}}}),
            "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
        ),
    ] {
        let refused = client.post(path, &scaler(members)).await.expect(422).json();
        assert_eq!(causes(&refused), [expected]);
    }
}

#[tokio::test]
async fn a_network_policy_is_about_what_its_rules_are_about() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies";
    let policy = |name: &str, spec: Value| json!({"metadata": {"name": name}, "spec": spec});
    let port = json!({"port": 80});
    let made = client.post(path, &policy("a", json!({"egress": [{"ports": [port]}]}))).await.expect(201).json();
    assert_eq!(made["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!(made["spec"]["egress"][0]["ports"], json!([{"port": 80, "protocol": "TCP"}]));
    let from = |peer: Value| policy("b", json!({"ingress": [{"from": [peer]}]}));
    let at = "spec.ingress[0].from[0]";
    for (peer, expected) in [
        (json!({}), format!("{at}: Required value: must specify a peer")),
        (
            json!({"ipBlock": {"cidr": "10.0.0.0/24"}, "podSelector": {}}),
            format!("{at}: Forbidden: may not specify both ipBlock and another peer"),
        ),
        (
            json!({"ipBlock": {"cidr": "10.0.0.0/24", "except": ["10.0.1.0/25"]}}),
            format!("{at}.ipBlock.except[0]: Invalid value: \"10.0.1.0/25\": must be a strict subset of `cidr`"),
        ),
    ] {
        let refused = client.post(path, &from(peer)).await.expect(422).json();
        assert_eq!(causes(&refused), [expected]);
    }
}

#[tokio::test]
async fn priorities_of_requests_are_checked() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = "/apis/flowcontrol.apiserver.k8s.io/v1";
    let level = |limited: Value| json!({"metadata": {"name": "l"}, "spec": {"type": "Limited", "limited": limited}});
    let at = format!("{path}/prioritylevelconfigurations");
    let queuing = json!({"queues": 2, "handSize": 3, "queueLengthLimit": 1});
    let refused = client.post(&at, &level(json!({"limitResponse": {"type": "Queue", "queuing": queuing}}))).await;
    assert_eq!(
        causes(&refused.expect(422).json()),
        ["spec.limited.limitResponse.queuing.handSize: Invalid value: 3: should not be greater than queues (2)"]
    );
    let made = client.post(&at, &level(json!({"limitResponse": {"type": "Queue", "queuing": {}}}))).await.expect(201);
    let queuing = &made.json()["spec"]["limited"]["limitResponse"]["queuing"];
    assert_eq!(*queuing, json!({"queues": 64, "handSize": 8, "queueLengthLimit": 50}));
    let at = format!("{path}/flowschemas");
    let schema = json!({"metadata": {"name": "s"}, "spec": {"matchingPrecedence": 1, "rules": [{}]}});
    let refused = client.post(&at, &schema).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        [
            "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
            "spec.priorityLevelConfiguration.name: Required value: must reference a priority level",
            "spec.rules[0].subjects: Required value: subjects must contain at least one value",
            "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty",
        ]
    );
}

#[tokio::test]
async fn an_api_service_is_named_after_its_version() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = "/apis/apiregistration.k8s.io/v1/apiservices";
    let spec = json!({"group": "x.io", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1});
    let service = |name: &str| json!({"metadata": {"name": name}, "spec": spec});
    let refused = client.post(path, &service("a")).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        ["metadata.name: Invalid value: \"a\": must be `spec.version+\".\"+spec.group`: \"v1.x.io\""]
    );
    let made = client.post(path, &service("v1.x.io")).await.expect(201).json();
    assert_eq!(made["status"]["conditions"][0]["reason"], "Local");
}

/// A request of PEM around the DER of a subject in this organization.
fn request(organization: &str) -> String {
    let element = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
    let attribute = [element(0x06, &[0x55, 0x04, 0x0a]), element(0x0c, organization.as_bytes())].concat();
    let subject = element(0x30, &element(0x31, &element(0x30, &attribute)));
    let der = element(0x30, &element(0x30, &[element(0x02, &[0]), subject].concat()));
    let kind = "CERTIFICATE REQUEST";
    STANDARD.encode(format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(der)))
}

#[tokio::test]
async fn a_request_for_a_certificate_is_approved_once() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    let csr = |name: &str, signer: &str, organization: &str| {
        let spec = json!({
            "request": request(organization), "signerName": signer, "usages": ["client auth"], "username": "somebody",
        });
        json!({"metadata": {"name": name}, "spec": spec})
    };
    let made = client.post(path, &csr("a", "x.io/s", "dev")).await.expect(201).json();
    assert_ne!(made["spec"]["username"], "somebody");
    let refused =
        client.post(path, &csr("b", "kubernetes.io/kube-apiserver-client", "system:masters")).await.expect(403);
    assert!(refused.text().contains("signer with system:masters group is not allowed"));
    let at = format!("{path}/a");
    let approved = json!({"status": {"conditions": [{"type": "Approved", "status": "True"}]}});
    let refused = client.patch(&format!("{at}/status"), &approved).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        ["status.conditions: Forbidden: updates may not add a condition of type \"Approved\""]
    );
    let found = client.patch(&format!("{at}/approval"), &approved).await.expect(200).json();
    assert!(found["status"]["conditions"][0]["lastUpdateTime"].is_string());
    let refused = client.patch(&format!("{at}/approval"), &json!({"status": {"conditions": null}})).await.expect(422);
    assert_eq!(
        causes(&refused.json()),
        ["status.conditions: Forbidden: updates may not remove a condition of type \"Approved\""]
    );
    let changed = client.patch(&at, &json!({"spec": {"signerName": "y.io/s"}})).await.expect(200).json();
    assert_eq!(changed["spec"]["signerName"], "x.io/s");
}

#[tokio::test]
async fn a_claim_for_devices_stays_as_it_was_made() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims";
    let claim = |request: Value| json!({"metadata": {"name": "a"}, "spec": {"devices": {"requests": [request]}}});
    for (request, expected) in [
        (json!({"name": "r"}), "[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"),
        (json!({"name": "r", "exactly": {}}), "[0].exactly.deviceClassName: Required value"),
        (
            json!({"name": "r", "exactly": {"deviceClassName": "c", "allocationMode": "All", "count": 2}}),
            "[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
        ),
        (
            json!({"name": "r", "exactly": {"deviceClassName": "c", "selectors": [{"cel": {"expression": "1 + 1"}}]}}),
            "[0].exactly.selectors[0].cel.expression: Invalid value: \"1 + 1\": must evaluate to bool or the unknown type, \
             not int",
        ),
    ] {
        let refused = client.post(path, &claim(request)).await.expect(422).json();
        assert_eq!(causes(&refused), [format!("spec.devices.requests{expected}")]);
    }
    let made = client.post(path, &claim(json!({"name": "r", "exactly": {"deviceClassName": "c"}}))).await.expect(201);
    let exactly = &made.json()["spec"]["devices"]["requests"][0]["exactly"];
    assert_eq!((&exactly["allocationMode"], &exactly["count"]), (&json!("ExactCount"), &json!(1)));
    let refused = client.patch(&format!("{path}/a"), &json!({"spec": null})).await.expect(422).json();
    let shown = "{\"Devices\":{\"Requests\":null,\"Constraints\":null,\"Config\":null}}";
    assert_eq!(causes(&refused), [format!("spec: Invalid value: {shown}: field is immutable")]);
    let class = json!({"metadata": {"name": "c"}, "spec": {"config": [{}], "extendedResourceName": "bad name"}});
    let refused = client.post("/apis/resource.k8s.io/v1/deviceclasses", &class).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        [
            "spec.config[0].opaque: Required value",
            "spec.extendedResourceName: Invalid value: \"bad name\": must be a valid extended resource name",
        ]
    );
    let pool = json!({"name": "p", "resourceSliceCount": 1});
    let slice = json!({"metadata": {"name": "s"}, "spec": {"driver": "x.io", "pool": pool}});
    let refused = client.post("/apis/resource.k8s.io/v1/resourceslices", &slice).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        ["spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is \
             required",]
    );
}
