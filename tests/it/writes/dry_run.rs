//! A dry run returns what would be stored, except for what only the store takes away.

use serde_json::json;

use super::World;

const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn empty_lists_are_as_they_would_be_stored() {
    let world = World::new().await;
    let slice = json!({"metadata": {"name": "a"}, "addressType": "IPv4", "endpoints": [], "ports": []});
    for query in ["?dryRun=All", ""] {
        let made = world.created(&format!("{SLICES}{query}"), slice.clone()).await;
        assert_eq!((&made["ports"], &made["endpoints"]), (&json!(null), &json!(null)), "{query}");
    }
    let put = world.client.put(&format!("{SLICES}/a?dryRun=All"), &slice).await.expect(200).json();
    assert_eq!(put["ports"], json!(null));
}

#[tokio::test]
async fn a_self_link_goes_when_the_object_is_stored() {
    let world = World::new().await;
    world.created(MAPS, json!({"metadata": {"name": "a"}})).await;
    let with_link = json!({"metadata": {"name": "a", "selfLink": "x"}});
    let tried = world.client.put(&format!("{MAPS}/a?dryRun=All"), &with_link).await.expect(200).json();
    assert_eq!(tried["metadata"]["selfLink"], "x");
    let stored = world.client.put(&format!("{MAPS}/a"), &with_link).await.expect(200).json();
    assert_eq!(stored["metadata"]["selfLink"], json!(null));
}

#[tokio::test]
async fn a_conflict_of_uids_names_the_key_in_the_store() {
    let world = World::new().await;
    let path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
    let ingress = |uid: &str| {
        let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
        json!({"metadata": {"name": "a", "uid": uid}, "spec": {"defaultBackend": backend}})
    };
    world.created(path, ingress("")).await;
    for (query, key) in [("", "/registry/ingress/default/a"), ("?dryRun=All", "/ingress/default/a")] {
        let refused = world.client.put(&format!("{path}/a{query}"), &ingress("other")).await.expect(409).json();
        let message = refused["message"].as_str().expect("a message").to_owned();
        assert!(message.contains(&format!("Key: {key}, ")), "{message}");
    }
}
