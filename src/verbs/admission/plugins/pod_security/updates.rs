//! Updates of pods: most change nothing that a standard is about.

use serde_json::Value;

use crate::object::meta;

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Whether a pod has to be checked again: it has other containers, images or profiles than before.
pub fn matter(new: &Value, old: &Value) -> bool {
    if annotation(new, SECCOMP_POD) != annotation(old, SECCOMP_POD) {
        return true;
    }
    let list = |pod, name| -> &[Value] { meta::items(pod, &["spec", name]) };
    let in_place = ["containers", "initContainers"].into_iter().any(|name| {
        let (now, before) = (list(new, name), list(old, name));
        now.len() != before.len() || now.iter().zip(before).any(|(now, before)| differs(new, old, now, before))
    });
    let added = list(new, "ephemeralContainers").iter().any(|now| {
        let mut before = list(old, "ephemeralContainers").iter();
        let before = before.find(|before| before["name"] == now["name"]);
        before.is_none_or(|before| differs(new, old, now, before))
    });
    in_place || added
}

fn differs(new: &Value, old: &Value, now: &Value, before: &Value) -> bool {
    let name = meta::text(now, &["name"]);
    let profile = |pod, prefix: &str| annotation(pod, &format!("{prefix}{name}"));
    now.get("image") != before.get("image")
        || [SECCOMP_PREFIX, APP_ARMOR_PREFIX].iter().any(|prefix| profile(new, prefix) != profile(old, prefix))
}

fn annotation<'a>(pod: &'a Value, name: &str) -> Option<&'a str> {
    meta::at(pod, &["metadata", "annotations", name])?.as_str()
}
