//! The page at `/docs`: it works without the internet, and what it asks for is there.

use crate::{client::Client, harness};

#[tokio::test]
async fn docs_need_nothing_but_this_server() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let page = client.get("/docs").await.expect(200).text();
    assert!(page.starts_with("<!doctype html>"));
    for elsewhere in ["http:", "https:", "src=", "@import", "innerHTML"] {
        assert!(!page.contains(elsewhere), "the page has {elsewhere}");
    }
    let paths = client.get("/").await.expect(200).json();
    assert!(paths["paths"].as_array().is_some_and(|paths| paths.iter().any(|path| path == "/docs")));
}

#[tokio::test]
async fn docs_find_every_document() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let page = client.get("/docs").await.expect(200).text();
    for asked in ["openapi/v3", "kubedouble/openapi.json"] {
        assert!(page.contains(&format!("\"{asked}\"")), "the page asks for {asked}");
        client.get(&format!("/{asked}")).await.expect(200);
    }
    let index = client.get("/openapi/v3").await.expect(200).json();
    for (name, place) in index["paths"].as_object().expect("an index") {
        let url = place["serverRelativeURL"].as_str().expect("an address");
        let document = client.get(url).await.expect(200).json();
        assert!(document["components"]["schemas"].is_object(), "{name}");
    }
}

#[tokio::test]
async fn our_own_pages_are_described_with_those_of_other_rooms() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let document = client.get("/kubedouble/openapi.json").await.expect(200).json();
    for (path, method) in [
        ("/readyz", "get"),
        ("/docs", "get"),
        ("/openapi/v2", "get"),
        ("/kubedouble/settled", "get"),
        ("/kubedouble/controllers/{name}/{action}", "post"),
        ("/kubedouble/openapi.json", "get"),
    ] {
        let operation = &document["paths"][path][method];
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{path} says what it does");
        assert!(operation["responses"]["200"]["description"].is_string(), "{path} says what it answers");
    }
}
