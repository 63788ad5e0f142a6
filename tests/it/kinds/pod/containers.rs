//! Which pods are refused, and in which words: one case for each rule of a pod's spec.

use serde_json::{Value, json};

use crate::kinds::definitions::{create_errors, created, def};

/// A pod with one container that has these members besides its name and image.
fn container(members: Value) -> Value {
    let mut container = json!({"name": "c", "image": "i"});
    for (member, value) in members.as_object().expect("members") {
        container[member] = value.clone();
    }
    json!({"containers": [container]})
}

/// A pod with one plain container and these members.
fn spec(members: Value) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "image": "i"}]});
    for (member, value) in members.as_object().expect("members") {
        spec[member] = value.clone();
    }
    spec
}

fn volume(source: Value) -> Value {
    let mut volume = json!({"name": "v"});
    for (member, value) in source.as_object().expect("members") {
        volume[member] = value.clone();
    }
    spec(json!({"volumes": [volume]}))
}

fn check(cases: Vec<(Value, &[&str])>) {
    for (spec, expected) in cases {
        let pod = json!({"metadata": {"name": "p", "namespace": "default"}, "spec": spec});
        let expected: Vec<_> = expected.iter().map(|text| text.replace("<c>", "spec.containers[0]")).collect();
        assert_eq!(create_errors(&def("", "pods"), pod), expected, "{spec}");
    }
}

#[test]
fn variables_have_one_source() {
    check(vec![
        (
            container(
                json!({"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]}),
            ),
            &["<c>.env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"],
        ),
        (
            container(json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}]})),
            &["<c>.env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.x\": \
               error converting fieldPath: field label not supported: spec.x"],
        ),
        (
            container(json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name['a']"}}}]})),
            &["<c>.env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.name['a']\": \
               error converting fieldPath: field label does not support subscript: metadata.name['a']"],
        ),
        (
            container(
                json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a/b']"}}}]}),
            ),
            &[],
        ),
        (
            container(
                json!({"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "5"}}}]}),
            ),
            &["<c>.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": \
               only divisor's values 1m and 1 are supported with the cpu resource"],
        ),
        (
            container(json!({"envFrom": [{"configMapRef": {"name": ""}, "secretRef": {"name": "s"}}]})),
            &[
                "<c>.envFrom[0].configMapRef.name: Required value",
                "<c>.envFrom: Invalid value: \"\": may not have more than one field specified at a time",
            ],
        ),
    ]);
}

#[test]
fn mounts_and_devices_do_not_meet() {
    let volumes = json!([{"name": "v"}, {"name": "claim", "persistentVolumeClaim": {"claimName": "c"}}]);
    let with = |members: Value| {
        let mut spec = container(members);
        spec["volumes"] = volumes.clone();
        spec
    };
    let device = json!([{"name": "claim", "devicePath": "/x"}]);
    check(vec![
        (with(json!({"volumeDevices": device, "volumeMounts": [{"name": "v", "mountPath": "/y"}]})), &[]),
        (
            with(json!({"volumeDevices": device, "volumeMounts": [{"name": "claim", "mountPath": "/x"}]})),
            &[
                "<c>.volumeMounts[0].name: Invalid value: \"claim\": must not already exist in volumeDevices",
                "<c>.volumeMounts[0].mountPath: Invalid value: \"/x\": must not already exist as a path in volumeDevices",
                "<c>.volumeDevices[0].name: Invalid value: \"claim\": must not already exist in volumeMounts",
                "<c>.volumeDevices[0].devicePath: Invalid value: \"/x\": must not already exist as a path in volumeMounts",
            ],
        ),
        (
            with(json!({"volumeDevices": [{"name": "v", "devicePath": "/../x"}]})),
            &[
                "<c>.volumeDevices[0].name: Invalid value: \"v\": can only use volume source type of \
                 PersistentVolumeClaim or Ephemeral for block mode",
                "<c>.volumeDevices[0].devicePath: Invalid value: \"/../x\": can not contain backsteps ('..')",
            ],
        ),
        (
            with(json!({"volumeMounts": [
                {"name": "v", "mountPath": "/a", "subPath": "../x", "mountPropagation": "Bidirectional"},
                {"name": "v", "mountPath": "/a", "recursiveReadOnly": "Enabled"},
            ]})),
            &[
                "<c>.volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'",
                "<c>.volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to \
                 privileged containers",
                "<c>.volumeMounts[1].mountPath: Invalid value: \"/a\": must be unique",
                "<c>.volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true",
            ],
        ),
    ]);
}

#[test]
fn probes_and_hooks_do_one_thing() {
    check(vec![
        (
            container(
                json!({"livenessProbe": {"exec": {"command": ["x"]}, "grpc": {"port": 1}, "successThreshold": 2}}),
            ),
            &[
                "<c>.livenessProbe.grpc: Forbidden: may not specify more than 1 handler type",
                "<c>.livenessProbe.successThreshold: Invalid value: 2: must be 1",
            ],
        ),
        (
            container(json!({"readinessProbe": {"tcpSocket": {"port": "a_b"}, "terminationGracePeriodSeconds": 3}})),
            &[
                "<c>.readinessProbe.tcpSocket.port: Invalid value: \"a_b\": must contain only alpha-numeric characters \
                 (a-z, 0-9), and hyphens (-)",
                "<c>.readinessProbe.terminationGracePeriodSeconds: Invalid value: 3: must not be set for readinessProbes",
            ],
        ),
        (
            container(json!({"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}})),
            &["<c>.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than \
               terminationGracePeriodSeconds (30)"],
        ),
        (
            container(
                json!({"livenessProbe": {"httpGet": {"port": 80, "httpHeaders": [{"name": "a b", "value": "x"}]}}}),
            ),
            &["<c>.livenessProbe.httpGet.httpHeaders: Invalid value: \"a b\": a valid HTTP header must consist of \
               alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"],
        ),
    ]);
}

#[test]
fn containers_say_when_they_start_again() {
    check(vec![
        (
            container(json!({"restartPolicyRules": [{"action": "Stop"}]})),
            &[
                "<c>.restartPolicy: Required value: must specify restartPolicy when restart rules are used",
                "<c>.restartPolicyRules[0].action: Unsupported value: \"Stop\": supported values: \"Restart\", \
                 \"RestartAllContainers\"",
                "<c>.restartPolicyRules[0].exitCodes: Required value: must be specified",
            ],
        ),
        (
            container(json!({"resizePolicy": [
                {"resourceName": "cpu", "restartPolicy": "NotRequired"},
                {"resourceName": "cpu", "restartPolicy": "Never"},
            ]})),
            &[
                "<c>.resizePolicy[1]: Duplicate value: \"cpu\"",
                "<c>.resizePolicy: Unsupported value: \"Never\": supported values: \"NotRequired\", \"RestartContainer\"",
            ],
        ),
        (
            spec(json!({"initContainers": [{"name": "i", "image": "i", "livenessProbe": {"grpc": {"port": 1}}}]})),
            &["spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without \
               restartPolicy=Always"],
        ),
        (
            spec(json!({"initContainers": [
                {"name": "i", "image": "i", "restartPolicy": "Always", "livenessProbe": {"grpc": {"port": 1}}},
            ]})),
            &[],
        ),
    ]);
}

#[test]
fn resources_are_known_and_in_proportion() {
    let names = "must be a standard resource type or fully qualified";
    check(vec![
        (
            container(json!({"resources": {"limits": {"app": "1"}}})),
            &[
                &format!("<c>.resources.limits[app]: Invalid value: \"app\": {names}"),
                "<c>.resources.limits[app]: Invalid value: \"app\": must be a standard resource for containers",
                &format!("<c>.resources.requests[app]: Invalid value: \"app\": {names}"),
                "<c>.resources.requests[app]: Invalid value: \"app\": must be a standard resource for containers",
            ],
        ),
        (
            container(json!({"resources": {"requests": {"example.com/gpu": "1"}}})),
            &["<c>.resources.limits: Required value: Limit must be set for non overcommitable resources"],
        ),
        (
            container(json!({"resources": {"limits": {"example.com/gpu": "1500m"}}})),
            &[
                "<c>.resources.limits[example.com/gpu]: Invalid value: \"1500m\": must be an integer",
                "<c>.resources.requests[example.com/gpu]: Invalid value: \"1500m\": must be an integer",
            ],
        ),
        (
            container(json!({"resources": {"limits": {"hugepages-2Mi": "3Mi"}}})),
            &[
                "<c>.resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of \
                 hugepages-2Mi",
                "<c>.resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of \
                 hugepages-2Mi",
                "<c>.resources: Forbidden: HugePages require cpu or memory",
            ],
        ),
        (
            container(json!({"resources": {"claims": [{"name": "a"}, {"name": "a", "request": "r"}]}})),
            &[
                "<c>.resources.claims[0]: Not found: \"a\": must be one of the names in pod.spec.resourceClaims which is \
                 empty",
                "<c>.resources.claims[1]: Duplicate value: \"a\"",
                "<c>.resources.claims[1]: Not found: \"a\": must be one of the names in pod.spec.resourceClaims which is \
                 empty",
            ],
        ),
        (
            spec(json!({"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}})),
            &["spec.resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"],
        ),
        (
            spec(json!({"resourceClaims": [{"name": "a"}]})),
            &["spec.resourceClaims[0]: Invalid value: \
               {\"Name\":\"a\",\"ResourceClaimName\":null,\"ResourceClaimTemplateName\":null}: \
               must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"],
        ),
    ]);
}

#[test]
fn volumes_have_one_source_that_is_complete() {
    check(vec![
        (
            volume(json!({"emptyDir": {}, "cephfs": {"monitors": []}, "downwardAPI": {}})),
            &[
                "spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type",
                "spec.volumes[0].downwarAPI: Forbidden: may not specify more than 1 volume type",
            ],
        ),
        (
            volume(json!({"nfs": {"server": "s", "path": "x"}})),
            &["spec.volumes[0].nfs.path: Invalid value: \"x\": must be an absolute path"],
        ),
        (
            volume(json!({"iscsi": {"targetPortal": "p", "iqn": "iqn.x", "lun": 256}})),
            &[
                "spec.volumes[0].iscsi.iqn: Invalid value: \"iqn.x\": must be valid format",
                "spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
            ],
        ),
        (volume(json!({"iscsi": {"targetPortal": "p", "iqn": "iqn.2001-04.com.example:disk", "lun": 0}})), &[]),
        (
            volume(json!({"gcePersistentDisk": {"pdName": "", "partition": 300}})),
            &[
                "spec.volumes[0].persistentDisk.pdName: Required value",
                "spec.volumes[0].persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive",
            ],
        ),
        (
            volume(json!({"secret": {"secretName": "s", "defaultMode": 512, "items": [{"key": "", "path": "..x"}]}})),
            &[
                "spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both \
                 inclusive",
                "spec.volumes[0].secret.items[0].key: Required value",
                "spec.volumes[0].secret.items[0].path: Invalid value: \"..x\": must not start with '..'",
            ],
        ),
        (
            volume(json!({"ephemeral": {"volumeClaimTemplate": {"metadata": {"name": "x"}, "spec": {}}}})),
            &[
                "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set",
                "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is \
                 required",
                "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value",
            ],
        ),
        (
            volume(json!({"csi": {"driver": "a_b"}})),
            &[
                "spec.volumes[0].csi.driver: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower \
               case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
               'example.com', regex used for validation is \
               '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            ],
        ),
        (volume(json!({"image": {"reference": ""}})), &["spec.volumes[0].image.reference: Required value"]),
    ]);
}

#[test]
fn projected_volumes() {
    let token = |token: Value| {
        let mut spec = volume(json!({"projected": {"sources": [{"serviceAccountToken": token}]}}));
        spec["serviceAccountName"] = json!("a");
        spec
    };
    check(vec![
        (token(json!({"path": "token"})), &[]),
        (
            token(json!({"path": "", "expirationSeconds": 599})),
            &[
                "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may not \
                 specify a duration less than 10 minutes",
                "spec.volumes[0].projected.path: Required value",
            ],
        ),
        (
            volume(json!({"projected": {"sources": [
                {"secret": {"name": "s", "items": [{"key": "a", "path": "f"}]}, "configMap": {"name": ""}},
                {"downwardAPI": {"items": [{"path": "f"}]}},
            ]}})),
            &[
                "spec.volumes[0].projected.sources[0].configMap.name: Required value",
                "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source",
                "spec.volumes[0].projected.sources[1].downwardAPI: Required value: one of fieldRef and resourceFieldRef is \
                 required",
                "spec.volumes[0].projected: Invalid value: \"f\": conflicting duplicate paths",
            ],
        ),
    ]);
}

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
