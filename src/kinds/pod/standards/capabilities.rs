//! Capabilities: what containers may be allowed beyond what others are, and what they have to give up.

use super::{
    Violation,
    view::{ContainerView, PodView, Set, containers, quoted},
};

/// What container runtimes give to all containers.
const DEFAULT: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Nothing is added but what is given by default.
pub fn baseline(pod: &PodView<'_>) -> Option<Violation> {
    added(pod, DEFAULT).map(|detail| Violation::new("non-default capabilities", detail))
}

/// Everything is dropped, and nothing is added but the right to bind to low ports.
pub fn restricted(pod: &PodView<'_>) -> Option<Violation> {
    let drops_all = |container: ContainerView<'_>| {
        container.security_list(&["capabilities", "drop"]).any(|capability| capability == "ALL")
    };
    let keeping = pod.containers_that(|container| !drops_all(container));
    let kept = (!keeping.is_empty())
        .then(|| format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", containers(&keeping)));
    let details: Vec<_> = kept.into_iter().chain(added(pod, &["NET_BIND_SERVICE"])).collect();
    (!details.is_empty()).then(|| Violation::new("unrestricted capabilities", details.join("; ")))
}

/// The same, of pods that are not for Windows.
pub fn restricted_on_linux(pod: &PodView<'_>) -> Option<Violation> {
    if pod.is_windows() { None } else { restricted(pod) }
}

/// Who adds what is not allowed.
fn added(pod: &PodView<'_>, allowed: &[&str]) -> Option<String> {
    let mut forbidden = Set::new();
    let mut adding = Vec::new();
    for container in pod.containers() {
        let mut list =
            container.security_list(&["capabilities", "add"]).filter(|name| !allowed.contains(name)).peekable();
        if list.peek().is_some() {
            adding.push(container.name());
            forbidden.extend(list);
        }
    }
    let text = || {
        format!("{} must not include {} in securityContext.capabilities.add", containers(&adding), quoted(&forbidden))
    };
    (!adding.is_empty()).then(text)
}
