//! The store's own numbers: durable commits beside a raw write and fdatasync, reads, and a long list.

#![allow(clippy::disallowed_methods, reason = "it measures real time")]

mod support;

use std::{fs::File, hint::black_box, io::Write};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kubedouble::{object::Key, store::Options};
use support::commit::{OBJECT_BYTES, commit_all, open, services};
use tokio::runtime::Runtime;

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

criterion_group!(benches, raw, commit, read);
criterion_main!(benches);
