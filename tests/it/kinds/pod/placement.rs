//! Which pods are refused as a whole, and in which words: their security, where they run, what annotations and labels say.

use serde_json::{Value, json};

use super::{check, container, spec};
use crate::kinds::definitions::{create_errors, created, def};

#[test]
fn security_contexts() {
    check(vec![
        (
            container(json!({"securityContext": {"runAsUser": -1, "procMount": "Unmasked", "seccompProfile": {}}})),
            &[
                "<c>.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
                "<c>.securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`",
                "<c>.securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set",
            ],
        ),
        (
            spec(json!({"securityContext": {"seccompProfile": {"type": "Unconfined", "localhostProfile": "x"}}})),
            &["spec.securityContext.seccompProfile.localhostProfile: Invalid value: \
               {\"Type\":\"Unconfined\",\"LocalhostProfile\":\"x\"}: can only be set when seccomp type is Localhost"],
        ),
        (
            spec(json!({"securityContext": {"sysctls": [{"name": "a..b", "value": ""}]}})),
            &[
                "spec.securityContext.sysctls[0].name: Invalid value: \"a..b\": must have at most 253 characters and match \
               regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
            ],
        ),
        (
            spec(json!({"hostNetwork": true, "securityContext": {"sysctls": [{"name": "net.core.x", "value": "1"}]}})),
            &["spec.securityContext.sysctls[0].name: Invalid value: \"net.core.x\": may not be specified when \
               'hostNetwork' is true"],
        ),
        (
            spec(json!({"securityContext": {"windowsOptions": {"runAsUserName": "a\\b\\c"}}})),
            &[
                "spec.securityContext.windowsOptions.runAsUserName: Invalid value: \"a\\\\b\\\\c\": runAsUserName cannot \
               contain more than one backslash",
            ],
        ),
        (
            spec(json!({"os": {"name": "windows"}, "hostPID": true, "securityContext": {"runAsUser": 1}})),
            &[
                "spec.hostPID: Forbidden: cannot be set for a windows pod",
                "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
            ],
        ),
        (
            spec(json!({"os": {"name": "beos"}})),
            &["spec.os: Unsupported value: \"beos\": supported values: \"linux\", \"windows\""],
        ),
        (
            spec(json!({"hostUsers": false, "hostIPC": true})),
            &["spec.HostIPC: Forbidden: when `pod.Spec.HostUsers` is false"],
        ),
    ]);
}

#[test]
fn where_a_pod_may_run() {
    let affinity = |affinity: Value| spec(json!({"affinity": affinity}));
    check(vec![
        (
            affinity(
                json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}),
            ),
            &["spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required \
               value: must have at least one node selector term"],
        ),
        (
            affinity(json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 101, "preference": {
                    "matchExpressions": [{"key": "a", "operator": "Gt", "values": []}],
                    "matchFields": [{"key": "x", "operator": "Exists"}],
                }},
            ]}})),
            &[
                "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: \
                 must be in the range 1-100",
                "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference\
                 .matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
                "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference\
                 .matchFields[0].operator: Invalid value: \"Exists\": not a valid selector operator",
                "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference\
                 .matchFields[0].key: Invalid value: \"x\": not a valid field selector key",
            ],
        ),
        (
            affinity(json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "z", "matchLabelKeys": ["a"]},
            ]}})),
            &[
                "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: \
               must not be specified when labelSelector is not set",
            ],
        ),
        (
            spec(json!({"topologySpreadConstraints": [
                {"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 1},
                {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"},
            ]})),
            &[
                "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
                "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: \
                 \"{z, ScheduleAnyway}\"",
                "spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if \
                 whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
            ],
        ),
        (
            spec(json!({"schedulingGates": [{"name": "a"}, {"name": "a"}], "hostname": "h", "hostnameOverride": "A"})),
            &[
                "spec.schedulingGates[1]: Duplicate value: \"a\"",
                "spec.hostnameOverride: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case \
                 alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
                 'example.com', regex used for validation is \
                 '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            ],
        ),
        (
            spec(json!({"overhead": {"app": "1"}})),
            &[
                "spec.overhead.limits[app]: Invalid value: \"app\": must be a standard resource type or fully qualified",
                "spec.overhead.limits[app]: Invalid value: \"app\": must be a standard resource for containers",
            ],
        ),
    ]);
}

#[test]
fn annotations_that_say_something_of_the_pod() {
    let errors = |annotations: Value| {
        let pod = json!({
            "metadata": {"name": "p", "namespace": "default", "annotations": annotations},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        });
        create_errors(&def("", "pods"), pod)
    };
    assert_eq!(
        errors(json!({"controller.kubernetes.io/pod-deletion-cost": "01"})),
        [
            "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"01\": must be a 32bit integer"
        ]
    );
    assert_eq!(
        errors(json!({"container.apparmor.security.beta.kubernetes.io/d": "runtime/default"})),
        [
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: \"d\": container not found"
        ]
    );
}

#[test]
fn label_keys_become_part_of_selectors() {
    let pod = json!({
        "metadata": {"name": "p", "namespace": "default", "labels": {"version": "2"}},
        "spec": {
            "containers": [{"name": "c", "image": "i"}],
            "topologySpreadConstraints": [{
                "maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "a"}}, "matchLabelKeys": ["version", "absent"],
            }],
        },
    });
    let found = created(&def("", "pods"), pod.clone());
    assert_eq!(
        found["spec"]["topologySpreadConstraints"][0]["labelSelector"],
        json!({
            "matchLabels": {"app": "a"},
            "matchExpressions": [{"key": "version", "operator": "In", "values": ["2"]}],
        })
    );
    let none: [&str; 0] = [];
    assert_eq!(create_errors(&def("", "pods"), pod), none);
}

#[test]
fn what_is_not_offered_is_dropped() {
    let spec = spec(json!({
        "schedulingGroup": {"podGroupName": "g"},
        "volumes": [{"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"path": "x", "name": "b"}}]}}],
    }));
    let found = created(&def("", "pods"), json!({"metadata": {"name": "p", "namespace": "default"}, "spec": spec}));
    assert_eq!(found["spec"]["schedulingGroup"], Value::Null);
    assert_eq!(found["spec"]["volumes"][0]["projected"]["sources"], json!([{}]));
}
