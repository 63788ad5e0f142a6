//! Lists in pages: one consistent view, whatever is written meanwhile, until it is too old.

use kubedouble::server::Server;
use serde_json::{Value, json};

use crate::{
    client::{Client, SERVICES, at, names, revision, service},
    harness,
};

#[tokio::test]
async fn pages_are_one_view_while_writers_write() {
    let (_server, client) = with_services(&[], 25).await;
    let whole = client.get(SERVICES).await.expect(200).json();
    let mut page = client.get(&format!("{SERVICES}?limit=4")).await.expect(200).json();
    let first = revision(&page).to_owned();
    let mut items: Vec<Value> = Vec::new();
    for number in 0.. {
        let read = page["items"].as_array().expect("items");
        items.extend(read.iter().cloned());
        assert_eq!(revision(&page), first, "all pages have the revision of the first");
        let Some(token) = page["metadata"]["continue"].as_str().map(str::to_owned) else { break };
        assert_eq!(page["metadata"]["remainingItemCount"], 26 - items.len());
        assert_eq!(read.len(), 4);
        client.post(SERVICES, &service(&format!("in-between-{number}"))).await.expect(201);
        client.delete(&at(&format!("web-{:02}", 24 - number))).await.expect(200);
        client.patch(&at("web-10"), &json!({"metadata": {"labels": {"at": number.to_string()}}})).await.expect(200);
        page = client.get(&format!("{SERVICES}?limit=4&continue={token}")).await.expect(200).json();
    }
    assert_eq!(Value::from(items), whole["items"]);
}

#[tokio::test]
async fn the_last_page_has_no_token_and_nothing_remains() {
    let (_server, client) = with_services(&[], 3).await;
    let exact = client.get(&format!("{SERVICES}?limit=4")).await.expect(200).json();
    assert_eq!(names(&exact).len(), 4);
    assert_eq!(exact["metadata"], json!({"resourceVersion": revision(&exact)}));
}

#[tokio::test]
async fn a_token_of_a_forgotten_view_is_answered_with_a_fresh_one() {
    let (_server, client) = with_services(&["--history-window=5m,20"], 10).await;
    let page = client.get(&format!("{SERVICES}?limit=4")).await.expect(200).json();
    let token = page["metadata"]["continue"].as_str().expect("a token");
    for number in 0..40 {
        client.patch(&at("web-09"), &json!({"metadata": {"labels": {"at": number.to_string()}}})).await.expect(200);
    }
    client.delete(&at("web-06")).await.expect(200);

    let gone = client.get(&format!("{SERVICES}?limit=4&continue={token}")).await.expect(410).json();
    assert_eq!((&gone["kind"], &gone["reason"]), (&json!("Status"), &json!("Expired")));
    let fresh = gone["metadata"]["continue"].as_str().expect("a fresh token");
    let rest = client.get(&format!("{SERVICES}?continue={fresh}")).await.expect(200).json();
    assert_eq!(names(&rest), ["web-03", "web-04", "web-05", "web-07", "web-08", "web-09"], "what is there now");
    assert_ne!(revision(&rest), revision(&page));
}

#[tokio::test]
async fn a_full_page_does_not_look_for_what_the_next_one_may_select() {
    let (_server, client) = with_services(&[], 3).await;
    client.patch(&at("web-00"), &json!({"metadata": {"labels": {"pick": "me"}}})).await.expect(200);
    let page = client.get(&format!("{SERVICES}?limit=1&labelSelector=pick=me")).await.expect(200).json();
    assert_eq!((names(&page), page["metadata"].get("remainingItemCount")), (vec!["web-00".to_owned()], None));
    let token = page["metadata"]["continue"].as_str().expect("a token");
    let rest =
        client.get(&format!("{SERVICES}?labelSelector=pick=me&limit=1&continue={token}")).await.expect(200).json();
    assert_eq!((names(&rest), rest["metadata"].get("continue")), (vec![], None));
    let only = client.get(&format!("{SERVICES}?limit=1&fieldSelector=metadata.name=web-00")).await.expect(200).json();
    assert_eq!(only["metadata"].get("continue"), None);
}

#[tokio::test]
async fn a_token_that_was_tampered_with_is_refused() {
    let (_server, client) = with_services(&[], 5).await;
    let page = client.get(&format!("{SERVICES}?limit=2")).await.expect(200).json();
    let token = page["metadata"]["continue"].as_str().expect("a token");
    let nonsense = ["x", "e30", "%00", &token[1..], &token[..token.len() - 9]];
    for token in nonsense {
        let refused = client.get(&format!("{SERVICES}?limit=2&continue={token}")).await.expect(400).json();
        assert_eq!(refused["reason"], "BadRequest", "{token}");
    }
}

#[tokio::test]
async fn a_token_says_where_its_base64_is_broken() {
    let (_server, client) = with_services(&[], 0).await;
    for (token, at) in [("!!", 0), ("e30=", 3), ("abcde", 4)] {
        let refused = client.get(&format!("{SERVICES}?continue={token}")).await.expect(400).json();
        let expected =
            format!("invalid continue token: continue key is not valid: illegal base64 data at input byte {at}");
        assert_eq!(refused["message"], expected, "{token}");
    }
}

#[tokio::test]
async fn pages_respect_selectors() {
    let (_server, client) = with_services(&[], 12).await;
    for number in [1, 4, 7, 11] {
        let label = json!({"metadata": {"labels": {"odd": "yes"}}});
        client.patch(&at(&format!("web-{number:02}")), &label).await.expect(200);
    }
    let page = client.get(&format!("{SERVICES}?limit=3&labelSelector=odd%3Dyes")).await.expect(200).json();
    assert_eq!(names(&page), ["web-01", "web-04", "web-07"]);
    assert_eq!(page["metadata"].get("remainingItemCount"), None, "nobody counts what a selector hides");
    let token = page["metadata"]["continue"].as_str().expect("a token");
    let path = format!("{SERVICES}?limit=3&labelSelector=odd%3Dyes&continue={token}");
    let page = client.get(&path).await.expect(200).json();
    assert_eq!(names(&page), ["web-11"]);
    assert_eq!(page["metadata"].get("continue"), None);
}

/// A server with this many Services beside its own.
async fn with_services(flags: &[&str], count: usize) -> (Server, Client) {
    let server = harness::start(flags).await;
    let client = Client::new(server.url());
    for number in 0..count {
        client.post(SERVICES, &service(&format!("web-{number:02}"))).await.expect(201);
    }
    (server, client)
}
