//! What was acknowledged can be read again, whatever its size; and what is too large is refused.

use kubedouble::store::{
    Data, Durability, Error, Expect, OPS_MAX, Op, Options, Store, TRANSACTION_BYTES_MAX, Transaction,
};
use proptest::{collection::vec, prelude::*};

use super::support::{Bench, body, claim, key, put, services, tx};

/// How long the text around a value and its key are.
fn rest_of(name: &str) -> usize {
    key(name).as_str().len() + body("").bytes.len()
}

fn of_size(name: &str, bytes: usize) -> Op {
    Op::Put { key: key(name), expect: Expect::Any, body: body(&"x".repeat(bytes)) }
}

#[tokio::test]
async fn a_transaction_is_bounded_as_in_etcd() {
    for bench in Bench::all() {
        let store = bench.open().await;
        let most = TRANSACTION_BYTES_MAX - rest_of("a/one");
        store.commit(tx([of_size("a/one", most)])).await.expect("the most that is allowed");
        let outcome = store.commit(tx([of_size("a/one", most + 1)])).await;
        assert!(matches!(outcome, Err(Error::TooLarge { bytes }) if bytes == TRANSACTION_BYTES_MAX + 1), "{outcome:?}");
        let half = TRANSACTION_BYTES_MAX / 2;
        let outcome = store.commit(tx([of_size("a/one", half), of_size("a/two", half)])).await;
        assert!(matches!(outcome, Err(Error::TooLarge { .. })), "all operations count: {outcome:?}");

        let ops = |count: usize| (0..count).map(|name| put(&format!("b/{name}"), "x")).collect::<Vec<_>>();
        store.commit(tx(ops(OPS_MAX))).await.expect("the most that is allowed");
        let outcome = store.commit(tx(ops(OPS_MAX + 1))).await;
        assert!(matches!(outcome, Err(Error::TooManyOps { .. })), "{outcome:?}");
        let claims = (0..=OPS_MAX).map(|number| claim(number as u128, "one")).collect();
        let outcome = store.commit(Transaction { claims, ..Transaction::default() }).await;
        assert!(matches!(outcome, Err(Error::TooManyOps { .. })), "{outcome:?}");
        assert_eq!((store.snapshot().len(), store.held("ports")), (1 + OPS_MAX, 0));
    }
}

#[tokio::test]
async fn what_a_transaction_weighs_may_be_less_than_its_text() {
    let bench = Bench::memory();
    let store = bench.open().await;
    let long = body(&"x".repeat(2 * TRANSACTION_BYTES_MAX));
    let put = |weight| Op::Put { key: key("a/one"), expect: Expect::Any, body: long.clone().weighing(weight) };
    store.commit(tx([put(TRANSACTION_BYTES_MAX / 2)])).await.expect("a commit");
    assert!(matches!(store.commit(tx([put(TRANSACTION_BYTES_MAX)])).await, Err(Error::TooLarge { .. })));
    let longer = body(&"x".repeat(7 * TRANSACTION_BYTES_MAX)).weighing(1);
    let outcome = store.commit(tx([Op::Put { key: key("a/one"), expect: Expect::Any, body: longer }])).await;
    assert!(matches!(outcome, Err(Error::TooLarge { .. })), "not without any bound");
}

/// More than SQLite hands over at once, as many objects as an attacker wants.
#[tokio::test]
async fn a_file_with_a_gigabyte_of_objects_can_be_read() {
    const OBJECTS: usize = 720;
    let bench = Bench::file();
    let store = bench.open().await;
    for name in 0..OBJECTS {
        store.commit(tx([of_size(&format!("a/{name}"), TRANSACTION_BYTES_MAX - 100)])).await.expect("a commit");
    }
    store.close().await;
    let store = bench.open().await;
    assert_eq!(store.snapshot().len(), OBJECTS);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_is_read_again(
        sizes in vec(prop_oneof![8 => 0..2000_usize, 1 => 0..TRANSACTION_BYTES_MAX - 100], 0..40),
        // Around the numbers of rows and claims that are read and written together.
        rows in prop::sample::select(vec![0, 1, 255, 256, 257, 499, 500, 501, 1000, 1001, 4095, 4096, 4097]),
        closed in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(write_and_read(&sizes, rows, closed));
    }
}

async fn write_and_read(sizes: &[usize], rows: usize, closed: bool) {
    let bench = Bench::file();
    let store = bench.open().await;
    let small = (0..rows).map(|row| {
        let claims = vec![claim(row as u128, "one")];
        store.commit(Transaction { claims, ..tx([put(&format!("small/{row}"), "x")]) })
    });
    let large =
        sizes.iter().enumerate().map(|(name, size)| store.commit(tx([of_size(&format!("large/{name}"), *size)])));
    let done = futures_util::future::join_all(small.chain(large).collect::<Vec<_>>()).await;
    done.into_iter().for_each(|done| drop(done.expect("a commit")));
    let before = content(&store);
    let copy;
    let options = if closed {
        store.close().await;
        bench.options.clone()
    } else {
        copy = super::support::copy_of(bench.path());
        Options { data: Data::File(copy.1.clone()), durability: Durability::Off, ..bench.options.clone() }
    };
    let store = Store::open(options).await.expect("what was acknowledged");
    assert!(before == content(&store), "{rows} rows and {sizes:?}");
    assert_eq!(store.held("ports"), rows);
}

/// Every object and every event.
fn content(store: &Store) -> Vec<String> {
    let snapshot = store.snapshot();
    let mut content: Vec<_> =
        snapshot.range(&services(), None).map(|(key, stored)| format!("{key} {stored:?}")).collect();
    let mut cursor = store.watch(services(), store.oldest()).expect("a cursor");
    loop {
        let events = cursor.try_next().expect("history");
        if events.is_empty() {
            return content;
        }
        content.extend(events.iter().map(|event| format!("{} {:?}", event.key, event.object)));
    }
}
