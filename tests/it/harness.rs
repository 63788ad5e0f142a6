//! Servers for tests: in this process, in memory, on a port of their own.

use clap::Parser;
use kubedouble::{config::Config, server::Server};

/// Starts a fresh server with the given flags beside those every test server has.
pub async fn start(flags: &[&str]) -> Server {
    let own = ["kubedouble", "--port=0", "--data=:memory:", "--simulate-pods=false", "--load-balancer=off"];
    let config = Config::parse_from(own.iter().chain(flags));
    Server::start(config).await.expect("a server in memory on a free port starts")
}
