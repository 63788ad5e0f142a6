//! The roles and bindings that every cluster with RBAC starts with, under kube-apiserver's names.

use serde_json::{Map, Value, json};

use super::{aggregation, bootstrap::ensure};
use crate::{
    kinds::{
        cluster_role, cluster_role_binding,
        rbac::{GROUP, PolicyRule},
    },
    object::{
        access::{AUTHENTICATED, MASTERS, UNAUTHENTICATED},
        status::Result,
    },
    verbs::Api,
};
use Rule::{At, On};

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const READ_WRITE: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const EVENT: &[&str] = &["create", "patch", "update"];
const GET: &[&str] = &["get"];
const CREATE: &[&str] = &["create"];
const ALL: &[&str] = &["*"];
const CORE: &[&str] = &[""];

/// Creates what is missing.
pub async fn create(api: &Api) -> Result<()> {
    for role in ROLES {
        ensure(api, &cluster_role::DEF, role.object()).await?;
    }
    for (role, subjects) in BINDINGS {
        ensure(api, &cluster_role_binding::DEF, binding(role, subjects)).await?;
    }
    aggregation::fill(api).await
}

struct Role {
    name: &'static str,
    /// The roles that take in this one's rules: `view`, `edit` or `admin`.
    part_of: &'static str,
    rules: &'static [Rule],
}

/// What may be done.
enum Rule {
    /// These verbs, on resources of these groups.
    On(&'static [&'static str], &'static [&'static str], &'static [&'static str]),
    /// These verbs, at these paths.
    At(&'static [&'static str], &'static [&'static str]),
}

impl Role {
    const fn new(name: &'static str, rules: &'static [Rule]) -> Self {
        Self { name, part_of: "", rules }
    }

    const fn part_of(self, whole: &'static str) -> Self {
        Self { part_of: whole, ..self }
    }

    fn object(&self) -> Value {
        let mut metadata = metadata(self.name);
        if !self.part_of.is_empty() {
            metadata["labels"][aggregation::label(self.part_of)] = "true".into();
        }
        let rules: Vec<PolicyRule> = self.rules.iter().map(Rule::policy).collect();
        if !matches!(self.name, "admin" | "edit" | "view") {
            return json!({"metadata": metadata, "rules": rules});
        }
        let labels = Map::from_iter([(aggregation::label(self.name), Value::from("true"))]);
        json!({"metadata": metadata, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": labels}]}})
    }
}

impl Rule {
    fn policy(&self) -> PolicyRule {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        match self {
            On(verbs, groups, resources) => PolicyRule {
                verbs: owned(verbs),
                api_groups: owned(groups),
                resources: owned(resources),
                ..PolicyRule::default()
            },
            At(verbs, urls) => {
                PolicyRule { verbs: owned(verbs), non_resource_urls: owned(urls), ..PolicyRule::default() }
            }
        }
    }
}

fn binding(role: &str, subjects: &[(&str, &str)]) -> Value {
    let subject = |(kind, name): &(&str, &str)| match name.split_once('/') {
        Some((namespace, name)) => json!({"kind": kind, "name": name, "namespace": namespace}),
        None => json!({"kind": kind, "apiGroup": GROUP, "name": name}),
    };
    json!({
        "metadata": metadata(role),
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        "subjects": subjects.iter().map(subject).collect::<Vec<_>>(),
    })
}

fn metadata(name: &str) -> Value {
    json!({
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    })
}

/// The role, and the kinds and names of those who have it; a service account is `namespace/name`.
const BINDINGS: &[(&str, &[(&str, &str)])] = &[
    ("cluster-admin", &[("Group", MASTERS)]),
    ("system:basic-user", &[("Group", AUTHENTICATED)]),
    ("system:discovery", &[("Group", AUTHENTICATED)]),
    ("system:kube-dns", &[("ServiceAccount", "kube-system/kube-dns")]),
    ("system:monitoring", &[("Group", "system:monitoring")]),
    ("system:node-proxier", &[("User", "system:kube-proxy")]),
    ("system:public-info-viewer", &[("Group", AUTHENTICATED), ("Group", UNAUTHENTICATED)]),
    ("system:service-account-issuer-discovery", &[("Group", "system:serviceaccounts")]),
];

const ROLES: &[Role] = &[
    Role::new("cluster-admin", &[On(ALL, ALL, ALL), At(ALL, ALL)]),
    Role::new(
        "system:discovery",
        &[At(
            GET,
            &[
                "/api",
                "/api/*",
                "/apis",
                "/apis/*",
                "/healthz",
                "/livez",
                "/openapi",
                "/openapi/*",
                "/readyz",
                "/version",
                "/version/",
            ],
        )],
    ),
    Role::new(
        "system:monitoring",
        &[At(
            GET,
            &["/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"],
        )],
    ),
    Role::new("system:public-info-viewer", &[At(GET, &["/healthz", "/livez", "/readyz", "/version", "/version/"])]),
    Role::new(
        "system:basic-user",
        &[
            On(CREATE, &["authorization.k8s.io"], &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
            On(CREATE, &["authentication.k8s.io"], &["selfsubjectreviews"]),
        ],
    ),
    Role::new(
        "system:service-account-issuer-discovery",
        &[At(
            GET,
            &[
                "/.well-known/openid-configuration",
                "/.well-known/openid-configuration/",
                "/openid/v1/jwks",
                "/openid/v1/jwks/",
            ],
        )],
    ),
    Role::new(
        "system:auth-delegator",
        &[
            On(CREATE, &["authentication.k8s.io"], &["tokenreviews"]),
            On(CREATE, &["authorization.k8s.io"], &["subjectaccessreviews"]),
        ],
    ),
    Role::new(
        "system:kube-dns",
        &[
            On(&["list", "watch"], CORE, &["endpoints", "services"]),
            On(&["list", "watch"], &["discovery.k8s.io"], &["endpointslices"]),
        ],
    ),
    Role::new(
        "system:node-proxier",
        &[
            On(&["list", "watch"], CORE, &["endpoints", "services"]),
            On(READ, CORE, &["nodes"]),
            On(EVENT, &["", "events.k8s.io"], &["events"]),
            On(&["list", "watch"], &["discovery.k8s.io"], &["endpointslices"]),
            On(&["list", "watch"], &["networking.k8s.io"], &["servicecidrs"]),
        ],
    ),
    Role::new("admin", &[]),
    Role::new("edit", &[]).part_of("admin"),
    Role::new("view", &[]).part_of("edit"),
    Role::new(
        "system:aggregate-to-admin",
        &[
            On(CREATE, &["authorization.k8s.io"], &["localsubjectaccessreviews"]),
            On(READ_WRITE, &[GROUP], &["rolebindings", "roles"]),
        ],
    )
    .part_of("admin"),
    Role::new(
        "system:aggregate-to-edit",
        &[
            On(
                READ,
                CORE,
                &["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"],
            ),
            On(&["impersonate"], CORE, &["serviceaccounts"]),
            On(WRITE, CORE, &["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"]),
            On(CREATE, CORE, &["pods/eviction"]),
            On(
                WRITE,
                CORE,
                &[
                    "configmaps",
                    "events",
                    "persistentvolumeclaims",
                    "replicationcontrollers",
                    "replicationcontrollers/scale",
                    "secrets",
                    "serviceaccounts",
                    "services",
                    "services/proxy",
                ],
            ),
            On(CREATE, CORE, &["serviceaccounts/token"]),
            On(
                WRITE,
                &["apps"],
                &[
                    "daemonsets",
                    "deployments",
                    "deployments/rollback",
                    "deployments/scale",
                    "replicasets",
                    "replicasets/scale",
                    "statefulsets",
                    "statefulsets/scale",
                ],
            ),
            On(WRITE, &["autoscaling"], &["horizontalpodautoscalers"]),
            On(WRITE, &["batch"], &["cronjobs", "jobs"]),
            On(WRITE, &["policy"], &["poddisruptionbudgets"]),
            On(WRITE, &["networking.k8s.io"], &["ingresses", "networkpolicies"]),
            On(READ_WRITE, &["coordination.k8s.io"], &["leases"]),
        ],
    )
    .part_of("edit"),
    Role::new(
        "system:aggregate-to-view",
        &[
            On(
                READ,
                CORE,
                &[
                    "configmaps",
                    "endpoints",
                    "persistentvolumeclaims",
                    "persistentvolumeclaims/status",
                    "pods",
                    "replicationcontrollers",
                    "replicationcontrollers/scale",
                    "serviceaccounts",
                    "services",
                    "services/status",
                ],
            ),
            On(
                READ,
                CORE,
                &[
                    "bindings",
                    "events",
                    "limitranges",
                    "namespaces/status",
                    "pods/log",
                    "pods/status",
                    "replicationcontrollers/status",
                    "resourcequotas",
                    "resourcequotas/status",
                ],
            ),
            On(READ, CORE, &["namespaces"]),
            On(READ, &["discovery.k8s.io"], &["endpointslices"]),
            On(
                READ,
                &["apps"],
                &[
                    "controllerrevisions",
                    "daemonsets",
                    "daemonsets/status",
                    "deployments",
                    "deployments/scale",
                    "deployments/status",
                    "replicasets",
                    "replicasets/scale",
                    "replicasets/status",
                    "statefulsets",
                    "statefulsets/scale",
                    "statefulsets/status",
                ],
            ),
            On(READ, &["autoscaling"], &["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
            On(READ, &["batch"], &["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
            On(READ, &["policy"], &["poddisruptionbudgets", "poddisruptionbudgets/status"]),
            On(READ, &["networking.k8s.io"], &["ingresses", "ingresses/status", "networkpolicies"]),
        ],
    )
    .part_of("view"),
];
