//! Namespaces.

use serde_json::{Value, json};

use super::{World, causes};

const NAMESPACES: &str = "/api/v1/namespaces";

fn labelled(labels: Value) -> Value {
    json!({"metadata": {"name": "n", "labels": labels}})
}

#[tokio::test]
async fn the_labels_of_pod_security_are_checked() {
    let world = World::new().await;
    let bad = labelled(json!({
        "pod-security.kubernetes.io/enforce": "foo",
        "pod-security.kubernetes.io/warn-version": "1.24",
    }));
    let label = |name: &str| format!("metadata.labels[pod-security.kubernetes.io/{name}]: Invalid value:");
    let expected = [
        format!("{} \"foo\": must be one of privileged, baseline, restricted", label("enforce")),
        format!("{} \"1.24\": must be \"latest\" or \"v1.x\"", label("warn-version")),
    ];
    assert_eq!(causes(world.client.post(NAMESPACES, &bad).await), expected);
    let good = json!({
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "v1.36",
        "pod-security.kubernetes.io/audit-version": "latest",
    });
    world.created(NAMESPACES, labelled(good)).await;
    assert_eq!(causes(world.patch("merge", "/api/v1/namespaces/n", bad).await), expected);
}
