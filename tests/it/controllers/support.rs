//! What tests of controllers share: a server whose API they use from inside, and waiting.

use std::time::Duration;

use bytes::Bytes;
use kubedouble::{
    kinds::{
        Kind,
        core::{endpoints, node},
        endpoint_slice, pod, service,
    },
    object::{Reason, meta, status::Result},
    server::Server,
    verbs::{Caller, DecodedObject, DeleteOptions, ListOptions, Patch, PatchKind, Target, WriteOptions, view},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{client::Client, harness};

/// How long something may take to come about.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a cluster with much work is given 30 seconds to settle.
const SETTLE_ROUNDS: usize = 20;
/// How long a cluster may take to settle, in paused time.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(3600);
/// Rest between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// A server with the namespace `default`.
pub struct Cluster {
    server: Server,
}

impl Cluster {
    pub async fn start() -> Self {
        Self::with_flags(&[]).await
    }

    /// A cluster whose server has these flags.
    pub async fn with_flags(flags: &[&str]) -> Self {
        Self { server: harness::start(flags).await }
    }

    /// A cluster whose clock is tokio's, which the test has paused.
    pub async fn with_paused_time(flags: &[&str]) -> Self {
        Self { server: harness::start_on_tokio_time(flags).await }
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Waits until no controller has work left.
    pub async fn settle(&self) {
        let client = Client::new(self.server.url());
        for _ in 0..SETTLE_ROUNDS {
            if client.get("/kubedouble/settled?timeout=30s").await.status == 200 {
                return;
            }
        }
        panic!("controllers do not settle");
    }

    /// As [`Cluster::settle`], in the time of a test that has paused it.
    pub async fn settle_paused(&self) {
        let settled = self.server.controllers().settled(SETTLE_TIMEOUT).await;
        assert_eq!(settled, Ok(()), "controllers do not settle");
    }

    /// A cluster with two nodes, `n1` in zone `z1` and `n2` in none.
    pub async fn with_nodes() -> Self {
        let cluster = Self::start().await;
        let labels = json!({"topology.kubernetes.io/zone": "z1"});
        cluster.create(&node::DEF, json!({"metadata": {"name": "n1", "labels": labels}})).await;
        cluster.create(&node::DEF, json!({"metadata": {"name": "n2"}})).await;
        cluster
    }

    /// Creates an object, in `default` unless it names another namespace.
    pub async fn create(&self, def: &Kind, mut object: Value) -> Value {
        let namespace = match meta::namespace(&object) {
            "" if def.is_namespaced() => "default".to_owned(),
            named => named.to_owned(),
        };
        object["kind"] = (*def.gvk.kind).into();
        object["apiVersion"] = def.gvk.api_version().into();
        let target = Target::new(def, &namespace, "");
        let written = self.server.api().create(&target, DecodedObject::from(object), &options()).await;
        written.unwrap_or_else(|status| panic!("create: {status}")).answer.into_value(def)
    }

    /// Merges a patch into an object of `default` or of no namespace.
    pub async fn patch(&self, def: &Kind, name: &str, patch: Value) -> Value {
        self.patch_part(def, name, "", patch).await
    }

    /// Merges a patch into an object of another namespace.
    pub async fn patch_in(&self, namespace: &str, def: &Kind, name: &str, patch: Value) {
        let patch = Patch { kind: PatchKind::Merge, body: Bytes::from(patch.to_string()) };
        let target = Target::new(def, namespace, name);
        let written = self.server.api().patch(&target, None, patch, &options()).await;
        written.map(|_| ()).unwrap_or_else(|status| panic!("patch {name}: {status}"));
    }

    /// Merges a patch into a subresource.
    pub async fn patch_part(&self, def: &Kind, name: &str, part: &str, patch: Value) -> Value {
        let patch = Patch { kind: PatchKind::Merge, body: Bytes::from(patch.to_string()) };
        let written = self.server.api().patch(&target(def, name), def.subresource(part), patch, &options()).await;
        written.unwrap_or_else(|status| panic!("patch {name}: {status}")).answer.into_value(def)
    }

    /// Deletes an object; `propagation` may be empty.
    pub async fn delete(&self, def: &Kind, name: &str, propagation: &str) {
        let mut options = DeleteOptions::new(Caller::internal("test"));
        options.propagation_policy = (!propagation.is_empty()).then(|| propagation.to_owned());
        options.grace_period_seconds = (def.gvk == pod::DEF.gvk).then_some(0);
        let deleted = self.server.api().delete(&target(def, name), &options).await;
        deleted.map(|_| ()).unwrap_or_else(|status| panic!("delete {name}: {status}"));
    }

    /// Begins to delete a pod, which stays until somebody says that it has stopped.
    pub async fn stop(&self, name: &str) {
        let options = DeleteOptions::new(Caller::internal("test"));
        let deleted = self.server.api().delete(&target(&pod::DEF, name), &options).await;
        deleted.map(|_| ()).unwrap_or_else(|status| panic!("stop {name}: {status}"));
    }

    /// Edits an object, or removes it if there is no edit. It may be gone already.
    pub async fn disturb(&self, target: &Target, edit: Option<Value>) {
        let outcome = match edit {
            Some(edit) => {
                let patch = Patch { kind: PatchKind::Merge, body: Bytes::from(edit.to_string()) };
                self.server.api().patch(target, None, patch, &options()).await.map(|_| ())
            }
            None => {
                let options = DeleteOptions::new(Caller::internal("test"));
                self.server.api().delete(target, &options).await.map(|_| ())
            }
        };
        if let Err(status) = outcome {
            assert_eq!(status.reason, Reason::NotFound, "{status}");
        }
    }

    pub async fn get(&self, def: &Kind, name: &str) -> Option<Value> {
        let answer: Result<_> = self.server.api().get(&target(def, name), None, "").await;
        match answer {
            Ok(answer) => Some(answer.into_value(def)),
            Err(status) if status.reason == Reason::NotFound => None,
            Err(status) => panic!("get {name}: {status}"),
        }
    }

    pub async fn list(&self, def: &Kind) -> Vec<Value> {
        let page = self.server.api().list(&Target::new(def, "", ""), &ListOptions::default()).await;
        page.expect("a list").items.iter().map(|stored| view(def, stored)).collect()
    }

    /// The slices that name a Service.
    pub async fn slices(&self, service: &str) -> Vec<Value> {
        let mut slices = self.list(&endpoint_slice::DEF).await;
        slices.retain(|slice| meta::text(slice, &["metadata", "labels", "kubernetes.io/service-name"]) == service);
        slices
    }

    /// Waits until the look finds what it looks for, and answers that.
    pub async fn until<T>(&self, what: &str, look: impl AsyncFn(&Self) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = look(self).await {
                return found;
            }
            assert!(start.elapsed() < PATIENCE, "{what} did not come about");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until an object is gone.
    pub async fn until_gone(&self, def: &Kind, name: &str) {
        self.until(&format!("the end of {name}"), async |cluster| cluster.get(def, name).await.is_none().then_some(()))
            .await;
    }

    /// Waits until the Endpoints list these IPs as ready and those as not ready.
    pub async fn until_endpoints(&self, name: &str, ready: &[&str], not_ready: &[&str]) -> Value {
        let ips = |object: &Value, list: &str| -> Vec<String> {
            let subsets = meta::items(object, &["subsets"]).iter();
            let addresses = subsets.flat_map(|subset| meta::items(subset, &[list]));
            addresses.map(|address| meta::text(address, &["ip"]).to_owned()).collect()
        };
        self.until(&format!("Endpoints {name} with {ready:?} and {not_ready:?}"), async |cluster| {
            let found = cluster.get(&endpoints::DEF, name).await?;
            let agrees = ips(&found, "addresses") == ready && ips(&found, "notReadyAddresses") == not_ready;
            agrees.then_some(found)
        })
        .await
    }

    /// Waits until the slices of a Service have these addresses altogether, in any order.
    pub async fn until_slices(&self, service: &str, addresses: &[&str]) -> Vec<Value> {
        let mut wanted: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        wanted.sort();
        self.until(&format!("slices of {service} with {addresses:?}"), async |cluster| {
            let slices = cluster.slices(service).await;
            let mut found: Vec<_> = slices.iter().flat_map(addresses_of).collect();
            found.sort();
            (!slices.is_empty() && found == wanted).then_some(slices)
        })
        .await
    }

    /// Creates a Service that selects `app: web`, with these members of its spec beside.
    pub async fn web(&self, spec: Value) -> Value {
        let mut object = json!({
            "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        });
        merge(&mut object["spec"], &spec);
        self.create(&service::DEF, object).await
    }

    /// Creates a pod on node `n1` with the label `app: web` and this IP, ready or not.
    pub async fn pod(&self, name: &str, ip: &str, ready: bool) -> Value {
        let object = json!({
            "metadata": {"name": name, "labels": {"app": "web"}},
            "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]},
        });
        self.create(&pod::DEF, object).await;
        self.status(name, &[ip], ready).await
    }

    /// Reports a pod's addresses and whether it is ready.
    pub async fn status(&self, name: &str, ips: &[&str], ready: bool) -> Value {
        let ips: Vec<_> = ips.iter().map(|ip| json!({"ip": ip})).collect();
        let condition = json!({"type": "Ready", "status": if ready { "True" } else { "False" }});
        let status = json!({
            "phase": "Running",
            "podIP": ips.first().map(|ip| ip["ip"].clone()),
            "podIPs": ips,
            "conditions": [condition],
        });
        self.patch_part(&pod::DEF, name, "status", json!({"status": status})).await
    }
}

/// The addresses of a slice.
pub fn addresses_of(slice: &Value) -> Vec<String> {
    let endpoints = meta::items(slice, &["endpoints"]).iter();
    let addresses = endpoints.flat_map(|endpoint| meta::items(endpoint, &["addresses"]));
    addresses.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// An owner reference.
pub fn owned_by(owner: &Value, blocks: bool) -> Value {
    json!({
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta::name(owner),
        "uid": meta::uid(owner),
        "blockOwnerDeletion": blocks,
    })
}

fn merge(object: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
}

fn target(def: &Kind, name: &str) -> Target {
    Target::new(def, if def.is_namespaced() { "default" } else { "" }, name)
}

fn options() -> WriteOptions {
    WriteOptions::internal("test")
}
