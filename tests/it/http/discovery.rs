//! Discovery documents: all of them follow from the kinds.

use kubedouble::{
    http::pages::discovery::{
        aggregated, core_versions, group, group_versions, groups, resources, storage_version_hash,
    },
    verbs::Kinds,
};
use serde_json::{Value, json};

fn named<'a>(list: &'a Value, member: &str, name: &str) -> &'a Value {
    list.as_array()
        .and_then(|items| items.iter().find(|item| item[member] == name))
        .unwrap_or_else(|| panic!("{name} is listed"))
}

#[test]
fn the_core_group_has_one_version() {
    let expected = json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:8080"}],
    });
    assert_eq!(core_versions("127.0.0.1:8080"), expected);
}

#[test]
fn groups_are_listed_by_priority() {
    let kinds = Kinds::built_in();
    let names: Vec<_> = group_versions(&kinds).into_iter().map(|(group, _)| group).collect();
    let known = [
        "",
        "events.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "networking.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
    ];
    let found: Vec<_> = names.into_iter().filter(|name| known.contains(name)).collect();
    assert_eq!(found, known);
    let list = groups(&kinds);
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("APIGroupList"), &json!("v1")));
    let version = json!({"groupVersion": "discovery.k8s.io/v1", "version": "v1"});
    let expected = json!({"name": "discovery.k8s.io", "versions": [version], "preferredVersion": version});
    assert_eq!(named(&list["groups"], "name", "discovery.k8s.io"), &expected);
}

#[test]
fn a_group_stands_alone_with_its_kind() {
    let kinds = Kinds::built_in();
    let document = group(&kinds, "discovery.k8s.io").expect("the group is served");
    assert_eq!((&document["kind"], &document["name"]), (&json!("APIGroup"), &json!("discovery.k8s.io")));
    assert_eq!(group(&kinds, "nope"), None);
}

#[test]
fn resources_are_described_in_full() {
    let kinds = Kinds::built_in();
    let core = resources(&kinds, "", "v1");
    assert_eq!(core.get("apiVersion"), None, "the core group's list has none");
    let all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    let service = json!({
        "name": "services", "singularName": "service", "namespaced": true, "kind": "Service", "verbs": all,
        "shortNames": ["svc"], "categories": ["all"], "storageVersionHash": "0/CO1lhkEBI=",
    });
    assert_eq!(named(&core["resources"], "name", "services"), &service);
    let status = json!({
        "name": "services/status", "singularName": "", "namespaced": true, "kind": "Service",
        "verbs": ["get", "patch", "update"],
    });
    assert_eq!(named(&core["resources"], "name", "services/status"), &status);
    let eviction = json!({
        "name": "pods/eviction", "singularName": "", "namespaced": true, "group": "policy", "version": "v1",
        "kind": "Eviction", "verbs": ["create"],
    });
    assert_eq!(named(&core["resources"], "name", "pods/eviction"), &eviction);
    let names: Vec<_> = core["resources"].as_array().into_iter().flatten().map(|r| r["name"].to_string()).collect();
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn the_aggregated_form_nests_subresources() {
    let kinds = Kinds::built_in();
    let core = aggregated(&kinds, true);
    assert_eq!(core["apiVersion"], "apidiscovery.k8s.io/v2");
    assert_eq!(core["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(core["items"][0]["metadata"], json!({}));
    let version = &core["items"][0]["versions"][0];
    assert_eq!((&version["version"], &version["freshness"]), (&json!("v1"), &json!("Current")));
    let pods = named(&version["resources"], "resource", "pods");
    assert_eq!(pods["responseKind"], json!({"group": "", "version": "", "kind": "Pod"}));
    let eviction = named(&pods["subresources"], "subresource", "eviction");
    assert_eq!(eviction["responseKind"], json!({"group": "policy", "version": "v1", "kind": "Eviction"}));
    let others = aggregated(&kinds, false);
    let names: Vec<_> = group_versions(&kinds).into_iter().map(|(group, _)| group).collect();
    let listed: Vec<_> = others["items"].as_array().into_iter().flatten().map(|g| &g["metadata"]["name"]).collect();
    assert_eq!(listed, names[1..], "all but the core group, in the same order");
}

#[test]
fn hashes_name_the_stored_kind() {
    let kinds = Kinds::built_in();
    let table = [
        ("", "services", Some("0/CO1lhkEBI=")),
        ("", "events", Some("r2yiGXH7wu8=")),
        ("events.k8s.io", "events", Some("r2yiGXH7wu8=")),
        ("discovery.k8s.io", "endpointslices", Some("qgS0xkrxYAI=")),
        ("coordination.k8s.io", "leases", Some("gqkMMb/YqFM=")),
        ("", "bindings", None),
        ("authorization.k8s.io", "selfsubjectaccessreviews", None),
    ];
    for (group, plural, expected) in table {
        let def = kinds.resource(group, "v1", plural).unwrap_or_else(|| panic!("{plural} is served"));
        assert_eq!(storage_version_hash(&kinds, def).as_deref(), expected, "{plural}");
    }
}
