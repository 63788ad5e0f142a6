//! Commits to a store without a server in front of it.

use std::{
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use kubedouble::{
    object::Prefix,
    store::{Body, Expect, Op, Options, Store, Transaction},
};

/// The size of a Service with its managed fields.
pub const OBJECT_BYTES: usize = 1200;

/// The time that so many creations take when so many writers share them.
pub async fn commit_all(store: Store, writers: u64, commits: u64) -> Duration {
    static NAMES: AtomicU64 = AtomicU64::new(0);
    let left = Arc::new(AtomicU64::new(commits));
    let started = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (store, left) = (store.clone(), Arc::clone(&left));
            tokio::spawn(async move {
                while left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
                    store.commit(create(NAMES.fetch_add(1, Relaxed))).await.expect("a commit");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a writer that ends");
    }
    started.elapsed()
}

fn create(name: u64) -> Transaction {
    let mut text = br#"{"metadata":{"resourceVersion":""},"padding":""#.to_vec();
    let at = 32;
    text.resize(OBJECT_BYTES - 2, b'x');
    text.extend_from_slice(b"\"}");
    let key = services().namespace("default").key(&format!("service-{name}"));
    let ops = vec![Op::Put { key, expect: Expect::Absent, body: Body::new(text, at) }];
    Transaction { ops, ..Transaction::default() }
}

/// Where the objects are.
pub fn services() -> Prefix {
    Prefix::resource("", "services")
}

/// Opens a store.
pub async fn open(options: Options) -> Store {
    Store::open(options).await.expect("a store")
}
