//! What the benchmarks share: a lean client, servers to measure, and requests about Services.

// Every benchmark is a program of its own and uses its own part of this.
#![allow(dead_code)]

pub mod client;
pub mod commit;
pub mod hook;

use std::{
    fs::{self, File},
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use bytes::Bytes;
use clap::Parser;
use client::Client;
use kubedouble::{config::Config, server::Server};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

/// The allocator that the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The collection of the Services that the benchmarks work on.
pub const SERVICES: &str = "/api/v1/namespaces/default/services";

/// Flags of a server that keeps nothing.
pub const IN_MEMORY: &str = "--data=:memory:";

/// A runtime with so many threads, which bear a name.
pub fn runtime(name: &str, threads: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(threads).thread_name(name).enable_all().build().expect("a runtime")
}

/// The CPU time that this process's threads have taken whose names begin like this. Other programs on the machine
/// change it less than anything that a clock says.
pub fn cpu(name: &str) -> Duration {
    let mut nanoseconds = 0;
    for task in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let read = |file| fs::read_to_string(task.path().join(file)).unwrap_or_default();
        if read("comm").starts_with(name) {
            nanoseconds += read("schedstat").split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        }
    }
    Duration::from_nanos(nanoseconds)
}

/// Starts a server in this process, on the runtime.
pub fn start(runtime: &Runtime, data: &str) -> Server {
    start_with(runtime, &[data])
}

/// As [`start`], with these flags.
pub fn start_with(runtime: &Runtime, flags: &[&str]) -> Server {
    let own = ["kubedouble", "--port=0", "--log=error"];
    let config = Config::try_parse_from(own.iter().chain(flags)).expect("flags");
    runtime.block_on(runtime.spawn(Server::start(config))).expect("a task that ends").expect("a server")
}

/// The flag for a data file in a directory.
pub fn data_in(directory: &Path) -> String {
    format!("--data={}", directory.join("bench.db").display())
}

/// Starts a bare axum handler that answers these bytes, on the runtime.
pub fn start_bare(runtime: &Runtime, answer: Bytes) -> SocketAddr {
    let handler = move || {
        let answer = answer.clone();
        async move { ([("content-type", "application/json")], answer) }
    };
    let router = Router::new().route("/{*path}", get(handler));
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    })
}

/// A Service like those of real clusters; without a selector, so that controllers have nothing to write.
pub fn service(name: &str, headless: bool) -> String {
    let mut service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "labels": {"app.kubernetes.io/name": "bench", "app.kubernetes.io/instance": name},
            "annotations": {"example.com/owner": "team-a", "example.com/runbook": "https://example.com/runbook"},
        },
        "spec": {
            "ports": [
                {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"},
                {"name": "metrics", "port": 9090, "targetPort": 9090, "protocol": "TCP"},
            ],
        },
    });
    if headless {
        service["spec"]["clusterIP"] = json!("None");
    }
    service.to_string()
}

/// Creates so many Services with so many writers, and answers how long that took.
pub async fn create_all(address: SocketAddr, writers: u64, count: u64, headless: bool) -> Duration {
    static NAMES: AtomicU64 = AtomicU64::new(0);
    let mut connections = Vec::new();
    for _ in 0..writers {
        connections.push(Client::connect(address).await);
    }
    let left = Arc::new(AtomicU64::new(count));
    let started = Instant::now();
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|mut client| {
            let left = Arc::clone(&left);
            tokio::spawn(async move {
                while left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
                    let name = format!("service-{:06}", NAMES.fetch_add(1, Relaxed));
                    let answer = client.send(&client::post(SERVICES, &service(&name, headless))).await;
                    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a writer that ends");
    }
    started.elapsed()
}

/// Gets a path over and over on so many connections for so long, and answers how often.
pub async fn get_all(address: SocketAddr, path: &str, connections: usize, time: Duration) -> f64 {
    let request: Bytes = client::get(path).into();
    let started = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let request = request.clone();
            tokio::spawn(async move {
                let mut client = Client::connect(address).await;
                let mut done = 0_u64;
                while started.elapsed() < time {
                    assert_eq!(client.send(&request).await.status, 200);
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("a reader that ends");
    }
    done as f64
}

/// The mean time of a plain write and fdatasync of so many bytes in a directory: the unit of durable writes.
pub fn raw_write(directory: &Path, bytes: usize, writes: u32) -> Duration {
    let mut file = File::create(directory.join("raw")).expect("a file");
    let bytes = vec![b'x'; bytes];
    let started = Instant::now();
    for _ in 0..writes {
        file.write_all(&bytes).expect("a write");
        file.sync_data().expect("a sync");
    }
    started.elapsed() / writes
}
