//! The API through the front door: a socket, the whole server behind it, and bare references in the same run.

#![allow(clippy::disallowed_methods, reason = "it measures real time")]

mod support;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{
    IN_MEMORY, SERVICES,
    client::{self, Client},
};

fn get(c: &mut Criterion) {
    let (servers, clients) = (support::runtime("server", 1), support::runtime("client", 1));
    let server = support::start(&servers, IN_MEMORY);
    let request = client::get(&format!("{SERVICES}/web"));
    let (mut ours, body) = clients.block_on(async {
        let mut client = Client::connect(server.address()).await;
        client.send(&client::post(SERVICES, &support::service("web", false))).await;
        let body = client.send(&request).await.body;
        (client, body)
    });
    let bare = support::start_bare(&servers, body.into());
    let mut bare = clients.block_on(Client::connect(bare));
    let mut group = c.benchmark_group("get");
    group.throughput(Throughput::Elements(1));
    for (name, client) in [("bare axum handler", &mut bare), ("one Service", &mut ours)] {
        group.bench_function(name, |b| b.iter(|| clients.block_on(client.send(black_box(&request))).status));
    }
    group.finish();
}

fn list(c: &mut Criterion) {
    let (servers, clients) = (support::runtime("server", 1), support::runtime("client", 1));
    let server = support::start(&servers, IN_MEMORY);
    let request = client::get(SERVICES);
    let (mut ours, body) = clients.block_on(async {
        support::create_all(server.address(), 16, 10_000, false).await;
        let mut client = Client::connect(server.address()).await;
        let body = client.send(&request).await.body;
        (client, body)
    });
    let mut group = c.benchmark_group("list");
    group.throughput(Throughput::Bytes(body.len() as u64)).sample_size(20);
    let bare = support::start_bare(&servers, body.into());
    let mut bare = clients.block_on(Client::connect(bare));
    for (name, client) in [("bare axum handler", &mut bare), ("10000 Services", &mut ours)] {
        group.bench_function(name, |b| b.iter(|| clients.block_on(client.send(black_box(&request))).body.len()));
        group.bench_function(format!("{name}, first byte"), |b| {
            b.iter_custom(|lists| {
                let first_byte = |_| clients.block_on(client.send(&request)).first_byte;
                (0..lists).map(first_byte).sum::<Duration>()
            });
        });
    }
    group.finish();
}

fn create(c: &mut Criterion) {
    let (servers, clients) = (support::runtime("server", 2), support::runtime("client", 1));
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory for the file");
    let server = support::start(&servers, &support::data_in(directory.path()));
    let mut group = c.benchmark_group("durable create");
    group.throughput(Throughput::Elements(1));
    group.bench_function("raw write and fdatasync", |b| {
        b.iter_custom(|writes| {
            let writes = u32::try_from(writes).unwrap_or(u32::MAX);
            support::raw_write(directory.path(), 2400, writes) * writes
        });
    });
    for writers in [1, 64] {
        // Headless Services, because there is no end to names but there is one to addresses.
        group.bench_function(format!("writers: {writers}"), |b| {
            b.iter_custom(|count| clients.block_on(support::create_all(server.address(), writers, count, true)));
        });
    }
    group.finish();
}

criterion_group!(benches, get, list, create);
criterion_main!(benches);
