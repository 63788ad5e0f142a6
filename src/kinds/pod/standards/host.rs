//! What containers share with their node: namespaces, ports, processes, and what is done from the node on their behalf.

use serde_json::Value;

use super::{
    Violation,
    view::{ContainerView, PodView, Set, containers, plural, quoted, setters},
};

/// No namespaces of the node.
pub fn namespaces(pod: &PodView<'_>) -> Option<Violation> {
    let shared =
        ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|name| pod.spec(&[name]) == Some(&true.into()));
    let shared: Vec<_> = shared.map(|name| format!("{name}=true")).collect();
    (!shared.is_empty()).then(|| Violation::new("host namespaces", shared.join(", ")))
}

/// No ports of the node.
pub fn ports(pod: &PodView<'_>) -> Option<Violation> {
    let ports = |container: ContainerView<'_>| {
        let ports = container.at(&["ports"]).and_then(Value::as_array).into_iter().flatten();
        let numbers = ports.filter_map(|port| port.get("hostPort").and_then(Value::as_i64));
        numbers.filter(|port| *port != 0).map(|port| port.to_string()).collect::<Vec<_>>()
    };
    let using = pod.containers_that(|container| !ports(container).is_empty());
    let mut forbidden: Vec<String> = pod.containers().flat_map(ports).collect();
    forbidden.sort();
    forbidden.dedup();
    let detail = || {
        let (uses, what) = (plural(using.len(), "uses", "use"), plural(forbidden.len(), "hostPort", "hostPorts"));
        format!("{} {uses} {what} {}", containers(&using), forbidden.join(", "))
    };
    (!using.is_empty()).then(|| Violation::new("hostPort", detail()))
}

/// Nodes do not connect to other hosts on behalf of a container.
pub fn probes(pod: &PodView<'_>) -> Option<Violation> {
    let using: Set<'_> = pod.containers_that(|container| hosts(container).next().is_some()).into_iter().collect();
    let forbidden: Set<'_> = pod.containers().flat_map(hosts).collect();
    let names: Vec<_> = using.into_iter().collect();
    let detail = || {
        let what = plural(forbidden.len(), "probe or lifecycle host", "probe or lifecycle hosts");
        format!("{} {} {what} {}", containers(&names), plural(names.len(), "uses", "use"), quoted(&forbidden))
    };
    (!names.is_empty()).then(|| Violation::new("probe or lifecycle host", detail()))
}

/// The hosts that a container's probes and hooks name.
fn hosts(container: ContainerView<'_>) -> impl Iterator<Item = &str> {
    let handlers: [&[&str]; 5] = [
        &["livenessProbe"],
        &["readinessProbe"],
        &["startupProbe"],
        &["lifecycle", "postStart"],
        &["lifecycle", "preStop"],
    ];
    let handlers = handlers.into_iter().filter_map(move |path| container.at(path));
    let named = handlers.flat_map(|handler| {
        ["httpGet", "tcpSocket"].into_iter().filter_map(move |action| handler.get(action)?.get("host")?.as_str())
    });
    named.filter(|host| !host.is_empty())
}

/// No processes of the node, which is what Windows calls privileged.
pub fn process(pod: &PodView<'_>) -> Option<Violation> {
    let path = ["windowsOptions", "hostProcess"];
    let by_pod = pod.security(&path) == Some(&true.into());
    let setters = setters(by_pod, &pod.containers_that(|container| container.security(&path) == Some(&true.into())));
    let detail = || format!("{setters} must not set securityContext.windowsOptions.hostProcess=true");
    (!setters.is_empty()).then(|| Violation::new("hostProcess", detail()))
}
