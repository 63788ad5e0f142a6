//! A pod's spec as a server's own structs print it: every field, under its Go name, in the order of the struct.
//! Messages about refused updates show the difference of two such texts.

use serde_json::{Map, Value, json};

use crate::object::meta;

/// The spec of a pod as indented JSON.
pub fn render(spec: &Value) -> String {
    let mut spec = spec.clone();
    if let Some(members) = spec.as_object_mut() {
        // These live in the security context on the inside.
        let hosts: Vec<_> = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"]
            .iter()
            .filter_map(|name| members.get(*name).map(|value| ((*name).to_owned(), value.clone())))
            .collect();
        if !hosts.is_empty() {
            let spec = members.entry("securityContext").or_insert_with(|| json!({}));
            if let Value::Object(context) = spec {
                context.extend(hosts);
            }
        }
    }
    let mut out = Vec::new();
    let indent = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, indent);
    serde::Serialize::serialize(&lay_out(&spec, POD_SPEC), &mut serializer).expect("JSON values serialize into memory");
    let text = String::from_utf8(out).expect("JSON is UTF-8");
    // Go escapes what HTML would misread.
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

/// The fields of a struct: Go name and shape, in order.
type Layout = &'static [(&'static str, Shape)];

/// What a field shows.
#[derive(Clone, Copy)]
enum Shape {
    /// A text, empty if absent.
    Text,
    /// A number, 0 if absent.
    Number,
    /// A boolean, false if absent.
    Flag,
    /// Something that is null if absent and shown as it is otherwise.
    Any,
    /// A struct that is always there.
    One(Layout),
    /// A struct or null.
    Maybe(Layout),
    /// A list of structs or null.
    Many(Layout),
}

use Shape::{Any, Flag, Many, Maybe, Number, One, Text};

const POD_SPEC: Layout = &[
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
    ("Affinity", Any),
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
    ("TopologySpreadConstraints", Any),
    ("OS", Maybe(&[("Name", Text)])),
    ("SchedulingGates", Many(&[("Name", Text)])),
    ("ResourceClaims", Any),
    ("Resources", Maybe(RESOURCES)),
    ("HostnameOverride", Any),
    ("SchedulingGroup", Any),
];

const DNS_OPTION: Layout = &[("Name", Text), ("Value", Any)];

const POD_SECURITY_CONTEXT: Layout = &[
    ("HostNetwork", Flag),
    ("HostPID", Flag),
    ("HostIPC", Flag),
    ("ShareProcessNamespace", Any),
    ("HostUsers", Any),
    ("SELinuxOptions", Maybe(SELINUX)),
    ("WindowsOptions", Any),
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

const PROFILE: Layout = &[("Type", Text), ("LocalhostProfile", Any)];

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
    ("RestartPolicyRules", Any),
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
const EPHEMERAL_CONTAINER: Layout = &{
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

const RESOURCES: Layout =
    &[("Limits", Any), ("Requests", Any), ("Claims", Many(&[("Name", Text), ("Request", Text)]))];

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

const SECURITY_CONTEXT: Layout = &[
    ("Capabilities", Maybe(&[("Add", Any), ("Drop", Any)])),
    ("Privileged", Any),
    ("SELinuxOptions", Maybe(SELINUX)),
    ("WindowsOptions", Any),
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
    ("HostPath", Maybe(&[("Path", Text), ("Type", Any)])),
    ("EmptyDir", Maybe(&[("Medium", Text), ("SizeLimit", Any)])),
    ("GCEPersistentDisk", Any),
    ("AWSElasticBlockStore", Any),
    ("GitRepo", Any),
    ("Secret", Maybe(&[("SecretName", Text), ("Items", Many(ITEM)), ("DefaultMode", Any), ("Optional", Any)])),
    ("NFS", Maybe(&[("Server", Text), ("Path", Text), ("ReadOnly", Flag)])),
    ("ISCSI", Any),
    ("Glusterfs", Any),
    ("PersistentVolumeClaim", Maybe(&[("ClaimName", Text), ("ReadOnly", Flag)])),
    ("RBD", Any),
    ("Quobyte", Any),
    ("FlexVolume", Any),
    ("Cinder", Any),
    ("CephFS", Any),
    ("Flocker", Any),
    ("DownwardAPI", Any),
    ("FC", Any),
    ("AzureFile", Any),
    ("ConfigMap", Maybe(&[("Name", Text), ("Items", Many(ITEM)), ("DefaultMode", Any), ("Optional", Any)])),
    ("VsphereVolume", Any),
    ("AzureDisk", Any),
    ("PhotonPersistentDisk", Any),
    ("Projected", Any),
    ("PortworxVolume", Any),
    ("ScaleIO", Any),
    ("StorageOS", Any),
    ("CSI", Any),
    ("Ephemeral", Any),
    ("Image", Maybe(&[("Reference", Text), ("PullPolicy", Text)])),
];

const ITEM: Layout = &[("Key", Text), ("Path", Text), ("Mode", Any)];

fn lay_out(value: &Value, layout: Layout) -> Value {
    let fields = layout.iter().map(|(name, shape)| ((*name).to_owned(), shaped(member(value, name), *shape)));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// The member that Go calls by this name. JSON names differ in case only.
fn member<'a>(value: &'a Value, go_name: &str) -> &'a Value {
    let members = meta::map(value, &[]).into_iter().flatten();
    members.filter(|(name, _)| name.eq_ignore_ascii_case(go_name)).map(|(_, value)| value).next().unwrap_or(&Value::Null)
}

fn shaped(value: &Value, shape: Shape) -> Value {
    match (shape, value) {
        (Text, Value::Null) => "".into(),
        (Number, Value::Null) => 0.into(),
        (Flag, Value::Null) => false.into(),
        (One(layout), value) => lay_out(value, layout),
        (Any | Maybe(_) | Many(_), Value::Null) => Value::Null,
        (Maybe(layout), value) => lay_out(value, layout),
        (Many(layout), Value::Array(items)) => items.iter().map(|item| lay_out(item, layout)).collect(),
        // Go prints maps by key.
        (Any, Value::Object(map)) if map.values().all(Value::is_string) => {
            let mut sorted: Vec<_> = map.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(b.0));
            Value::Object(sorted.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        (_, value) => value.clone(),
    }
}
