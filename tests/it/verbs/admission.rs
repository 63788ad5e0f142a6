//! Admission: what plugins see of a write, and what they can do to it.

use std::{
    future::ready,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use kubedouble::{
    object::Status,
    verbs::{
        Api,
        admission::{Admission, Attributes, Operation, Review, Verdict},
    },
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    client::{Client, SERVICES, at, names, service},
    harness,
};

const PODS: &str = "/api/v1/namespaces/default/pods";

/// Notes what it sees of Services and pods: the phase, the operation, the subresource, the name, the cluster IP.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    fn note(&self, phase: &str, review: &Review<'_>) {
        let Attributes { operation, sub, .. } = review.attributes;
        let object = review.object.as_deref().or(review.old).unwrap_or(&Value::Null);
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
        let sub = sub.map_or("-", |sub| &sub.name);
        let line = format!("{phase} {operation:?} {sub} {} {}", text("/metadata/name"), text("/spec/clusterIP"));
        self.0.lock().expect("a recorder").push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("a recorder"))
    }
}

fn concerns(attributes: &Attributes<'_>) -> bool {
    ["services", "pods"].contains(&&*attributes.target.def.plural) && attributes.target.namespace.is_some()
}

impl Admission for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        concerns(attributes)
    }

    fn mutate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        self.note("mutate", review);
        Box::pin(ready(Ok(())))
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        concerns(attributes)
    }

    fn validate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        self.note("validate", review);
        Box::pin(ready(Ok(())))
    }
}

#[tokio::test]
async fn every_write_is_seen_before_and_after_the_kinds_own_steps() {
    let server = harness::start(&["--service-cluster-ip-range=10.7.0.0/24"]).await;
    let client = Client::new(server.url());
    let recorder = Arc::new(Recorder::default());
    server.api().add_admission(recorder.clone());
    let mut object = service("web");
    object["spec"]["clusterIP"] = "10.7.0.9".into();
    client.post(SERVICES, &object).await.expect(201);
    assert_eq!(recorder.take(), ["mutate Create - web 10.7.0.9", "validate Create - web 10.7.0.9"]);
    let unnamed = json!({"metadata": {"generateName": "x-"}, "spec": {"ports": [{"port": 80}]}});
    client.post(SERVICES, &unnamed).await.expect(201);
    let seen = recorder.take();
    assert_eq!(seen[0], "mutate Create - - -", "mutating admission sees neither a generated name nor an address");
    assert!(seen[1].starts_with("validate Create - x-") && seen[1].contains(" 10.7.0."), "{seen:?}");
    client.patch(&at("web"), &json!({"metadata": {"labels": {"a": "b"}}})).await.expect(200);
    client.patch(&format!("{}/status", at("web")), &json!({"status": {"loadBalancer": {}}})).await.expect(200);
    client.delete(&at("web")).await.expect(200);
    let expected = [
        "mutate Update - web 10.7.0.9",
        "validate Update - web 10.7.0.9",
        "mutate Update status web 10.7.0.9",
        "validate Update status web 10.7.0.9",
        "mutate Delete - web 10.7.0.9",
        "validate Delete - web 10.7.0.9",
    ];
    assert_eq!(recorder.take(), expected);
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    client.post(PODS, &pod).await.expect(201);
    recorder.take();
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}});
    client.post(&format!("{PODS}/p/eviction"), &eviction).await.expect(201);
    let seen = recorder.take();
    assert_eq!(seen[..2], ["mutate Create eviction p -", "validate Create eviction p -"], "{seen:?}");
}

/// Adds a label, warns, and refuses what is named `bad`.
struct Labeller;

impl Admission for Labeller {
    fn name(&self) -> &'static str {
        "Labeller"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.target.def.plural == "services" && attributes.operation == Operation::Create
    }

    fn mutate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let object = review.object.as_deref_mut().expect("a create has an object");
            if object["metadata"]["name"] == "bad" {
                return Err(Status::forbidden("", "services", "bad", "no"));
            }
            object["metadata"]["labels"]["seen"] = "yes".into();
            review.warnings.push("it was seen".to_owned());
            Ok(())
        })
    }
}

#[tokio::test]
async fn a_plugin_changes_warns_and_refuses() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    server.api().add_admission(Arc::new(Labeller));
    let made = client.post(SERVICES, &service("good")).await.expect(201);
    assert_eq!(made.header("warning"), "299 - \"it was seen\"");
    assert_eq!(made.json()["metadata"]["labels"], json!({"seen": "yes"}));
    let refused = client.post(SERVICES, &service("bad")).await.expect(403).json();
    assert_eq!(refused["reason"], json!("Forbidden"));
    assert_eq!(names(&client.get(SERVICES).await.expect(200).json()), ["good", "kubernetes"]);
}

/// Holds writes of Services until it is told to let them go.
#[derive(Default)]
struct Holder {
    reached: Notify,
    released: Notify,
    reviews: AtomicUsize,
}

impl Admission for Holder {
    fn name(&self) -> &'static str {
        "Holder"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.target.def.plural == "services" && attributes.operation == Operation::Create
    }

    fn mutate<'a, 'r: 'a>(&'a self, _api: &'a Api, _review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(async move {
            if self.reviews.fetch_add(1, SeqCst) == 0 {
                self.reached.notify_one();
                self.released.notified().await;
            }
            Ok(())
        })
    }
}

#[tokio::test]
async fn a_namespace_that_goes_while_a_write_waits_is_noticed_when_it_is_stored() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post("/api/v1/namespaces", &json!({"metadata": {"name": "short"}})).await.expect(201);
    let holder = Arc::new(Holder::default());
    server.api().add_admission(holder.clone());
    let create = tokio::spawn({
        let client = client.clone();
        async move { client.post("/api/v1/namespaces/short/services", &service("late")).await }
    });
    holder.reached.notified().await;
    client.delete("/api/v1/namespaces/short").await.expect(200);
    holder.released.notify_one();
    let refused = create.await.expect("an answer");
    assert!([403, 404].contains(&refused.status), "{}", refused.text());
}
