//! Encodings: what is sent and accepted, who gets indented JSON, and when an answer is compressed.

use kubedouble::server::Server;
use serde_json::json;

use crate::{
    client::{Answer, Client, SERVICES, at, service},
    harness,
};

const YAML: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: web
  labels: {answer: \"yes\"}   # a text, not a boolean
spec:
  ports:
  - {name: http, port: 80, targetPort: http}
";

#[tokio::test]
async fn yaml_is_read_and_written() {
    let (_server, client) = start().await;
    let yaml = [("content-type", "application/yaml"), ("accept", "application/yaml")];
    let made = client.send("POST", SERVICES, &yaml, YAML).await.expect(201);
    assert_eq!(made.header("content-type"), "application/yaml");
    let text = made.text();
    for line in ["kind: Service", "  name: web", "    answer: \"yes\"", "  - name: http", "    targetPort: http"] {
        assert!(text.lines().any(|found| found == line), "{line:?} is missing from\n{text}");
    }
    let json = client.get(&at("web")).await.expect(200).json();
    assert_eq!(json["metadata"]["labels"], json!({"answer": "yes"}));

    let changed = text.replace("answer: \"yes\"", "answer: \"no\"");
    client.send("PUT", &at("web"), &yaml, changed).await.expect(200);
    let json = client.get(&at("web")).await.expect(200).json();
    assert_eq!(json["metadata"]["labels"], json!({"answer": "no"}));
}

#[tokio::test]
async fn people_get_indented_json() {
    let (_server, client) = start().await;
    client.post(SERVICES, &service("web")).await.expect(201);
    let cases = [
        // parameter          user agent        accept                          indented
        ("", "kubectl/v1.36.3", "application/json", false),
        ("", "curl/8.0.0", "application/json", true),
        ("", "Wget/1.25", "*/*", true),
        ("", "Mozilla/5.0 (X11)", "*/*", true),
        ("", "", "application/json;pretty=1", true),
        ("?pretty=true", "", "*/*", true),
        ("?pretty=1", "", "*/*", true),
        ("?pretty=false", "curl/8.0.0", "*/*", false),
    ];
    for (parameter, agent, accept, indented) in cases {
        for path in [at("web"), SERVICES.to_owned(), at("nobody")] {
            let headers = [("user-agent", agent), ("accept", accept)];
            let answer = client.send("GET", &format!("{path}{parameter}"), &headers, "").await;
            let text = answer.text();
            let case = format!("{path}{parameter} for {agent:?}, {accept}: {text}");
            assert_eq!(text.starts_with("{\n  \""), indented, "{case}");
            answer.json();
        }
    }
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_ask() {
    let (_server, client) = start().await;
    let mut large = service("large");
    large["metadata"]["annotations"] = json!({"text": "x".repeat(200_000)});
    client.post(SERVICES, &large).await.expect(201);
    let plain = client.get(SERVICES).await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");

    for (encodings, compressed) in [("gzip", true), ("deflate, gzip;q=0.5", true), ("gzip;q=0", false), ("br", false)] {
        let answer = client.send("GET", SERVICES, &[("accept-encoding", encodings)], "").await.expect(200);
        assert_eq!(answer.header("content-encoding") == "gzip", compressed, "{encodings}");
        if compressed {
            assert!(answer.body.starts_with(&[0x1f, 0x8b]), "gzip's magic number");
            assert!(answer.body.len() < plain.body.len() / 10);
        }
    }
    let short = client.send("GET", &at("kubernetes"), &[("accept-encoding", "gzip")], "").await.expect(200);
    assert_eq!(short.header("content-encoding"), "", "what is short is sent as it is");
}

#[tokio::test]
async fn watches_are_never_compressed() {
    let (server, client) = start().await;
    let mut large = service("large");
    large["metadata"]["annotations"] = json!({"text": "x".repeat(200_000)});
    client.post(SERVICES, &large).await.expect(201);
    let headers = [("accept-encoding", "gzip")];
    let path = format!("{SERVICES}?watch=true&timeoutSeconds=1");
    let watch = Client::new(server.url()).send("GET", &path, &headers, "").await.expect(200);
    assert_eq!((watch.header("content-encoding"), watch.header("content-length")), ("", ""));
    assert!(watch.body.starts_with(b"{\"type\":\"ADDED\""));
}

#[tokio::test]
async fn what_nobody_can_write_is_not_acceptable() {
    let (_server, client) = start().await;
    for accept in
        ["text/html", "application/xml", "image/*", "application/*", "application/json;as=Chair;v=v1;g=meta.k8s.io"]
    {
        let answer = client.send("GET", SERVICES, &[("accept", accept)], "").await;
        assert_eq!(answer.status, 406, "{accept}: {}", answer.text());
    }
    for accept in ["", "*/*", "text/html, */*;q=0.1", "application/json", "application/yaml"] {
        let answer = client.send("GET", SERVICES, &[("accept", accept)], "").await;
        assert_eq!(answer.status, 200, "{accept}: {}", answer.text());
    }
    // Documents about groups, and OpenAPI, come from in front of the router, which knows no half wildcards.
    for (path, expected) in
        [("/api", 406), ("/apis", 200), ("/apis/apps", 200), ("/apis/apps/v1", 406), ("/openapi/v2", 200)]
    {
        let answer = client.send("GET", path, &[("accept", "application/*")], "").await;
        assert_eq!(answer.status, expected, "{path}: {}", answer.text());
    }
    let refusal = client.send("GET", "/apis", &[("accept", "text/html")], "").await.expect(406).json();
    let text = "only the following media types are accepted: application/json, application/yaml, \
                application/vnd.kubernetes.protobuf";
    assert_eq!(refusal["message"], text);
}

#[tokio::test]
async fn what_nobody_can_read_is_an_unsupported_media_type() {
    let (_server, client) = start().await;
    let body = service("web").to_string();
    let send = async |method: &str, path: &str, media: &str| -> Answer {
        client.send(method, path, &[("content-type", media)], body.clone()).await
    };
    for media in ["text/plain", "application/x-www-form-urlencoded", "application/json-patch+json"] {
        let status = send("POST", SERVICES, media).await.expect(415).json();
        assert_eq!(status["reason"], "UnsupportedMediaType");
    }
    for media in ["application/json", "text/plain", "application/yaml"] {
        let status = send("PATCH", &at("kubernetes"), media).await.expect(415).json();
        assert_eq!(status["reason"], "UnsupportedMediaType");
    }
    send("POST", SERVICES, "application/json; charset=utf-8").await.expect(201);
}

#[tokio::test]
async fn protobuf_goes_both_ways() {
    let (_server, client) = start().await;
    client.post(SERVICES, &service("web")).await.expect(201);
    let media = "application/vnd.kubernetes.protobuf";
    let read = client.send("GET", &at("web"), &[("accept", media)], "").await.expect(200);
    assert_eq!(read.header("content-type"), media);
    assert!(read.body.starts_with(b"k8s\0"));
    let same = client.send("PUT", &at("web"), &[("content-type", media)], read.body).await.expect(200);
    assert_eq!(same.json(), client.get(&at("web")).await.json());
}

async fn start() -> (Server, Client) {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    (server, client)
}
