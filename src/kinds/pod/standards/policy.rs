//! What the labels of a namespace say about its pods.

use super::level::{Level, LevelVersion, Version};
use crate::object::{FieldError, FieldErrors, Path};

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";
const AUDIT: &str = "pod-security.kubernetes.io/audit";
const AUDIT_VERSION: &str = "pod-security.kubernetes.io/audit-version";
const WARN: &str = "pod-security.kubernetes.io/warn";
/// The label for the version of the standard of whose violations users are warned.
pub const WARN_VERSION: &str = "pod-security.kubernetes.io/warn-version";

/// Which standards the pods of a namespace have to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Pods that violate this one are refused.
    pub enforce: LevelVersion,
    /// Violations of this one are written to the audit log.
    pub audit: LevelVersion,
    /// Users are warned of violations of this one.
    pub warn: LevelVersion,
}

impl Default for Policy {
    fn default() -> Self {
        let all = LevelVersion::PRIVILEGED;
        Self { enforce: all, audit: all, warn: all }
    }
}

impl Policy {
    /// Whether pods may do everything, and nobody is told of it.
    pub fn is_privileged(&self) -> bool {
        [self.enforce, self.audit, self.warn].iter().all(|standard| standard.level == Level::Privileged)
    }

    /// What a namespace's labels make of the defaults, and what is wrong with them. A wrong level is enforced as the
    /// strictest one, and nobody is told of violations of a wrong one.
    pub fn of<'a>(label: impl Fn(&str) -> Option<&'a str>, defaults: Self) -> (Self, FieldErrors) {
        let mut errors = FieldErrors::new();
        let mut wrong = |name: &str, value: &str, detail: &str| {
            let path = Path::new("metadata").child("labels").key(name);
            errors.push(FieldError::invalid(&path, value, detail));
        };
        let mut policy = defaults;
        let mut is_enforced = false;
        let modes = [
            (&mut policy.enforce, ENFORCE, ENFORCE_VERSION, Level::Restricted),
            (&mut policy.audit, AUDIT, AUDIT_VERSION, Level::Privileged),
            (&mut policy.warn, WARN, WARN_VERSION, Level::Privileged),
        ];
        for (standard, level, version, fallback) in modes {
            if let Some(value) = label(level) {
                standard.level = Level::parse(value).unwrap_or_else(|detail| {
                    wrong(level, value, detail);
                    fallback
                });
                is_enforced |= level == ENFORCE && Level::parse(value).is_ok();
            }
            if let Some(value) = label(version) {
                standard.version = Version::parse(value).unwrap_or_else(|detail| {
                    wrong(version, value, detail);
                    Version::Latest
                });
            }
        }
        // Who is to be refused later is warned now, as long as the namespace does not say otherwise.
        if label(WARN).is_none() && is_enforced && policy.enforce.level > policy.warn.level {
            policy.warn.level = policy.enforce.level;
            if label(WARN_VERSION).is_none() {
                policy.warn.version = policy.enforce.version;
            }
        }
        (policy, errors)
    }
}
