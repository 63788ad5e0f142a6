//! The struct of a volume's source as a Go server has it: the name and the shape of each field, in order.

use serde_json::Value;

use crate::kinds::{
    pod::go_layout::{
        AWS_DISK, AZURE_DISK, FC, FLOCKER, GCE_DISK, HOST_PATH, NFS, NODE_TERM, PHOTON, PORTWORX, QUOBYTE, VSPHERE,
        cephfs, cinder, flex, iscsi, rbd, scale_io, storage_os,
    },
    rules::go_struct::{
        Layout,
        Shape::{Any, Flag, Many, Maybe, Text, TextOf},
        lay_out,
    },
};
use crate::object::meta::Object;

/// Where a volume's content is.
pub const SOURCE: Layout = &[
    ("GCEPersistentDisk", Maybe(GCE_DISK)),
    ("AWSElasticBlockStore", Maybe(AWS_DISK)),
    ("HostPath", Maybe(HOST_PATH)),
    ("Glusterfs", Maybe(GLUSTERFS)),
    ("NFS", Maybe(NFS)),
    ("RBD", Maybe(RBD)),
    ("Quobyte", Maybe(QUOBYTE)),
    ("ISCSI", Maybe(ISCSI)),
    ("FlexVolume", Maybe(FLEX)),
    ("Cinder", Maybe(CINDER)),
    ("CephFS", Maybe(CEPHFS)),
    ("FC", Maybe(FC)),
    ("Flocker", Maybe(FLOCKER)),
    ("AzureFile", Maybe(AZURE_FILE)),
    ("VsphereVolume", Maybe(VSPHERE)),
    ("AzureDisk", Maybe(AZURE_DISK)),
    ("PhotonPersistentDisk", Maybe(PHOTON)),
    ("PortworxVolume", Maybe(PORTWORX)),
    ("ScaleIO", Maybe(SCALE_IO)),
    ("Local", Maybe(&[("Path", Text), ("FSType", Any)])),
    ("StorageOS", Maybe(STORAGE_OS)),
    ("CSI", Maybe(CSI)),
];

/// Which nodes can reach a volume.
pub const NODE_AFFINITY: Layout = &[("Required", Maybe(&[("NodeSelectorTerms", Many(NODE_TERM))]))];

/// A spec: the source stands among the other members.
pub fn spec(value: &Value) -> Value {
    let mut shown = Object::new();
    for part in [BEFORE_SOURCE, SOURCE, AFTER_SOURCE] {
        if let Value::Object(members) = lay_out(value, part) {
            shown.extend(members);
        }
    }
    Value::Object(shown)
}

const BEFORE_SOURCE: Layout = &[("Capacity", Any)];

const AFTER_SOURCE: Layout = &[
    ("AccessModes", Any),
    ("ClaimRef", Maybe(REFERENCE)),
    ("PersistentVolumeReclaimPolicy", Text),
    ("StorageClassName", Text),
    ("MountOptions", Any),
    ("VolumeMode", Any),
    ("NodeAffinity", Maybe(NODE_AFFINITY)),
    ("VolumeAttributesClassName", Any),
];

const REFERENCE: Layout = &[
    ("Kind", Text),
    ("Namespace", Text),
    ("Name", Text),
    ("UID", Text),
    ("APIVersion", Text),
    ("ResourceVersion", Text),
    ("FieldPath", Text),
];

const SECRET: Layout = &[("Name", Text), ("Namespace", Text)];

const GLUSTERFS: Layout =
    &[("EndpointsName", TextOf("endpoints")), ("Path", Text), ("ReadOnly", Flag), ("EndpointsNamespace", Any)];

const RBD: Layout = &rbd(SECRET);

const ISCSI: Layout = &iscsi(SECRET);

const FLEX: Layout = &flex(SECRET);

const CINDER: Layout = &cinder(SECRET);

const CEPHFS: Layout = &cephfs(SECRET);

const AZURE_FILE: Layout = &[("SecretName", Text), ("ShareName", Text), ("ReadOnly", Flag), ("SecretNamespace", Any)];

const SCALE_IO: Layout = &scale_io(SECRET);

const STORAGE_OS: Layout = &storage_os(REFERENCE);

const CSI: Layout = &[
    ("Driver", Text),
    ("VolumeHandle", Text),
    ("ReadOnly", Flag),
    ("FSType", Text),
    ("VolumeAttributes", Any),
    ("ControllerPublishSecretRef", Maybe(SECRET)),
    ("NodeStageSecretRef", Maybe(SECRET)),
    ("NodePublishSecretRef", Maybe(SECRET)),
    ("ControllerExpandSecretRef", Maybe(SECRET)),
    ("NodeExpandSecretRef", Maybe(SECRET)),
];
