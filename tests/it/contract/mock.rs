//! A server that answers what was recorded: replayed against it, every step must agree with itself.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use super::compare::Grade;
use super::replay::Case;
use super::{FAMILIES, load, side_by_side};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recordings_agree_with_themselves() {
    // The controllers' cases sleep between polls, whatever the server.
    for family in FAMILIES.iter().filter(|family| **family != "controllers") {
        let graded = side_by_side(load(family), async |case: &Case| case.replay(&serve(case).await).await).await;
        let differing: Vec<_> =
            graded.iter().filter(|step| step.grade < Grade::Exact).map(ToString::to_string).collect();
        assert!(!graded.is_empty(), "{family}");
        assert!(differing.is_empty(), "{family}\n{}", differing.join("\n"));
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_agrees_in_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let graded = load("dry_run")[0].replay(&url).await;
    assert!(graded.iter().all(|step| step.grade == Grade::Nothing));
}

/// Serves the case's answers in order on a port of its own, and gives the URL.
async fn serve(case: &Case) -> String {
    let mut queue = VecDeque::new();
    for (step, answer) in case.steps().iter().zip(&case.answers) {
        let times = if step.settle.is_some() { 2 } else { 1 };
        queue.extend(std::iter::repeat_n(answer.clone(), times));
    }
    let queue = Arc::new(Mutex::new(queue));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let queue = queue.clone();
            let next = service_fn(move |_| {
                let answer = queue.lock().expect("no one panics holding it").pop_front();
                std::future::ready(Ok::<_, Infallible>(response(&answer.unwrap_or_default())))
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), next));
        }
    });
    url
}

fn response(answer: &Value) -> hyper::Response<Full<Bytes>> {
    let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(599);
    let mut response = hyper::Response::builder().status(status);
    if let Some(kind) = answer["type"].as_str().filter(|kind| !kind.is_empty()) {
        response = response.header("Content-Type", kind);
    }
    for warning in answer["warnings"].as_array().into_iter().flatten() {
        response = response.header("Warning", warning.as_str().unwrap_or_default());
    }
    let body = match (&answer["body"], &answer["frames"], &answer["text"]) {
        (_, _, Value::String(text)) => text.clone(),
        (_, Value::Array(frames), _) => frames.iter().map(|frame| format!("{frame}\n")).collect(),
        (Value::Null, _, _) => String::new(),
        (body, _, _) => body.to_string(),
    };
    response.body(body.into()).expect("recorded headers are valid")
}
