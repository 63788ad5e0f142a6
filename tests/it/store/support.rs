//! Short words for the tests of the store.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::Timestamp;
use kubedouble::{
    object::{Key, Prefix},
    store::{Body, Claim, Data, Durability, Expect, Op, Options, Store, Stored, Transaction},
};
use tempfile::TempDir;

use super::shared_log::{Numbering, SharedLog};

/// A place for a store, with a clock that only moves when it is told to.
pub struct Bench {
    pub options: Options,
    clock: Arc<AtomicI64>,
    shared: Option<Arc<SharedLog>>,
    _directory: Option<TempDir>,
}

impl Bench {
    /// One for each backend, and one for a backend that gives out its revisions itself.
    pub fn all() -> [Self; 3] {
        [Self::memory(), Self::file(), Self::shared()]
    }

    pub fn memory() -> Self {
        let clock = Arc::new(AtomicI64::new(0));
        let hand = Arc::clone(&clock);
        let now = move || Timestamp::from_millisecond(hand.load(Ordering::Relaxed)).expect("a time in range");
        Self { options: Options { clock: Arc::new(now), ..Options::memory() }, clock, shared: None, _directory: None }
    }

    /// A file of its own. Nothing here survives a power cut, so nothing waits for the disk.
    pub fn file() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut bench = Self::memory();
        bench.options.data = Data::File(directory.path().join("kubedouble.db"));
        bench.options.durability = Durability::Off;
        Self { _directory: Some(directory), ..bench }
    }

    /// A log that other writers could use, too, but nobody does.
    pub fn shared() -> Self {
        Self { shared: Some(SharedLog::new(Numbering::Each)), ..Self::memory() }
    }

    pub async fn open(&self) -> Store {
        match &self.shared {
            Some(log) => log.open(self.options.clone()).await,
            None => open(self.options.clone()).await,
        }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        let Data::File(path) = &self.options.data else { panic!("a bench with a file") };
        path
    }

    pub fn advance(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

/// What is on disk right now, as a crash would leave it.
pub fn copy_of(file: &Path) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let copy = directory.path().join("kubedouble.db");
    for (from, to) in [(file.to_owned(), copy.clone()), (wal_of(file), wal_of(&copy))] {
        if from.exists() {
            fs::copy(from, to).expect("a copy");
        }
    }
    (directory, copy)
}

/// The write-ahead log beside the file.
pub fn wal_of(file: &Path) -> PathBuf {
    file.with_extension("db-wal")
}

pub async fn open(options: Options) -> Store {
    Store::open(options).await.expect("a store")
}

pub fn services() -> Prefix {
    Prefix::resource("", "services")
}

pub fn namespace(name: &str) -> Prefix {
    services().namespace(name)
}

/// The key of the Service `<namespace>/<name>`.
pub fn key(name: &str) -> Key {
    services().key(name)
}

pub fn body(value: &str) -> Body {
    let head = r#"{"revision":""#;
    Body::new(format!(r#"{head}","value":"{value}"}}"#), head.len())
}

pub fn put(name: &str, value: &str) -> Op {
    put_expecting(name, value, Expect::Any)
}

pub fn put_expecting(name: &str, value: &str, expect: Expect) -> Op {
    Op::Put { key: key(name), expect, body: body(value) }
}

pub fn delete(name: &str) -> Op {
    Op::Delete { key: key(name), expect: Expect::Present }
}

pub fn check(name: &str, expect: Expect) -> Op {
    Op::Check { key: key(name), expect }
}

pub fn claim(number: u128, holder: &str) -> Claim {
    Claim { pool: "ports", number, holder: holder.into() }
}

pub fn tx(ops: impl Into<Vec<Op>>) -> Transaction {
    Transaction { ops: ops.into(), ..Transaction::default() }
}

pub fn text(stored: &Stored) -> String {
    String::from_utf8(stored.bytes().to_vec()).expect("text")
}
