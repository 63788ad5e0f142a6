//! Replays the recorded conversations of tests/contract against the server and holds it to what a real one answered.
//!
//! Each test is one family, a file of tests/contract. Its number is a ratchet: at least that many of the family's graded
//! steps must agree exactly (status, content type, warnings and body). The test prints the present number, so run with
//! `--nocapture` and raise the number here after an improvement; never lower it.
//!
//! A test boots its own server. With `KUBEDOUBLE_CONTRACT_SERVER=http://host:port` all of them talk to that server
//! instead, which must be fresh; then use `--test-threads=1`, because families share addresses and node ports.

mod client;
mod compare;
mod mock;
mod normal;
mod replay;
mod template;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use compare::Grade;
use kubedouble::server::Server;
use replay::{Case, Graded};

use crate::harness;

/// Declares the table of families and, for each, the test that grades it.
macro_rules! families {
    ($($family:ident $least:literal)*) => {
        const FAMILIES: &[&str] = &[$(stringify!($family)),*];
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $family() {
                hold(stringify!($family), $least).await;
            }
        )*
    };
}

families! {
    // family         exact // of
    controllers           41 // 41
    delete                23 // 23
    discovery             17 // 17
    dry_run                6 // 6
    endpoints             23 // 23
    endpointslices        20 // 20
    field_validation      16 // 16
    lists                 40 // 40
    namespaces            13 // 13
    neighbours            16 // 16
    pods                  23 // 23
    routing               18 // 20
    server_side_apply     55 // 55
    service_create        96 // 96
    service_patch         33 // 33
    service_refused      144 // 144
    service_status        10 // 10
    service_transition   117 // 117
    service_update       121 // 121
    tables                30 // 33
    watch                 19 // 21
}

/// How many cases of a family that waits a lot run at once.
const CONCURRENT_CASES: usize = 24;

#[test]
fn every_recorded_family_has_a_test() {
    let files = std::fs::read_dir(folder()).expect("tests/contract can be listed");
    let names = files.map(|file| file.expect("an entry").path().file_stem().expect("a name").display().to_string());
    let recorded: BTreeSet<String> = names.filter(|name| name != "kubectl").collect();
    assert_eq!(recorded, FAMILIES.iter().map(ToString::to_string).collect());
}

/// Replays one family and fails when fewer than `least` steps agree exactly.
async fn hold(family: &str, least: usize) {
    let graded = replay_family(load(family)).await;
    let agreeing = |depth| graded.iter().filter(|step| step.grade >= depth).count();
    let exact = agreeing(Grade::Exact);
    let summary = format!(
        "{family}: of {} steps {} agree in status, {} in reason, {exact} exactly (the table says {least})",
        graded.len(),
        agreeing(Grade::Status),
        agreeing(Grade::Reason),
    );
    eprintln!("{summary}");
    let differing: Vec<String> =
        graded.iter().filter(|step| step.grade < Grade::Exact).map(ToString::to_string).collect();
    assert!(exact >= least, "{summary}\n{}", differing.join("\n"));
}

/// Grades the cases: one after the other on one server, or, where they spend their time waiting, side by side on a
/// server each.
async fn replay_family(cases: Vec<Case>) -> Vec<Graded> {
    if cases.iter().any(Case::waits) {
        return side_by_side(cases, async |case: &Case| {
            let target = Target::start().await;
            case.replay(&target.url()).await
        })
        .await;
    }
    let target = Target::start().await;
    let mut graded = Vec::new();
    for case in &cases {
        graded.extend(case.replay(&target.url()).await);
    }
    graded
}

/// Runs `replay` for every case, a bounded number at a time, and keeps the cases' order.
async fn side_by_side(cases: Vec<Case>, replay: impl AsyncFn(&Case) -> Vec<Graded>) -> Vec<Graded> {
    use futures_util::StreamExt as _;
    let runs = futures_util::stream::iter(&cases).map(|case| replay(case)).buffered(CONCURRENT_CASES);
    runs.collect::<Vec<_>>().await.concat()
}

/// The server under test, gone when dropped.
enum Target {
    Own(Box<Server>),
    Named(String),
}

impl Target {
    /// A fresh server in this process, or the one that the environment names.
    async fn start() -> Target {
        match std::env::var("KUBEDOUBLE_CONTRACT_SERVER") {
            Ok(url) => Target::Named(url),
            // The recordings hold no placeholder for the very last port of the range, so chance must not draw it.
            Err(_) => Target::Own(Box::new(harness::start(&["--seed=1"]).await)),
        }
    }

    fn url(&self) -> String {
        match self {
            Target::Own(server) => server.url(),
            Target::Named(url) => url.clone(),
        }
    }
}

/// The cases of a family, as recorded.
fn load(family: &str) -> Vec<Case> {
    let file = folder().join(family).with_extension("json");
    let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract")
}
