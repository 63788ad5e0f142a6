//! Several versions of one kind, with the strategy `None`.

use serde_json::{Value, json};

use super::support::{WIDGETS, WIDGETS_DEFINITION, define, definition, start, version, wait_for, widget};
use crate::client::{Client, headline};

fn versions(stored: &str) -> Value {
    let v1 = json!({"both": {"type": "string"}, "old": {"type": "string", "default": "o"}});
    let v2 = json!({"both": {"type": "string"}, "new": {"type": "string", "default": "n"}});
    json!([version("v1", stored == "v1", &v1), version("v2", stored == "v2", &v2)])
}

fn in_v2() -> String {
    WIDGETS.replace("v1", "v2")
}

async fn spec(client: &Client, path: &str) -> Value {
    client.get(path).await.expect(200).json()["spec"].clone()
}

#[tokio::test]
async fn an_object_is_stored_in_one_version_and_read_in_each() {
    let (_server, client) = start().await;
    define(&client, &definition(&versions("v1"))).await;
    let created = client.post(&in_v2(), &widget("v2", "a", &json!({"both": "x", "new": "1"}))).await.expect(201).json();
    assert_eq!((&created["apiVersion"], &created["spec"]), (&json!("example.com/v2"), &json!({"both": "x"})));
    assert_eq!(spec(&client, &format!("{WIDGETS}/a")).await, json!({"both": "x", "old": "o"}));
    let list = client.get(&in_v2()).await.expect(200).json();
    assert_eq!(list["items"][0]["apiVersion"], "example.com/v2");
    let refused = client.post(&in_v2(), &widget("v1", "b", &json!({}))).await.expect(400).json();
    let text = "the API version in the data (example.com/v1) does not match the expected API version (example.com/v2)";
    assert_eq!(refused["message"], text);
}

#[tokio::test]
async fn stored_objects_keep_their_version_when_new_ones_get_another() {
    let (_server, client) = start().await;
    define(&client, &definition(&versions("v1"))).await;
    client.post(WIDGETS, &widget("v1", "a", &json!({"both": "x"}))).await.expect(201);
    let moved = client.patch(WIDGETS_DEFINITION, &json!({"spec": {"versions": versions("v2")}})).await.expect(200);
    assert_eq!(moved.json()["status"]["storedVersions"], json!(["v1", "v2"]));
    // Stored in v2 an object gets the defaults of v2 when it is read, and loses what only v1 has.
    let path = format!("{WIDGETS}/b");
    client.post(WIDGETS, &widget("v1", "first", &json!({}))).await;
    wait_for(&client, WIDGETS_DEFINITION, |found| found["status"]["storedVersions"] == json!(["v1", "v2"])).await;
    loop {
        client.post(WIDGETS, &widget("v1", "b", &json!({"both": "y", "old": "lost"}))).await.expect(201);
        if spec(&client, &path).await == json!({"both": "y"}) {
            break;
        }
        client.delete(&path).await.expect(200);
    }
    assert_eq!(spec(&client, &format!("{WIDGETS}/a")).await, json!({"both": "x", "old": "o"}));
    assert_eq!(spec(&client, &format!("{}/b", in_v2())).await, json!({"both": "y", "new": "n"}));
    let refused = client.patch(WIDGETS_DEFINITION, &json!({"spec": {"versions": [versions("v2")[1]]}})).await;
    assert_eq!(refused.expect(422).json()["details"]["causes"][0]["field"], "status.storedVersions[0]");
}

#[tokio::test]
async fn a_watch_shows_its_version_and_ends_when_that_is_served_no_longer() {
    let (_server, client) = start().await;
    define(&client, &definition(&versions("v1"))).await;
    let (mut watch, mut other) = (client.watch(&in_v2()).await, client.watch(WIDGETS).await);
    client.post(WIDGETS, &widget("v1", "a", &json!({"both": "x"}))).await.expect(201);
    let event = watch.next().await.expect("an event");
    assert_eq!((headline(&event).as_str(), &event["object"]["apiVersion"]), ("ADDED a", &json!("example.com/v2")));
    assert_eq!(other.take(1).await, ["ADDED a"]);
    let mut fewer = versions("v1");
    fewer[1]["served"] = false.into();
    client.patch(WIDGETS_DEFINITION, &json!({"spec": {"versions": fewer}})).await.expect(200);
    assert_eq!(watch.next().await, None);
    client.get(&in_v2()).await.expect(404);
    client.get(WIDGETS).await.expect(200);
}

#[tokio::test]
async fn managers_own_fields_in_the_version_they_wrote_through() {
    let (_server, client) = start().await;
    define(&client, &definition(&versions("v1"))).await;
    let apply = async |path: String, config: Value| {
        let headers = [("content-type", "application/apply-patch+yaml")];
        client.send("PATCH", &path, &headers, config.to_string()).await
    };
    client.post(WIDGETS, &widget("v1", "a", &json!({"both": "x"}))).await.expect(201);
    let unknown = apply(format!("{}/a?fieldManager=m", in_v2()), widget("v2", "a", &json!({"new": "1"}))).await;
    let text = "failed to convert new object: .spec.new: field not declared in schema";
    assert_eq!(unknown.expect(500).json()["message"], text);
    let taken = apply(format!("{}/a?fieldManager=m", in_v2()), widget("v2", "a", &json!({"both": "y"}))).await;
    assert!(taken.status == 409 || taken.status == 500, "{}", taken.text());
}
