//! Deployments and ReplicaSets: what their templates leave to pods, and what is refused.

use serde_json::{Value, json};

use crate::kinds::definitions::{create_errors, created, def, shown, update_errors};

const NONE: [&str; 0] = [];

fn workload(members: Value) -> Value {
    let mut spec = json!({
        "selector": {"matchLabels": {"app": "a"}},
        "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
    });
    for (member, value) in members.as_object().expect("members") {
        spec[member] = value.clone();
    }
    json!({"metadata": {"name": "w", "namespace": "default"}, "spec": spec})
}

fn template(members: Value) -> Value {
    let mut pod = json!({"containers": [{"name": "c", "image": "i:1"}]});
    for (member, value) in members.as_object().expect("members") {
        pod[member] = value.clone();
    }
    json!({"template": {"metadata": {"labels": {"app": "a"}}, "spec": pod}})
}

#[test]
fn templates_leave_to_pods_what_only_pods_have() {
    let container = json!({
        "name": "c", "image": "i:1", "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "1"}},
    });
    for plural in ["deployments", "replicasets"] {
        let object = workload(template(json!({"hostNetwork": true, "containers": [container]})));
        let found = created(&def("apps", plural), object);
        let pod = &found["spec"]["template"]["spec"];
        assert_eq!(pod.get("enableServiceLinks"), None);
        assert_eq!(pod["containers"][0]["ports"], json!([{"containerPort": 80, "protocol": "TCP"}]));
        assert_eq!(pod["containers"][0]["resources"], json!({"limits": {"cpu": "1"}}));
        assert_eq!(pod["restartPolicy"], "Always");
    }
}

#[test]
fn a_template_makes_pods_that_are_selected() {
    for plural in ["deployments", "replicasets"] {
        let errors = |members: Value| create_errors(&def("apps", plural), workload(members));
        assert_eq!(errors(json!({})), NONE);
        assert_eq!(
            errors(json!({"selector": null})),
            [
                "spec.selector: Required value",
                "spec.template.metadata.labels: Invalid value: {\"app\":\"a\"}: `selector` does not match template `labels`",
            ]
        );
        assert_eq!(
            errors(json!({"selector": {}})),
            ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]
        );
        let sick = json!({"matchExpressions": [{"key": "app", "operator": "Near"}]});
        assert_eq!(
            errors(json!({"selector": sick, "template": {}})),
            [
                "spec.selector.matchExpressions[0].operator: Invalid value: \"Near\": not a valid selector operator",
                "spec.selector: Invalid value: {\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"Near\"}]}: invalid \
                 label selector",
            ]
        );
        assert_eq!(
            errors(json!({"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}})),
            ["spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`"]
        );
        assert_eq!(
            errors(template(json!({"restartPolicy": "Never", "activeDeadlineSeconds": 5}))),
            [
                "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
                "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported",
            ]
        );
        let disk = json!({"volumes": [{"name": "v", "gcePersistentDisk": {"pdName": "d"}}]});
        let mut object = workload(template(disk));
        object["spec"]["replicas"] = json!(2);
        assert_eq!(
            create_errors(&def("apps", plural), object),
            ["spec.template.spec.volumes[0].gcePersistentDisk.readOnly: Invalid value: false: must be read-only for \
              replicated pods > 1; GCE PD can only be mounted on multiple machines if it is read-only"]
        );
    }
}

#[test]
fn a_selector_stays() {
    for plural in ["deployments", "replicasets"] {
        let old = created(&def("apps", plural), workload(json!({})));
        let mut new = old.clone();
        new["spec"]["selector"] = json!({"matchLabels": {"app": "b"}});
        new["spec"]["template"]["metadata"]["labels"] = json!({"app": "b"});
        assert_eq!(
            update_errors(&def("apps", plural), &old, new),
            ["spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"b\"}}: field is immutable"]
        );
    }
}

#[test]
fn strategies() {
    let errors = |strategy: Value| create_errors(&def("apps", "deployments"), workload(json!({"strategy": strategy})));
    assert_eq!(errors(json!({"type": "Recreate"})), NONE);
    assert_eq!(
        errors(json!({"type": "Slow"})),
        [
            "spec.strategy: Unsupported value: {\"Type\":\"Slow\",\"RollingUpdate\":null}: supported values: \"Recreate\", \
          \"RollingUpdate\""
        ]
    );
    assert_eq!(
        errors(json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}})),
        ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0"]
    );
    // A text without a percent sign is wrong, but not nothing.
    assert_eq!(
        errors(json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "1234"}})),
        [
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"1234\": a valid percent string must be a numeric \
          string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
        ]
    );
}

#[test]
fn parts_of_a_status_are_not_more_than_the_whole() {
    let errors = |plural: &str, old: Value, status: Value| {
        let stored = json!({"metadata": {"name": "w"}, "status": old});
        let object = json!({"metadata": {"name": "w"}, "status": status});
        shown(&def("apps", plural).strategy.validate_status(&object, &stored))
    };
    let status = json!({"replicas": 1, "readyReplicas": 2, "availableReplicas": 3});
    for plural in ["deployments", "replicasets"] {
        assert_eq!(
            errors(plural, json!({}), status.clone()),
            [
                "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
                "status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
                "status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas",
            ]
        );
        assert_eq!(
            errors(plural, json!({}), json!({"terminatingReplicas": -1})),
            ["status.terminatingReplicas: Invalid value: -1: must be greater than or equal to 0"]
        );
    }
    assert_eq!(
        errors("deployments", json!({"collisionCount": 2}), json!({"collisionCount": 1})),
        ["status.collisionCount: Invalid value: 1: cannot be decremented"]
    );
}

#[test]
fn what_raises_a_generation() {
    for (plural, annotations) in [("deployments", true), ("replicasets", false)] {
        let def = def("apps", plural);
        let old = created(&def, workload(json!({})));
        let edited = |member: &str, value: Value| {
            let mut new = old.clone();
            new["metadata"][member] = value;
            def.strategy.raises_generation(&new, &old)
        };
        assert!(!edited("labels", json!({"a": "b"})));
        assert_eq!(edited("annotations", json!({"a": "b"})), annotations);
        let mut new = old.clone();
        (new["kind"], new["apiVersion"]) = (json!(def.gvk.kind), json!("apps/v1"));
        assert!(!def.strategy.raises_generation(&new, &old));
        new["spec"]["replicas"] = json!(5);
        assert!(def.strategy.raises_generation(&new, &old));
    }
}

#[test]
fn warnings_are_about_what_changed() {
    let strategy = def("apps", "deployments").strategy.clone();
    let members = template(json!({"nodeSelector": {"beta.kubernetes.io/os": "linux"}}));
    let mut object = created(&def("apps", "deployments"), workload(members));
    let expected = ["spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \
                     \"kubernetes.io/os\" instead"];
    assert_eq!(strategy.warnings(&object, None), expected);
    let old = object.clone();
    assert_eq!(strategy.warnings(&object, Some(&old)), NONE);
    object["metadata"]["generation"] = json!(2);
    assert_eq!(strategy.warnings(&object, Some(&old)), expected);
}
