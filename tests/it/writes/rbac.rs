//! Roles.

use serde_json::json;

use super::{World, causes};

const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";

#[tokio::test]
async fn the_selectors_of_an_aggregated_role_are_checked() {
    let world = World::new().await;
    let selector = json!({"matchLabels": {"a": "a b"}, "matchExpressions": [{"key": "k", "operator": "X"}]});
    let role = json!({
        "metadata": {"name": "r"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}, selector]},
    });
    let found = causes(world.client.post(ROLES, &role).await);
    let at = "aggregationRule.clusterRoleSelectors[1]";
    assert!(
        found[0].starts_with(&format!("{at}.matchLabels: Invalid value: \"a b\": a valid label must")),
        "{found:?}"
    );
    assert_eq!(
        found[1..],
        [
            format!("{at}.matchExpressions[0].operator: Invalid value: \"X\": not a valid selector operator"),
            format!("{at}: Invalid value: null: invalid label selector."),
        ]
    );
}
