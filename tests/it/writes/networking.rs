//! Ingresses, their classes, and EndpointSlices.

use serde_json::{Value, json};

use super::{World, causes};

const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
const CLASSES: &str = "/apis/networking.k8s.io/v1/ingressclasses";
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

fn ingress(annotation: &str, class: &str) -> Value {
    json!({
        "metadata": {"name": "a", "annotations": {"kubernetes.io/ingress.class": annotation}},
        "spec": {
            "ingressClassName": class,
            "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
        },
    })
}

#[tokio::test]
async fn an_ingress_may_name_its_class_twice_but_not_two_classes() {
    let world = World::new().await;
    assert_eq!(
        causes(world.client.post(INGRESSES, &ingress("x", "y")).await),
        ["annotations.kubernetes.io/ingress.class: Invalid value: \"x\": must match `ingressClassName` when both are \
             specified"]
    );
    world.created(INGRESSES, ingress("x", "x")).await;
}

#[tokio::test]
async fn an_ingress_without_a_class_gets_the_newest_default_one() {
    let world = World::new().await;
    let plain = |name: &str| {
        let mut object = ingress("", "");
        object["metadata"] = json!({"name": name});
        object["spec"]["ingressClassName"] = json!(null);
        object
    };
    let class_of = |made: &Value| made["spec"]["ingressClassName"].clone();
    assert_eq!(class_of(&world.created(INGRESSES, plain("none")).await), Value::Null);
    for (name, is_default) in [("c", "true"), ("b", "true"), ("a", "false")] {
        let annotations = json!({"ingressclass.kubernetes.io/is-default-class": is_default});
        let metadata = json!({"name": name, "annotations": annotations});
        world.created(CLASSES, json!({"metadata": metadata, "spec": {"controller": "x.io/y"}})).await;
    }
    // Both were created in the same second, or b a second later.
    assert_eq!(class_of(&world.created(INGRESSES, plain("i")).await), "b");
    let mut annotated = ingress("old", "");
    annotated["spec"]["ingressClassName"] = json!(null);
    assert_eq!(class_of(&world.created(INGRESSES, annotated).await), Value::Null);
}

#[tokio::test]
async fn the_parameters_of_a_class_have_a_kind_and_a_name() {
    let world = World::new().await;
    let class = json!({"metadata": {"name": "a"}, "spec": {"controller": "x.io/y", "parameters": {}}});
    assert_eq!(
        causes(world.client.post(CLASSES, &class).await),
        ["spec.parameters.kind: Required value", "spec.parameters.name: Required value"]
    );
}

#[tokio::test]
async fn ports_of_a_slice_are_checked_before_its_endpoints() {
    let world = World::new().await;
    let slice = json!({
        "metadata": {"name": "a"}, "addressType": "IPv6",
        "endpoints": [{"addresses": ["2001:db8::1"], "nodeName": "a b"}],
        "ports": [{"port": 80}, {"port": 81}],
    });
    let found = causes(world.client.post(SLICES, &slice).await);
    assert_eq!(found[0], "ports[1].name: Duplicate value: \"\"");
    assert!(found[1].starts_with("endpoints[0].nodeName: Invalid value: \"a b\""), "{found:?}");
}

#[tokio::test]
async fn a_topology_that_is_dropped_raises_the_generation_of_a_slice() {
    let world = World::new().await;
    let slice = |endpoint: Value| json!({"metadata": {"name": "a"}, "addressType": "IPv4", "endpoints": [endpoint], "ports": []});
    let plain = json!({"addresses": ["192.0.2.1"]});
    let with_topology = json!({"addresses": ["192.0.2.1"], "deprecatedTopology": {"a": "b"}});
    world.created(SLICES, slice(plain.clone())).await;
    let path = format!("{SLICES}/a");
    for (endpoint, generation) in [(&plain, 1), (&with_topology, 2), (&plain, 2)] {
        let put = world.client.put(&path, &slice(endpoint.clone())).await.expect(200).json();
        assert_eq!(put["metadata"]["generation"], generation, "{endpoint}");
        assert_eq!(put["endpoints"], json!([{"addresses": ["192.0.2.1"], "conditions": {}}]));
    }
}

#[tokio::test]
async fn the_status_of_a_service_cidr_leaves_its_metadata_alone() {
    let world = World::new().await;
    let path = "/apis/networking.k8s.io/v1/servicecidrs";
    let cidr = json!({
        "metadata": {"name": "c", "finalizers": ["x.io/y"], "labels": {"a": "b"}},
        "spec": {"cidrs": ["10.20.0.0/16"]},
    });
    world.created(path, cidr).await;
    let patch = json!({"metadata": {"labels": {"a": "c"}, "finalizers": null}});
    let after = world.patch("merge", &format!("{path}/c/status"), patch).await.expect(200).json();
    assert_eq!(after["metadata"]["labels"], json!({"a": "b"}));
    assert!(after["metadata"]["finalizers"].as_array().is_some_and(|list| list.contains(&json!("x.io/y"))));
}
