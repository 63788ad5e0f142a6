//! Flags that say which admission plugins run, named as kube-apiserver names them.

use std::collections::BTreeSet;

use clap::{ArgAction, Args};

/// Which admission plugins run.
#[derive(Args, Clone, Debug, Default)]
pub struct AdmissionFlags {
    /// Admission plugins that run although they do not by default
    #[arg(long, value_name = "NAME[,NAME]", value_delimiter = ',', action = ArgAction::Append, value_parser = known)]
    pub enable_admission_plugins: Vec<String>,

    /// Admission plugins that do not run although they do by default
    #[arg(long, value_name = "NAME[,NAME]", value_delimiter = ',', action = ArgAction::Append, value_parser = known)]
    pub disable_admission_plugins: Vec<String>,
}

impl AdmissionFlags {
    /// What cannot be said of a single flag.
    pub fn check(&self) -> Result<(), String> {
        let disabled = &self.disable_admission_plugins;
        let enabled = self.enable_admission_plugins.iter().filter(|name| !name.is_empty());
        let both: Vec<_> = enabled.filter(|name| disabled.contains(name)).collect();
        if !both.is_empty() {
            return Err(format!("{both:?} in enable-admission-plugins and disable-admission-plugins overlapped"));
        }
        match self.enable_admission_plugins.iter().find(|name| MISSING.contains(&name.as_str())) {
            Some(name) => Err(format!("this server does not have the admission plugin {name}")),
            None => Ok(()),
        }
    }

    /// The plugins that do not run.
    pub fn disabled(&self) -> BTreeSet<String> {
        let enabled = &self.enable_admission_plugins;
        let off = OFF_BY_DEFAULT.iter().map(|name| (*name).to_owned()).filter(|name| !enabled.contains(name));
        self.disable_admission_plugins.iter().cloned().chain(off).collect()
    }
}

fn known(name: &str) -> Result<String, String> {
    let name = name.trim();
    // kube-apiserver takes an empty list, too.
    if name.is_empty() || ON_BY_DEFAULT.contains(&name) || OFF_BY_DEFAULT.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(format!("admission plugin {name:?} is unknown"))
}

/// The plugins that kube-apiserver runs unless told otherwise.
const ON_BY_DEFAULT: &[&str] = &[
    "CertificateApproval",
    "CertificateSigning",
    "CertificateSubjectRestriction",
    "ClusterTrustBundleAttest",
    "DefaultIngressClass",
    "DefaultStorageClass",
    "DefaultTolerationSeconds",
    "LimitRanger",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionWebhook",
    "NamespaceLifecycle",
    "NodeDeclaredFeatureValidator",
    "PersistentVolumeClaimResize",
    "PodSecurity",
    "PodTopologyLabels",
    "Priority",
    "ResourceQuota",
    "RuntimeClass",
    "ServiceAccount",
    "StorageObjectInUseProtection",
    "TaintNodesByCondition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionWebhook",
];

/// The plugins that kube-apiserver has, but does not run unless told to.
const OFF_BY_DEFAULT: &[&str] = &[
    "AlwaysAdmit",
    "AlwaysDeny",
    "AlwaysPullImages",
    "DenyServiceExternalIPs",
    "EventRateLimit",
    "ExtendedResourceToleration",
    "ImagePolicyWebhook",
    "LimitPodHardAntiAffinityTopology",
    "NamespaceAutoProvision",
    "NamespaceExists",
    "NodeRestriction",
    "OwnerReferencesPermissionEnforcement",
    "PodNodeSelector",
    "PodTolerationRestriction",
];

/// Those of them that this server does not have: they need programs, nodes or configuration files of their own.
const MISSING: &[&str] = &["EventRateLimit", "ImagePolicyWebhook", "NodeRestriction"];
