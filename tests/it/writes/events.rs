//! Events of the events.k8s.io API, which are checked in their older form.

use serde_json::json;

use super::{World, causes};

const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/default/events";

fn event() -> serde_json::Value {
    json!({
        "metadata": {"name": "e"}, "eventTime": "2026-01-01T00:00:00.000000Z", "action": "A", "reason": "R",
        "type": "Normal", "reportingController": "a.io/b", "reportingInstance": "i",
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"},
    })
}

#[tokio::test]
async fn what_may_not_change_is_shown_as_go_names_it() {
    let world = World::new().await;
    world.created(EVENTS, event()).await;
    let mut changed = event();
    changed["regarding"]["uid"] = json!("u");
    changed["deprecatedSource"] = json!({"component": "c"});
    changed["reason"] = json!("S");
    changed["related"] = json!({"name": "n"});
    assert_eq!(
        causes(world.client.put(&format!("{EVENTS}/e"), &changed).await),
        [
            "involvedObject: Invalid value: {\"Kind\":\"Pod\",\"Namespace\":\"default\",\"Name\":\"p\",\"UID\":\"u\",\
             \"APIVersion\":\"\",\"ResourceVersion\":\"\",\"FieldPath\":\"\"}: field is immutable",
            "reason: Invalid value: \"S\": field is immutable",
            "source: Invalid value: {\"Component\":\"c\",\"Host\":\"\"}: field is immutable",
            "reason: Invalid value: \"S\": field is immutable",
            "related: Invalid value: {\"Kind\":\"\",\"Namespace\":\"\",\"Name\":\"n\",\"UID\":\"\",\"APIVersion\":\"\",\
             \"ResourceVersion\":\"\",\"FieldPath\":\"\"}: field is immutable",
        ]
    );
    let mut emptied = event();
    emptied["action"] = json!(null);
    assert_eq!(
        causes(world.client.put(&format!("{EVENTS}/e"), &emptied).await),
        ["action: Required value", "action: Invalid value: \"\": field is immutable"]
    );
}

#[tokio::test]
async fn tables_show_the_reporter_where_there_is_no_source() {
    let world = World::new().await;
    world.created(EVENTS, event()).await;
    let accept = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let table = world.client.send("GET", &format!("{EVENTS}/e"), &accept, "").await.expect(200).json();
    assert_eq!(table["rows"][0]["cells"][5], "a.io/b, i");
}
