//! Checks of where a volume's content comes from.

use k8s_openapi::api::core::v1::{
    AzureDiskVolumeSource, CSIVolumeSource, FCVolumeSource, FlexVolumeSource, FlockerVolumeSource,
    HostPathVolumeSource, ISCSIVolumeSource, LocalObjectReference, NFSVolumeSource, QuobyteVolumeSource,
    StorageOSVolumeSource, Volume,
};

use super::{
    super::{
        super::typed::{entries, list, text},
        containers::PULL_POLICIES,
    },
    claims, mode_error, projected, relative_path_errors, straight_path_error,
};
use crate::kinds::{rules::check, storage::driver_name};
use crate::object::{FieldError, FieldErrors, Path, names};
use crate::text::quantity::nanos;

/// The most bytes of a volume's name and the portal that it is attached through.
const ISCSI_NAME_MAX: usize = 64;

/// Checks the source of a volume. There must be one; every further one is an error.
pub fn errors(path: &Path, volume: &Volume, pod_name: Option<&str>) -> FieldErrors {
    let sources =
        network_sources(path, volume).into_iter().chain(other_sources(path, volume, pod_name.is_some())).flatten();
    let mut given: Vec<_> = sources.collect();
    given.sort_by_key(|source| ORDER.iter().position(|kind| *kind == source.0));
    let mut errors = FieldErrors::new();
    for (i, (kind, own)) in given.iter().enumerate() {
        if i == 0 {
            errors.extend(own.iter().cloned());
        } else {
            let detail = "may not specify more than 1 volume type";
            errors.push(FieldError::forbidden(&path.child(path_of(kind)), detail));
        }
        if *kind == "iscsi" {
            errors.extend(volume.iscsi.as_ref().and_then(|iscsi| portal_error(path, volume, iscsi)));
        }
    }
    if given.is_empty() {
        errors.push(FieldError::required(path, "must specify a volume type"));
    }
    if given.first().is_some_and(|(kind, _)| *kind == "ephemeral") {
        errors.extend(claims::name_errors(&path.child("name"), pod_name, &volume.name));
    }
    errors
}

type Source = Option<(&'static str, FieldErrors)>;

/// The order in which sources are looked at.
const ORDER: &[&str] = &[
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

/// Where a second source is refused. Two places are spelled differently from their fields.
fn path_of(kind: &str) -> &str {
    match kind {
        "cephfs" => "cephFS",
        "downwardAPI" => "downwarAPI",
        other => other,
    }
}

/// Sources that are somewhere on the network, or a disk of a cloud.
fn network_sources(path: &Path, volume: &Volume) -> [Source; 19] {
    let at = |kind: &'static str| path.child(kind);
    [
        volume.gce_persistent_disk.as_ref().map(|disk| {
            ("gcePersistentDisk", disk_errors(&at("persistentDisk"), "pdName", &disk.pd_name, disk.partition))
        }),
        volume.aws_elastic_block_store.as_ref().map(|disk| {
            let path = at("awsElasticBlockStore");
            ("awsElasticBlockStore", disk_errors(&path, "volumeID", &disk.volume_id, disk.partition))
        }),
        volume.nfs.as_ref().map(|nfs| ("nfs", nfs_errors(&at("nfs"), nfs))),
        volume.iscsi.as_ref().map(|iscsi| ("iscsi", iscsi_errors(&at("iscsi"), iscsi))),
        volume.glusterfs.as_ref().map(|gluster| {
            ("glusterfs", required(&at("glusterfs"), &[("endpoints", &gluster.endpoints), ("path", &gluster.path)]))
        }),
        volume.flocker.as_ref().map(|flocker| ("flocker", flocker_errors(&at("flocker"), flocker))),
        volume.rbd.as_ref().map(|rbd| {
            let mut errors = required_list(&at("rbd"), "monitors", &rbd.monitors);
            errors.extend(required(&at("rbd"), &[("image", &rbd.image)]));
            ("rbd", errors)
        }),
        volume.cinder.as_ref().map(|cinder| {
            let mut errors = required(&at("cinder"), &[("volumeID", &cinder.volume_id)]);
            errors.extend(secret_errors(&at("cinder"), cinder.secret_ref.as_ref()));
            ("cinder", errors)
        }),
        volume.cephfs.as_ref().map(|ceph| ("cephfs", required_list(&at("cephfs"), "monitors", &ceph.monitors))),
        volume.quobyte.as_ref().map(|quobyte| ("quobyte", quobyte_errors(&at("quobyte"), quobyte))),
        volume.fc.as_ref().map(|fc| ("fc", fc_errors(&at("fc"), fc))),
        volume.flex_volume.as_ref().map(|flex| ("flexVolume", flex_errors(&at("flexVolume"), flex))),
        volume.azure_file.as_ref().map(|file| {
            let members = [("secretName", file.secret_name.as_str()), ("shareName", &file.share_name)];
            ("azureFile", required(&at("azureFile"), &members))
        }),
        volume
            .vsphere_volume
            .as_ref()
            .map(|disk| ("vsphereVolume", required(&at("vsphereVolume"), &[("volumePath", &disk.volume_path)]))),
        volume
            .photon_persistent_disk
            .as_ref()
            .map(|disk| ("photonPersistentDisk", required(&at("photonPersistentDisk"), &[("pdID", &disk.pd_id)]))),
        volume
            .portworx_volume
            .as_ref()
            .map(|disk| ("portworxVolume", required(&at("portworxVolume"), &[("volumeID", &disk.volume_id)]))),
        volume.azure_disk.as_ref().map(|disk| ("azureDisk", azure_errors(&at("azureDisk"), disk))),
        volume.storageos.as_ref().map(|storage| ("storageos", storageos_errors(&at("storageos"), storage))),
        volume.scale_io.as_ref().map(|scale| {
            let members = [
                ("gateway", scale.gateway.as_str()),
                ("system", &scale.system),
                ("volumeName", text(&scale.volume_name)),
            ];
            ("scaleIO", required(&at("scaleIO"), &members))
        }),
    ]
}

/// Sources on the node, in the API, or behind a driver.
fn other_sources(path: &Path, volume: &Volume, is_pod: bool) -> [Source; 11] {
    let at = |kind: &'static str| path.child(kind);
    [
        volume.empty_dir.as_ref().map(|dir| {
            let limit = dir.size_limit.as_ref().and_then(|limit| nanos(&limit.0));
            let detail = "SizeLimit field must be a valid resource quantity";
            let error = || FieldError::forbidden(&at("emptyDir").child("sizeLimit"), detail);
            ("emptyDir", limit.filter(|limit| *limit < 0).map(|_| error()).into_iter().collect())
        }),
        volume.host_path.as_ref().map(|host| ("hostPath", host_path_errors(&at("hostPath"), host))),
        volume.git_repo.as_ref().map(|repo| {
            let mut errors = required(&at("gitRepo"), &[("repository", &repo.repository)]);
            errors.extend(relative_path_errors(&at("gitRepo").child("directory"), text(&repo.directory)));
            ("gitRepo", errors)
        }),
        volume.secret.as_ref().map(|secret| {
            let path = at("secret");
            let mut errors = required(&path, &[("secretName", text(&secret.secret_name))]);
            errors.extend(mode_error(&path.child("defaultMode"), secret.default_mode));
            errors.extend(projected::item_errors(&path.child("items"), list(&secret.items)));
            ("secret", errors)
        }),
        volume.persistent_volume_claim.as_ref().map(|claim| {
            let members = [("claimName", claim.claim_name.as_str())];
            ("persistentVolumeClaim", required(&at("persistentVolumeClaim"), &members))
        }),
        volume.downward_api.as_ref().map(|downward| {
            let path = at("downwardAPI");
            let mut errors: FieldErrors =
                mode_error(&path.child("defaultMode"), downward.default_mode).into_iter().collect();
            errors.extend(list(&downward.items).iter().flat_map(|file| projected::file_errors(&path, file)));
            ("downwardAPI", errors)
        }),
        volume.config_map.as_ref().map(|map| {
            let path = at("configMap");
            let mut errors = required(&path, &[("name", &map.name)]);
            errors.extend(mode_error(&path.child("defaultMode"), map.default_mode));
            errors.extend(projected::item_errors(&path.child("items"), list(&map.items)));
            ("configMap", errors)
        }),
        volume.projected.as_ref().map(|volume| ("projected", projected::errors(&at("projected"), volume))),
        volume.csi.as_ref().map(|csi| ("csi", csi_errors(&at("csi"), csi))),
        volume.ephemeral.as_ref().map(|ephemeral| ("ephemeral", claims::errors(&at("ephemeral"), ephemeral))),
        volume.image.as_ref().map(|image| {
            // A template may leave the image open.
            let reference = if is_pod { text(&image.reference) } else { "any" };
            let mut errors = required(&at("image"), &[("reference", reference)]);
            let path = at("image").child("pullPolicy");
            errors.extend(check::one_of(&path, text(&image.pull_policy), PULL_POLICIES));
            ("image", errors)
        }),
    ]
}

/// Texts that have to be there.
pub fn required(path: &Path, members: &[(&str, &str)]) -> FieldErrors {
    let missing = members.iter().filter(|(_, value)| value.is_empty());
    missing.map(|(member, _)| FieldError::required(&path.child(member), "")).collect()
}

/// A list that has to have items.
pub fn required_list(path: &Path, member: &str, items: &[String]) -> FieldErrors {
    items.is_empty().then(|| FieldError::required(&path.child(member), "")).into_iter().collect()
}

/// A reference to a secret, if there is one, has to name it.
fn secret_errors(path: &Path, secret: Option<&LocalObjectReference>) -> FieldErrors {
    let missing = secret.is_some_and(|secret| secret.name.is_empty());
    missing.then(|| FieldError::required(&path.child("secretRef").child("name"), "")).into_iter().collect()
}

/// Checks a disk of a cloud.
pub fn disk_errors(path: &Path, member: &str, name: &str, partition: Option<i32>) -> FieldErrors {
    let mut errors = required(path, &[(member, name)]);
    errors.extend(check::in_range(&path.child("partition"), partition.unwrap_or_default().into(), 0..=255, (1, 255)));
    errors
}

/// Checks a path on the node.
pub fn host_path_errors(path: &Path, host: &HostPathVolumeSource) -> FieldErrors {
    if host.path.is_empty() {
        return vec![FieldError::required(&path.child("path"), "")];
    }
    let mut errors: FieldErrors = straight_path_error(&path.child("path"), &host.path).into_iter().collect();
    let types = &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    if let Some(kind) = host.type_.as_deref().filter(|kind| !types.contains(kind)) {
        errors.push(FieldError::not_supported(&path.child("type"), kind, types));
    }
    errors
}

/// Checks a share of an NFS server.
pub fn nfs_errors(path: &Path, nfs: &NFSVolumeSource) -> FieldErrors {
    let mut errors = required(path, &[("server", &nfs.server), ("path", &nfs.path)]);
    if !nfs.path.starts_with('/') {
        errors.push(FieldError::invalid(&path.child("path"), nfs.path.as_str(), "must be an absolute path"));
    }
    errors
}

/// Checks a volume behind iSCSI.
pub fn iscsi_errors(path: &Path, iscsi: &ISCSIVolumeSource) -> FieldErrors {
    const START: &str = "must be valid format starting with iqn, eui, or naa";
    let mut errors = required(path, &[("targetPortal", &iscsi.target_portal), ("iqn", &iscsi.iqn)]);
    let format = |name: &str| {
        let known = ["iqn", "eui", "naa"].iter().any(|start| name.starts_with(start));
        if known { (!is_iscsi_name(name)).then_some("must be valid format") } else { Some(START) }
    };
    if !iscsi.iqn.is_empty() {
        let wrong = format(&iscsi.iqn);
        errors.extend(wrong.map(|detail| FieldError::invalid(&path.child("iqn"), iscsi.iqn.as_str(), detail)));
    }
    errors.extend(check::in_range(&path.child("lun"), iscsi.lun.into(), 0..=255, (0, 255)));
    let authenticates = [iscsi.chap_auth_discovery, iscsi.chap_auth_session].contains(&Some(true));
    if authenticates && iscsi.secret_ref.is_none() {
        errors.push(FieldError::required(&path.child("secretRef"), ""));
    }
    if let Some(name) = &iscsi.initiator_name {
        let path = path.child("initiatorname");
        errors.extend(format(name).map(|detail| FieldError::invalid(&path, name.as_str(), detail)));
    }
    errors
}

/// Whether a name has the form that its first three letters announce.
fn is_iscsi_name(name: &str) -> bool {
    let hex = |rest: &str, digits: usize| rest.len() == digits && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    match name.split_at_checked(4) {
        Some((start, rest)) if start.starts_with("eui") => hex(rest, 16),
        Some((start, rest)) if start.starts_with("naa") => hex(rest, 32),
        Some(("iqn.", rest)) => is_qualified_name(rest),
        _ => false,
    }
}

/// `2001-04.com.example:storage` of an iSCSI qualified name.
fn is_qualified_name(rest: &str) -> bool {
    let Some((date, rest)) = rest.split_at_checked(8) else { return false };
    let dated = date.bytes().enumerate().all(|(i, b)| match i {
        4 => b == b'-',
        7 => b == b'.',
        _ => b.is_ascii_digit(),
    });
    let authority =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let target = |part: &str| {
        !part.is_empty()
            && !part.chars().any(|c| ",;*&$|".contains(c) || matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c'))
    };
    dated && rest.split_once(':').is_some_and(|(name, own)| authority(name) && target(own))
}

fn portal_error(path: &Path, volume: &Volume, iscsi: &ISCSIVolumeSource) -> Option<FieldError> {
    let long = volume.name.len() + 1 + iscsi.target_portal.len() > ISCSI_NAME_MAX;
    let detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName \
                  is specified.";
    (long && iscsi.initiator_name.is_some())
        .then(|| FieldError::invalid(&path.child("name"), volume.name.as_str(), detail))
}

/// Checks a dataset of Flocker.
pub fn flocker_errors(path: &Path, flocker: &FlockerVolumeSource) -> FieldErrors {
    let (name, uuid) = (text(&flocker.dataset_name), text(&flocker.dataset_uuid));
    let mut errors = FieldErrors::new();
    if name.is_empty() && uuid.is_empty() {
        errors.push(FieldError::required(path, "one of datasetName and datasetUUID is required"));
    }
    if !name.is_empty() && !uuid.is_empty() {
        let detail = "datasetName and datasetUUID can not be specified simultaneously";
        errors.push(FieldError::invalid(path, "resource", detail));
    }
    if name.contains('/') {
        errors.push(FieldError::invalid(&path.child("datasetName"), name, "must not contain '/'"));
    }
    errors
}

/// Checks a volume of Quobyte.
pub fn quobyte_errors(path: &Path, quobyte: &QuobyteVolumeSource) -> FieldErrors {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    let mut errors = FieldErrors::new();
    let at = path.child("registry");
    if quobyte.registry.is_empty() {
        errors.push(FieldError::required(&at, PAIRS));
    } else if text(&quobyte.tenant).len() >= 65 {
        let detail = "must be a UUID and may not exceed a length of 64 characters";
        errors.push(FieldError::required(&path.child("tenant"), detail));
    } else {
        let wrong = quobyte.registry.split(',').filter(|pair| !is_host_and_port(pair));
        errors.extend(wrong.map(|_| FieldError::invalid(&at, quobyte.registry.as_str(), PAIRS)));
    }
    errors.extend(required(path, &[("volume", &quobyte.volume)]));
    errors
}

/// `host:port`, where a host with colons is in brackets.
fn is_host_and_port(pair: &str) -> bool {
    let Some((host, port)) = pair.rsplit_once(':') else { return false };
    let brackets = |text: &str| text.contains(['[', ']']);
    if brackets(port) {
        return false;
    }
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|inner| !brackets(inner)),
        None => !host.contains(':') && !brackets(host),
    }
}

/// Checks a volume behind Fibre Channel.
pub fn fc_errors(path: &Path, fc: &FCVolumeSource) -> FieldErrors {
    let (targets, ids) = (list(&fc.target_wwns), list(&fc.wwids));
    let at = path.child("targetWWNs");
    let mut errors = FieldErrors::new();
    if targets.is_empty() && ids.is_empty() {
        errors.push(FieldError::required(&at, "must specify either targetWWNs or wwids, but not both"));
    }
    if !targets.is_empty() && !ids.is_empty() {
        let detail = "targetWWNs and wwids can not be specified simultaneously";
        errors.push(FieldError::invalid(&at, targets.to_vec(), detail));
    }
    if !targets.is_empty() {
        let path = path.child("lun");
        match fc.lun {
            None => errors.push(FieldError::required(&path, "lun is required if targetWWNs is specified")),
            Some(lun) => errors.extend(check::in_range(&path, lun.into(), 0..=255, (0, 255))),
        }
    }
    errors
}

/// Checks a volume of a driver of FlexVolume.
pub fn flex_errors(path: &Path, flex: &FlexVolumeSource) -> FieldErrors {
    let mut errors = required(path, &[("driver", &flex.driver)]);
    for (key, _) in entries(&flex.options) {
        let domain = format!(".{}", key.split_once('/').map_or(key, |(domain, _)| domain).to_lowercase());
        if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
            let detail = "kubernetes.io and k8s.io namespaces are reserved";
            errors.push(FieldError::invalid(&path.child("options").key(key), key, detail));
        }
    }
    errors
}

/// Checks a disk of Azure.
pub fn azure_errors(path: &Path, disk: &AzureDiskVolumeSource) -> FieldErrors {
    let mut errors = required(path, &[("diskName", &disk.disk_name), ("diskURI", &disk.disk_uri)]);
    let modes = &["None", "ReadOnly", "ReadWrite"];
    if let Some(mode) = disk.caching_mode.as_deref().filter(|mode| !modes.contains(mode)) {
        errors.push(FieldError::not_supported(&path.child("cachingMode"), mode, modes));
    }
    let kinds = &["Dedicated", "Managed", "Shared"];
    if let Some(kind) = disk.kind.as_deref().filter(|kind| !kinds.contains(kind)) {
        errors.push(FieldError::not_supported(&path.child("kind"), kind, kinds));
    }
    let uri = disk.disk_uri.as_str();
    let (start, form) = match disk.kind.as_deref() {
        None => return errors,
        Some("Managed") => (
            "/subscriptions/",
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        ),
        Some(_) => ("https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"),
    };
    if !uri.starts_with(start) {
        errors.push(FieldError::not_supported(&path.child("diskURI"), uri, &[form]));
    }
    errors
}

fn storageos_errors(path: &Path, storage: &StorageOSVolumeSource) -> FieldErrors {
    let name = text(&storage.volume_name);
    let mut errors = check::required_rule(&path.child("volumeName"), name, names::dns1123_label);
    let namespace = text(&storage.volume_namespace);
    errors.extend(check::rule_if_given(&path.child("volumeNamespace"), namespace, names::dns1123_label));
    errors.extend(secret_errors(path, storage.secret_ref.as_ref()));
    errors
}

fn csi_errors(path: &Path, csi: &CSIVolumeSource) -> FieldErrors {
    let mut errors = driver_name::errors(&path.child("driver"), &csi.driver);
    if let Some(secret) = &csi.node_publish_secret_ref {
        match secret.name.as_str() {
            "" => errors.push(FieldError::required(&path.child("nodePublishSecretRef").child("name"), "")),
            name => errors.extend(check::rule(&path.child("name"), name, names::dns1123_subdomain)),
        }
    }
    errors
}
