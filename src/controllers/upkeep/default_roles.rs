//! The roles and bindings that every cluster with RBAC starts with, under kube-apiserver's names.

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::aggregation;
use crate::controllers::engine::writes;
use crate::{
    kinds::{
        Kind,
        rbac::{
            cluster_role, cluster_role_binding,
            escalation::missing,
            policy::{GROUP, PolicyRule},
            role, role_binding,
        },
    },
    object::{
        access::{AUTHENTICATED, MASTERS, UNAUTHENTICATED},
        meta,
        status::Result,
    },
    verbs::{Api, Target},
};

/// The roles. Each begins with its name and, perhaps, `part of` the role that takes in its rules, or `in` its namespace. Its
/// rules follow, one a line: `VERB,… on RESOURCE … [of GROUP …] [named NAME …]`, or `VERB,… at PATH …`.
const ROLES: &str = include_str!("default_roles.txt");

/// The roles of controllers begin so; the service account of what follows in kube-system has them.
const CONTROLLER: &str = "system:controller:";

/// The role, and the kinds and names of those who have it; a service account is `namespace/name`.
const BINDINGS: &[(&str, &[(&str, &str)])] = &[
    ("cluster-admin", &[("Group", MASTERS)]),
    ("system:basic-user", &[("Group", AUTHENTICATED)]),
    ("system:discovery", &[("Group", AUTHENTICATED)]),
    ("system:kube-controller-manager", &[("User", "system:kube-controller-manager")]),
    ("system:kube-dns", &[("ServiceAccount", "kube-system/kube-dns")]),
    ("system:kube-scheduler", &[("User", "system:kube-scheduler")]),
    ("system:monitoring", &[("Group", "system:monitoring")]),
    ("system:node", &[]),
    ("system:node-proxier", &[("User", "system:kube-proxy")]),
    ("system:public-info-viewer", &[("Group", AUTHENTICATED), ("Group", UNAUTHENTICATED)]),
    ("system:service-account-issuer-discovery", &[("Group", "system:serviceaccounts")]),
    ("system:volume-scheduler", &[("User", "system:kube-scheduler")]),
];

/// The namespace and the name of a binding in a namespace, its role, and who has it.
type Bound = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The bindings of roles in namespaces. Those of controllers are not among them, since they follow from the roles.
const NAMESPACED_BINDINGS: &[Bound] = &[
    (
        "kube-system",
        "system::extension-apiserver-authentication-reader",
        "extension-apiserver-authentication-reader",
        &[("User", "system:kube-controller-manager"), ("User", "system:kube-scheduler")],
    ),
    (
        "kube-system",
        "system::leader-locking-kube-controller-manager",
        "system::leader-locking-kube-controller-manager",
        &[
            ("User", "system:kube-controller-manager"),
            ("ServiceAccount", "kube-system/kube-controller-manager"),
            ("ServiceAccount", "kube-system/leader-election-controller"),
        ],
    ),
    (
        "kube-system",
        "system::leader-locking-kube-scheduler",
        "system::leader-locking-kube-scheduler",
        &[("User", "system:kube-scheduler"), ("ServiceAccount", "kube-system/kube-scheduler")],
    ),
];

const AUTOUPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

/// Creates what is missing, and gives back what was taken from roles and bindings, unless they say that they are not to
/// be touched.
pub async fn create(api: &Api) -> Result<()> {
    let roles = roles();
    let of_controllers = roles.iter().filter_map(|role| {
        let (namespace, name) = (meta::namespace(role), meta::name(role));
        let account = format!("kube-system/{}", name.strip_prefix(CONTROLLER)?);
        Some(binding(namespace, name, name, &[("ServiceAccount", &account)]))
    });
    let clusterwide = BINDINGS.iter().map(|(role, subjects)| binding("", role, role, subjects));
    let namespaced =
        NAMESPACED_BINDINGS.iter().map(|(namespace, name, role, subjects)| binding(namespace, name, role, subjects));
    let bindings: Vec<Value> = clusterwide.chain(namespaced).chain(of_controllers).collect();
    let kind = |object: &Value, all: [&'static Kind; 2]| all[usize::from(!meta::namespace(object).is_empty())];
    let role_kinds = [&*cluster_role::DEF, &*role::DEF];
    let binding_kinds = [&*cluster_role_binding::DEF, &*role_binding::DEF];
    try_join_all(roles.into_iter().map(|role| settle(api, kind(&role, role_kinds), role, give_rules))).await?;
    let bind = |binding: Value| settle(api, kind(&binding, binding_kinds), binding, give_subjects);
    try_join_all(bindings.into_iter().map(bind)).await?;
    aggregation::fill(api).await
}

/// Creates an object, or brings the one that is there up to date.
async fn settle(api: &Api, def: &Kind, wanted: Value, give: fn(&mut Value, &Value)) -> Result<()> {
    if writes::ensure(api, writes::APISERVER, def, wanted.clone()).await?.is_some() {
        return Ok(());
    }
    let found =
        api.get(&Target::new(def, meta::namespace(&wanted), meta::name(&wanted)), None, "").await?.into_value(def);
    if meta::text(&found, &["metadata", "annotations", AUTOUPDATE]) == "false" {
        return Ok(());
    }
    let mut settled = found.clone();
    for part in ["labels", "annotations"] {
        let given = meta::map(&wanted, &["metadata", part]).cloned().unwrap_or_default();
        let own = meta::metadata_mut(&mut settled).entry(part).or_insert_with(|| json!({}));
        if let Some(own) = own.as_object_mut() {
            own.extend(given);
        }
    }
    give(&mut settled, &wanted);
    if settled != found {
        writes::update(api, def, None, settled).await?;
    }
    Ok(())
}

/// Adds the rules that a role should have. Those of an aggregated role are not ours.
fn give_rules(role: &mut Value, wanted: &Value) {
    let rules = |role: &Value| -> Vec<PolicyRule> {
        meta::items(role, &["rules"]).iter().filter_map(|rule| serde_json::from_value(rule.clone()).ok()).collect()
    };
    let lost = missing(&rules(role), &rules(wanted));
    if !lost.is_empty() {
        let mut all = rules(role);
        all.extend(lost);
        role["rules"] = json!(all);
    }
}

/// Adds the subjects that a binding should have.
fn give_subjects(binding: &mut Value, wanted: &Value) {
    let mut all = meta::items(binding, &["subjects"]).to_vec();
    let lost = meta::items(wanted, &["subjects"]).iter().filter(|subject| !all.contains(subject));
    let lost: Vec<Value> = lost.cloned().collect();
    if !lost.is_empty() {
        all.extend(lost);
        binding["subjects"] = all.into();
    }
}

fn roles() -> Vec<Value> {
    let mut roles: Vec<Value> = Vec::new();
    for line in ROLES.lines() {
        match (line.strip_prefix("    "), roles.last_mut()) {
            (Some(rule), Some(role)) => {
                let rules = role["rules"].as_array_mut();
                rules.expect("a role without aggregation has rules").push(json!(self::rule(rule)));
            }
            _ => roles.push(role_of(line)),
        }
    }
    roles
}

fn role_of(line: &str) -> Value {
    let (line, whole) = line.split_once(" part of ").unwrap_or((line, ""));
    let (name, namespace) = line.split_once(" in ").unwrap_or((line, ""));
    let mut metadata = metadata(namespace, name);
    if !whole.is_empty() {
        metadata["labels"][aggregation::label(whole)] = "true".into();
    }
    if !matches!(name, "admin" | "edit" | "view") {
        return json!({"metadata": metadata, "rules": []});
    }
    let labels = Map::from_iter([(aggregation::label(name), Value::from("true"))]);
    json!({"metadata": metadata, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": labels}]}})
}

fn rule(line: &str) -> PolicyRule {
    let (rest, resource_names) = line.split_once(" named ").unwrap_or((line, ""));
    let (rest, groups) = rest.split_once(" of ").unwrap_or((rest, "core"));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let verbs = |text: &str| text.split(',').map(str::to_owned).collect();
    match rest.split_once(" at ") {
        Some((wanted, paths)) => {
            PolicyRule { verbs: verbs(wanted), non_resource_urls: words(paths), ..PolicyRule::default() }
        }
        None => {
            let (wanted, resources) = rest.split_once(" on ").unwrap_or_default();
            let groups = words(groups).into_iter().map(|group| if group == "core" { String::new() } else { group });
            PolicyRule {
                verbs: verbs(wanted),
                api_groups: groups.collect(),
                resources: words(resources),
                resource_names: words(resource_names),
                ..PolicyRule::default()
            }
        }
    }
}

fn binding(namespace: &str, name: &str, role: &str, subjects: &[(&str, &str)]) -> Value {
    let subject = |(kind, name): &(&str, &str)| match name.split_once('/') {
        Some((namespace, name)) => json!({"kind": kind, "name": name, "namespace": namespace}),
        None => json!({"kind": kind, "apiGroup": GROUP, "name": name}),
    };
    let kind = if namespace.is_empty() { "ClusterRole" } else { "Role" };
    json!({
        "metadata": metadata(namespace, name),
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": role},
        "subjects": subjects.iter().map(subject).collect::<Vec<_>>(),
    })
}

fn metadata(namespace: &str, name: &str) -> Value {
    let mut metadata = json!({
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {AUTOUPDATE: "true"},
    });
    if !namespace.is_empty() {
        metadata["namespace"] = namespace.into();
    }
    metadata
}
