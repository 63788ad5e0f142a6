//! Servers for tests: in this process, in memory, on a port of their own.

use std::time::Duration;

use clap::Parser;
use kubedouble::{config::Config, server::Server, store::clock::of_tokio};

/// Starts a fresh server with the given flags beside those every test server has.
pub async fn start(flags: &[&str]) -> Server {
    Server::start(config(flags)).await.expect("a server in memory on a free port starts")
}

/// As [`start`], with a clock that goes as tokio's does, which a test may pause.
pub async fn start_on_tokio_time(flags: &[&str]) -> Server {
    let start = "2026-01-01T00:00:00Z".parse().expect("a time");
    let started = Server::start_with_clock(config(flags), of_tokio(start)).await;
    started.expect("a server in memory on a free port starts")
}

fn config(flags: &[&str]) -> Config {
    let own = ["kubedouble", "--port=0", "--data=:memory:", "--simulate-pods=false", "--load-balancer=off"];
    // Pods are what their makers say, so that tests can compare them.
    let own = own.into_iter().chain(["--disable-admission-plugins=ServiceAccount"]);
    Config::parse_from(own.chain(flags.iter().copied()))
}

/// The processor time of this thread, which does not grow while others run.
pub fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("a number"))
}
