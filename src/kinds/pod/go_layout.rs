//! The structs of a pod as a Go server has them: the name and the shape of each field, in order.

use crate::kinds::rules::go_struct::{
    Layout, Member,
    Shape::{Any, AnyOf, Flag, FlagOf, Many, Maybe, Number, One, Selector, Text, TextOf},
};

pub const POD_SPEC: Layout = &[
    ("Volumes", Many(VOLUME)),
    ("InitContainers", Many(CONTAINER)),
    ("Containers", Many(CONTAINER)),
    ("EphemeralContainers", Many(EPHEMERAL_CONTAINER)),
    ("RestartPolicy", Text),
    ("TerminationGracePeriodSeconds", Any),
    ("ActiveDeadlineSeconds", Any),
    ("DNSPolicy", Text),
    ("NodeSelector", Any),
    ("ServiceAccountName", Text),
    ("AutomountServiceAccountToken", Any),
    ("NodeName", Text),
    ("SecurityContext", Maybe(POD_SECURITY_CONTEXT)),
    ("ImagePullSecrets", Many(&[("Name", Text)])),
    ("Hostname", Text),
    ("Subdomain", Text),
    ("SetHostnameAsFQDN", Any),
    ("Affinity", Maybe(AFFINITY)),
    ("SchedulerName", Text),
    ("Tolerations", Many(TOLERATION)),
    ("HostAliases", Many(&[("IP", Text), ("Hostnames", Any)])),
    ("PriorityClassName", Text),
    ("Priority", Any),
    ("PreemptionPolicy", Any),
    ("DNSConfig", Maybe(&[("Nameservers", Any), ("Searches", Any), ("Options", Many(DNS_OPTION))])),
    ("ReadinessGates", Many(&[("ConditionType", Text)])),
    ("RuntimeClassName", Any),
    ("Overhead", Any),
    ("EnableServiceLinks", Any),
    ("TopologySpreadConstraints", Many(SPREAD)),
    ("OS", Maybe(&[("Name", Text)])),
    ("SchedulingGates", Many(&[("Name", Text)])),
    ("ResourceClaims", Many(POD_RESOURCE_CLAIM)),
    ("Resources", Maybe(RESOURCES)),
    ("HostnameOverride", Any),
    ("SchedulingGroup", Maybe(&[("PodGroupName", Any)])),
];

const DNS_OPTION: Layout = &[("Name", Text), ("Value", Any)];

const POD_SECURITY_CONTEXT: Layout = &[
    ("HostNetwork", Flag),
    ("HostPID", Flag),
    ("HostIPC", Flag),
    ("ShareProcessNamespace", Any),
    ("HostUsers", Any),
    ("SELinuxOptions", Maybe(SELINUX)),
    ("WindowsOptions", Maybe(WINDOWS)),
    ("RunAsUser", Any),
    ("RunAsGroup", Any),
    ("RunAsNonRoot", Any),
    ("SupplementalGroups", Any),
    ("SupplementalGroupsPolicy", Any),
    ("FSGroup", Any),
    ("FSGroupChangePolicy", Any),
    ("Sysctls", Many(&[("Name", Text), ("Value", Text)])),
    ("SeccompProfile", Maybe(PROFILE)),
    ("AppArmorProfile", Maybe(PROFILE)),
    ("SELinuxChangePolicy", Any),
];

const SELINUX: Layout = &[("User", Text), ("Role", Text), ("Type", Text), ("Level", Text)];

const WINDOWS: Layout =
    &[("GMSACredentialSpecName", Any), ("GMSACredentialSpec", Any), ("RunAsUserName", Any), ("HostProcess", Any)];

const AFFINITY: Layout = &[
    (
        "NodeAffinity",
        Maybe(&[(REQUIRED, Maybe(&[("NodeSelectorTerms", Many(NODE_TERM))])), (PREFERRED, Many(NODE_PREFERENCE))]),
    ),
    ("PodAffinity", Maybe(POD_AFFINITY)),
    ("PodAntiAffinity", Maybe(POD_AFFINITY)),
];

const REQUIRED: &str = "RequiredDuringSchedulingIgnoredDuringExecution";

const PREFERRED: &str = "PreferredDuringSchedulingIgnoredDuringExecution";

/// A term about nodes.
pub const NODE_TERM: Layout = &[("MatchExpressions", Many(REQUIREMENT)), ("MatchFields", Many(REQUIREMENT))];

const NODE_PREFERENCE: Layout = &[("Weight", Number), ("Preference", One(NODE_TERM))];

const REQUIREMENT: Layout = &[("Key", Text), ("Operator", Text), ("Values", Any)];

const POD_AFFINITY: Layout =
    &[(REQUIRED, Many(POD_TERM)), (PREFERRED, Many(&[("Weight", Number), ("PodAffinityTerm", One(POD_TERM))]))];

const POD_TERM: Layout = &[
    ("LabelSelector", Selector),
    ("Namespaces", Any),
    ("TopologyKey", Text),
    ("NamespaceSelector", Selector),
    ("MatchLabelKeys", Any),
    ("MismatchLabelKeys", Any),
];

const SPREAD: Layout = &[
    ("MaxSkew", Number),
    ("TopologyKey", Text),
    ("WhenUnsatisfiable", Text),
    ("LabelSelector", Selector),
    ("MinDomains", Any),
    ("NodeAffinityPolicy", Any),
    ("NodeTaintsPolicy", Any),
    ("MatchLabelKeys", Any),
];

/// A claim of a pod for devices.
pub const POD_RESOURCE_CLAIM: Layout =
    &[("Name", Text), ("ResourceClaimName", Any), ("ResourceClaimTemplateName", Any)];

/// A seccomp or AppArmor profile.
pub const PROFILE: Layout = &[("Type", Text), ("LocalhostProfile", Any)];

const TOLERATION: Layout =
    &[("Key", Text), ("Operator", Text), ("Value", Text), ("Effect", Text), ("TolerationSeconds", Any)];

const CONTAINER: Layout = &[
    ("Name", Text),
    ("Image", Text),
    ("Command", Any),
    ("Args", Any),
    ("WorkingDir", Text),
    ("Ports", Many(PORT)),
    ("EnvFrom", Many(ENV_FROM)),
    ("Env", Many(&[("Name", Text), ("Value", Text), ("ValueFrom", Maybe(VALUE_FROM))])),
    ("Resources", One(RESOURCES)),
    ("ResizePolicy", Many(&[("ResourceName", Text), ("RestartPolicy", Text)])),
    ("RestartPolicy", Any),
    ("RestartPolicyRules", Many(&[("Action", Text), ("ExitCodes", Maybe(&[("Operator", Text), ("Values", Any)]))])),
    ("VolumeMounts", Many(MOUNT)),
    ("VolumeDevices", Many(&[("Name", Text), ("DevicePath", Text)])),
    ("LivenessProbe", Maybe(PROBE)),
    ("ReadinessProbe", Maybe(PROBE)),
    ("StartupProbe", Maybe(PROBE)),
    ("Lifecycle", Maybe(&[("PostStart", Maybe(HOOK)), ("PreStop", Maybe(HOOK)), ("StopSignal", Any)])),
    ("TerminationMessagePath", Text),
    ("TerminationMessagePolicy", Text),
    ("ImagePullPolicy", Text),
    ("SecurityContext", Maybe(SECURITY_CONTEXT)),
    ("Stdin", Flag),
    ("StdinOnce", Flag),
    ("TTY", Flag),
];

/// An ephemeral container is a container with one more field.
pub const EPHEMERAL_CONTAINER: Layout = &{
    let mut fields = [("TargetContainerName", Text); CONTAINER.len() + 1];
    let mut i = 0;
    while i < CONTAINER.len() {
        fields[i] = CONTAINER[i];
        i += 1;
    }
    fields
};

const PORT: Layout =
    &[("Name", Text), ("HostPort", Number), ("ContainerPort", Number), ("Protocol", Text), ("HostIP", Text)];

const ENV_FROM: Layout = &[("Prefix", Text), ("ConfigMapRef", Maybe(NAMED)), ("SecretRef", Maybe(NAMED))];

const NAMED: Layout = &[("Name", Text), ("Optional", Any)];

const VALUE_FROM: Layout = &[
    ("FieldRef", Maybe(FIELD)),
    ("ResourceFieldRef", Maybe(RESOURCE_FIELD)),
    ("ConfigMapKeyRef", Maybe(KEY)),
    ("SecretKeyRef", Maybe(KEY)),
    ("FileKeyRef", Maybe(&[("VolumeName", Text), ("Path", Text), ("Key", Text), ("Optional", Any)])),
];

const FIELD: Layout = &[("APIVersion", Text), ("FieldPath", Text)];

const RESOURCE_FIELD: Layout = &[("ContainerName", Text), ("Resource", Text), ("Divisor", Text)];

const KEY: Layout = &[("Name", Text), ("Key", Text), ("Optional", Any)];

const RESOURCES: Layout = &[("Limits", Any), ("Requests", Any), ("Claims", Many(&[("Name", Text), ("Request", Text)]))];

const MOUNT: Layout = &[
    ("Name", Text),
    ("ReadOnly", Flag),
    ("RecursiveReadOnly", Any),
    ("MountPath", Text),
    ("SubPath", Text),
    ("MountPropagation", Any),
    ("SubPathExpr", Text),
];

const PROBE: Layout = &[
    ("Exec", Maybe(EXEC)),
    ("HTTPGet", Maybe(HTTP_GET)),
    ("TCPSocket", Maybe(TCP_SOCKET)),
    ("GRPC", Maybe(&[("Port", Number), ("Service", Any)])),
    ("InitialDelaySeconds", Number),
    ("TimeoutSeconds", Number),
    ("PeriodSeconds", Number),
    ("SuccessThreshold", Number),
    ("FailureThreshold", Number),
    ("TerminationGracePeriodSeconds", Any),
];

const HOOK: Layout = &[
    ("Exec", Maybe(EXEC)),
    ("HTTPGet", Maybe(HTTP_GET)),
    ("TCPSocket", Maybe(TCP_SOCKET)),
    ("Sleep", Maybe(&[("Seconds", Number)])),
];

const EXEC: Layout = &[("Command", Any)];

const HTTP_GET: Layout = &[
    ("Path", Text),
    ("Port", Any),
    ("Host", Text),
    ("Scheme", Text),
    ("HTTPHeaders", Many(&[("Name", Text), ("Value", Text)])),
];

const TCP_SOCKET: Layout = &[("Port", Any), ("Host", Text)];

/// A container's security context.
pub const SECURITY_CONTEXT: Layout = &[
    ("Capabilities", Maybe(&[("Add", Any), ("Drop", Any)])),
    ("Privileged", Any),
    ("SELinuxOptions", Maybe(SELINUX)),
    ("WindowsOptions", Maybe(WINDOWS)),
    ("RunAsUser", Any),
    ("RunAsGroup", Any),
    ("RunAsNonRoot", Any),
    ("ReadOnlyRootFilesystem", Any),
    ("AllowPrivilegeEscalation", Any),
    ("ProcMount", Any),
    ("SeccompProfile", Maybe(PROFILE)),
    ("AppArmorProfile", Maybe(PROFILE)),
];

const VOLUME: Layout = &[
    ("Name", Text),
    ("HostPath", Maybe(HOST_PATH)),
    ("EmptyDir", Maybe(&[("Medium", Text), ("SizeLimit", Any)])),
    ("GCEPersistentDisk", Maybe(GCE_DISK)),
    ("AWSElasticBlockStore", Maybe(AWS_DISK)),
    ("GitRepo", Maybe(&[("Repository", Text), ("Revision", Text), ("Directory", Text)])),
    ("Secret", Maybe(&[("SecretName", Text), ("Items", Many(ITEM)), ("DefaultMode", Any), ("Optional", Any)])),
    ("NFS", Maybe(NFS)),
    ("ISCSI", Maybe(ISCSI)),
    ("Glusterfs", Maybe(&[("EndpointsName", TextOf("endpoints")), ("Path", Text), ("ReadOnly", Flag)])),
    ("PersistentVolumeClaim", Maybe(&[("ClaimName", Text), ("ReadOnly", Flag)])),
    ("RBD", Maybe(RBD)),
    ("Quobyte", Maybe(QUOBYTE)),
    ("FlexVolume", Maybe(FLEX)),
    ("Cinder", Maybe(CINDER)),
    ("CephFS", Maybe(CEPHFS)),
    ("Flocker", Maybe(FLOCKER)),
    ("DownwardAPI", Maybe(&[("Items", Many(DOWNWARD_FILE)), ("DefaultMode", Any)])),
    ("FC", Maybe(FC)),
    ("AzureFile", Maybe(&[("SecretName", Text), ("ShareName", Text), ("ReadOnly", Flag)])),
    ("ConfigMap", Maybe(&[("Name", Text), ("Items", Many(ITEM)), ("DefaultMode", Any), ("Optional", Any)])),
    ("VsphereVolume", Maybe(VSPHERE)),
    ("AzureDisk", Maybe(AZURE_DISK)),
    ("PhotonPersistentDisk", Maybe(PHOTON)),
    ("Projected", Maybe(&[("Sources", Many(PROJECTION)), ("DefaultMode", Any)])),
    ("PortworxVolume", Maybe(PORTWORX)),
    ("ScaleIO", Maybe(SCALE_IO)),
    ("StorageOS", Maybe(STORAGE_OS)),
    (
        "CSI",
        Maybe(&[
            ("Driver", Text),
            ("ReadOnly", Any),
            ("FSType", Any),
            ("VolumeAttributes", Any),
            ("NodePublishSecretRef", Maybe(LOCAL)),
        ]),
    ),
    ("Ephemeral", Maybe(&[("VolumeClaimTemplate", Maybe(CLAIM_TEMPLATE))])),
    ("Image", Maybe(&[("Reference", Text), ("PullPolicy", Text)])),
];

const LOCAL: Layout = &[("Name", Text)];

const ISCSI: Layout = &iscsi(LOCAL);

/// An iSCSI disk, with a reference to a secret of this form.
pub const fn iscsi(secret: Layout) -> [Member; 11] {
    [
        ("TargetPortal", Text),
        ("IQN", Text),
        ("Lun", Number),
        ("ISCSIInterface", Text),
        ("FSType", Text),
        ("ReadOnly", Flag),
        ("Portals", Any),
        ("DiscoveryCHAPAuth", FlagOf("chapAuthDiscovery")),
        ("SessionCHAPAuth", FlagOf("chapAuthSession")),
        ("SecretRef", Maybe(secret)),
        ("InitiatorName", Any),
    ]
}

const RBD: Layout = &rbd(LOCAL);

/// A Ceph block device, with a reference to a secret of this form.
pub const fn rbd(secret: Layout) -> [Member; 8] {
    [
        ("CephMonitors", AnyOf("monitors")),
        ("RBDImage", TextOf("image")),
        ("FSType", Text),
        ("RBDPool", TextOf("pool")),
        ("RadosUser", TextOf("user")),
        ("Keyring", Text),
        ("SecretRef", Maybe(secret)),
        ("ReadOnly", Flag),
    ]
}

const SCALE_IO: Layout = &scale_io(LOCAL);

/// A ScaleIO volume, with a reference to a secret of this form.
pub const fn scale_io(secret: Layout) -> [Member; 10] {
    [
        ("Gateway", Text),
        ("System", Text),
        ("SecretRef", Maybe(secret)),
        ("SSLEnabled", Flag),
        ("ProtectionDomain", Text),
        ("StoragePool", Text),
        ("StorageMode", Text),
        ("VolumeName", Text),
        ("FSType", Text),
        ("ReadOnly", Flag),
    ]
}

const FLEX: Layout = &flex(LOCAL);

/// A volume of a driver outside the server, with a reference to a secret of this form.
pub const fn flex(secret: Layout) -> [Member; 5] {
    [("Driver", Text), ("FSType", Text), ("SecretRef", Maybe(secret)), ("ReadOnly", Flag), ("Options", Any)]
}

const CINDER: Layout = &cinder(LOCAL);

/// A Cinder volume, with a reference to a secret of this form.
pub const fn cinder(secret: Layout) -> [Member; 4] {
    [("VolumeID", Text), ("FSType", Text), ("ReadOnly", Flag), ("SecretRef", Maybe(secret))]
}

const CEPHFS: Layout = &cephfs(LOCAL);

/// A Ceph file system, with a reference to a secret of this form.
pub const fn cephfs(secret: Layout) -> [Member; 6] {
    [
        ("Monitors", Any),
        ("Path", Text),
        ("User", Text),
        ("SecretFile", Text),
        ("SecretRef", Maybe(secret)),
        ("ReadOnly", Flag),
    ]
}

const STORAGE_OS: Layout = &storage_os(LOCAL);

/// A StorageOS volume, with a reference to a secret of this form.
pub const fn storage_os(secret: Layout) -> [Member; 5] {
    [
        ("VolumeName", Text),
        ("VolumeNamespace", Text),
        ("FSType", Text),
        ("ReadOnly", Flag),
        ("SecretRef", Maybe(secret)),
    ]
}

const DOWNWARD_FILE: Layout =
    &[("Path", Text), ("FieldRef", Maybe(FIELD)), ("ResourceFieldRef", Maybe(RESOURCE_FIELD)), ("Mode", Any)];

const PROJECTION: Layout = &[
    ("Secret", Maybe(&[("Name", Text), ("Items", Many(ITEM)), ("Optional", Any)])),
    ("DownwardAPI", Maybe(&[("Items", Many(DOWNWARD_FILE))])),
    ("ConfigMap", Maybe(&[("Name", Text), ("Items", Many(ITEM)), ("Optional", Any)])),
    ("ServiceAccountToken", Maybe(&[("Audience", Text), ("ExpirationSeconds", Number), ("Path", Text)])),
    ("ClusterTrustBundle", Any),
    ("PodCertificate", Any),
];

const CLAIM_TEMPLATE: Layout = &[("Spec", One(CLAIM_SPEC))];

/// The spec of a claim for storage.
pub const CLAIM_SPEC: Layout = &[
    ("AccessModes", Any),
    ("Selector", Selector),
    ("Resources", One(&[("Limits", Any), ("Requests", Any)])),
    ("VolumeName", Text),
    ("StorageClassName", Any),
    ("VolumeMode", Any),
    ("DataSource", Maybe(&[("APIGroup", Any), ("Kind", Text), ("Name", Text)])),
    ("DataSourceRef", Maybe(&[("APIGroup", Any), ("Kind", Text), ("Name", Text), ("Namespace", Any)])),
    ("VolumeAttributesClassName", Any),
];

const ITEM: Layout = &[("Key", Text), ("Path", Text), ("Mode", Any)];

/// A path on the node.
pub const HOST_PATH: Layout = &[("Path", Text), ("Type", Any)];

/// A disk of Google.
pub const GCE_DISK: Layout = &[("PDName", Text), ("FSType", Text), ("Partition", Number), ("ReadOnly", Flag)];

/// A disk of Amazon.
pub const AWS_DISK: Layout = &[("VolumeID", Text), ("FSType", Text), ("Partition", Number), ("ReadOnly", Flag)];

/// A share of an NFS server.
pub const NFS: Layout = &[("Server", Text), ("Path", Text), ("ReadOnly", Flag)];

/// A volume of Quobyte.
pub const QUOBYTE: Layout =
    &[("Registry", Text), ("Volume", Text), ("ReadOnly", Flag), ("User", Text), ("Group", Text), ("Tenant", Text)];

/// A dataset of Flocker.
pub const FLOCKER: Layout = &[("DatasetName", Text), ("DatasetUUID", Text)];

/// A volume behind Fibre Channel.
pub const FC: Layout = &[("TargetWWNs", Any), ("Lun", Any), ("FSType", Text), ("ReadOnly", Flag), ("WWIDs", Any)];

/// A disk of vSphere.
pub const VSPHERE: Layout =
    &[("VolumePath", Text), ("FSType", Text), ("StoragePolicyName", Text), ("StoragePolicyID", Text)];

/// A disk of Azure.
pub const AZURE_DISK: Layout = &[
    ("DiskName", Text),
    ("DataDiskURI", TextOf("diskURI")),
    ("CachingMode", Any),
    ("FSType", Any),
    ("ReadOnly", Any),
    ("Kind", Any),
];

/// A disk of Photon.
pub const PHOTON: Layout = &[("PdID", Text), ("FSType", Text)];

/// A volume of Portworx.
pub const PORTWORX: Layout = &[("VolumeID", Text), ("FSType", Text), ("ReadOnly", Flag)];
