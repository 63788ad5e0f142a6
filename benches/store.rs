//! The store's own numbers: durable commits beside a raw write and fdatasync, reads, and a long list.

use std::{
    fs::File,
    hint::black_box,
    io::Write,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kubedouble::{
    object::{Key, Prefix},
    store::{Body, Expect, Op, Options, Store, Transaction},
};
use tokio::runtime::Runtime;

/// The size of a Service with its managed fields.
const OBJECT_BYTES: usize = 1200;

/// What a durable write costs on this disk without any database: the unit in which commits are to be read.
fn raw(c: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory for the file");
    let mut file = File::create(directory.path().join("raw")).expect("a file");
    let bytes = vec![b'x'; OBJECT_BYTES];
    let mut group = c.benchmark_group("commit");
    group.throughput(Throughput::Elements(1));
    group.bench_function("raw write and fdatasync", |b| {
        b.iter(|| {
            file.write_all(&bytes).expect("a write");
            file.sync_data().expect("a sync");
        });
    });
    group.finish();
}

fn commit(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory for the file");
    let store = runtime.block_on(open(Options::file(directory.path().join("bench.db"))));
    let mut group = c.benchmark_group("commit");
    group.throughput(Throughput::Elements(1));
    for writers in [1, 64] {
        group.bench_function(format!("durable, writers: {writers}"), |b| {
            b.to_async(&runtime).iter_custom(|commits| commit_all(store.clone(), writers, commits));
        });
    }
    group.finish();
    runtime.block_on(store.close());
}

fn read(c: &mut Criterion) {
    const OBJECTS: u64 = 10_000;
    let runtime = Runtime::new().expect("a runtime");
    let store = runtime.block_on(async {
        let store = open(Options::memory()).await;
        commit_all(store.clone(), 1, OBJECTS).await;
        store
    });
    let keys: Vec<Key> = store.snapshot().range(&services(), None).map(|(key, _)| key.clone()).collect();
    let mut next = keys.iter().cycle();
    c.bench_function("get", |b| b.iter(|| store.get(next.next().expect("a cycle does not end"))));

    let mut group = c.benchmark_group("list");
    group.throughput(Throughput::Elements(OBJECTS));
    group.bench_function("10000", |b| {
        b.iter(|| {
            let snapshot = store.snapshot();
            snapshot.range(&services(), None).map(|(_, stored)| black_box(stored.bytes()).len()).sum::<usize>()
        });
    });
    group.finish();
}

/// The time that so many creations take when so many writers share them.
async fn commit_all(store: Store, writers: u64, commits: u64) -> Duration {
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

fn services() -> Prefix {
    Prefix::resource("", "services")
}

async fn open(options: Options) -> Store {
    Store::open(options).await.expect("a store")
}

criterion_group!(benches, raw, commit, read);
criterion_main!(benches);
