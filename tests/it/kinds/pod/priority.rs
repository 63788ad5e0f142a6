//! Priority classes of pods: every cluster has two, and what they compute is not for clients to say.

use serde_json::{Value, json};

use crate::{client::Client, harness};

const PODS: &str = "/api/v1/namespaces/default/pods";

#[tokio::test]
async fn the_class_says_the_priority() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post("/api/v1/namespaces/default/serviceaccounts", &json!({"metadata": {"name": "default"}})).await;
    let create = async |name: &str, more: Value| {
        let mut pod = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        pod["spec"].as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
        client.post(PODS, &pod).await
    };
    for (name, class, priority) in
        [("a", "", 0), ("b", "system-cluster-critical", 2_000_000_000), ("c", "system-node-critical", 2_000_001_000)]
    {
        let pod = create(name, json!({"priorityClassName": class})).await.expect(201).json();
        assert_eq!(pod["spec"]["priority"], priority, "{class}");
        assert_eq!(pod["spec"]["preemptionPolicy"], "PreemptLowerPriority");
    }
    let computed = "must not be provided in pod spec; priority admission controller computed";
    for (more, why) in [
        (json!({"priorityClassName": "gold"}), "no PriorityClass with name gold was found".to_owned()),
        (
            json!({"priority": 7}),
            format!("the integer value of priority (7) {computed} 0 from the given PriorityClass name"),
        ),
        (
            json!({"preemptionPolicy": "Never"}),
            format!(
                "the string value of PreemptionPolicy (Never) {computed} PreemptLowerPriority from the given \
                 PriorityClass name"
            ),
        ),
    ] {
        let refusal = create("d", more).await.expect(403).json();
        assert_eq!(refusal["message"], format!("pods \"d\" is forbidden: {why}"));
    }
}
