//! A server that answers what was recorded, with values of its own where they are volatile: replayed against it, every
//! step must agree with itself.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use regex::{Captures, Regex};
use serde_json::Value;
use tokio::net::TcpListener;

use super::compare::Grade;
use super::replay::Case;
use super::{FAMILIES, load, side_by_side};

/// Fields that a server writes after those they hold placeholders in common with; the recordings are in alphabetical order.
const LATE: &[&str] = &["ownerReferences", "healthCheckNodePort"];

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
        queue.extend(std::iter::repeat_n(volatile(answer, &case.generate_name()), times));
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

/// Puts values where a recorded answer has placeholders.
fn volatile(answer: &Value, generate_name: &str) -> Value {
    static PLACEHOLDER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"<(uid|ip|port|gen|rv|time|age|continue)(\d*)>").expect("a valid pattern"));
    match answer {
        Value::Array(items) => items.iter().map(|item| volatile(item, generate_name)).collect(),
        Value::Object(fields) => {
            let value = |(name, value): (&String, &Value)| (name.clone(), volatile(value, generate_name));
            let (late, early): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| LATE.contains(&name.as_str()));
            early.into_iter().chain(late).map(value).collect()
        }
        Value::String(text) => {
            let filled = PLACEHOLDER.replace_all(text, |found: &Captures| {
                let number: u32 = found[2].parse().unwrap_or_default();
                match &found[1] {
                    "uid" => format!("{number:08x}-1111-4222-8333-444444444444"),
                    "ip" => format!("10.96.254.{number}"),
                    "port" => format!("{}", 32500 + number),
                    "gen" => format!("{generate_name}{}", suffix(number)),
                    "rv" => "7654321".to_string(),
                    "time" => "2026-05-06T07:08:09Z".to_string(),
                    "age" => "5s".to_string(),
                    _ => "bmV4dA".to_string(),
                }
            });
            match filled.parse::<u64>() {
                // A placeholder has no type; ports are numbers.
                Ok(port) if text.starts_with("<port") => port.into(),
                _ => filled.into(),
            }
        }
        other => other.clone(),
    }
}

/// Five letters of those that generated names end in.
fn suffix(number: u32) -> String {
    let letters: Vec<char> = "bcdfghjklmnpqrstvwxz2456789".chars().collect();
    (0..5).rev().map(|place| letters[(number as usize / letters.len().pow(place)) % letters.len()]).collect()
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
