//! The surface as clients see it: headers, limits, fallbacks, and how a watch begins and ends.

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use kubedouble::{
    http::{App, Gate, Settings, Surface as Front, request::body::BODY_MAX},
    server::Server,
    wire::protobuf,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};

use crate::harness;

const SERVICES: &str = "/api/v1/namespaces/default/services";
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// A server, its routes without a socket, and the switch that says it is stopping.
struct Surface {
    front: Front,
    stopping: watch::Sender<bool>,
    _server: Server,
}

/// What came back, read to its end.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Surface {
    async fn new() -> Self {
        let server = harness::start(&[]).await;
        let (stopping, receiver) = watch::channel(false);
        let gate = Gate::open();
        let settings =
            Settings { address: "127.0.0.1:8080".into(), stopping: receiver, leaving: Default::default(), gate };
        Self { front: Front::new(App::new(server.api().clone(), settings, Vec::new())), stopping, _server: server }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Got {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a well-formed request");
        let (parts, body) = self.front.respond(request).await.into_parts();
        let body = body.collect().await.expect("bodies end well").to_bytes().to_vec();
        Got { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Got {
        self.send(Method::GET, path, headers, Body::empty()).await
    }

    async fn create_services(&self, count: usize) {
        for n in 0..count {
            let body = json!({"metadata": {"name": format!("s{n}")}, "spec": {"ports": [{"port": 80}]}}).to_string();
            assert_eq!(self.send(Method::POST, SERVICES, &[], body).await.status, StatusCode::CREATED);
        }
    }
}

impl Got {
    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

#[tokio::test]
async fn every_answer_can_be_audited_and_is_not_cached() {
    let surface = Surface::new().await;
    for path in ["/api/v1/services", "/nope", "/healthz", "/version", "/api/v2"] {
        let got = surface.get(path, &[("audit-id", "mine")]).await;
        assert_eq!((got.header("audit-id"), got.header("cache-control")), ("mine", "no-cache, private"), "{path}");
        let got = surface.get(path, &[]).await;
        assert_eq!(got.header("audit-id").len(), 36, "{path}");
    }
}

#[tokio::test]
async fn objects_are_compact_for_programs_and_indented_for_people() {
    let surface = Surface::new().await;
    let path = format!("{SERVICES}/kubernetes");
    let compact = surface.get(&path, &[]).await;
    assert!(compact.text().starts_with("{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{"));
    assert!(compact.text().ends_with("}\n"));
    let person = surface.get(&path, &[("user-agent", "curl/8")]).await;
    assert!(person.text().starts_with("{\n  \"kind\": \"Service\""), "{}", person.text());
    assert_eq!(person.json(), compact.json());
    let asked = surface.get(&format!("{path}?pretty=false"), &[("user-agent", "curl/8")]).await;
    assert_eq!(asked.body, compact.body);
}

#[tokio::test]
async fn a_missing_page_and_a_missing_resource_differ() {
    let surface = Surface::new().await;
    let page = surface.get("/nope", &[]).await;
    assert_eq!((page.status, page.text()), (StatusCode::NOT_FOUND, "404 page not found\n"));
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let resource = surface.get("/api/v1/gadgets", &[]).await;
    assert_eq!((resource.status, &resource.json()["reason"]), (StatusCode::NOT_FOUND, &json!("NotFound")));
    let method = surface.send(Method::PUT, SERVICES, &[], "{}").await;
    assert_eq!((method.status, method.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "DELETE, GET, POST"));
}

#[tokio::test]
async fn errors_are_indented_json_when_the_client_accepts_no_encoding_for_them() {
    let surface = Surface::new().await;
    let table = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let got = surface.get(&format!("{SERVICES}/ghost"), &table).await;
    assert_eq!((got.status, got.header("content-type")), (StatusCode::NOT_FOUND, "application/json"));
    assert!(got.text().starts_with("{\n  \"kind\": \"Status\""));
    let yaml = surface.get(&format!("{SERVICES}/ghost"), &[("accept", "application/yaml")]).await;
    assert_eq!(yaml.header("content-type"), "application/yaml");
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let surface = Surface::new().await;
    let got = surface.send(Method::POST, SERVICES, &[], vec![b' '; BODY_MAX + 1]).await;
    assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(got.json()["message"], "Request entity too large: limit is 3145728");
}

#[tokio::test]
async fn lists_are_whole_whatever_their_length() {
    let surface = Surface::new().await;
    let empty = surface.get("/api/v1/namespaces/none/services", &[]).await.json();
    assert_eq!((&empty["kind"], &empty["items"]), (&json!("ServiceList"), &json!([])));
    surface.create_services(250).await;
    let plain = surface.get(SERVICES, &[]).await;
    assert!(plain.body.len() > 128 * 1024, "several chunks are needed for {} bytes", plain.body.len());
    assert_eq!(plain.json()["items"].as_array().map(Vec::len), Some(251));
    let indented = surface.get(SERVICES, &[("user-agent", "curl")]).await.json();
    assert_eq!(indented, plain.json(), "the copied bytes say what the encoder says");
    let zipped = surface.get(SERVICES, &[("accept-encoding", "gzip")]).await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    assert!(zipped.body.len() < plain.body.len() / 2);
    let small = surface.get(&format!("{SERVICES}?limit=2"), &[("accept-encoding", "gzip")]).await;
    assert_eq!(small.header("content-encoding"), "");
    let metadata = &small.json()["metadata"];
    assert_eq!((metadata["remainingItemCount"].as_u64(), metadata["continue"].is_string()), (Some(249), true));
}

#[tokio::test]
async fn discovery_documents_are_known_by_their_tags() {
    let surface = Surface::new().await;
    let first = surface.get("/apis", &[("accept", AGGREGATED)]).await;
    assert_eq!((first.header("content-type"), first.header("vary")), (AGGREGATED, "Accept"));
    assert_eq!((first.header("cache-control"), first.header("etag").len()), ("public", 130));
    let again = surface.get("/apis", &[("accept", AGGREGATED), ("if-none-match", first.header("etag"))]).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let legacy = surface.get("/apis", &[]).await;
    assert_eq!((legacy.header("content-type"), &legacy.json()["kind"]), ("application/json", &json!("APIGroupList")));
}

#[tokio::test]
async fn openapi_documents_are_found_under_their_hash() {
    let surface = Surface::new().await;
    let index = surface.get("/openapi/v3", &[]).await.json();
    let url = index["paths"]["api/v1"]["serverRelativeURL"].as_str().expect("core is listed").to_owned();
    let found = surface.get(&url, &[]).await;
    assert_eq!((found.status, found.header("cache-control")), (StatusCode::OK, "public, immutable"));
    let moved = surface.get("/openapi/v3/api/v1?hash=old", &[]).await;
    assert_eq!((moved.status, moved.header("location")), (StatusCode::MOVED_PERMANENTLY, url.as_str()));
}

#[tokio::test]
async fn openapi_version_2_comes_in_protobuf_too() {
    let surface = Surface::new().await;
    for separator in ["@", "."] {
        let accept = format!("application/com.github.proto-openapi.spec.v2{separator}v1.0+protobuf");
        let got = surface.get("/openapi/v2", &[("accept", &accept)]).await;
        assert_eq!(got.header("content-type"), "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
        assert!(got.body.starts_with(b"\x0a\x032.0\x12"), "swagger, then info");
        assert!(got.body.len() > 100_000);
        assert!(got.header("last-modified").ends_with(" GMT"), "{:?}", got.headers);
        let again = surface.get("/openapi/v2", &[("accept", &accept), ("if-none-match", got.header("etag"))]).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    }
    assert_eq!(surface.get("/openapi/v2", &[]).await.json()["swagger"], "2.0");
    assert_eq!(surface.get("/openapi/v2", &[("accept", "text/html")]).await.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn openapi_version_3_comes_in_protobuf_too() {
    let surface = Surface::new().await;
    let json = surface.get("/openapi/v3/api/v1", &[]).await;
    for separator in ["@", "."] {
        let accept = format!("application/com.github.proto-openapi.spec.v3{separator}v1.0+protobuf");
        let got = surface.get("/openapi/v3/api/v1", &[("accept", &accept)]).await;
        assert_eq!(got.header("content-type"), "application/com.github.proto-openapi.spec.v3.v1.0+protobuf");
        assert!(got.body.starts_with(b"\x0a\x053.0.0\x12"), "openapi, then info");
        assert!(got.body.len() > 50_000);
        assert_eq!(got.header("etag"), json.header("etag"), "one hash for both, as in the index");
    }
    assert_eq!(surface.get("/openapi/v3/api/v1", &[("accept", "text/html")]).await.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn legacy_discovery_is_written_as_the_client_wants_it() {
    let surface = Surface::new().await;
    let cases = [
        ("/api", "APIVersions", ""),
        ("/apis", "APIGroupList", "v1"),
        ("/apis/discovery.k8s.io", "APIGroup", "v1"),
        ("/api/v1", "APIResourceList", ""),
        ("/apis/discovery.k8s.io/v1", "APIResourceList", "v1"),
    ];
    for (path, kind, version) in cases {
        let got = surface.get(path, &[("accept", "application/vnd.kubernetes.protobuf")]).await;
        assert_eq!(got.header("content-type"), "application/vnd.kubernetes.protobuf", "{path}");
        let envelope = protobuf::open(&got.body).expect("an envelope");
        assert_eq!((envelope.kind.as_str(), envelope.api_version.as_str()), (kind, version), "{path}");
        let yaml = surface.get(path, &[("accept", "application/yaml")]).await;
        assert!(yaml.text().contains(&format!("kind: {kind}")), "{path}");
        let refused = surface.get(path, &[("accept", "text/html")]).await;
        assert_eq!(refused.status, StatusCode::NOT_ACCEPTABLE, "{path}");
        // Documents about groups come from in front of the router.
        let words = if matches!(kind, "APIGroupList" | "APIGroup") {
            "only the following media types are accepted: "
        } else {
            "406: Not Acceptable\n\n"
        };
        assert!(refused.json()["message"].as_str().is_some_and(|text| text.starts_with(words)), "{path}");
    }
    let version = surface.get("/version", &[("accept", "text/html")]).await;
    assert_eq!(version.json()["message"], "406: Not Acceptable\n\nAvailable representations: application/json");
}

#[tokio::test]
async fn every_answer_says_which_priority_it_had() {
    let surface = Surface::new().await;
    for path in ["/api/v1/services", "/api", "/nope", "/readyz"] {
        let got = surface.get(path, &[]).await;
        for name in ["x-kubernetes-pf-flowschema-uid", "x-kubernetes-pf-prioritylevel-uid"] {
            assert_eq!(got.header(name).len(), 36, "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn health_names_its_checks() {
    let surface = Surface::new().await;
    let ok = surface.get("/livez", &[]).await;
    assert_eq!((ok.status, ok.text()), (StatusCode::OK, "ok"));
    let verbose = surface.get("/livez?verbose&exclude=log&exclude=nope", &[]).await;
    let text = "[+]ping ok\n[+]log excluded: ok\n[+]etcd ok\nwarn: some health checks cannot be excluded: no matches \
                for \"nope\"\nlivez check passed\n";
    assert_eq!(verbose.text(), text);
    assert_eq!(surface.get("/readyz/shutdown", &[]).await.text(), "ok");
    surface.stopping.send(true).expect("the routes listen");
    let stopping = surface.get("/readyz", &[]).await;
    assert_eq!(stopping.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(stopping.text().ends_with("[-]shutdown failed: reason withheld\nreadyz check failed\n"));
    assert_eq!(surface.get("/livez", &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn requests_are_counted() {
    let surface = Surface::new().await;
    surface.get(&format!("{SERVICES}/ghost"), &[]).await;
    let text = surface.get("/metrics", &[]).await;
    let line = "apiserver_request_total{code=\"404\",verb=\"GET\",group=\"\",version=\"v1\",resource=\"services\",\
                subresource=\"\",scope=\"resource\"} 1\n";
    assert!(text.text().contains(line), "{}", text.text());
    assert!(text.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn tables_and_metadata_are_made_from_lists_and_objects() {
    let surface = Surface::new().await;
    let accept = |kind: &str| format!("application/json;as={kind};g=meta.k8s.io;v=v1");
    let (table, one, many) = (accept("Table"), accept("PartialObjectMetadata"), accept("PartialObjectMetadataList"));
    let got = surface.get(SERVICES, &[("accept", &table)]).await.json();
    assert_eq!((&got["kind"], &got["rows"][0]["cells"][0]), (&json!("Table"), &json!("kubernetes")));
    assert_eq!(got["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let got = surface.get(&format!("{SERVICES}/kubernetes?includeObject=None"), &[("accept", &table)]).await.json();
    assert_eq!(got["rows"][0]["object"], Value::Null);
    let got = surface.get(SERVICES, &[("accept", &many)]).await.json();
    assert_eq!(got["items"][0]["kind"], "PartialObjectMetadata");
    let refused = surface.get(SERVICES, &[("accept", &one)]).await;
    assert_eq!(refused.status, StatusCode::NOT_ACCEPTABLE);
    assert!(refused.text().contains("the requested object is a list (*core.ServiceList)"));
    let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let refused = surface.send(Method::POST, reviews, &[("accept", &table)], "{\"spec\":{}}").await;
    assert_eq!(refused.status, StatusCode::NOT_ACCEPTABLE, "a review has no table");
}

#[tokio::test]
async fn a_watch_is_told_each_event_on_its_own_line_until_its_time_is_up() {
    let surface = Surface::new().await;
    surface.create_services(2).await;
    let path = format!("{SERVICES}?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
    let got = surface.get(&format!("{path}&allowWatchBookmarks=true"), &[]).await;
    let lines: Vec<Value> =
        got.text().lines().map(|line| serde_json::from_str(line).expect("each line is an event")).collect();
    let names: Vec<_> = lines.iter().take(3).map(|e| e["object"]["metadata"]["name"].as_str()).collect();
    assert_eq!(names, [Some("kubernetes"), Some("s0"), Some("s1")]);
    assert!(lines.iter().take(3).all(|event| event["type"] == "ADDED" && event["object"]["kind"] == "Service"));
    let mark = &lines[3];
    assert_eq!(mark["type"], "BOOKMARK");
    assert_eq!(mark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    let table = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let got = surface.get(&path, &table).await;
    let tables: Vec<Value> = got.text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let headed: Vec<_> = tables.iter().map(|event| event["object"]["columnDefinitions"].is_array()).collect();
    assert_eq!(headed, [true, false, false], "only the first table names its columns");
}

#[tokio::test]
async fn open_watches_end_when_the_server_stops() {
    let server = harness::start(&[]).await;
    let mut socket = TcpStream::connect(server.address()).await.expect("the server listens");
    let request = format!("GET {SERVICES}?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut seen = Vec::new();
    while !seen.ends_with(b"}\n\r\n") {
        assert!(socket.read_buf(&mut seen).await.expect("an answer") > 0, "the watch begins with what there is");
    }
    server.stop().await;
    socket.read_to_end(&mut seen).await.expect("the connection ends in order");
    assert!(seen.ends_with(b"0\r\n\r\n"), "the last chunk is there: {}", String::from_utf8_lossy(&seen));
}
