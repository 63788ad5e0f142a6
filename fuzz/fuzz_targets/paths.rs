//! Hostile paths, queries and Accept headers never panic.
#![no_main]

use std::sync::LazyLock;

use kubedouble::{
    http::request::{
        negotiate, path,
        query::{self, Query},
    },
    text::percent,
    verbs::Kinds,
};
use libfuzzer_sys::fuzz_target;

static KINDS: LazyLock<Kinds> = LazyLock::new(Kinds::built_in);

fuzz_target!(|input: (&str, &str, &str)| {
    let (path, raw, accept) = input;
    if let Some(decoded) = percent::decode(path) {
        path::parse(&KINDS, &decoded);
    }
    for root in ["/api/v1/", "/apis/", "/api/v1/watch/"] {
        path::parse(&KINDS, &format!("{root}{path}"));
    }
    let query = Query::parse(Some(raw));
    let _ = query::list_options(&query);
    let _ = query::check_timeout(&query);
    negotiate::parse_accept(accept);
});
