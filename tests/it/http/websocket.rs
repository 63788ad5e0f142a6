//! Watches over WebSocket: the handshake, what the messages are, and how they end.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use kubedouble::{server::Server, wire::protobuf::PREFIX};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::StatusCode, protocol::frame::coding::CloseCode},
};

use crate::{
    client::{Client, SERVICES},
    harness,
};

async fn open(server: &Server, path: &str, headers: &[(&str, &str)]) -> Result<WebSocketStream<TcpStream>, Error> {
    let mut request = format!("ws://{}{path}", server.address()).into_client_request().expect("a URL");
    for (name, value) in headers {
        let name = name.parse::<tokio_tungstenite::tungstenite::http::HeaderName>().expect("a header's name");
        request.headers_mut().insert(name, value.parse().expect("a header's value"));
    }
    let socket = TcpStream::connect(server.address()).await.expect("the server listens");
    client_async(request, socket).await.map(|(stream, _)| stream)
}

async fn create(server: &Server, name: &str) {
    let service = json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}});
    Client::new(server.url()).post(SERVICES, &service).await.expect(201);
}

async fn next(stream: &mut WebSocketStream<TcpStream>) -> Message {
    let message = timeout(Duration::from_secs(30), stream.next()).await.expect("a message comes");
    message.expect("the stream is open").expect("the message is sound")
}

async fn event(stream: &mut WebSocketStream<TcpStream>) -> Value {
    let Message::Text(text) = next(stream).await else { panic!("JSON comes as text") };
    serde_json::from_str(&text).expect("a message is one event")
}

fn refusal(opened: Result<WebSocketStream<TcpStream>, Error>) -> (StatusCode, String) {
    match opened {
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            (response.status(), String::from_utf8_lossy(body).into_owned())
        }
        other => panic!("a refusal is an HTTP answer, not {other:?}"),
    }
}

#[tokio::test]
async fn each_event_is_a_text_message() {
    let server = harness::start(&[]).await;
    let mut stream =
        open(&server, &format!("{SERVICES}?watch=1"), &[("origin", &server.url())]).await.expect("an upgrade");
    let first = event(&mut stream).await;
    assert_eq!((&first["type"], &first["object"]["metadata"]["name"]), (&json!("ADDED"), &json!("kubernetes")));
    stream.send(Message::text("nobody listens")).await.expect("the server reads");
    create(&server, "a").await;
    create(&server, "b").await;
    for name in ["a", "b"] {
        let event = event(&mut stream).await;
        assert_eq!((&event["object"]["kind"], &event["object"]["metadata"]["name"]), (&json!("Service"), &json!(name)));
    }
    server.stop().await;
    let Message::Close(Some(close)) = next(&mut stream).await else { panic!("the server closes") };
    assert_eq!(close.code, CloseCode::Normal);
}

#[tokio::test]
async fn protobuf_comes_as_binary_messages_without_a_length() {
    let server = harness::start(&[]).await;
    let accept = ("accept", "application/vnd.kubernetes.protobuf;stream=watch");
    let mut stream =
        open(&server, &format!("{SERVICES}?watch=1"), &[("origin", &server.url()), accept]).await.expect("an upgrade");
    let Message::Binary(bytes) = next(&mut stream).await else { panic!("protobuf comes as binary") };
    assert!(bytes.starts_with(b"\x0a\x05ADDED\x12"), "a WatchEvent: {bytes:?}");
    assert!(bytes.windows(PREFIX.len()).any(|window| window == PREFIX), "with an enveloped object");
}

#[tokio::test]
async fn the_watch_ends_with_its_time() {
    let server = harness::start(&[]).await;
    let path = format!("{SERVICES}?watch=1&timeoutSeconds=1&resourceVersion=0");
    let mut stream = open(&server, &path, &[("origin", &server.url())]).await.expect("an upgrade");
    assert_eq!(event(&mut stream).await["type"], "ADDED");
    assert!(matches!(next(&mut stream).await, Message::Close(_)));
}

#[tokio::test]
async fn a_handshake_needs_an_origin() {
    let server = harness::start(&[]).await;
    let path = format!("{SERVICES}?watch=1");
    for headers in [&[][..], &[("origin", "null")], &[("origin", "")], &[("origin", "http://elsewhere.example")]] {
        assert_eq!(refusal(open(&server, &path, headers).await).0, StatusCode::FORBIDDEN, "{headers:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_watch_is_said_before_the_handshake() {
    let server = harness::start(&[]).await;
    let cases = [
        (format!("{SERVICES}?watch=1&labelSelector=!!"), StatusCode::BAD_REQUEST, "unable to parse requirement"),
        (
            format!("{SERVICES}?watch=1&sendInitialEvents=true"),
            StatusCode::UNPROCESSABLE_ENTITY,
            "resourceVersionMatch",
        ),
        ("/api/v1/gadgets?watch=1".to_owned(), StatusCode::NOT_FOUND, "could not find the requested resource"),
    ];
    for (path, status, text) in cases {
        let refused = refusal(open(&server, &path, &[]).await);
        assert_eq!(refused.0, status, "{path}");
        // The client keeps no more of the body than came with the head.
        assert!(refused.1.contains(text) || refused.1.is_empty(), "{path}: {}", refused.1);
    }
    let listed = refusal(open(&server, SERVICES, &[("origin", &server.url())]).await);
    assert_eq!(listed.0, StatusCode::OK, "a list is a list, whatever the connection could become");
}

#[tokio::test]
async fn a_client_that_says_too_much_is_dropped() {
    let server = harness::start(&[]).await;
    let mut stream =
        open(&server, &format!("{SERVICES}?watch=1"), &[("origin", &server.url())]).await.expect("an upgrade");
    // The server may stop reading before all is sent.
    let _ = stream.send(Message::binary(vec![0; 1 << 20])).await;
    while let Some(Ok(message)) = timeout(Duration::from_secs(30), stream.next()).await.expect("the end comes") {
        assert!(message.is_text() || message.is_close());
    }
}
