//! What a server warns about in a volume.

use k8s_openapi::api::core::v1::PersistentVolumeSpec;
use serde_json::Value;

use crate::kinds::pod::{
    typed,
    warnings::{fraction_warnings, term_warnings},
};
use crate::object::{Path, meta};

/// Annotations and their replacements.
const ANNOTATIONS: [(&str, &str); 2] = [
    (super::CLASS, "deprecated since v1.8; use \"storageClassName\" attribute instead"),
    ("volume.beta.kubernetes.io/mount-options", "deprecated since v1.31; use \"mountOptions\" attribute instead"),
];

/// The warnings.
pub fn of(object: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, text) in ANNOTATIONS {
        if meta::at(object, &["metadata", "annotations", name]).is_some() {
            warnings.push(format!("metadata.annotations[{name}]: {text}"));
        }
    }
    let path = Path::new("spec");
    let Ok(spec) = typed::decode::<PersistentVolumeSpec>(&path, object.get("spec")) else { return warnings };
    warnings.extend(spec_warnings(&path, &spec));
    warnings
}

fn spec_warnings(path: &Path, spec: &PersistentVolumeSpec) -> Vec<String> {
    let mut warnings = Vec::new();
    if spec.persistent_volume_reclaim_policy.as_deref() == Some("Recycle") {
        let path = path.child("persistentVolumeReclaimPolicy");
        warnings.push(format!(
            "{path}: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic \
             provisioning."
        ));
    }
    let required = spec.node_affinity.iter().filter_map(|affinity| affinity.required.as_ref());
    let at = path.child("nodeAffinity").child("required").child("nodeSelectorTerms");
    for (i, term) in required.flat_map(|required| &required.node_selector_terms).enumerate() {
        warnings.extend(term_warnings(&at.index(i), term));
    }
    let old = [
        ("cephfs", spec.cephfs.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
        (
            "photonPersistentDisk",
            spec.photon_persistent_disk.is_some(),
            "deprecated in v1.11, non-functional in v1.16+",
        ),
        ("scaleIO", spec.scale_io.is_some(), "deprecated in v1.16, non-functional in v1.22+"),
        ("storageOS", spec.storageos.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("glusterfs", spec.glusterfs.is_some(), "deprecated in v1.25, non-functional in v1.26+"),
        ("rbd", spec.rbd.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
    ];
    for (member, _, text) in old.into_iter().filter(|(_, given, _)| *given) {
        warnings.push(format!("{}: {text}", path.child(member)));
    }
    let capacity = spec.capacity.as_ref().filter(|capacity| capacity.contains_key("storage"));
    warnings.extend(fraction_warnings(&path.child("capacity"), capacity));
    warnings
}
