//! Roles and their bindings: what they may say, and what nobody may give away.

use kubedouble::{
    kinds::{
        Authority,
        rbac::{
            escalation::missing,
            policy::{GROUP, PolicyRule, RoleRef},
        },
    },
    object::{Decision, User, access::Attributes, status::Result},
};
use serde_json::{Value, json};

use super::definitions::{create_errors, created, def, now, update_errors};

#[test]
fn a_rule_is_about_resources_or_about_paths() {
    let rule = |rule: Value| json!({"metadata": {"name": "r"}, "rules": [rule]});
    for (plural, rules, expected) in [
        ("roles", json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}), vec![]),
        (
            "roles",
            json!({}),
            vec![
                "rules[0].verbs: Required value: verbs must contain at least one value",
                "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
                "rules[0].resources: Required value: resource rules must supply at least one resource",
            ],
        ),
        (
            "roles",
            json!({"verbs": ["get"], "nonResourceURLs": ["/a"]}),
            vec![
                "rules[0].nonResourceURLs: Invalid value: [\"/a\"]: namespaced rules cannot apply to non-resource URLs",
            ],
        ),
        ("clusterroles", json!({"verbs": ["get"], "nonResourceURLs": ["/a"]}), vec![]),
        (
            "clusterroles",
            json!({"verbs": ["get"], "nonResourceURLs": ["/a"], "resources": ["pods"]}),
            vec![
                "rules[0].nonResourceURLs: Invalid value: [\"/a\"]: rules cannot apply to both regular resources and \
                 non-resource URLs",
            ],
        ),
    ] {
        assert_eq!(create_errors(&def(GROUP, plural), rule(rules.clone())), expected, "{plural} {rules}");
    }
    let empty = json!({"metadata": {"name": "r"}, "aggregationRule": {}});
    assert_eq!(
        create_errors(&def(GROUP, "clusterroles"), empty),
        ["aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if \
          aggregationRule is non-nil"]
    );
}

#[test]
fn a_binding_says_what_and_whom() {
    let binding = |kind: &str, subjects: Value| json!({"metadata": {"name": "b"}, "roleRef": {"kind": kind, "name": "r"}, "subjects": subjects});
    let of = |plural: &str, kind: &str, subjects: Value| create_errors(&def(GROUP, plural), binding(kind, subjects));
    let good = json!([{"kind": "User", "name": "jane"}, {"kind": "ServiceAccount", "name": "s", "namespace": "n"}]);
    assert_eq!(of("rolebindings", "Role", good.clone()), Vec::<String>::new());
    assert_eq!(
        of("clusterrolebindings", "Role", good),
        ["roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\""]
    );
    assert_eq!(
        of("clusterrolebindings", "ClusterRole", json!([{"kind": "ServiceAccount", "name": "s"}])),
        ["subjects[0].namespace: Required value"]
    );
    assert_eq!(
        of("rolebindings", "ClusterRole", json!([{"kind": "Robot", "name": "s"}, {"kind": "Group"}])),
        [
            "subjects[0].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", \"Group\"",
            "subjects[1].name: Required value",
        ]
    );
    let empty = json!({"metadata": {"name": "b"}, "roleRef": {"apiGroup": "x"}});
    assert_eq!(
        create_errors(&def(GROUP, "rolebindings"), empty),
        [
            "roleRef.apiGroup: Unsupported value: \"x\": supported values: \"rbac.authorization.k8s.io\"",
            "roleRef.kind: Unsupported value: \"\": supported values: \"Role\", \"ClusterRole\"",
            "roleRef.name: Required value",
        ]
    );
}

#[test]
fn a_binding_keeps_its_role() {
    let bindings = def(GROUP, "rolebindings");
    let old = created(&bindings, json!({"metadata": {"name": "b"}, "roleRef": {"kind": "Role", "name": "r"}}));
    let mut new = old.clone();
    new["subjects"] = json!([{"kind": "Group", "name": "g"}]);
    assert_eq!(update_errors(&bindings, &old, new.clone()), Vec::<String>::new());
    new["roleRef"]["name"] = "other".into();
    assert_eq!(
        update_errors(&bindings, &old, new),
        ["roleRef: Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"Role\",\"Name\":\"other\"}: \
             cannot change roleRef"]
    );
}

#[test]
fn tables_show_who_has_which_role() {
    let metadata = json!({"name": "b", "creationTimestamp": "2026-01-02T03:04:00Z"});
    let binding = json!({
        "metadata": metadata,
        "roleRef": {"kind": "ClusterRole", "name": "view"},
        "subjects": [
            {"kind": "User", "name": "jane"}, {"kind": "User", "name": "joe"}, {"kind": "Group", "name": "devs"},
            {"kind": "ServiceAccount", "name": "robot", "namespace": "n"},
        ],
    });
    let bindings = def(GROUP, "rolebindings");
    assert_eq!(
        (bindings.cells)(&binding, now()),
        ["b", "ClusterRole/view", "5s", "jane, joe", "devs", "n/robot"].map(Value::from)
    );
    let role = json!({"metadata": metadata});
    assert_eq!((def(GROUP, "roles").cells)(&role, now()), ["b", "2026-01-02T03:04:00Z"].map(Value::from));
}

#[test]
fn a_rule_covers_parts_of_others() {
    let rule = |text: &str| {
        let mut lists =
            text.split(';').map(|list| list.split_whitespace().map(|word| word.trim_matches('_').to_owned()).collect());
        let mut next = || lists.next().unwrap_or_default();
        let (verbs, api_groups, resources, resource_names) = (next(), next(), next(), next());
        PolicyRule { verbs, api_groups, resources, resource_names, ..PolicyRule::default() }
    };
    for (owned, wanted, uncovered) in [
        ("* ; * ; *", "get list ; _ apps ; pods nodes/proxy", vec![]),
        ("get ; _ ; pods", "get list ; _ ; pods", vec!["list ; _ ; pods"]),
        ("get ; _ ; pods", "get ; _ ; pods pods/log", vec!["get ; _ ; pods/log"]),
        ("get ; _ ; */log", "get ; _ ; pods/log", vec![]),
        ("get ; _ ; pods ; a", "get ; _ ; pods ; a b", vec!["get ; _ ; pods ; b"]),
        ("get ; _ ; pods ; a", "get ; _ ; pods", vec!["get ; _ ; pods"]),
        ("get ; _ ; pods", "get ; _ ; pods ; a", vec![]),
        ("get ; _ ; pods", "* ; _ ; pods", vec!["* ; _ ; pods"]),
    ] {
        let expected: Vec<_> = uncovered.into_iter().map(rule).collect();
        assert_eq!(missing(&[rule(owned)], &[rule(wanted)]), expected, "{owned} covers {wanted}");
    }
}

#[test]
fn a_rule_of_very_many_permissions_is_covered_whole_or_not_at_all() {
    let many = |prefix: &str| (0..2_000).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>();
    let rule = |verbs| PolicyRule { verbs, api_groups: many("g"), resources: many("r"), ..PolicyRule::default() };
    let (wanted, verbs) = (rule(many("v")), many("v"));
    assert_eq!(missing(&[rule(many("v"))], std::slice::from_ref(&wanted)), vec![]);
    assert_eq!(missing(&[rule(verbs[1..].to_vec())], std::slice::from_ref(&wanted)), vec![wanted.clone()]);
}

/// A user who may read pods, and nothing else.
struct Reader(User);

impl Authority for Reader {
    fn user(&self) -> &User {
        &self.0
    }

    fn decide(&self, _user: &User, _attributes: &Attributes) -> Decision {
        Decision::default()
    }

    fn rules(&self, _namespace: &str) -> (Vec<PolicyRule>, Vec<String>) {
        (rules(&["get", "list"]), Vec::new())
    }

    fn granted(&self, _role: &RoleRef, _namespace: &str) -> Result<Vec<PolicyRule>> {
        Ok(rules(&["get", "delete", "create"]))
    }
}

fn rules(verbs: &[&str]) -> Vec<PolicyRule> {
    serde_json::from_value(json!([{"verbs": verbs, "apiGroups": [""], "resources": ["pods"]}])).expect("rules")
}

#[test]
fn nobody_gives_what_they_do_not_have() {
    let reader = Reader(User::new("jane", ["devs", "system:authenticated"]));
    let role = |verbs: &[&str]| json!({"metadata": {"name": "r", "namespace": "a"}, "rules": rules(verbs)});
    let roles = def(GROUP, "roles").strategy.clone();
    assert_eq!(roles.authorize(&role(&["get"]), None, &reader), Ok(()));
    let granting = role(&["get", "delete"]);
    let refusal = roles.authorize(&granting, None, &reader).expect_err("a refusal");
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (
            403,
            "roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"jane\" (groups=[\"devs\" \
             \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n\
             {APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}"
        )
    );
    assert_eq!(roles.authorize(&granting, Some(&granting), &reader), Ok(()), "the rules stay as they are");
    let binding = json!({"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "r"}});
    let refusal = def(GROUP, "clusterrolebindings").strategy.authorize(&binding, None, &reader).expect_err("a refusal");
    assert!(refusal.message.ends_with("{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\" \"create\"]}"));
}
