//! Kills a writing process at random moments and compares its file with what it had acknowledged.
//!
//! `KUBEDOUBLE_CRASH_ROUNDS` says how often; the program that is killed is `examples/crash_writer.rs`.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use kubedouble::{
    object::{Key, Prefix, Revision},
    store::{Error, Event, Options, Store},
};

use super::support::open;

/// An acknowledged write.
struct Line {
    deleted: bool,
    revision: u64,
    key: String,
    number: u128,
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let rounds = env::var("KUBEDOUBLE_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("crash.db");
    let mut newest = 1;
    let mut acknowledged: BTreeMap<String, Line> = BTreeMap::new();
    for round in 0..rounds {
        let lines = crash(&file);
        let store = open(Options::file(&file)).await;
        for line in &lines {
            assert!(line.revision > newest, "round {round}: revision {} was used before", line.revision);
        }
        compare_history(&store, &lines);
        for line in lines {
            newest = newest.max(line.revision);
            // Lines of one key come from one writer, so they are in order.
            acknowledged.insert(line.key.clone(), line);
        }
        assert!(store.revision().0 >= newest, "round {round}: {} is older than {newest}", store.revision());
        newest = store.revision().0;
        compare_state(&store, &acknowledged);
        compare_numbers(&store);
        store.close().await;
    }
}

#[tokio::test]
async fn a_file_that_another_process_uses_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("crash.db");
    let program = Program::start(&file);
    assert!(matches!(Store::open(Options::file(&file)).await.err(), Some(Error::Locked { .. })));
    assert!(!program.kill().is_empty(), "it is not disturbed");
    open(Options::file(&file)).await;
}

/// Lets the program write for a moment, kills it, and returns what it had printed.
#[expect(clippy::disallowed_methods, reason = "a program of its own runs in real time")]
fn crash(file: &Path) -> Vec<Line> {
    let program = Program::start(file);
    thread::sleep(Duration::from_micros(rand::random_range(0..150_000)));
    program.kill()
}

/// The running program that will be killed.
struct Program {
    child: Child,
    reader: JoinHandle<Vec<Line>>,
}

impl Program {
    /// Returns when the program has opened its store.
    fn start(file: &Path) -> Self {
        let mut child = Command::new(program()).arg(file).stdout(Stdio::piped()).spawn().expect("a child process");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (opened, is_open) = mpsc::channel();
        let reader = thread::spawn(move || read(output, &opened));
        is_open.recv_timeout(Duration::from_secs(60)).expect("the program opens its store");
        Self { child, reader }
    }

    fn kill(mut self) -> Vec<Line> {
        self.child.kill().expect("a kill");
        self.child.wait().expect("an end");
        self.reader.join().expect("a reader")
    }
}

fn read(mut output: impl BufRead, opened: &mpsc::Sender<()>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut text = String::new();
    // A line that the kill cut short was not printed.
    while output.read_line(&mut text).expect("output") > 0 && text.ends_with('\n') {
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            ["opened", _] => opened.send(()).expect("the test waits for it"),
            [what, revision, key, number] => lines.push(Line {
                deleted: what == "delete",
                revision: revision.parse().expect("a revision"),
                key: key.to_owned(),
                number: number.parse().expect("a number"),
            }),
            _ => panic!("{text}"),
        }
        text.clear();
    }
    lines
}

/// Every acknowledged write that history still reaches is in it, as it was acknowledged.
fn compare_history(store: &Store, lines: &[Line]) {
    let mut cursor = store.watch(Prefix::resource("", "services"), store.oldest()).expect("a cursor");
    let mut events = HashMap::new();
    loop {
        let more = cursor.try_next().expect("history");
        if more.is_empty() {
            break;
        }
        events.extend(more.into_iter().map(|event| (event.revision.0, event)));
    }
    let is_written = |line: &&Line| {
        let written = |event: &std::sync::Arc<Event>| {
            (event.key.as_str(), event.deleted, number_of(event.object.bytes()))
                == (&line.key, line.deleted, Some(line.number))
        };
        events.get(&line.revision).is_some_and(written)
    };
    let reachable: Vec<_> = lines.iter().filter(|line| line.revision > store.oldest().0).collect();
    let missing = reachable.iter().filter(|line| !is_written(line)).count();
    assert_eq!(missing, 0, "of {} acknowledged writes", reachable.len());
}

/// Every object is as it was acknowledged last, or as the one write that was on its way has made it.
fn compare_state(store: &Store, acknowledged: &BTreeMap<String, Line>) {
    for (key, line) in acknowledged {
        match store.get(&Key::new(key.as_str())) {
            Some(stored) if stored.revision() > Revision(line.revision) => {}
            Some(stored) => {
                assert!(!line.deleted, "{key} came back");
                let found = (stored.revision().0, number_of(stored.bytes()));
                assert_eq!(found, (line.revision, Some(line.number)), "{key}");
            }
            None => assert!(line.deleted || was_deleted_since(store, key, line.revision), "{key} is lost"),
        }
    }
}

fn was_deleted_since(store: &Store, key: &str, revision: u64) -> bool {
    let after = Revision(revision).max(store.oldest());
    match store.watch(Prefix::resource("", "services"), after) {
        Ok(mut cursor) => std::iter::from_fn(|| cursor.try_next().ok().filter(|events| !events.is_empty()))
            .flatten()
            .any(|event| event.key.as_str() == key && event.deleted),
        Err(Error::Compacted { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Every object holds exactly its own number, and no number is held for nothing.
fn compare_numbers(store: &Store) {
    let snapshot = store.snapshot();
    for (key, stored) in snapshot.range(&Prefix::resource("", "services"), None) {
        let number = number_of(stored.bytes()).expect("a number");
        assert_eq!(store.holder("ports", number).as_deref(), Some(key.as_str()));
    }
    assert_eq!(store.held("ports"), snapshot.len());
}

fn number_of(bytes: &[u8]) -> Option<u128> {
    let object: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    object["number"].as_str()?.parse().ok()
}

/// Cargo builds examples beside the directory of this test's own program; `cargo test --test it` does not build them.
fn program() -> PathBuf {
    let test = env::current_exe().expect("a path");
    let profile = test.parent().and_then(Path::parent).expect("a target directory");
    let program = profile.join("examples/crash_writer");
    assert!(program.exists(), "run `cargo build --example crash_writer` first");
    program
}
