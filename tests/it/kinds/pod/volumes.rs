//! Which volumes are refused, and in which words: one case for each rule.

use serde_json::{Value, json};

use super::{check, volume};

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
