//! Follows Services with kube-rs' runtime: watchers, reflectors and a controller with a finalizer.

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Service};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::finalizer::{self, finalizer};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use kubedouble_kube_rs::{eventually, in_namespace, object, ports, service};
use serde_json::json;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

const FINALIZER: &str = "kubedouble.test/publisher";

#[tokio::test]
async fn a_watcher_that_lists() {
    in_namespace(async |client, namespace| follow(client, &namespace, watcher::Config::default()).await).await;
}

#[tokio::test]
async fn a_watcher_that_streams_its_list() {
    let streaming = watcher::Config::default().streaming_lists();
    in_namespace(async |client, namespace| follow(client, &namespace, streaming).await).await;
}

#[tokio::test]
async fn a_reflector_keeps_a_store() {
    in_namespace(async |client, namespace| {
        let services = Api::<Service>::namespaced(client, &namespace);
        services.create(&PostParams::default(), &service("web", "front")).await.expect("created");
        let (store, writer) = reflector::store();
        let changes = reflector(writer, watcher(services.clone(), watcher::Config::default().labels("tier=front")));
        let reflecting = tokio::spawn(changes.default_backoff().applied_objects().for_each(async |_| {}));
        store.wait_until_ready().await.expect("the store is filled");
        assert_eq!(store.state().len(), 1);
        let patch = Patch::Merge(json!({"metadata": {"labels": {"tier": "back"}}}));
        services.patch("web", &PatchParams::default(), &patch).await.expect("patched");
        eventually(async || store.is_empty().then_some(())).await;
        reflecting.abort();
    })
    .await;
}

#[tokio::test]
async fn a_controller_reconciles_with_a_finalizer() {
    in_namespace(async |client, namespace| {
        let services = Api::<Service>::namespaced(client.clone(), &namespace);
        let maps = Api::<ConfigMap>::namespaced(client.clone(), &namespace);
        let controller = Controller::new(services.clone(), watcher::Config::default())
            .owns(maps.clone(), watcher::Config::default())
            .run(reconcile, |_, _, _| Action::requeue(Duration::from_millis(100)), Arc::new(client));
        let running = tokio::spawn(controller.for_each(async |_| {}));

        services.create(&PostParams::default(), &service("web", "front")).await.expect("created");
        let map = eventually(async || maps.get_opt("web").await.expect("an answer")).await;
        let web = services.get("web").await.expect("the Service");
        assert_eq!(web.finalizers(), [FINALIZER]);
        assert_eq!(map.data.expect("data").get("address"), web.spec.and_then(|spec| spec.cluster_ip).as_ref());

        // What the controller owns comes back.
        maps.delete("web", &DeleteParams::default()).await.expect("deleted");
        eventually(async || maps.get_opt("web").await.expect("an answer")).await;

        let deleted = services.delete("web", &DeleteParams::default()).await.expect("deleted");
        assert!(
            deleted.left().is_some_and(|web| web.meta().deletion_timestamp.is_some()),
            "it waits for its finalizer"
        );
        eventually(async || services.get_opt("web").await.expect("an answer").is_none().then_some(())).await;
        running.abort();
    })
    .await;
}

/// Sees what is there, then what is created, changed and deleted.
async fn follow(client: Client, namespace: &str, config: watcher::Config) {
    let services = Api::<Service>::namespaced(client, namespace);
    services.create(&PostParams::default(), &service("before", "front")).await.expect("created");
    let mut events = pin!(watcher(services.clone(), config));
    let mut next = async || match events.try_next().await.expect("no error").expect("no end") {
        watcher::Event::Init => "init".to_owned(),
        watcher::Event::InitApply(service) => format!("init {}", service.name_any()),
        watcher::Event::InitDone => "filled".to_owned(),
        watcher::Event::Apply(service) => format!("apply {} {:?}", service.name_any(), ports(&service)),
        watcher::Event::Delete(service) => format!("delete {}", service.name_any()),
    };
    for wanted in ["init", "init before", "filled"] {
        assert_eq!(next().await, wanted);
    }
    services.create(&PostParams::default(), &service("web", "front")).await.expect("created");
    assert_eq!(next().await, "apply web [80]");
    let patch = Patch::Merge(json!({"spec": {"ports": [{"port": 81}]}}));
    services.patch("web", &PatchParams::default(), &patch).await.expect("patched");
    assert_eq!(next().await, "apply web [81]");
    services.delete("web", &DeleteParams::default()).await.expect("deleted");
    assert_eq!(next().await, "delete web");
}

/// Keeps a ConfigMap with the address of a Service, until the Service goes.
async fn reconcile(service: Arc<Service>, client: Arc<Client>) -> Result<Action, finalizer::Error<kube::Error>> {
    let namespace = service.namespace().expect("Services have a namespace");
    let services = Api::<Service>::namespaced((*client).clone(), &namespace);
    let maps = Api::<ConfigMap>::namespaced((*client).clone(), &namespace);
    finalizer(&services, FINALIZER, service, async |event| {
        if let finalizer::Event::Apply(service) = event {
            let map: ConfigMap = object(json!({
                "metadata": {"name": service.name_any(), "ownerReferences": [service.controller_owner_ref(&())]},
                "data": {"address": service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_ref())},
            }));
            let params = PatchParams::apply("publisher").force();
            maps.patch(&service.name_any(), &params, &Patch::Apply(map)).await?;
        }
        Ok(Action::await_change())
    })
    .await
}
