//! Checks of where a volume's content is.

use k8s_openapi::api::core::v1::{
    AzureFilePersistentVolumeSource, CSIPersistentVolumeSource, CinderPersistentVolumeSource,
    FlexPersistentVolumeSource, FlexVolumeSource, GlusterfsPersistentVolumeSource, ISCSIPersistentVolumeSource,
    ISCSIVolumeSource, LocalObjectReference, LocalVolumeSource, PersistentVolumeSpec, SecretReference,
    StorageOSPersistentVolumeSource,
};

use crate::kinds::{
    pod::{
        typed::text,
        validate::volumes::{
            sources::{
                azure_errors, disk_errors, fc_errors, flex_errors, flocker_errors, host_path_errors, iscsi_errors,
                nfs_errors, quobyte_errors, required, required_list,
            },
            straight_path_error,
        },
    },
    rules::check,
    storage::driver_name,
};
use crate::object::{FieldError, FieldErrors, Path, names};

/// The most bytes of a volume's name and the portal that it is attached through.
const ISCSI_NAME_MAX: usize = 64;

/// Checks the source. There must be one; every further one is an error.
pub fn errors(path: &Path, spec: &PersistentVolumeSpec, name: &str) -> FieldErrors {
    let given: Vec<_> = disks(path, spec).into_iter().chain(others(path, spec, name)).flatten().collect();
    let mut errors = FieldErrors::new();
    if given.is_empty() {
        errors.push(FieldError::required(path, "must specify a volume type"));
    }
    for (i, (kind, own)) in given.into_iter().enumerate() {
        if i == 0 || kind == "flexVolume" {
            errors.extend(own);
        } else {
            errors.push(FieldError::forbidden(&path.child(kind), "may not specify more than 1 volume type"));
        }
    }
    errors
}

type Source = Option<(&'static str, FieldErrors)>;

/// The first half of the sources, in the order in which they are looked at.
fn disks(path: &Path, spec: &PersistentVolumeSpec) -> [Source; 9] {
    let at = |kind: &str| path.child(kind);
    [
        spec.host_path.as_ref().map(|host| ("hostPath", host_path_errors(&at("hostPath"), host))),
        spec.gce_persistent_disk.as_ref().map(|disk| {
            ("gcePersistentDisk", disk_errors(&at("persistentDisk"), "pdName", &disk.pd_name, disk.partition))
        }),
        spec.aws_elastic_block_store.as_ref().map(|disk| {
            let path = at("awsElasticBlockStore");
            ("awsElasticBlockStore", disk_errors(&path, "volumeID", &disk.volume_id, disk.partition))
        }),
        spec.glusterfs.as_ref().map(|gluster| ("glusterfs", glusterfs_errors(&at("glusterfs"), gluster))),
        spec.flocker.as_ref().map(|flocker| ("flocker", flocker_errors(&at("flocker"), flocker))),
        spec.nfs.as_ref().map(|nfs| ("nfs", nfs_errors(&at("nfs"), nfs))),
        spec.rbd.as_ref().map(|rbd| {
            let mut errors = required_list(&at("rbd"), "monitors", &rbd.monitors);
            errors.extend(required(&at("rbd"), &[("image", &rbd.image)]));
            ("rbd", errors)
        }),
        spec.quobyte.as_ref().map(|quobyte| ("quobyte", quobyte_errors(&at("quobyte"), quobyte))),
        spec.cephfs.as_ref().map(|ceph| ("cephFS", required_list(&at("cephfs"), "monitors", &ceph.monitors))),
    ]
}

/// The second half.
fn others(path: &Path, spec: &PersistentVolumeSpec, name: &str) -> [Source; 13] {
    let at = |kind: &str| path.child(kind);
    [
        spec.iscsi.as_ref().map(|iscsi| ("iscsi", portal_errors(&at("iscsi"), iscsi, name))),
        spec.cinder.as_ref().map(|cinder| ("cinder", cinder_errors(&at("cinder"), cinder))),
        spec.fc.as_ref().map(|fc| ("fc", fc_errors(&at("fc"), fc))),
        spec.flex_volume.as_ref().map(|flex| ("flexVolume", driver_errors(&at("flexVolume"), flex))),
        spec.azure_file.as_ref().map(|file| ("azureFile", file_errors(&at("azureFile"), file))),
        spec.vsphere_volume
            .as_ref()
            .map(|disk| ("vsphereVolume", required(&at("vsphereVolume"), &[("volumePath", &disk.volume_path)]))),
        spec.photon_persistent_disk
            .as_ref()
            .map(|disk| ("photonPersistentDisk", required(&at("photonPersistentDisk"), &[("pdID", &disk.pd_id)]))),
        spec.portworx_volume
            .as_ref()
            .map(|disk| ("portworxVolume", required(&at("portworxVolume"), &[("volumeID", &disk.volume_id)]))),
        spec.azure_disk.as_ref().map(|disk| ("azureDisk", azure_errors(&at("azureDisk"), disk))),
        spec.scale_io.as_ref().map(|scale| {
            let volume = text(&scale.volume_name);
            let members = [("gateway", scale.gateway.as_str()), ("system", &scale.system), ("volumeName", volume)];
            ("scaleIO", required(&at("scaleIO"), &members))
        }),
        spec.local.as_ref().map(|local| ("local", local_errors(path, local, spec))),
        spec.storageos.as_ref().map(|storage| ("storageos", storageos_errors(&at("storageos"), storage))),
        spec.csi.as_ref().map(|csi| ("csi", csi_errors(&at("csi"), csi))),
    ]
}

fn glusterfs_errors(path: &Path, gluster: &GlusterfsPersistentVolumeSource) -> FieldErrors {
    let mut errors = required(path, &[("endpoints", &gluster.endpoints), ("path", &gluster.path)]);
    let at = path.child("endpointsNamespace");
    match gluster.endpoints_namespace.as_deref() {
        Some("") => {
            let detail = "if the endpointnamespace is set, it must be a valid namespace name";
            errors.push(FieldError::invalid(&at, "", detail));
        }
        Some(namespace) => errors.extend(check::rule(&at, namespace, names::dns1123_label)),
        None => {}
    }
    errors
}

fn portal_errors(path: &Path, iscsi: &ISCSIPersistentVolumeSource, name: &str) -> FieldErrors {
    let source = iscsi.clone();
    let secret = source.secret_ref.map(|secret| LocalObjectReference { name: secret.name.unwrap_or_default() });
    let unnamed = secret.as_ref().is_some_and(|secret| secret.name.is_empty());
    let as_of_pods = ISCSIVolumeSource {
        chap_auth_discovery: source.chap_auth_discovery,
        chap_auth_session: source.chap_auth_session,
        fs_type: source.fs_type,
        initiator_name: source.initiator_name,
        iqn: source.iqn,
        iscsi_interface: source.iscsi_interface,
        lun: source.lun,
        portals: source.portals,
        read_only: source.read_only,
        secret_ref: secret,
        target_portal: source.target_portal,
    };
    let mut errors = FieldErrors::new();
    if iscsi.initiator_name.is_some() && name.len() + 1 + iscsi.target_portal.len() > ISCSI_NAME_MAX {
        let detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if \
                      iscsi.initiatorName is specified.";
        errors.push(FieldError::invalid(&path.child("targetportal"), iscsi.target_portal.as_str(), detail));
    }
    errors.extend(iscsi_errors(path, &as_of_pods));
    if unnamed {
        errors.push(FieldError::required(&path.child("secretRef").child("name"), ""));
    }
    errors
}

fn cinder_errors(path: &Path, cinder: &CinderPersistentVolumeSource) -> FieldErrors {
    let mut errors = required(path, &[("volumeID", &cinder.volume_id)]);
    errors.extend(
        cinder.secret_ref.as_ref().map(|secret| named_errors(&path.child("secretRef"), secret)).unwrap_or_default(),
    );
    errors
}

/// A reference to a secret has to name it and its namespace.
fn named_errors(path: &Path, secret: &SecretReference) -> FieldErrors {
    required(path, &[("name", text(&secret.name)), ("namespace", text(&secret.namespace))])
}

fn driver_errors(path: &Path, flex: &FlexPersistentVolumeSource) -> FieldErrors {
    let (driver, options) = (flex.driver.clone(), flex.options.clone());
    flex_errors(path, &FlexVolumeSource { driver, options, ..FlexVolumeSource::default() })
}

fn file_errors(path: &Path, file: &AzureFilePersistentVolumeSource) -> FieldErrors {
    let mut errors = required(path, &[("secretName", &file.secret_name), ("shareName", &file.share_name)]);
    if file.secret_namespace.as_deref() == Some("") {
        errors.push(FieldError::required(&path.child("secretNamespace"), ""));
    }
    errors
}

/// A directory of a node has to say of which.
fn local_errors(path: &Path, local: &LocalVolumeSource, spec: &PersistentVolumeSpec) -> FieldErrors {
    let at = path.child("local").child("path");
    let mut errors = match local.path.as_str() {
        "" => vec![FieldError::required(&at, "")],
        directory => straight_path_error(&at, directory).into_iter().collect(),
    };
    if spec.node_affinity.is_none() {
        errors.push(FieldError::required(&path.child("nodeAffinity"), "Local volume requires node affinity"));
    }
    errors
}

fn storageos_errors(path: &Path, storage: &StorageOSPersistentVolumeSource) -> FieldErrors {
    let name = text(&storage.volume_name);
    let mut errors = check::required_rule(&path.child("volumeName"), name, names::dns1123_label);
    let namespace = text(&storage.volume_namespace);
    errors.extend(check::rule_if_given(&path.child("volumeNamespace"), namespace, names::dns1123_label));
    if let Some(secret) = &storage.secret_ref {
        let members = [("name", text(&secret.name)), ("namespace", text(&secret.namespace))];
        errors.extend(required(&path.child("secretRef"), &members));
    }
    errors
}

fn csi_errors(path: &Path, csi: &CSIPersistentVolumeSource) -> FieldErrors {
    let mut errors = driver_name::errors(&path.child("driver"), &csi.driver);
    errors.extend(required(path, &[("volumeHandle", &csi.volume_handle)]));
    let secrets = [
        ("controllerPublishSecretRef", &csi.controller_publish_secret_ref),
        ("controllerExpandSecretRef", &csi.controller_expand_secret_ref),
        ("nodePublishSecretRef", &csi.node_publish_secret_ref),
        ("nodeExpandSecretRef", &csi.node_expand_secret_ref),
    ];
    for (member, secret) in secrets {
        let Some(secret) = secret else { continue };
        let path = path.child(member);
        let (name, namespace) = (text(&secret.name), text(&secret.namespace));
        errors.extend(check::required_rule(&path.child("name"), name, names::dns1123_subdomain));
        errors.extend(check::required_rule(&path.child("namespace"), namespace, names::dns1123_label));
    }
    errors
}
