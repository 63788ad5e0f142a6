//! What is simulated of a cluster, and the labels and annotations with which people play with it.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;

pub use crate::kinds::model::connection::SIMULATED;
use crate::{
    text::duration,
    world::{meta_view::MetaView, node_view::NodeView},
};

/// `false` holds a pod or a node unready.
const READY: &str = "kubedouble.dev/ready";
/// Lets a pod fail; the value is the message.
const FAIL: &str = "kubedouble.dev/fail";
/// The addresses of a pod or a load balancer, separated by commas.
const ADDRESS: &str = "kubedouble.dev/address";
/// Asks for any address.
const AUTO: &str = "auto";
/// How long a pod takes to stop, at most its grace period.
const STOP_AFTER: &str = "kubedouble.dev/stop-after";
/// How long a pod runs until its containers end well, or `never`.
const SUCCEED_AFTER: &str = "kubedouble.dev/succeed-after";

/// How nodes and pods are simulated.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// How many nodes there are at the start.
    pub nodes: u16,
    /// Where pods get their addresses, the primary family first.
    pub pod_ranges: Vec<IpNet>,
    /// How long a pod takes from running to ready.
    pub start_delay: Duration,
    /// How long a pod that is never restarted runs until its containers end well.
    pub run_time: Duration,
}

/// Whether pods on this node are simulated.
pub fn is_simulated(node: &NodeView) -> bool {
    node.labels.get(SIMULATED).is_some_and(|value| value == "true")
}

/// Whether somebody holds the object unready.
pub fn is_held_unready(object: &MetaView<'_>) -> bool {
    annotation(object, READY) == Some("false")
}

/// Why the pod shall fail, if it shall.
pub fn failure<'a>(pod: &MetaView<'a>) -> Option<&'a str> {
    annotation(pod, FAIL).filter(|why| *why != "false")
}

/// The addresses that somebody has chosen for the object; empty if nobody has. A text that is no address is an error.
pub fn chosen_addresses(object: &MetaView<'_>) -> Result<Vec<IpAddr>, String> {
    let list = annotation(object, ADDRESS).unwrap_or_default().split(',').map(str::trim);
    let parse =
        |text: &str| text.parse().map_err(|_| format!("the annotation {ADDRESS} has {text:?}, which is no address"));
    list.filter(|text| !["", AUTO].contains(text)).map(parse).collect()
}

/// Whether somebody has said that the object shall have addresses, chosen ones or any.
pub fn wants_address(object: &MetaView<'_>) -> bool {
    annotation(object, ADDRESS).is_some()
}

/// How long the pod takes to stop, if somebody has said so.
pub fn stop_after(pod: &MetaView<'_>) -> Option<Duration> {
    delay(annotation(pod, STOP_AFTER)?)
}

/// How long the pod runs until its containers end well; `None` if they run for ever. `default` is for pods that are never
/// restarted; one that is restarted after a failure has to say how long it runs, and one that is always restarted never
/// ends.
pub fn run_time(pod: &MetaView<'_>, restart_policy: &str, default: Duration) -> Option<Duration> {
    match (restart_policy, annotation(pod, SUCCEED_AFTER)) {
        ("Never" | "OnFailure", Some(text)) => delay(text),
        ("Never", None) => Some(default),
        _ => None,
    }
}

/// A duration such as `500ms`, or a number of seconds. What is neither, such as `never`, is none.
fn delay(text: &str) -> Option<Duration> {
    text.parse().map(Duration::from_secs).ok().or_else(|| duration::parse_unsigned(text).ok())
}

fn annotation<'a>(object: &MetaView<'a>, name: &str) -> Option<&'a str> {
    object.annotations.get(name).copied()
}
