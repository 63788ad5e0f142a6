//! Whatever happened on the way, the endpoints in the end are those that a fresh cluster computes from the end state.
//!
//! `KUBEDOUBLE_HISTORIES` says how many histories are tried.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use kubedouble::{
    kinds::{
        core::{endpoints, node},
        endpoint_slice, pod, service,
    },
    object::meta,
    verbs::Target,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::Cluster;

/// Names of Services and pods.
const NAMES: [&str; 3] = ["a", "b", "c"];
/// The Service whose Endpoints are written by hand.
const MANUAL: &str = "manual";
/// The zones that a node can be in.
const ZONES: [&str; 3] = ["z0", "z1", ""];
/// The specs that a Service can have.
const SPECS: usize = 5;
/// What happens at most.
const STEPS_MAX: usize = 24;
/// Histories that are tried unless somebody says how many.
const CASES: u32 = 24;

/// One thing that happens. Numbers choose among few names and values.
#[derive(Clone, Debug)]
enum Step {
    Service {
        name: usize,
        app: usize,
        port: usize,
    },
    DropService(usize),
    Pod {
        name: usize,
        app: usize,
        port: usize,
        node: usize,
    },
    DropPod(usize),
    Status {
        pod: usize,
        ready: bool,
    },
    Label {
        pod: usize,
        app: usize,
    },
    Stop(usize),
    Node {
        name: usize,
        zone: usize,
    },
    DropNode(usize),
    EditSlice(usize),
    DropSlice(usize),
    EditEndpoints(usize),
    DropEndpoints(usize),
    /// Endpoints of the Service without a selector are written, or removed if there is nothing in them.
    Write(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let few = || 0..NAMES.len();
    prop_oneof![
        3 => (few(), few(), 0..SPECS).prop_map(|(name, app, port)| Step::Service { name, app, port }),
        1 => few().prop_map(Step::DropService),
        4 => (few(), few(), 0..2usize, 0..2usize)
            .prop_map(|(name, app, port, node)| Step::Pod { name, app, port, node }),
        1 => few().prop_map(Step::DropPod),
        4 => (few(), any::<bool>()).prop_map(|(pod, ready)| Step::Status { pod, ready }),
        2 => (few(), few()).prop_map(|(pod, app)| Step::Label { pod, app }),
        1 => few().prop_map(Step::Stop),
        2 => (0..2usize, 0..3usize).prop_map(|(name, zone)| Step::Node { name, zone }),
        1 => (0..2usize).prop_map(Step::DropNode),
        1 => (0..=NAMES.len()).prop_map(Step::EditSlice),
        1 => (0..=NAMES.len()).prop_map(Step::DropSlice),
        1 => few().prop_map(Step::EditEndpoints),
        1 => few().prop_map(Step::DropEndpoints),
        2 => few().prop_map(Step::Write),
    ]
}

/// The state that is left in the end.
#[derive(Clone, Debug, Default)]
struct World {
    services: BTreeMap<usize, (usize, usize)>,
    pods: BTreeMap<usize, Pod>,
    /// The zones of the nodes.
    nodes: BTreeMap<usize, usize>,
    /// What is in the Endpoints of the Service without a selector.
    written: usize,
}

#[derive(Clone, Copy, Debug)]
struct Pod {
    app: usize,
    port: usize,
    node: usize,
    status: Option<bool>,
    stopping: bool,
}

impl World {
    async fn take(&mut self, cluster: &Cluster, step: &Step) {
        match *step {
            Step::Service { name, app, port } => {
                let spec = service_spec(app, port);
                if self.services.insert(name, (app, port)).is_some() {
                    cluster.patch(&service::DEF, NAMES[name], json!({"spec": spec})).await;
                } else {
                    create_service(cluster, name, (app, port)).await;
                }
            }
            Step::DropService(name) => {
                if self.services.remove(&name).is_some() {
                    cluster.delete(&service::DEF, NAMES[name], "").await;
                }
            }
            Step::Pod { name, app, port, node } => {
                if let std::collections::btree_map::Entry::Vacant(vacant) = self.pods.entry(name) {
                    create_pod(cluster, name, *vacant.insert(Pod { app, port, node, status: None, stopping: false }))
                        .await;
                }
            }
            Step::DropPod(name) => {
                if self.pods.remove(&name).is_some() {
                    cluster.delete(&pod::DEF, NAMES[name], "").await;
                }
            }
            Step::Status { pod, ready } => {
                if let Some(known) = self.pods.get_mut(&pod) {
                    known.status = Some(ready);
                    cluster.status(NAMES[pod], &[&ip(pod)], ready).await;
                }
            }
            Step::Label { pod, app } => {
                if let Some(known) = self.pods.get_mut(&pod) {
                    known.app = app;
                    cluster.patch(&pod::DEF, NAMES[pod], json!({"metadata": {"labels": {"app": NAMES[app]}}})).await;
                }
            }
            Step::Stop(name) => {
                if let Some(known) = self.pods.get_mut(&name) {
                    known.stopping = true;
                    cluster.stop(NAMES[name]).await;
                }
            }
            Step::Node { name, zone } => {
                if self.nodes.insert(name, zone).is_some() {
                    let labels = json!({"topology.kubernetes.io/zone": ZONES[zone]});
                    cluster.patch(&node::DEF, &format!("n{name}"), json!({"metadata": {"labels": labels}})).await;
                } else {
                    create_node(cluster, name, zone).await;
                }
            }
            Step::DropNode(name) => {
                if self.nodes.remove(&name).is_some() {
                    cluster.delete(&node::DEF, &format!("n{name}"), "").await;
                }
            }
            Step::EditSlice(name) => edit_slice(cluster, slices_of(name), false).await,
            Step::DropSlice(name) => edit_slice(cluster, slices_of(name), true).await,
            Step::EditEndpoints(name) => {
                let stranger = json!([{"addresses": [{"ip": "10.9.9.8", "nodeName": "n0"}]}]);
                let edit = json!({"metadata": {"labels": {"more": "labels"}}, "subsets": stranger});
                cluster.disturb(&Target::new(&endpoints::DEF, "default", NAMES[name]), Some(edit)).await;
            }
            Step::Write(content) => {
                let before = std::mem::replace(&mut self.written, content);
                write_endpoints(cluster, before, content).await;
            }
            Step::DropEndpoints(name) => {
                if self.services.contains_key(&name) && cluster.get(&endpoints::DEF, NAMES[name]).await.is_some() {
                    cluster.delete(&endpoints::DEF, NAMES[name], "").await;
                }
            }
        }
    }

    /// Touches every Service, as what somebody did to Endpoints or nodes lasts until something happens to the Service.
    async fn touch(&self, cluster: &Cluster) {
        for name in self.services.keys() {
            cluster.patch(&service::DEF, NAMES[*name], json!({"metadata": {"annotations": {"touched": "1"}}})).await;
        }
    }

    /// A cluster that has known nothing but this state.
    async fn rebuild(&self) -> Cluster {
        let cluster = Cluster::start().await;
        for (name, zone) in &self.nodes {
            create_node(&cluster, *name, *zone).await;
        }
        manual_service(&cluster).await;
        write_endpoints(&cluster, 0, self.written).await;
        for (name, pod) in &self.pods {
            create_pod(&cluster, *name, *pod).await;
            if let Some(ready) = pod.status {
                cluster.status(NAMES[*name], &[&ip(*name)], ready).await;
            }
            if pod.stopping {
                cluster.stop(NAMES[*name]).await;
            }
        }
        for (name, spec) in &self.services {
            create_service(&cluster, *name, *spec).await;
        }
        cluster
    }
}

fn ip(pod: usize) -> String {
    format!("10.1.0.{}", pod + 1)
}

/// The third port is named, and pods give the name different numbers. The fourth is that of a Service that publishes all
/// its pods, the fifth that of one whose pods are meant for their zones.
fn service_spec(app: usize, port: usize) -> Value {
    let target = if port == 2 { json!("http") } else { json!(8000 + port) };
    json!({
        "selector": {"app": NAMES[app]},
        "ports": [{"port": 80, "targetPort": target}],
        "publishNotReadyAddresses": port == 3,
        "trafficDistribution": if port == 4 { json!("PreferSameNode") } else { Value::Null },
    })
}

/// The Service that has no selector.
async fn manual_service(cluster: &Cluster) {
    cluster.create(&service::DEF, json!({"metadata": {"name": MANUAL}, "spec": {"ports": [{"port": 80}]}})).await;
}

async fn write_endpoints(cluster: &Cluster, before: usize, content: usize) {
    let address = json!({"ip": format!("10.2.0.{content}")});
    let subsets = json!([{"addresses": [address], "ports": [{"port": 9000 + content}]}]);
    match (before, content) {
        (0, 0) => {}
        (0, _) => {
            drop(cluster.create(&endpoints::DEF, json!({"metadata": {"name": MANUAL}, "subsets": subsets})).await)
        }
        (_, 0) => cluster.delete(&endpoints::DEF, MANUAL, "").await,
        _ => drop(cluster.patch(&endpoints::DEF, MANUAL, json!({"subsets": subsets})).await),
    }
}

async fn create_node(cluster: &Cluster, name: usize, zone: usize) {
    let labels = json!({"topology.kubernetes.io/zone": ZONES[zone]});
    cluster.create(&node::DEF, json!({"metadata": {"name": format!("n{name}"), "labels": labels}})).await;
}

/// A Service with a selector, or else the one without.
fn slices_of(name: usize) -> &'static str {
    NAMES.get(name).copied().unwrap_or(MANUAL)
}

async fn create_service(cluster: &Cluster, name: usize, (app, port): (usize, usize)) {
    cluster.create(&service::DEF, json!({"metadata": {"name": NAMES[name]}, "spec": service_spec(app, port)})).await;
}

async fn create_pod(cluster: &Cluster, name: usize, pod: Pod) {
    let ports = json!([{"name": "http", "containerPort": 9000 + pod.port}]);
    let object = json!({
        "metadata": {"name": NAMES[name], "labels": {"app": NAMES[pod.app]}},
        "spec": {
            "nodeName": format!("n{}", pod.node),
            "containers": [{"name": "c", "image": "i", "ports": ports}],
        },
    });
    cluster.create(&pod::DEF, object).await;
}

async fn edit_slice(cluster: &Cluster, service: &str, remove: bool) {
    let Some(slice) = cluster.slices(service).await.pop() else { return };
    let target = Target::new(&endpoint_slice::DEF, "default", meta::name(&slice));
    cluster.disturb(&target, (!remove).then(|| json!({"endpoints": [{"addresses": ["10.9.9.9"]}]}))).await;
}

/// `KUBEDOUBLE_HISTORIES`, or what takes little time.
fn cases() -> u32 {
    env::var("KUBEDOUBLE_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES)
}

/// All that clients learn of endpoints, without names, uids and the order of slices.
async fn seen(cluster: &Cluster) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for object in cluster.list(&endpoints::DEF).await.iter().filter(|e| NAMES.contains(&meta::name(e))) {
        facts.insert(format!("Endpoints {} {}", meta::name(object), without_uids(&object["metadata"]["labels"])));
        for subset in meta::items(object, &["subsets"]) {
            facts.insert(format!("Endpoints {} {}", meta::name(object), without_uids(subset)));
        }
    }
    for slice in cluster.list(&endpoint_slice::DEF).await {
        let about = meta::text(&slice, &["metadata", "labels", "kubernetes.io/service-name"]).to_owned();
        if about != MANUAL && !NAMES.contains(&about.as_str()) {
            continue;
        }
        let labels = without_uids(&slice["metadata"]["labels"]);
        facts.insert(format!("slice {about} {} {} {labels}", slice["addressType"], slice["ports"]));
        for endpoint in meta::items(&slice, &["endpoints"]) {
            facts.insert(format!("slice {about} {} {}", slice["ports"], without_uids(endpoint)));
        }
    }
    facts
}

fn without_uids(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let kept: BTreeMap<_, _> = members.iter().filter(|(name, _)| *name != "uid").collect();
            let shown: Vec<_> =
                kept.into_iter().map(|(name, value)| format!("{name}:{}", without_uids(value))).collect();
            format!("{{{}}}", shown.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(without_uids).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_end_does_not_depend_on_the_way(steps in prop::collection::vec(step(), 1..STEPS_MAX)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build();
        runtime.expect("a runtime").block_on(async {
            let cluster = Cluster::start().await;
            manual_service(&cluster).await;
            let mut world = World::default();
            for name in 0..2 {
                world.take(&cluster, &Step::Node { name, zone: 0 }).await;
            }
            for step in &steps {
                world.take(&cluster, step).await;
            }
            world.touch(&cluster).await;
            let fresh = world.rebuild().await;
            cluster
                .until(&format!("the endpoints of {world:?}"), async |cluster| {
                    (seen(cluster).await == seen(&fresh).await).then_some(())
                })
                .await;
        });
    }
}
