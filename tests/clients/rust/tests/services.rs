//! Reads and writes Services with kube-rs, the way programs do.

use k8s_openapi::api::core::v1::Service;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::{GroupVersionKind, Status};
use kube::{Api, Error, ResourceExt};
use kubedouble_kube_rs::{in_namespace, object, ports, service};
use serde_json::{Value, json};

#[tokio::test]
async fn a_service_lives_its_life() {
    in_namespace(async |client, namespace| {
        let services = Api::<Service>::namespaced(client, &namespace);
        let mut web = services.create(&PostParams::default(), &service("web", "front")).await.expect("created");
        let spec = web.spec.as_mut().expect("a spec");
        assert!(spec.cluster_ip.as_deref().is_some_and(|address| address.starts_with("10.96.")));
        assert_eq!(spec.type_.as_deref(), Some("ClusterIP"));
        spec.session_affinity = Some("ClientIP".to_owned());

        let again = services.create(&PostParams::default(), &service("web", "front")).await;
        assert_eq!(refused(again).reason, "AlreadyExists");
        let replaced = services.replace("web", &PostParams::default(), &web).await.expect("replaced");
        assert_eq!(replaced.spec.and_then(|spec| spec.session_affinity).as_deref(), Some("ClientIP"));
        assert_eq!(refused(services.replace("web", &PostParams::default(), &web).await).reason, "Conflict");
        let invalid = refused(services.create(&PostParams::default(), &service("Not_A_Name", "front")).await);
        assert_eq!(invalid.details.expect("details").causes[0].field, "metadata.name");

        services.delete("web", &DeleteParams::default()).await.expect("deleted");
        assert!(services.get_opt("web").await.expect("an answer").is_none());
    })
    .await;
}

#[tokio::test]
async fn lists_are_selected_and_paged() {
    in_namespace(async |client, namespace| {
        let services = Api::<Service>::namespaced(client, &namespace);
        for (name, tier) in [("a", "front"), ("b", "back"), ("c", "front")] {
            services.create(&PostParams::default(), &service(name, tier)).await.expect("created");
        }
        let front = services.list(&ListParams::default().labels("tier=front")).await.expect("a list");
        assert_eq!(names(&front.items), ["a", "c"]);
        let named = services.list(&ListParams::default().fields("metadata.name=b")).await.expect("a list");
        assert_eq!(names(&named.items), ["b"]);
        let first = services.list(&ListParams::default().limit(2)).await.expect("a page");
        assert_eq!(first.metadata.remaining_item_count, Some(1));
        let token = first.metadata.continue_.expect("a token");
        let rest = services.list(&ListParams::default().limit(2).continue_token(&token)).await.expect("a page");
        assert_eq!(names(&rest.items), ["c"]);
        let metadata = services.list_metadata(&ListParams::default()).await.expect("metadata");
        assert_eq!(metadata.items[0].labels()["tier"], "front");
    })
    .await;
}

#[tokio::test]
async fn every_kind_of_patch() {
    in_namespace(async |client, namespace| {
        let services = Api::<Service>::namespaced(client, &namespace);
        services.create(&PostParams::default(), &service("web", "front")).await.expect("created");
        let metrics = json!({"spec": {"ports": [{"name": "metrics", "port": 9100}]}});
        let replace = json!([{"op": "replace", "path": "/spec/ports/0/port", "value": 9101}]);
        for (patch, wanted) in [
            (Patch::Strategic(metrics.clone()), vec![9100, 80]),
            (Patch::Merge(metrics), vec![9100]),
            (Patch::Json(serde_json::from_value(replace).expect("a patch")), vec![9101]),
        ] {
            let patched = services.patch("web", &PatchParams::default(), &patch).await.expect("patched");
            assert_eq!(ports(&patched), wanted);
        }
    })
    .await;
}

#[tokio::test]
async fn applied_fields_have_owners() {
    in_namespace(async |client, namespace| {
        let services = Api::<Service>::namespaced(client, &namespace);
        let desired = |tier: &str| typed(&service("web", tier));
        let (one, two) = (PatchParams::apply("one"), PatchParams::apply("two"));
        let applied = services.patch("web", &one, &Patch::Apply(desired("front"))).await.expect("applied");
        assert_eq!(applied.managed_fields()[0].operation.as_deref(), Some("Apply"));
        let again = services.patch("web", &one, &Patch::Apply(desired("front"))).await.expect("applied again");
        assert_eq!(again.resource_version(), applied.resource_version());

        let conflict = refused(services.patch("web", &two, &Patch::Apply(desired("back"))).await);
        assert_eq!(conflict.details.expect("details").causes[0].field, ".metadata.labels.tier");
        let forced = services.patch("web", &two.force(), &Patch::Apply(desired("back"))).await.expect("forced");
        assert_eq!(forced.labels()["tier"], "back");
    })
    .await;
}

#[tokio::test]
async fn status_is_a_subresource() {
    in_namespace(async |client, namespace| {
        let services = Api::<Service>::namespaced(client, &namespace);
        let mut balanced = service("web", "front");
        balanced.spec.as_mut().expect("a spec").type_ = Some("LoadBalancer".to_owned());
        services.create(&PostParams::default(), &balanced).await.expect("created");
        let patch = json!({
            "spec": {"selector": {"app": "other"}},
            "status": {"loadBalancer": {"ingress": [{"hostname": "web.example.com"}]}},
        });
        services.patch_status("web", &PatchParams::default(), &Patch::Merge(patch)).await.expect("patched");
        let web = serde_json::to_value(services.get_status("web").await.expect("a status")).expect("JSON");
        assert_eq!(web["status"]["loadBalancer"]["ingress"][0]["hostname"], "web.example.com");
        assert_eq!(web["spec"]["selector"]["app"], "web");
    })
    .await;
}

#[tokio::test]
async fn discovered_kinds_are_dynamic() {
    in_namespace(async |client, namespace| {
        let kind = GroupVersionKind::gvk("", "v1", "Service");
        let (resource, _) = kube::discovery::pinned_kind(&client, &kind).await.expect("Service is discovered");
        assert_eq!(resource.plural, "services");
        let services = Api::<DynamicObject>::namespaced_with(client, &namespace, &resource);
        let web: DynamicObject = object(typed(&service("web", "front")));
        let created = services.create(&PostParams::default(), &web).await.expect("created");
        assert_eq!(created.data["spec"]["ports"][0]["protocol"], "TCP");
    })
    .await;
}

/// The status with which the server refuses.
fn refused<T: std::fmt::Debug>(answer: Result<T, Error>) -> Status {
    match answer.expect_err("the server refuses") {
        Error::Api(status) => *status,
        other => panic!("not an answer of the server: {other}"),
    }
}

/// JSON with its kind, as an apply needs it.
fn typed(service: &Service) -> Value {
    serde_json::to_value(service).expect("JSON")
}

fn names(services: &[Service]) -> Vec<String> {
    services.iter().map(ResourceExt::name_any).collect()
}
