//! Volumes: which ones come from elsewhere than the API.

use serde_json::Value;

use super::{
    Violation,
    view::{PodView, Set, plural, quoted},
};
use crate::object::meta;

/// The sources that everybody may use.
const ALLOWED: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// The others.
const RESTRICTED: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

/// No directories of the node.
pub fn host_path(pod: &PodView<'_>) -> Option<Violation> {
    let names: Vec<_> = volumes(pod).filter(|volume| is_from(volume, "hostPath")).map(name).collect();
    let detail = || format!("{} {}", plural(names.len(), "volume", "volumes"), quoted(&names));
    (!names.is_empty()).then(|| Violation::new("hostPath volumes", detail()))
}

/// Only what is in the API, or what it leads to.
pub fn restricted(pod: &PodView<'_>) -> Option<Violation> {
    let (mut names, mut types) = (Vec::new(), Set::new());
    for volume in volumes(pod).filter(|volume| !ALLOWED.iter().any(|source| is_from(volume, source))) {
        names.push(name(volume));
        types.insert(RESTRICTED.iter().find(|source| is_from(volume, source)).copied().unwrap_or("unknown"));
    }
    let detail = || {
        format!(
            "{} {} {} {} {}",
            plural(names.len(), "volume", "volumes"),
            quoted(&names),
            plural(names.len(), "uses", "use"),
            plural(types.len(), "restricted volume type", "restricted volume types"),
            quoted(&types)
        )
    };
    (!names.is_empty()).then(|| Violation::new("restricted volume types", detail()))
}

fn volumes<'a>(pod: &PodView<'a>) -> impl Iterator<Item = &'a Value> + use<'a> {
    pod.spec(&["volumes"]).and_then(Value::as_array).into_iter().flatten()
}

fn name(volume: &Value) -> &str {
    meta::text(volume, &["name"])
}

fn is_from(volume: &Value, source: &str) -> bool {
    volume.get(source).is_some_and(|source| !source.is_null())
}
