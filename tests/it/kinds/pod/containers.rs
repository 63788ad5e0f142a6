//! Which containers are refused, and in which words: one case for each rule.

use serde_json::{Value, json};

use super::{check, container, spec};

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
