//! Hostile paths, queries and Accept headers never panic.
#![no_main]

use std::sync::LazyLock;

use kubedouble::{
    http::request::{
        negotiate, path,
        query::{self, Query},
    },
    text::percent,
    verbs::Registry,
};
use libfuzzer_sys::fuzz_target;

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::built_in);

fuzz_target!(|input: (&str, &str, &str)| {
    let (path, raw, accept) = input;
    if let Some(decoded) = percent::decode(path) {
        path::parse(&REGISTRY, &decoded);
    }
    for root in ["/api/v1/", "/apis/", "/api/v1/watch/"] {
        path::parse(&REGISTRY, &format!("{root}{path}"));
    }
    let query = Query::parse(Some(raw));
    let _ = query::list_options(&query);
    let _ = query::check_timeout(&query);
    negotiate::parse_accept(accept);
});
