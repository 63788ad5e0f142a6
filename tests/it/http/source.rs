//! Where a request comes from: what a page of another site makes a browser send is refused, and everything else passes.

use kubedouble::server::Server;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    client::{Client, SERVICES},
    harness,
};

/// Sends a request with exactly these header lines; the status and the body.
async fn send(server: &Server, request: &str, lines: &[&str]) -> (u16, String) {
    let head = format!(
        "{request} HTTP/1.1\r\n{}connection: close\r\n\r\n",
        lines.iter().map(|line| format!("{line}\r\n")).collect::<String>()
    );
    let mut socket = TcpStream::connect(server.address()).await.expect("the server listens");
    socket.write_all(head.as_bytes()).await.expect("a connection");
    let mut response = String::new();
    socket.read_to_string(&mut response).await.expect("a response");
    let status = response.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.unwrap_or_else(|| panic!("no response but {response:?}")), response)
}

#[tokio::test]
async fn only_names_and_addresses_of_this_server_are_hosts() {
    let server = harness::start(&["--allowed-hosts=kubedouble,host.docker.internal"]).await;
    let port = server.address().port();
    let own = [
        "localhost".to_owned(),
        format!("localhost:{port}"),
        format!("LOCALHOST:{port}"),
        format!("127.0.0.1:{port}"),
        "127.8.8.8".to_owned(),
        format!("[::1]:{port}"),
        "app.localhost".to_owned(),
        "kubedouble:8080".to_owned(),
        "host.docker.internal".to_owned(),
    ];
    for path in ["/api/v1/namespaces/default/secrets", "/livez", "/kubedouble/controllers", "/nope"] {
        for host in &own {
            let (status, response) = send(&server, &format!("GET {path}"), &[&format!("host: {host}")]).await;
            assert_ne!(status, 403, "{path} {host}: {response}");
        }
        for host in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "192.0.2.7",
            "127.0.0.1.evil.example",
            "a@b",
        ] {
            let (status, response) = send(&server, &format!("GET {path}"), &[&format!("host: {host}")]).await;
            assert_eq!(status, 403, "{path} {host}: {response}");
            assert!(response.contains("\"reason\": \"Forbidden\"") || response.contains("\"reason\":\"Forbidden\""));
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let server = harness::start(&[]).await;
    let host = format!("host: {}", server.address());
    let own = format!("origin: {}", server.url());
    let cases: [(&[&str], bool); 11] = [
        (&[], true),
        (&[&own], true),
        (&["origin: http://evil.example"], false),
        (&["origin: https://localhost:1"], false),
        (&["origin: null"], false),
        (&["sec-fetch-site: cross-site", "sec-fetch-mode: no-cors"], false),
        (&["sec-fetch-site: same-site", "sec-fetch-mode: no-cors"], false),
        (&["sec-fetch-site: same-origin", "sec-fetch-mode: cors"], true),
        (&["sec-fetch-site: none", "sec-fetch-mode: navigate"], true),
        (&["sec-fetch-site: cross-site", "sec-fetch-mode: navigate"], true),
        (&["referer: http://evil.example/"], true),
    ];
    for path in ["/api/v1/namespaces/default/services", "/kubedouble/controllers", "/docs"] {
        for (lines, passes) in cases {
            let lines: Vec<&str> = [host.as_str()].into_iter().chain(lines.iter().copied()).collect();
            let (status, response) = send(&server, &format!("GET {path}"), &lines).await;
            assert_eq!(status, if passes { 200 } else { 403 }, "{path} {lines:?}: {response}");
        }
    }
    let pause = "POST /kubedouble/controllers/endpoints/pause";
    let (status, _) = send(&server, pause, &[&host, "origin: http://evil.example", "content-length: 0"]).await;
    assert_eq!(status, 403);
    let (status, _) = send(&server, pause, &[&host, "sec-fetch-site: cross-site", "sec-fetch-mode: navigate"]).await;
    assert_eq!(status, 403, "a form is a navigation, but no GET");
}

#[tokio::test]
async fn bodies_that_a_form_can_send_are_refused() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let body = json!({"metadata": {"name": "x"}, "spec": {"ports": [{"port": 80}]}}).to_string();
    let media = [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json;foo",
    ];
    for media in media {
        client.send("POST", SERVICES, &[("content-type", media)], body.clone()).await.expect(415);
    }
    for media in ["application/json", "application/json; charset=utf-8", "application/json;"] {
        client
            .send("POST", &format!("{SERVICES}?dryRun=All"), &[("content-type", media)], body.clone())
            .await
            .expect(201);
    }
}

#[tokio::test]
async fn a_token_comes_from_no_other_site() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tokens.csv");
    std::fs::write(&file, "secret,root,1,\"system:masters\"\n").expect("a file");
    let server = harness::start(&[&format!("--token-auth-file={}", file.display())]).await;
    let token = "authorization: Bearer secret";
    for lines in [&["host: kubedouble.example", token][..], &["host: localhost", token, "origin: http://ui.example"]] {
        assert_eq!(send(&server, "GET /api/v1/services", lines).await.0, 200, "{lines:?}");
    }
    assert_eq!(send(&server, "GET /api/v1/services", &["host: localhost"]).await.0, 401, "credentials are configured");
    assert_eq!(send(&server, "GET /api/v1/services", &["host: localhost", "authorization: Bearer x"]).await.0, 401);
}

#[tokio::test]
async fn a_request_has_one_host_and_is_chunked_or_not() {
    let server = harness::start(&[]).await;
    let request = format!("POST {SERVICES}");
    for (lines, expected, text) in [
        (&[][..], 400, "missing required Host header"),
        (&["host: localhost", "host: localhost"], 400, "too many Host headers"),
        (&["host: localhost", "transfer-encoding: gzip, chunked"], 501, "Unsupported transfer encoding"),
        (&["host: localhost", "transfer-encoding: gzip", "transfer-encoding: chunked"], 501, "Unsupported"),
    ] {
        let (status, response) = send(&server, &request, lines).await;
        assert_eq!(status, expected, "{lines:?}: {response}");
        assert!(response.contains(text), "{lines:?}: {response}");
    }
}

#[tokio::test]
async fn heads_may_be_as_long_as_kube_apiserver_takes_them() {
    let server = harness::start(&[]).await;
    let long = format!("x-long: {}", "x".repeat(900 * 1024));
    let many: Vec<String> = (0..150).map(|index| format!("x-{index}: {index}")).collect();
    let selector = format!("GET {SERVICES}?labelSelector=a%20in%20({})", vec!["value"; 10_000].join(","));
    assert_eq!(send(&server, "GET /livez", &["host: localhost", &long]).await.0, 200);
    let lines: Vec<&str> = ["host: localhost"].into_iter().chain(many.iter().map(String::as_str)).collect();
    assert_eq!(send(&server, "GET /livez", &lines).await.0, 200);
    let (status, response) = send(&server, &selector, &["host: localhost"]).await;
    assert_eq!(status, 200, "{response}");
}

#[tokio::test]
async fn a_connection_that_says_nothing_ends() {
    ends_in_time("").await;
}

#[tokio::test]
async fn a_connection_that_begins_a_request_ends() {
    ends_in_time("G").await;
}

#[tokio::test]
async fn a_connection_that_begins_http_2_ends() {
    ends_in_time("PRI * HTTP/2.0\r\n\r\n").await;
}

/// Says something on a new connection, and waits for its end.
async fn ends_in_time(said: &str) {
    let server = harness::start(&[]).await;
    let mut socket = TcpStream::connect(server.address()).await.expect("the server listens");
    socket.write_all(said.as_bytes()).await.expect("a connection");
    // The server has accepted it once this later connection has been served.
    assert_eq!(send(&server, "GET /livez", &["host: localhost"]).await.0, 200);
    tokio::time::pause();
    let waited = tokio::time::Instant::now();
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest).await;
    assert!((25..=33).contains(&waited.elapsed().as_secs()), "{said:?}: after {:?}", waited.elapsed());
}
