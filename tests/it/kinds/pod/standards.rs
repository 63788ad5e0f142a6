//! The Pod Security Standards: one table for each control, with what it says at the versions that differ.

use kubedouble::kinds::pod::standards::{Level, LevelVersion, Version, details, reasons, violations};
use serde_json::{Value, json};

/// A pod that meets all standards, with a regular container `c`; `edit` changes it.
fn pod(edit: Value) -> Value {
    let mut pod = json!({
        "metadata": {"name": "p"},
        "spec": {"containers": [{
            "name": "c",
            "image": "i",
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
                "runAsNonRoot": true,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }]},
    });
    merge(&mut pod, &edit);
    pod
}

/// Merges objects; arrays are merged item by item.
fn merge(into: &mut Value, edit: &Value) {
    match (into, edit) {
        (Value::Object(into), Value::Object(edit)) => {
            for (name, edit) in edit {
                merge(into.entry(name.clone()).or_insert(Value::Null), edit);
            }
        }
        (Value::Array(into), Value::Array(edit)) => {
            for (i, edit) in edit.iter().enumerate() {
                if i == into.len() {
                    into.push(Value::Null);
                }
                merge(&mut into[i], edit);
            }
        }
        (into, edit) => *into = edit.clone(),
    }
}

/// The same, of the container only.
fn container(edit: Value) -> Value {
    json!({"spec": {"containers": [edit]}})
}

/// The same, of the container's security context.
fn context(edit: Value) -> Value {
    container(json!({"securityContext": edit}))
}

fn standard(text: &str) -> LevelVersion {
    let (level, version) = text.split_once(':').expect("level and version");
    LevelVersion { level: Level::parse(level).expect("a level"), version: Version::parse(version).expect("a version") }
}

/// What each standard says of each pod; nothing if it is met.
fn check(cases: &[(&str, Value, &str)]) {
    for (name, edit, expected) in cases {
        let found = violations(standard(name), &pod(edit.clone()));
        assert_eq!(details(&found), *expected, "{name}: {edit}");
    }
}

#[test]
fn nothing_is_forbidden_to_the_privileged() {
    let all = json!({"spec": {"hostNetwork": true, "containers": [{"securityContext": {"privileged": true}}]}});
    check(&[("privileged:latest", all, ""), ("restricted:latest", json!({}), ""), ("restricted:v1.0", json!({}), "")]);
}

#[test]
fn host_namespaces() {
    check(&[
        ("baseline:latest", json!({"spec": {"hostNetwork": true}}), "host namespaces (hostNetwork=true)"),
        (
            "baseline:v1.0",
            json!({"spec": {"hostIPC": true, "hostPID": true, "hostNetwork": true}}),
            "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)",
        ),
        ("baseline:latest", json!({"spec": {"hostNetwork": false}}), ""),
    ]);
}

#[test]
fn privileged_containers() {
    let expected = "privileged (container \"c\" must not set securityContext.privileged=true)";
    check(&[
        ("baseline:latest", context(json!({"privileged": true})), expected),
        ("baseline:latest", context(json!({"privileged": false})), ""),
        (
            "baseline:latest",
            json!({"spec": {
                "initContainers": [{"name": "a", "securityContext": {"privileged": true}}],
                "ephemeralContainers": [{"name": "e", "securityContext": {"privileged": true}}],
            }}),
            "privileged (containers \"a\", \"e\" must not set securityContext.privileged=true)",
        ),
    ]);
}

#[test]
fn capabilities() {
    let adds = |names: Value| context(json!({"capabilities": {"add": names}}));
    check(&[
        ("baseline:latest", adds(json!(["CHOWN"])), ""),
        (
            "baseline:latest",
            adds(json!(["SYS_ADMIN", "NET_RAW", "CHOWN"])),
            "non-default capabilities (container \"c\" must not include \"NET_RAW\", \"SYS_ADMIN\" in \
             securityContext.capabilities.add)",
        ),
        ("restricted:latest", adds(json!(["NET_BIND_SERVICE"])), ""),
        (
            "restricted:latest",
            adds(json!(["CHOWN"])),
            "unrestricted capabilities (container \"c\" must not include \"CHOWN\" in securityContext.capabilities.add)",
        ),
        (
            "restricted:v1.22",
            context(json!({"capabilities": {"drop": ["CHOWN"], "add": ["KILL"]}})),
            "unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]; \
             container \"c\" must not include \"KILL\" in securityContext.capabilities.add)",
        ),
        ("restricted:v1.21", context(json!({"capabilities": null})), ""),
        (
            "restricted:v1.21",
            adds(json!(["SYS_ADMIN"])),
            "non-default capabilities (container \"c\" must not include \"SYS_ADMIN\" in \
             securityContext.capabilities.add)",
        ),
    ]);
}

#[test]
fn host_paths_and_volume_types() {
    let volumes = json!({"spec": {"volumes": [
        {"name": "v", "hostPath": {"path": "/"}},
        {"name": "w", "nfs": {"server": "s", "path": "/"}},
        {"name": "x", "image": {"reference": "i"}},
        {"name": "y", "emptyDir": {}},
    ]}});
    check(&[
        ("baseline:latest", volumes.clone(), "hostPath volumes (volume \"v\")"),
        (
            "restricted:latest",
            volumes,
            "restricted volume types (volumes \"v\", \"w\" use restricted volume types \"hostPath\", \"nfs\")",
        ),
        (
            "restricted:v1.0",
            json!({"spec": {"volumes": [{"name": "v"}]}}),
            "restricted volume types (volume \"v\" uses restricted volume type \"unknown\")",
        ),
    ]);
}

#[test]
fn host_ports() {
    let ports = |ports: Value| container(json!({"ports": ports}));
    check(&[
        ("baseline:latest", ports(json!([{"containerPort": 80, "hostPort": 0}])), ""),
        (
            "baseline:latest",
            ports(json!([{"containerPort": 80, "hostPort": 80}])),
            "hostPort (container \"c\" uses hostPort 80)",
        ),
        (
            "baseline:v1.0",
            ports(json!([{"hostPort": 9}, {"hostPort": 80}, {"hostPort": 9}])),
            "hostPort (container \"c\" uses hostPorts 80, 9)",
        ),
    ]);
}

#[test]
fn hosts_of_probes_and_hooks() {
    let probe = container(json!({"livenessProbe": {"httpGet": {"host": "10.0.0.1", "port": 80}}}));
    check(&[
        (
            "baseline:latest",
            probe.clone(),
            "probe or lifecycle host (container \"c\" uses probe or lifecycle host \"10.0.0.1\")",
        ),
        ("baseline:v1.33", probe, ""),
        (
            "baseline:v1.34",
            container(json!({
                "lifecycle": {"preStop": {"tcpSocket": {"host": "b"}}},
                "startupProbe": {"tcpSocket": {"host": "a"}},
            })),
            "probe or lifecycle host (container \"c\" uses probe or lifecycle hosts \"a\", \"b\")",
        ),
    ]);
}

#[test]
fn app_armor() {
    let annotated =
        |value: &str| json!({"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/c": value}}});
    check(&[
        ("baseline:latest", context(json!({"appArmorProfile": {"type": "Localhost"}})), ""),
        (
            "baseline:v1.0",
            context(json!({"appArmorProfile": {"type": "Unconfined"}})),
            "forbidden AppArmor profile (container \"c\" must not set AppArmor profile type to \"Unconfined\")",
        ),
        ("baseline:latest", annotated("localhost/x"), ""),
        (
            "baseline:latest",
            annotated("unconfined"),
            "forbidden AppArmor profile (annotation must not set AppArmor profile type to \
             \"container.apparmor.security.beta.kubernetes.io/c=\"unconfined\"\")",
        ),
        (
            "baseline:latest",
            {
                let mut both = annotated("unconfined");
                merge(&mut both, &json!({"spec": {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}}));
                both
            },
            "forbidden AppArmor profiles (pod and annotation must not set AppArmor profile type to \"Unconfined\", \
             \"container.apparmor.security.beta.kubernetes.io/c=\"unconfined\"\")",
        ),
    ]);
}

#[test]
fn se_linux() {
    let options = |options: Value| json!({"spec": {"securityContext": {"seLinuxOptions": options}}});
    let prefix = "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions:";
    check(&[
        ("baseline:v1.0", options(json!({"type": "container_kvm_t"})), ""),
        ("baseline:v1.31", options(json!({"type": "container_engine_t"})), ""),
        (
            "baseline:v1.30",
            options(json!({"type": "container_engine_t"})),
            &format!("{prefix} type \"container_engine_t\")"),
        ),
        ("baseline:latest", options(json!({"user": "u"})), &format!("{prefix} user may not be set)")),
        (
            "baseline:latest",
            options(json!({"type": "x", "user": "u", "role": "r"})),
            &format!("{prefix} type \"x\"; user may not be set; role may not be set)"),
        ),
    ]);
}

#[test]
fn proc_mounts() {
    let unmasked = context(json!({"procMount": "Unmasked"}));
    let mut own_users = unmasked.clone();
    own_users["spec"]["hostUsers"] = json!(false);
    let expected = "procMount (container \"c\" must not set securityContext.procMount to \"Unmasked\")";
    check(&[
        ("baseline:latest", unmasked.clone(), expected),
        ("baseline:latest", own_users.clone(), ""),
        ("baseline:v1.34", own_users.clone(), expected),
        ("restricted:latest", own_users, expected),
        ("restricted:v1.34", unmasked, expected),
    ]);
}

#[test]
fn seccomp() {
    let profile = |kind: &str| context(json!({"seccompProfile": {"type": kind}}));
    let expected =
        "seccompProfile (container \"c\" must not set securityContext.seccompProfile.type to \"Unconfined\")";
    let annotated = |key: &str| json!({"metadata": {"annotations": {key: "unconfined"}}});
    let silent = context(json!({"seccompProfile": null}));
    let mut windows = silent.clone();
    windows["spec"]["os"] = json!({"name": "windows"});
    let must = "seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \
                \"Localhost\")";
    check(&[
        ("baseline:latest", profile("Unconfined"), expected),
        ("baseline:v1.18", profile("Unconfined"), ""),
        (
            "baseline:v1.18",
            annotated("seccomp.security.alpha.kubernetes.io/pod"),
            "seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")",
        ),
        ("baseline:v1.19", annotated("seccomp.security.alpha.kubernetes.io/pod"), ""),
        ("restricted:v1.19", profile("Unconfined"), expected),
        ("restricted:latest", silent.clone(), must),
        ("restricted:v1.18", silent, ""),
        ("restricted:v1.24", windows.clone(), must),
        ("restricted:v1.25", windows, ""),
        (
            "restricted:latest",
            json!({"spec": {
                "securityContext": {"seccompProfile": {"type": "Localhost"}},
                "containers": [{"securityContext": {"seccompProfile": null}}],
            }}),
            "",
        ),
    ]);
}

#[test]
fn sysctls() {
    let set = |names: &[&str]| {
        let sysctls: Vec<_> = names.iter().map(|name| json!({"name": name, "value": "1"})).collect();
        json!({"spec": {"securityContext": {"sysctls": sysctls}}})
    };
    for (name, since) in [
        ("net.ipv4.tcp_syncookies", 0),
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_keepalive_probes", 29),
        ("net.ipv4.tcp_wmem", 32),
    ] {
        check(&[(&format!("baseline:v1.{since}"), set(&[name]), "")]);
        if since > 0 {
            let before = format!("baseline:v1.{}", since - 1);
            check(&[(&before, set(&[name]), &format!("forbidden sysctls ({name})"))]);
        }
    }
    check(&[("baseline:latest", set(&["b", "a"]), "forbidden sysctls (b, a)")]);
}

#[test]
fn windows_host_processes() {
    let host_process = json!({"windowsOptions": {"hostProcess": true}});
    check(&[(
        "baseline:latest",
        json!({"spec": {"securityContext": host_process, "containers": [{"securityContext": host_process}]}}),
        "hostProcess (pod and container \"c\" must not set securityContext.windowsOptions.hostProcess=true)",
    )]);
}

#[test]
fn privilege_escalation() {
    let silent = context(json!({"allowPrivilegeEscalation": null}));
    let mut windows = silent.clone();
    windows["spec"]["os"] = json!({"name": "windows"});
    let expected = "allowPrivilegeEscalation != false (container \"c\" must set \
                    securityContext.allowPrivilegeEscalation=false)";
    check(&[
        ("restricted:latest", silent.clone(), expected),
        ("restricted:v1.7", silent, ""),
        ("restricted:v1.24", windows.clone(), expected),
        ("restricted:v1.25", windows, ""),
    ]);
}

#[test]
fn users() {
    let root = context(json!({"runAsUser": 0}));
    let mut own_users = context(json!({"runAsUser": 0, "runAsNonRoot": false}));
    own_users["spec"]["hostUsers"] = json!(false);
    check(&[
        ("restricted:latest", root.clone(), "runAsUser=0 (container \"c\" must not set runAsUser=0)"),
        ("restricted:v1.22", root, ""),
        (
            "restricted:latest",
            json!({"spec": {"securityContext": {"runAsUser": 0}}}),
            "runAsUser=0 (pod must not set runAsUser=0)",
        ),
        (
            "restricted:v1.0",
            context(json!({"runAsNonRoot": null})),
            "runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true)",
        ),
        (
            "restricted:latest",
            json!({"spec": {"securityContext": {"runAsNonRoot": false}}}),
            "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)",
        ),
        ("restricted:v1.35", own_users.clone(), ""),
        (
            "restricted:v1.34",
            own_users,
            "runAsNonRoot != true (container \"c\" must not set securityContext.runAsNonRoot=false), \
             runAsUser=0 (container \"c\" must not set runAsUser=0)",
        ),
    ]);
}

#[test]
fn reasons_say_it_in_a_few_words() {
    let edit = json!({"spec": {"hostPID": true, "containers": [{"securityContext": {"privileged": true}}]}});
    assert_eq!(reasons(&violations(standard("baseline:latest"), &pod(edit))), "host namespaces, privileged");
}
