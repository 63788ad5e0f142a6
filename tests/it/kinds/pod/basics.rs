//! Pods: what they are filled up with, what is refused, and how they are shown.

use kubedouble::object::meta;
use serde_json::{Value, json};

use crate::kinds::definitions::{
    create_errors, created, def, now, part_errors, prepare_part, request, shown, update_errors,
};

fn pod(spec: Value) -> Value {
    json!({"metadata": {"name": "p", "namespace": "default"}, "spec": spec})
}

fn one(container: Value) -> Value {
    pod(json!({"containers": [container]}))
}

fn stored(spec: Value) -> Value {
    created(&def("", "pods"), pod(spec))
}

fn simple() -> Value {
    json!({"containers": [{"name": "c", "image": "img"}]})
}

#[test]
fn a_small_pod_is_filled_up() {
    let found = created(&def("", "pods"), one(json!({"name": "c", "image": "img", "ports": [{"containerPort": 80}]})));
    let expected = json!({
        "containers": [{
            "name": "c",
            "image": "img",
            "ports": [{"containerPort": 80, "protocol": "TCP"}],
            "imagePullPolicy": "Always",
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
        }],
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
        "enableServiceLinks": true,
    });
    assert_eq!(found["spec"], expected);
    assert_eq!(found["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
}

#[test]
fn an_image_is_always_pulled_if_its_tag_is_latest() {
    for (image, policy) in [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("localhost:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:0123", "IfNotPresent"),
    ] {
        let found = created(&def("", "pods"), one(json!({"name": "c", "image": image})));
        assert_eq!(found["spec"]["containers"][0]["imagePullPolicy"], policy, "{image}");
    }
}

#[test]
fn parts_of_a_container_are_filled_up() {
    let cases = [
        (
            "livenessProbe",
            json!({"httpGet": {"port": 80}}),
            json!({
                "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
                "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
            }),
        ),
        (
            "readinessProbe",
            json!({"grpc": {"port": 1}, "periodSeconds": 2}),
            json!({
                "grpc": {"port": 1, "service": ""},
                "timeoutSeconds": 1, "periodSeconds": 2, "successThreshold": 1, "failureThreshold": 3,
            }),
        ),
        ("resources", json!({"limits": {"cpu": "1"}}), json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}})),
        (
            "env",
            json!([{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
            json!([
                {"name": "N", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            ]),
        ),
    ];
    for (member, given, expected) in cases {
        let found = created(&def("", "pods"), one(json!({"name": "c", "image": "i", member: given})));
        assert_eq!(found["spec"]["containers"][0][member], expected, "{member}");
    }
}

#[test]
fn volumes_are_filled_up() {
    for (given, expected) in [
        (json!({"name": "v"}), json!({"name": "v", "emptyDir": {}})),
        (
            json!({"name": "v", "secret": {"secretName": "s"}}),
            json!({"name": "v", "secret": {"secretName": "s", "defaultMode": 420}}),
        ),
        (json!({"name": "v", "hostPath": {"path": "/"}}), json!({"name": "v", "hostPath": {"path": "/", "type": ""}})),
    ] {
        let mut spec = simple();
        spec["volumes"] = json!([given]);
        assert_eq!(stored(spec)["spec"]["volumes"][0], expected);
    }
}

#[test]
fn quality_of_service() {
    for (resources, class) in [
        (json!({}), "BestEffort"),
        (json!({"requests": {"cpu": "100m"}}), "Burstable"),
        (json!({"limits": {"cpu": "1", "memory": "1Gi"}}), "Guaranteed"),
        (
            json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}}),
            "Guaranteed",
        ),
        (json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}), "Burstable"),
    ] {
        let found = created(&def("", "pods"), one(json!({"name": "c", "image": "i", "resources": resources})));
        assert_eq!(found["status"]["qosClass"], class, "{resources}");
    }
}

#[test]
fn what_is_refused() {
    let label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                 and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                 '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    let c = |extra: Value| {
        let mut container = json!({"name": "c", "image": "i"});
        for (member, value) in extra.as_object().expect("members") {
            container[member] = value.clone();
        }
        json!({"containers": [container]})
    };
    let s = |extra: Value| {
        let mut spec = simple();
        for (member, value) in extra.as_object().expect("members") {
            spec[member] = value.clone();
        }
        spec
    };
    let cases = [
        (json!({}), "spec.containers: Required value"),
        (json!({"containers": [{"image": "i"}]}), "<c>.name: Required value"),
        (json!({"containers": [{"name": "C", "image": "i"}]}), "<c>.name: Invalid value: \"C\": <label>"),
        (c(json!({"image": ""})), "<c>.image: Required value"),
        (c(json!({"image": " i"})), "<c>.image: Invalid value: \" i\": must not have leading or trailing whitespace"),
        (
            c(json!({"ports": [{"containerPort": 70000}]})),
            "<c>.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            c(json!({"ports": [{"containerPort": 1, "protocol": "X"}]})),
            "<c>.ports[0].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
        ),
        (
            c(json!({"ports": [{"containerPort": 1, "hostPort": 9}, {"containerPort": 2, "hostPort": 9}]})),
            "<c>.ports[1].hostPort: Duplicate value: \"TCP//9\"",
        ),
        (
            c(json!({"env": [{"name": "A=B"}]})),
            "<c>.env[0].name: Invalid value: \"A=B\": a valid environment variable name must consist only of \
          printable ASCII characters other than '='",
        ),
        (c(json!({"volumeMounts": [{"name": "v", "mountPath": "/v"}]})), "<c>.volumeMounts[0].name: Not found: \"v\""),
        (
            c(json!({"imagePullPolicy": "Soon"})),
            "<c>.imagePullPolicy: Unsupported value: \"Soon\": \
          supported values: \"Always\", \"IfNotPresent\", \"Never\"",
        ),
        (
            c(json!({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}})),
            "<c>.resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
        ),
        (c(json!({"livenessProbe": {}})), "<c>.livenessProbe: Required value: must specify a handler type"),
        (
            s(json!({"restartPolicy": "Maybe"})),
            "spec.restartPolicy: Unsupported value: \"Maybe\": supported values: \"Always\", \"OnFailure\", \"Never\"",
        ),
        (
            s(json!({"dnsPolicy": "X"})),
            "spec.dnsPolicy: Unsupported value: \"X\": supported values: \"ClusterFirstWithHostNet\", \
             \"ClusterFirst\", \
          \"Default\", \"None\"",
        ),
        (s(json!({"hostname": "A_B"})), "spec.hostname: Invalid value: \"A_B\": <label>"),
        (
            s(json!({"activeDeadlineSeconds": 0})),
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
        (s(json!({"volumes": [{"name": "v"}, {"name": "v"}]})), "spec.volumes[1].name: Duplicate value: \"v\""),
        (s(json!({"volumes": [{"name": "v", "hostPath": {}}]})), "spec.volumes[0].hostPath.path: Required value"),
        (
            s(json!({"initContainers": [{"name": "c", "image": "i"}]})),
            "spec.initContainers[0].name: Duplicate value: \"c\"",
        ),
        (
            s(json!({"ephemeralContainers": [{"name": "e", "image": "i"}]})),
            "spec.ephemeralContainers: Forbidden: cannot be set on create",
        ),
        (
            s(json!({"nodeName": "n", "schedulingGates": [{"name": "a/b"}]})),
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
        ),
    ];
    for (spec, expected) in cases {
        let expected = expected.replace("<label>", label).replace("<c>", "spec.containers[0]");
        assert_eq!(create_errors(&def("", "pods"), pod(spec.clone())), [expected], "{spec}");
    }
}

#[test]
fn an_update_may_change_little() {
    let pods = def("", "pods");
    let old = stored(simple());
    let with = |path: &str, value: Value| {
        let mut pod = old.clone();
        *pod.pointer_mut(path).expect("a member") = value;
        pod
    };
    let none: [&str; 0] = [];
    assert_eq!(update_errors(&pods, &old, with("/spec/containers/0/image", json!("new"))), none);
    let mut added = old.clone();
    added["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
    assert_eq!(update_errors(&pods, &old, added), none);
    let mut spec = simple();
    spec["tolerations"] = json!([{"key": "a", "operator": "Exists"}]);
    let tolerant = stored(spec);
    let mut changed = tolerant.clone();
    changed["spec"]["tolerations"][0]["key"] = json!("b");
    assert_eq!(
        update_errors(&pods, &tolerant, changed),
        ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"]
    );
    assert_eq!(
        update_errors(
            &pods,
            &old,
            with("/spec/containers", json!([{"name": "c", "image": "i"}, {"name": "d", "image": "i"}]))
        ),
        ["spec.containers: Forbidden: pod updates may not add or remove containers"]
    );
}

#[test]
fn a_refused_update_shows_the_difference() {
    let old = stored(simple());
    let mut pod = old.clone();
    pod["spec"]["restartPolicy"] = json!("Never");
    let expected = "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,\
                    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                    `spec.tolerations` (only additions to existing tolerations),\
                    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n\
                    @@ -35,7 +35,7 @@\n   }\n  ],\n  \"EphemeralContainers\": null,\n- \"RestartPolicy\": \"Always\",\n\
                    + \"RestartPolicy\": \"Never\",\n  \"TerminationGracePeriodSeconds\": 30,\n  \
                    \"ActiveDeadlineSeconds\": null,\n  \"DNSPolicy\": \"ClusterFirst\",\n";
    assert_eq!(update_errors(&def("", "pods"), &old, pod), [expected]);
}

#[test]
fn only_the_spec_counts_as_a_generation() {
    let pods = def("", "pods");
    let old = stored(simple());
    let (mut labelled, mut changed) = (old.clone(), old.clone());
    labelled["metadata"]["labels"] = json!({"a": "b"});
    changed["spec"]["containers"][0]["image"] = json!("new");
    assert!(!pods.strategy.raises_generation(&labelled, &old));
    assert!(pods.strategy.raises_generation(&changed, &old));
}

#[test]
fn a_status_update_changes_only_the_status() {
    let pods = def("", "pods");
    let old = stored(simple());
    for (status, ips) in [
        (json!({"podIP": "10.0.0.1"}), json!([{"ip": "10.0.0.1"}])),
        (json!({"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.2"}]}), json!([{"ip": "10.0.0.1"}])),
        (json!({"podIPs": [{"ip": "10.0.0.2"}, {"ip": "fd00::1"}]}), json!([{"ip": "10.0.0.2"}, {"ip": "fd00::1"}])),
    ] {
        let mut pod = old.clone();
        (pod["spec"], pod["status"]) = (json!({}), status);
        pods.strategy.default(&mut pod);
        pods.strategy.prepare_for_status(&mut pod, &old);
        assert!(pods.strategy.validate_status(&pod, &old).is_empty());
        assert_eq!(pod["spec"], old["spec"]);
        assert_eq!(pod["status"]["podIPs"], ips);
        assert_eq!(pod["status"]["podIP"], ips[0]["ip"]);
        assert_eq!(pod["status"]["qosClass"], "BestEffort");
    }
    let mut pod = old.clone();
    pod["status"]["podIPs"] = json!([{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]);
    assert_eq!(
        shown(&pods.strategy.validate_status(&pod, &old)),
        ["status.podIPs: Invalid value: [{\"IP\":\"10.0.0.1\"},{\"IP\":\"10.0.0.2\"}]: \
          may specify no more than one IP for each IP family"]
    );
}

#[test]
fn how_long_a_pod_takes_to_go() {
    for (node, phase, own, asked, seconds) in [
        ("", "Pending", 30, Some(30), 0),
        ("n", "Running", 30, None, 30),
        ("n", "Running", 30, Some(5), 5),
        ("n", "Running", -1, None, 1),
        ("n", "Succeeded", 30, None, 0),
    ] {
        let mut pod = pod(json!({"nodeName": node, "terminationGracePeriodSeconds": own}));
        pod["status"] = json!({"phase": phase});
        assert_eq!(def("", "pods").strategy.grace_period(&pod, asked), Some(seconds), "{pod}");
    }
}

#[test]
fn binding_assigns_a_node_once() {
    let mut pod = stored(simple());
    let binding =
        json!({"metadata": {"name": "p", "annotations": {"a": "b"}}, "target": {"kind": "Node", "name": "n1"}});
    request(&def("", "pods"), "binding", &mut pod, &binding).expect("the first binding");
    assert_eq!(pod["spec"]["nodeName"], "n1");
    assert_eq!(pod["metadata"]["annotations"], json!({"a": "b"}));
    let condition = json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z"});
    assert_eq!(pod["status"]["conditions"], json!([condition]));
    let refused = request(&def("", "pods"), "binding", &mut pod, &binding).expect_err("the second binding");
    assert_eq!(
        refused.message,
        "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\""
    );
    let refused = request(&def("", "pods"), "binding", &mut stored(simple()), &json!({"target": {"kind": "X"}}))
        .expect_err("no target");
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (
            500,
            "[target.kind: Unsupported value: \"X\": supported values: \"Node\", \"<empty>\", target.name: \
             Required value]"
        )
    );
}

#[test]
fn eviction_leaves_a_mark() {
    let mut pod = stored(simple());
    request(&def("", "pods"), "eviction", &mut pod, &json!({})).expect("an eviction");
    let condition = &pod["status"]["conditions"][0];
    assert_eq!(
        (&condition["type"], &condition["reason"]),
        (&json!("DisruptionTarget"), &json!("EvictionByEvictionAPI"))
    );
}

#[test]
fn ephemeral_containers_are_added_and_stay() {
    let old = stored(simple());
    let mut pod = old.clone();
    pod["spec"]["ephemeralContainers"] = json!([{"name": "e", "image": "i"}]);
    pod["spec"]["hostname"] = json!("x");
    def("", "pods").strategy.default(&mut pod);
    prepare_part(&def("", "pods"), "ephemeralcontainers", &mut pod, &old);
    assert!(part_errors(&def("", "pods"), "ephemeralcontainers", &pod, &old).is_empty());
    assert_eq!(meta::text(&pod, &["spec", "hostname"]), "");
    assert_eq!(
        part_errors(&def("", "pods"), "ephemeralcontainers", &old, &pod),
        ["spec.ephemeralContainers: Forbidden: existing ephemeral containers \"e\" may not be removed\n"]
    );
}

#[test]
fn warnings() {
    let env = json!([{"name": "A"}, {"name": "A"}]);
    let ports = json!([{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "TCP"}]);
    let spec = json!({
        "nodeSelector": {"beta.kubernetes.io/os": "linux"},
        "containers": [{"name": "c", "image": "i", "env": env, "ports": ports}],
    });
    assert_eq!(
        def("", "pods").strategy.warnings(&pod(spec), None),
        [
            "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
            "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        ]
    );
}

#[test]
fn rows() {
    let two = json!({"containers": [{"name": "a"}, {"name": "b"}]});
    let ended = |reason: &str, code: i64| json!({"terminated": {"reason": reason, "exitCode": code}});
    let running = json!({"running": {}});
    let statuses = |a: &Value, b: &Value| {
        json!({
            "phase": "Running",
            "containerStatuses": [
                {"name": "a", "state": a, "ready": a == &running},
                {"name": "b", "state": b, "ready": b == &running, "restartCount": 2,
                 "lastState": {"terminated": {"finishedAt": "2026-01-02T03:00:00Z"}}},
            ],
        })
    };
    let init = |state: Value| json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": state}]});
    let with_init = json!({"initContainers": [{"name": "i"}], "containers": [{"name": "a"}]});
    for (spec, status, ready, reason, restarts) in [
        (&two, json!({"phase": "Pending"}), "0/2", "Pending", "0"),
        (&two, json!({"phase": "Failed", "reason": "Evicted"}), "0/2", "Evicted", "0"),
        (&two, statuses(&running, &running), "2/2", "Running", "2 (4m5s ago)"),
        (
            &two,
            statuses(&running, &json!({"waiting": {"reason": "CrashLoopBackOff"}})),
            "1/2",
            "CrashLoopBackOff",
            "2 (4m5s ago)",
        ),
        (&two, statuses(&ended("Completed", 0), &running), "1/2", "NotReady", "2 (4m5s ago)"),
        (&two, statuses(&running, &ended("", 3)), "1/2", "ExitCode:3", "2 (4m5s ago)"),
        (&with_init, init(running.clone()), "0/1", "Init:0/1", "0"),
        (&with_init, init(ended("Error", 1)), "0/1", "Init:Error", "0"),
    ] {
        let mut pod = pod(spec.clone());
        pod["status"] = status;
        let cells = (def("", "pods").cells)(&pod, now());
        assert_eq!(cells[1..4], [json!(ready), json!(reason), json!(restarts)], "{pod}");
    }
    let mut pod = pod(two.clone());
    pod["status"] = json!({"phase": "Succeeded"});
    let conditions = (def("", "pods").row_conditions)(&pod);
    assert_eq!(conditions[0]["message"], "The pod has completed successfully.");
    pod["status"] = json!({"phase": "Running"});
    pod["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
    assert_eq!((def("", "pods").cells)(&pod, now())[2], "Terminating");
}
