//! Updates of pods.

use serde_json::json;

use super::{World, causes};

const PODS: &str = "/api/v1/namespaces/default/pods";

#[tokio::test]
async fn every_validator_of_an_update_looks_at_the_metadata() {
    let world = World::new().await;
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    world.created(PODS, pod).await;
    let named = "metadata.finalizers[0]: Invalid value: \"a.b.c\": name is neither a standard finalizer name nor is it \
                 fully qualified";
    let patch = json!({"metadata": {"finalizers": ["a.b.c"]}});
    for (path, times) in [("", 2), ("/status", 1)] {
        let found = causes(world.patch("merge", &format!("{PODS}/p{path}"), patch.clone()).await);
        assert_eq!(found, vec![named; times], "{path}");
    }
}
