//! The Pod Security Standards: what a pod may ask of its node at each level, as each version of Kubernetes has it.

mod capabilities;
mod host;
mod kernel;
mod level;
mod policy;
mod privileges;
mod profiles;
mod users;
mod view;
mod volumes;

pub use level::{Level, LevelVersion, Version};
pub use policy::{Policy, WARN_VERSION};

use serde_json::Value;

use view::PodView;

/// One control of the standards.
struct Control {
    /// Its name; controls of a level are checked in the order of their names.
    id: &'static str,
    /// The checks, each with the version that it came with, oldest first.
    checks: &'static [(u32, Check)],
    /// The baseline controls in whose place a restricted one is checked.
    replaces: &'static str,
}

/// What is wrong with a pod, if anything is.
type Check = fn(&PodView<'_>) -> Option<Violation>;

/// What is wrong with a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// In some words, the same for all pods.
    pub reason: String,
    /// Who does what.
    pub detail: String,
}

/// The controls of the level `baseline`, in the order of their names.
const BASELINE: &[Control] = &[
    Control::new("appArmorProfile", &[(0, profiles::app_armor)]),
    Control::new("capabilities_baseline", &[(0, capabilities::baseline)]),
    Control::new("hostNamespaces", &[(0, host::namespaces)]),
    Control::new("hostPathVolumes", &[(0, volumes::host_path)]),
    Control::new("hostPorts", &[(0, host::ports)]),
    Control::new("hostProbesAndHostLifecycle", &[(34, host::probes)]),
    Control::new("privileged", &[(0, privileges::privileged)]),
    Control::new("procMount", &[(0, kernel::proc_mount), (35, kernel::proc_mount_in_node)]),
    Control::new("seLinuxOptions", &[(0, profiles::se_linux), (31, profiles::se_linux_1_31)]),
    Control::new("seccompProfile_baseline", &[(0, profiles::seccomp_annotations), (19, profiles::seccomp_baseline)]),
    Control::new(
        "sysctls",
        &[(0, kernel::sysctls), (27, kernel::sysctls_1_27), (29, kernel::sysctls_1_29), (32, kernel::sysctls_1_32)],
    ),
    Control::new("windowsHostProcess", &[(0, host::process)]),
];

/// What the level `restricted` has beside, in the order of the names.
const RESTRICTED: &[Control] = &[
    Control::new("allowPrivilegeEscalation", &[(8, privileges::escalation), (25, privileges::escalation_on_linux)]),
    Control::new("capabilities_restricted", &[(22, capabilities::restricted), (25, capabilities::restricted_on_linux)])
        .instead_of("capabilities_baseline"),
    Control::new("procMount_restricted", &[(35, kernel::proc_mount)]).instead_of("procMount"),
    Control::new("restrictedVolumes", &[(0, volumes::restricted)]).instead_of("hostPathVolumes"),
    Control::new("runAsNonRoot", &[(0, users::non_root), (35, users::non_root_in_node)]),
    Control::new("runAsUser", &[(23, users::not_zero), (35, users::not_zero_in_node)]),
    Control::new(
        "seccompProfile_restricted",
        &[(19, profiles::seccomp_restricted), (25, profiles::seccomp_restricted_on_linux)],
    )
    .instead_of("seccompProfile_baseline"),
];

impl Control {
    const fn new(id: &'static str, checks: &'static [(u32, Check)]) -> Self {
        Self { id, checks, replaces: "" }
    }

    const fn instead_of(self, replaces: &'static str) -> Self {
        Self { replaces, ..self }
    }

    /// The check of this version; an old one may have none.
    fn at(&self, version: Version) -> Option<Check> {
        let known = self.checks.iter().rev().find(|(since, _)| version.includes(*since));
        known.map(|(_, check)| *check)
    }
}

/// Everything in which a pod, or a template of pods, misses a standard; `pod` has `metadata` and `spec`.
pub fn violations(standard: LevelVersion, pod: &Value) -> Vec<Violation> {
    let LevelVersion { level, version } = standard;
    let restricted: &[Control] = if level == Level::Restricted { RESTRICTED } else { &[] };
    let is_replaced = |id: &str| restricted.iter().any(|other| other.replaces == id && other.at(version).is_some());
    let baseline: &[Control] = if level == Level::Privileged { &[] } else { BASELINE };
    let controls = baseline.iter().filter(|control| !is_replaced(control.id)).chain(restricted);
    let view = PodView::of(pod);
    controls.filter_map(|control| control.at(version)).filter_map(|check| check(&view)).collect()
}

impl Violation {
    fn new(reason: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { reason: reason.into(), detail: detail.into() }
    }
}

/// What is wrong with a pod, with all details.
pub fn details(violations: &[Violation]) -> String {
    let texts = violations.iter().map(|Violation { reason, detail }| format!("{reason} ({detail})"));
    texts.collect::<Vec<_>>().join(", ")
}

/// What is wrong with a pod, in a few words.
pub fn reasons(violations: &[Violation]) -> String {
    violations.iter().map(|violation| violation.reason.as_str()).collect::<Vec<_>>().join(", ")
}
