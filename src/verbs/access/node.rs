//! The authorization mode Node: what a kubelet may do. Of Secrets, ConfigMaps, claims and service accounts it may read only
//! those that its own pods use.

use std::sync::LazyLock;

use serde_json::Value;

use crate::{
    kinds::rbac::policy::PolicyRule,
    object::{
        User,
        access::{Attributes, Decision, Resource, Subject},
        meta,
    },
    verbs::{Api, Target, view},
};

/// The group of all nodes.
const GROUP: &str = "system:nodes";
/// The name of a node's user begins so.
const USER: &str = "system:node:";
/// Where the Leases of nodes are.
const LEASES: &str = "kube-node-lease";

/// What every node may do, whatever runs on it: `VERB,… RESOURCE,… [GROUP]`.
const RULES: &str = "\
create tokenreviews authentication.k8s.io
create subjectaccessreviews,localsubjectaccessreviews authorization.k8s.io
get,list,watch services
create,get,list,watch,update,patch nodes
update,patch nodes/status
create,update,patch events
create,update,patch events events.k8s.io
get,list,watch,create,delete pods
update,patch pods/status
create pods/eviction
get persistentvolumeclaims,persistentvolumes,endpoints
create,get,list,watch certificatesigningrequests certificates.k8s.io
get volumeattachments storage.k8s.io
get,list,watch csidrivers storage.k8s.io
get,list,watch runtimeclasses node.k8s.io
get,list,watch clustertrustbundles certificates.k8s.io";

static PARSED: LazyLock<Vec<PolicyRule>> = LazyLock::new(|| RULES.lines().map(rule).collect());

/// Whether a node may do this. Of other users it has no opinion.
pub fn decide(api: &Api, user: &User, attributes: &Attributes) -> Decision {
    let Some(node) = node_of(user) else { return Decision::default() };
    let outcome = match &attributes.subject {
        Subject::Resource(at) => of_resource(api, node, attributes, at),
        Subject::Path(_) => Ok(false),
    };
    match outcome {
        Ok(true) => Decision::ALLOWED,
        Ok(false) => Decision { allowed: PARSED.iter().any(|rule| rule.allows(attributes)), reason: String::new() },
        Err(why) => Decision { allowed: false, reason: why },
    }
}

fn node_of(user: &User) -> Option<&str> {
    user.name.strip_prefix(USER).filter(|name| !name.is_empty() && user.is_in(GROUP))
}

/// Allows or refuses what concerns single objects; `false` leaves it to the rules.
fn of_resource(api: &Api, node: &str, attributes: &Attributes, at: &Resource) -> Result<bool, String> {
    let verb = attributes.verb;
    match (at.group, at.resource) {
        ("", "secrets" | "configmaps") => {
            if !["get", "list", "watch"].contains(&verb) {
                return Err("can only read resources of this type".to_owned());
            }
            if !at.subresource.is_empty() {
                return Err("cannot read subresource".to_owned());
            }
            if at.namespace.is_empty() {
                return Err("can only read namespaced object of this type".to_owned());
            }
            related(api, node, at)
        }
        ("", "persistentvolumeclaims") if verb == "get" && at.subresource.is_empty() => related(api, node, at),
        ("", "serviceaccounts") => {
            if verb != "create" || at.subresource != "token" {
                return Err("can only create tokens for individual service accounts".to_owned());
            }
            related(api, node, at)
        }
        ("", "pods") if verb == "get" && at.subresource.is_empty() => own_pod(api, node, at),
        ("", "nodes") if !["create", "list", "watch"].contains(&verb) => own(node, at, "node"),
        ("coordination.k8s.io", "leases") => {
            if !["get", "create", "update", "patch", "delete"].contains(&verb) {
                return Err("can only get, create, update, patch, or delete a node lease".to_owned());
            }
            if at.namespace != LEASES {
                return Err(format!("can only access leases in the \"{LEASES}\" system namespace"));
            }
            if verb == "create" { Ok(true) } else { own(node, at, "node lease").map(|_| true) }
        }
        ("storage.k8s.io", "csinodes") => {
            if !["get", "create", "update", "patch", "delete"].contains(&verb) {
                return Err("can only get, create, update, patch, or delete a CSINode".to_owned());
            }
            if verb == "create" { Ok(true) } else { own(node, at, "CSINode").map(|_| true) }
        }
        _ => Ok(false),
    }
}

/// Refuses what is about another node.
fn own(node: &str, at: &Resource, what: &str) -> Result<bool, String> {
    if at.name == node {
        Ok(false)
    } else {
        Err(format!("can only access {what} with the same name as the requesting node"))
    }
}

fn own_pod(api: &Api, node: &str, at: &Resource) -> Result<bool, String> {
    let found = api.registry().stored("", "pods").and_then(|kind| {
        let target = Target::new(&kind, at.namespace, at.name);
        api.0.store.get(&target.key()).map(|found| view(&kind, &found))
    });
    if found.is_some_and(|pod| meta::text(&pod, &["spec", "nodeName"]) == node) {
        Ok(true)
    } else {
        Err(unrelated(node))
    }
}

/// Allows what a pod of the node refers to.
fn related(api: &Api, node: &str, at: &Resource) -> Result<bool, String> {
    if at.name.is_empty() {
        return Err("No Object name found".to_owned());
    }
    let Some(kind) = api.registry().stored("", "pods") else { return Err(unrelated(node)) };
    let prefix = Target::new(&kind, at.namespace, "").prefix();
    let snapshot = api.0.store.snapshot();
    let mut pods = snapshot.range(&prefix, None).map(|(_, found)| view(&kind, found));
    let refers = |pod: &Value| {
        let spec = &pod["spec"];
        meta::text(spec, &["nodeName"]) == node && names(spec, at.resource).contains(&at.name)
    };
    if pods.any(|pod| refers(&pod)) { Ok(true) } else { Err(unrelated(node)) }
}

fn unrelated(node: &str) -> String {
    format!("no relationship found between node '{node}' and this object")
}

/// The names of the objects of a resource that a pod refers to.
fn names<'a>(spec: &'a Value, resource: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    let mut add = |value: &'a Value| names.extend(value.as_str());
    let list = |value: &'a Value| value.as_array().map(Vec::as_slice).unwrap_or_default();
    let volumes = list(&spec["volumes"]);
    let projected = volumes.iter().flat_map(|volume| list(&volume["projected"]["sources"]));
    match resource {
        "serviceaccounts" => add(&spec["serviceAccountName"]),
        "persistentvolumeclaims" => {
            volumes.iter().for_each(|volume| add(&volume["persistentVolumeClaim"]["claimName"]))
        }
        "secrets" => {
            list(&spec["imagePullSecrets"]).iter().for_each(|secret| add(&secret["name"]));
            volumes.iter().for_each(|volume| add(&volume["secret"]["secretName"]));
            projected.for_each(|source| add(&source["secret"]["name"]));
        }
        _ => {
            volumes.iter().for_each(|volume| add(&volume["configMap"]["name"]));
            projected.for_each(|source| add(&source["configMap"]["name"]));
        }
    }
    let (from, key) =
        if resource == "secrets" { ("secretRef", "secretKeyRef") } else { ("configMapRef", "configMapKeyRef") };
    if ["secrets", "configmaps"].contains(&resource) {
        for container in ["initContainers", "containers", "ephemeralContainers"].iter().flat_map(|of| list(&spec[*of]))
        {
            names.extend(list(&container["envFrom"]).iter().filter_map(|source| source[from]["name"].as_str()));
            names.extend(list(&container["env"]).iter().filter_map(|var| var["valueFrom"][key]["name"].as_str()));
        }
    }
    names
}

fn rule(line: &str) -> PolicyRule {
    let words = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    let mut parts = line.split(' ');
    let (verbs, resources) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let group = parts.next().unwrap_or_default();
    PolicyRule { verbs: words(verbs), api_groups: words(group), resources: words(resources), ..PolicyRule::default() }
}
