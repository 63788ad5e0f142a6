//! Patches: what they warn about, and how they end where a plain write ends otherwise.

use serde_json::json;

use super::{World, causes};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

#[tokio::test]
async fn a_refused_patch_still_warns_about_unknown_fields() {
    let world = World::new().await;
    world.created(MAPS, json!({"metadata": {"name": "a"}})).await;
    let bad = json!({"bogus": 1, "metadata": {"labels": {"a b": ""}}});
    for kind in ["merge", "strategic-merge"] {
        let refused = world.patch(kind, &format!("{MAPS}/a"), bad.clone()).await;
        assert_eq!(refused.header("warning"), "299 - \"unknown field \\\"bogus\\\"\"", "{kind}");
        assert!(!causes(refused).is_empty());
    }
    let stale = json!({"bogus": 1, "metadata": {"resourceVersion": "x"}});
    let refused = world.patch("merge", &format!("{MAPS}/a"), stale).await;
    assert_eq!((refused.status, refused.header("warning")), (500, "299 - \"unknown field \\\"bogus\\\"\""));
}

#[tokio::test]
async fn numbers_of_32_bits_wrap_where_maps_become_structs() {
    let world = World::new().await;
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let spec = json!({"selector": {"matchLabels": {"a": "b"}}, "template": template});
    world.created(DEPLOYMENTS, json!({"metadata": {"name": "d"}, "spec": spec})).await;
    let path = format!("{DEPLOYMENTS}/d");
    let many = json!({"spec": {"replicas": 2_147_483_648_i64}});
    assert_eq!(
        causes(world.patch("strategic-merge", &path, many.clone()).await),
        ["spec.replicas: Invalid value: -2147483648: must be greater than or equal to 0"]
    );
    let cause = causes(world.patch("merge", &path, many).await).join("\n");
    assert!(cause.contains("cannot unmarshal number 2147483648 into Go struct field"), "{cause}");
}
