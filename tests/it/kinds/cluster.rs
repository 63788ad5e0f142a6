//! Namespaces, Nodes and IngressClasses: kinds without a namespace.

use serde_json::{Value, json};

use super::definitions::{create_errors, created, def, now, part_errors, prepare_part, shown, update_errors};

#[test]
fn a_namespace_starts_active_and_carries_its_name() {
    let found = created(&def("", "namespaces"), json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["x.io/y"]}}));
    assert_eq!(found["metadata"]["labels"], json!({"kubernetes.io/metadata.name": "a"}));
    assert_eq!(found["spec"]["finalizers"], json!(["x.io/y", "kubernetes"]));
    assert_eq!(found["status"], json!({"phase": "Active"}));
}

#[test]
fn the_finalizers_of_a_namespace_change_through_finalize_only() {
    let namespaces = def("", "namespaces");
    let old = created(&namespaces, json!({"metadata": {"name": "a"}}));
    let mut object = json!({"metadata": {"name": "a"}, "spec": {"finalizers": []}});
    namespaces.strategy.prepare_for_update(&mut object, &old);
    assert_eq!(object["spec"], old["spec"]);
    let mut object = json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["x.io/y"]}, "status": {"phase": "X"}});
    prepare_part(&def("", "namespaces"), "finalize", &mut object, &old);
    assert!(part_errors(&def("", "namespaces"), "finalize", &object, &old).is_empty());
    assert_eq!((&object["spec"]["finalizers"], &object["status"]), (&json!(["x.io/y"]), &old["status"]));
    let object = json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["plain"]}});
    assert_eq!(
        part_errors(&def("", "namespaces"), "finalize", &object, &old),
        ["spec.finalizers[0]: Invalid value: \"plain\": name is neither a standard finalizer name nor is it \
             fully qualified"]
    );
}

#[test]
fn the_phase_of_a_namespace_follows_its_deletion() {
    let namespaces = def("", "namespaces");
    for (deleted, phase, expected) in [
        (false, "Active", None),
        (
            false,
            "Terminating",
            Some("status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"),
        ),
        (true, "Terminating", None),
        (
            true,
            "Active",
            Some(
                "status.Phase: Invalid value: \"Active\": may only be 'Terminating' if `deletionTimestamp` is \
                 not empty",
            ),
        ),
    ] {
        let mut object = json!({"metadata": {"name": "a"}, "status": {"phase": phase}});
        if deleted {
            object["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
        }
        assert_eq!(shown(&namespaces.strategy.validate_status(&object, &object)), Vec::from_iter(expected));
    }
}

#[test]
fn a_new_node_is_tainted_and_both_cidr_fields_agree() {
    let nodes = def("", "nodes");
    let found = created(&nodes, json!({"metadata": {"name": "n"}, "spec": {"podCIDR": "10.1.0.0/24"}}));
    assert_eq!(found["spec"]["podCIDRs"], json!(["10.1.0.0/24"]));
    assert_eq!(found["spec"]["taints"], json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]));
    let mut object = json!({"metadata": {"name": "n"}, "spec": {"podCIDRs": ["10.2.0.0/24", "fd00::/64"]}});
    nodes.strategy.default(&mut object);
    assert_eq!(object["spec"]["podCIDR"], "10.2.0.0/24");
}

#[test]
fn what_nodes_are_refused() {
    let nodes = def("", "nodes");
    let node = |spec: Value| json!({"metadata": {"name": "n"}, "spec": spec});
    for (spec, expected) in [
        (
            json!({"podCIDR": "x"}),
            "spec.podCIDRs[0]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        ),
        (
            json!({"podCIDRs": ["10.1.0.0/24", "10.2.0.0/24"]}),
            "spec.podCIDRs: Invalid value: [\"10.1.0.0/24\",\"10.2.0.0/24\"]: may specify no more than one CIDR \
             for each IP family",
        ),
        (
            json!({"taints": [{"key": "a", "effect": "X"}]}),
            "metadata.taints[0].effect: Unsupported value: \"X\": supported values: \"NoSchedule\", \
             \"PreferNoSchedule\", \"NoExecute\"",
        ),
    ] {
        assert_eq!(create_errors(&nodes, node(spec)), [expected]);
    }
    let old = created(&nodes, node(json!({"podCIDR": "10.1.0.0/24"})));
    assert_eq!(
        update_errors(&nodes, &old, node(json!({"podCIDR": "10.2.0.0/24"}))),
        ["spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"]
    );
}

#[test]
fn a_node_is_shown_with_its_roles_and_addresses() {
    let object = json!({
        "metadata": {"name": "n", "labels": {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "control"}},
        "spec": {"unschedulable": true},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
            "nodeInfo": {"kubeletVersion": "v1.36.3", "kernelVersion": "6.1", "architecture": "amd64"},
        },
    });
    let cells = (def("", "nodes").cells)(&object, now());
    let expected = [
        "n",
        "Ready,SchedulingDisabled",
        "control,worker",
        "<unknown>",
        "v1.36.3",
        "10.0.0.1",
        "<none>",
        "<unknown>",
        "6.1 (amd64)",
        "<unknown>",
    ];
    assert_eq!(cells, expected.map(Value::from));
}

#[test]
fn ingress_classes_keep_their_controller() {
    let kind = def("networking.k8s.io", "ingressclasses");
    let class = |controller: &str| json!({"metadata": {"name": "c"}, "spec": {"controller": controller}});
    let none: [&str; 0] = [];
    assert_eq!(create_errors(&kind, class("acme.io/foo")), none);
    assert_eq!(create_errors(&kind, class("")), ["spec.controller: Required value"]);
    assert_eq!(
        create_errors(&kind, class("foo")),
        ["spec.controller: Invalid value: \"foo\": must be a domain-prefixed path (such as \"acme.io/foo\")"]
    );
    assert_eq!(
        update_errors(&kind, &class("acme.io/foo"), class("acme.io/bar")),
        ["spec.controller: Invalid value: \"acme.io/bar\": field is immutable"]
    );
}
