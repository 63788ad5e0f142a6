//! Kinds that come and go while the server runs: everything follows the list of kinds, and nothing is restarted.

use std::{future::ready, sync::Arc};

use kubedouble::{
    kinds::{Column, Doc, Kind, KindDef, Renaming, SelectableField, Storage, Strategy, texts},
    object::{FieldError, FieldErrors, GroupVersionKind, Path, meta},
    server::Server,
    verbs::{
        Api, DecodedObject, Target, WriteOptions,
        admission::{Admission, Attributes, Operation, Review, Verdict},
    },
};
use serde_json::{Value, json};

use crate::{
    client::{Client, names, revision, settle},
    harness,
};

const GROUP: &str = "/apis/example.com";
const VERSION: &str = "/apis/example.com/v1";
const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";
const TABLE: &str = "application/json;as=Table;g=meta.k8s.io;v=v1";
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Refuses a Widget without a size.
struct Sized;

impl Strategy for Sized {
    fn validate(&self, object: &Value) -> FieldErrors {
        match meta::text(object, &["data", "size"]) {
            "" => vec![FieldError::required(&Path::new("data").child("size"), "")],
            _ => FieldErrors::new(),
        }
    }
}

/// A Widget has the fields of a ConfigMap; its names are made when the test runs.
fn widget(version: &str) -> KindDef {
    KindDef {
        gvk: GroupVersionKind::owned("example.com", version, "Widget"),
        plural: String::from("widgets").into(),
        singular: String::from("widget").into(),
        short_names: texts(["wd"]),
        schema: "api.core.v1.ConfigMap".into(),
        columns: vec![Column::NAME, Column::new("Size", Doc::text("How large it is."))],
        cells: Arc::new(|object, _| vec![meta::name(object).into(), meta::text(object, &["data", "size"]).into()]),
        fields: vec![SelectableField::new("data.size", |object| meta::text(object, &["data", "size"]).to_owned())],
        strategy: Arc::new(Sized),
        ..KindDef::default()
    }
}

fn object(name: &str, size: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"size": size}}, "data": {"size": size}})
}

async fn start() -> (Server, Client) {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    (server, client)
}

#[tokio::test]
async fn a_kind_serves_every_verb_from_the_moment_it_is_added() {
    let (server, client) = start().await;
    client.get(WIDGETS).await.expect(404);
    server.api().registry().add([Kind::new(widget("v1"))]);
    let mut watch = client.watch(WIDGETS).await;
    let created = client.post(WIDGETS, &object("a", "1")).await.expect(201).json();
    assert_eq!((&created["kind"], &created["apiVersion"]), (&json!("Widget"), &json!("example.com/v1")));
    let refused = client.post(WIDGETS, &json!({"metadata": {"name": "b"}})).await.expect(422).json();
    assert_eq!(refused["message"], "Widget.example.com \"b\" is invalid: data.size: Required value");
    let path = format!("{WIDGETS}/a");
    assert_eq!(client.get(&path).await.expect(200).json(), created);
    client.put(&path, &object("a", "2")).await.expect(200);
    client.patch(&path, &json!({"data": {"size": "3"}})).await.expect(200);
    let applied =
        json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "data": {"x": "y"}});
    let headers = [("content-type", "application/apply-patch+yaml")];
    let applied = client.send("PATCH", &format!("{path}?fieldManager=m"), &headers, applied.to_string()).await;
    assert_eq!(applied.expect(200).json()["data"], json!({"size": "3", "x": "y"}));
    client.post(WIDGETS, &object("b", "1")).await.expect(201);
    let selected = client.get(&format!("{WIDGETS}?fieldSelector=data.size=3")).await.expect(200).json();
    assert_eq!((names(&selected), &selected["kind"]), (vec!["a".to_owned()], &json!("WidgetList")));
    let labelled = client.get("/apis/example.com/v1/widgets?labelSelector=size=1").await.expect(200).json();
    assert_eq!(names(&labelled), ["b"]);
    client.delete(&path).await.expect(200);
    client.delete(WIDGETS).await.expect(200);
    let seen = watch.take(7).await;
    let expected =
        ["ADDED a", "MODIFIED a", "MODIFIED a", "MODIFIED a", "ADDED b", "DELETED a", "DELETED b"].map(str::to_owned);
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn tables_discovery_and_open_api_show_what_is_served_now() {
    let (server, client) = start().await;
    let aggregated = async || client.send("GET", "/apis", &[("accept", AGGREGATED)], "").await.expect(200);
    let (before, spec) = (aggregated().await, client.get("/openapi/v2").await.expect(200));
    client.get(GROUP).await.expect(404);
    server.api().registry().add([Kind::new(widget("v1"))]);
    client.post(WIDGETS, &object("a", "7")).await.expect(201);
    let table = client.send("GET", WIDGETS, &[("accept", TABLE)], "").await.expect(200).json();
    assert_eq!(
        (&table["columnDefinitions"][1]["name"], &table["rows"][0]["cells"]),
        (&json!("Size"), &json!(["a", "7"]))
    );
    let group = client.get(GROUP).await.expect(200).json();
    assert_eq!(group["preferredVersion"]["groupVersion"], "example.com/v1");
    let resources = client.get(VERSION).await.expect(200).json();
    assert_eq!(
        (&resources["resources"][0]["name"], &resources["resources"][0]["shortNames"]),
        (&json!("widgets"), &json!(["wd"]))
    );
    let served = aggregated().await;
    assert_ne!(served.header("etag"), before.header("etag"));
    assert!(served.text().contains("\"Widget\""));
    let index = client.get("/openapi/v3").await.expect(200).json();
    let address = index["paths"]["apis/example.com/v1"]["serverRelativeURL"].as_str().expect("an address").to_owned();
    let document = client.get(&address).await.expect(200).json();
    assert!(document["paths"].get("/apis/example.com/v1/namespaces/{namespace}/widgets/{name}").is_some());
    assert_ne!(client.get("/openapi/v2").await.expect(200).header("etag"), spec.header("etag"));
    server.api().registry().remove("example.com", "widgets");
    assert_eq!(aggregated().await.header("etag"), before.header("etag"));
    assert_eq!(client.get("/openapi/v2").await.expect(200).header("etag"), spec.header("etag"));
    client.get(VERSION).await.expect(404);
}

#[tokio::test]
async fn objects_of_a_made_up_kind_have_no_form_in_protobuf() {
    let (server, client) = start().await;
    server.api().registry().add([Kind::new(widget("v1"))]);
    client.post(WIDGETS, &object("a", "1")).await.expect(201);
    let accept = |media| [("accept", media)];
    let path = format!("{WIDGETS}/a");
    let refused = client.send("GET", &path, &accept("application/vnd.kubernetes.protobuf"), "").await;
    let refused = refused.expect(406);
    assert!(refused.text().contains("does not implement the protobuf marshalling interface"), "{}", refused.text());
    let partial = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    assert!(client.send("GET", &path, &accept(partial), "").await.expect(200).body.starts_with(b"k8s\0"));
}

#[tokio::test]
async fn versions_are_listed_from_the_most_stable_to_the_least() {
    let (server, client) = start().await;
    let versions = ["foo1", "v1alpha1", "v2beta1", "v1", "bar", "v10", "v11alpha2", "v2"];
    let stored = Kind::new(widget("v1"));
    server.api().registry().add(versions.map(|version| {
        if version == "v1" {
            return stored.clone();
        }
        let unchanged = |object| object;
        let conversion = Arc::new(Renaming { from_stored: unchanged, to_stored: unchanged });
        let storage = Storage::VersionOf(stored.clone());
        Kind::new(KindDef { storage, conversion: Some(conversion), ..widget(version) })
    }));
    let group = client.get(GROUP).await.expect(200).json();
    let listed = group["versions"].as_array().into_iter().flatten().map(|version| version["version"].clone());
    let expected = ["v10", "v2", "v1", "v2beta1", "v11alpha2", "v1alpha1", "bar", "foo1"];
    assert_eq!(listed.collect::<Vec<_>>(), expected);
    client.post(&WIDGETS.replace("v1", "v2beta1"), &object("a", "1")).await.expect(201);
    assert_eq!(client.get(&format!("{WIDGETS}/a")).await.expect(200).json()["apiVersion"], "example.com/v1");
}

#[tokio::test]
async fn a_kind_that_goes_ends_its_watches_and_keeps_its_objects() {
    let (server, client) = start().await;
    let registry = server.api().registry();
    registry.add([Kind::new(widget("v1"))]);
    client.post(WIDGETS, &object("a", "1")).await.expect(201);
    let (mut watch, mut other) = (client.watch(WIDGETS).await, client.watch("/api/v1/configmaps").await);
    assert_eq!(watch.take(1).await, ["ADDED a"]);
    client.delete(&format!("{WIDGETS}/a")).await.expect(200);
    let kept = client.post(WIDGETS, &object("kept", "1")).await.expect(201).json();
    registry.remove("example.com", "widgets");
    assert_eq!(watch.take(2).await, ["DELETED a", "ADDED kept"], "what happened before is told");
    assert_eq!(watch.next().await, None);
    client.get(&format!("{WIDGETS}/kept")).await.expect(404);
    registry.add([Kind::new(widget("v1"))]);
    assert_eq!(client.get(&format!("{WIDGETS}/kept")).await.expect(200).json(), kept);
    let config = json!({"metadata": {"name": "c"}});
    client.post("/api/v1/namespaces/default/configmaps", &config).await.expect(201);
    while other.take(1).await != ["ADDED c"] {}
}

#[tokio::test]
async fn a_changed_definition_ends_watches_and_shows_at_once() {
    let (server, client) = start().await;
    let registry = server.api().registry();
    registry.add([Kind::new(widget("v1"))]);
    client.post(WIDGETS, &object("a", "1")).await.expect(201);
    client.get(&format!("{WIDGETS}?fieldSelector=data.size=1")).await.expect(200);
    let mut watch = client.watch(WIDGETS).await;
    assert_eq!(watch.take(1).await, ["ADDED a"]);
    let name = SelectableField::new("data.name", |object| meta::name(object).to_owned());
    registry.add([Kind::new(KindDef { fields: vec![name], columns: vec![Column::NAME], ..widget("v1") })]);
    assert_eq!(watch.next().await, None);
    client.get(&format!("{WIDGETS}?fieldSelector=data.size=1")).await.expect(400);
    let selected = client.get(&format!("{WIDGETS}?fieldSelector=data.name=a")).await.expect(200).json();
    assert_eq!(names(&selected), ["a"]);
}

#[tokio::test]
async fn controllers_learn_of_new_kinds() {
    let (server, client) = start().await;
    settle(&client).await;
    server.api().registry().add([Kind::new(widget("v1"))]);
    let owner = client.post(WIDGETS, &object("owner", "1")).await.expect(201).json();
    let mut owned = object("owned", "1");
    owned["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "example.com/v1", "kind": "Widget", "name": "owner", "uid": owner["metadata"]["uid"],
    }]);
    client.post(WIDGETS, &owned).await.expect(201);
    client.delete(&format!("{WIDGETS}/owner")).await.expect(200);
    settle(&client).await;
    client.get(&format!("{WIDGETS}/owned")).await.expect(404);
    client.post("/api/v1/namespaces", &json!({"metadata": {"name": "short"}})).await.expect(201);
    client.post("/apis/example.com/v1/namespaces/short/widgets", &object("a", "1")).await.expect(201);
    client.delete("/api/v1/namespaces/short").await.expect(200);
    settle(&client).await;
    client.get("/api/v1/namespaces/short").await.expect(404);
    let left = client.get("/apis/example.com/v1/widgets").await.expect(200).json();
    assert_eq!(names(&left), [] as [&str; 0]);
}

#[tokio::test]
async fn objects_of_a_kind_that_is_gone_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = format!("--data={}", directory.path().join("data.db").display());
    let server = harness::start(&[&data]).await;
    server.api().registry().add([Kind::new(widget("v1"))]);
    let kept = Client::new(server.url()).post(WIDGETS, &object("kept", "1")).await.expect(201).json();
    server.stop().await;
    let server = harness::start(&[&data]).await;
    let client = Client::new(server.url());
    settle(&client).await;
    client.get(WIDGETS).await.expect(404);
    server.api().registry().add([Kind::new(widget("v1"))]);
    let found = client.get(&format!("{WIDGETS}/kept")).await.expect(200).json();
    assert_eq!(revision(&found), revision(&kept));
}

/// Stops serving Widgets while one is on its way into the store.
struct Removal;

impl Admission for Removal {
    fn name(&self) -> &'static str {
        "Removal"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        attributes.operation != Operation::Delete && attributes.target.def.plural == "widgets"
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, _review: &'a mut Review<'r>) -> Verdict<'a> {
        api.registry().remove("example.com", "widgets");
        Box::pin(ready(Ok(())))
    }
}

#[tokio::test]
async fn nothing_is_stored_of_a_kind_that_has_gone_in_the_meantime() {
    let (server, client) = start().await;
    let registry = server.api().registry();
    registry.add([Kind::new(widget("v1"))]);
    let before = client.post(WIDGETS, &object("old", "1")).await.expect(201).json();
    server.api().add_admission(Arc::new(Removal));
    let refused = client.post(WIDGETS, &object("new", "1")).await.expect(404).json();
    assert_eq!(refused["message"], "the server could not find the requested resource");
    registry.add([Kind::new(widget("v1"))]);
    client.put(&format!("{WIDGETS}/old"), &object("old", "2")).await.expect(404);
    registry.add([Kind::new(widget("v1"))]);
    let list = client.get(WIDGETS).await.expect(200).json();
    assert_eq!((names(&list), &list["items"][0]["data"]), (vec!["old".to_owned()], &before["data"]));
}

#[tokio::test]
async fn roles_are_about_such_kinds_too() {
    let server = harness::start(&["--authorization-mode=RBAC", "--anonymous-auth=true"]).await;
    let client = Client::new(server.url());
    let role = json!({
        "metadata": {"name": "sees-widgets", "namespace": "default"},
        "rules": [{"verbs": ["get", "list"], "apiGroups": ["example.com"], "resources": ["widgets"]}],
    });
    let binding = json!({
        "metadata": {"name": "sees-widgets", "namespace": "default"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "sees-widgets"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "system:anonymous"}],
    });
    let forbidden = client.get(WIDGETS).await.expect(403).json();
    let text = "widgets.example.com is forbidden: User \"system:anonymous\" cannot list resource \"widgets\" in API group \
                \"example.com\" in the namespace \"default\"";
    assert_eq!(forbidden["message"], text);
    for (kind, object) in [("roles", role), ("rolebindings", binding)] {
        let kind = server.api().registry().resource("rbac.authorization.k8s.io", "v1", kind).expect("a built-in kind");
        let options = WriteOptions::internal("test");
        server
            .api()
            .create(&Target::new(&kind, "default", ""), DecodedObject::from(object), &options)
            .await
            .expect("created");
    }
    // What may be done is known before the kind comes, and still holds when it has gone.
    client.get(WIDGETS).await.expect(404);
    server.api().registry().add([Kind::new(widget("v1"))]);
    client.get(WIDGETS).await.expect(200);
    client.post(WIDGETS, &object("a", "1")).await.expect(403);
    client.get("/apis/example.com/v1/widgets").await.expect(403);
    server.api().registry().remove("example.com", "widgets");
    client.get(WIDGETS).await.expect(404);
    client.delete(WIDGETS).await.expect(403);
}
