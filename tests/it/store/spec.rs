//! What the store promises: one test per promise. Those about behaviour hold for every backend.

use std::time::Duration;

use kubedouble::{
    object::{Facts, Revision},
    store::{Data, Error, Event, Expect, History, Op, Options, Transaction},
};

use super::support::{Bench, check, claim, delete, key, namespace, open, put, put_expecting, services, text, tx};

#[tokio::test]
async fn a_put_is_readable_with_its_revision_inside() {
    for bench in Bench::all() {
        let store = bench.open().await;
        assert_eq!(store.revision(), Revision(1), "an empty store starts like an empty etcd");
        let done = store.commit(tx([put("a/one", "x")])).await.expect("a commit");
        assert_eq!(done.revision, Revision(2));
        let stored = store.get(&key("a/one")).expect("the object");
        assert_eq!(stored.bytes(), r#"{"revision":"2","value":"x"}"#);
        assert_eq!(stored.revision(), Revision(2));
        assert_eq!(stored.with_revision(Revision(1234)), r#"{"revision":"1234","value":"x"}"#);
        assert_eq!(done.results[0].bytes(), stored.bytes());
    }
}

#[tokio::test]
async fn every_operation_has_its_own_revision() {
    for bench in Bench::all() {
        let store = bench.open().await;
        let done = store.commit(tx([put("a/one", "x"), put("a/two", "y")])).await.expect("a commit");
        let revisions: Vec<_> = done.results.iter().map(|stored| stored.revision().0).collect();
        assert_eq!((revisions, done.revision), (vec![2, 3], Revision(3)));

        let done = store.commit(tx([check("a/one", Expect::Present), delete("a/one")])).await.expect("a commit");
        assert_eq!(text(&done.results[0]), r#"{"revision":"2","value":"x"}"#, "a check shows what is there");
        assert_eq!(text(&done.results[1]), r#"{"revision":"4","value":"x"}"#, "a deletion shows the last state");
        assert_eq!(store.get(&key("a/one")).map(|stored| text(&stored)), None);
    }
}

#[tokio::test]
async fn a_failed_expectation_names_the_operation_and_what_is_there() {
    let store = open(Options::memory()).await;
    store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    let there = Some(Revision(2));
    #[rustfmt::skip]
    let cases = [
        // expectation            there     absent
        (Expect::Any,             true,     true),
        (Expect::Absent,          false,    true),
        (Expect::Present,         true,     false),
        (Expect::At(Revision(2)), true,     false),
        (Expect::At(Revision(1)), false,    false),
    ];
    for (expect, on_one, on_two) in cases {
        for (name, holds, current) in [("a/one", on_one, there), ("a/two", on_two, None)] {
            let before = store.revision();
            let outcome = store.commit(tx([put("a/other", "z"), check(name, expect)])).await;
            match outcome {
                Ok(_) => assert!(holds, "{expect:?} on {name} should not hold"),
                Err(Error::Mismatch { op: 1, key: failed, current: found }) => {
                    assert_eq!(failed, key(name));
                    assert!(!holds, "{expect:?} on {name} should hold");
                    assert_eq!(found.map(|stored| stored.revision()), current);
                    assert_eq!(store.revision(), before, "a transaction that fails changes nothing");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[tokio::test]
async fn deleting_what_is_not_there_is_a_mismatch() {
    let store = open(Options::memory()).await;
    let gone = Op::Delete { key: key("a/one"), expect: Expect::Any };
    assert!(matches!(store.commit(tx([gone])).await, Err(Error::Mismatch { op: 0, current: None, .. })));
}

#[tokio::test]
async fn a_transaction_sees_its_own_changes() {
    for bench in Bench::all() {
        let store = bench.open().await;
        let mut cursor = store.watch(services(), store.revision()).expect("a cursor");
        store
            .commit(tx([put("a/one", "x"), put_expecting("a/one", "y", Expect::At(Revision(2))), delete("a/one")]))
            .await
            .expect("a commit");
        let seen = seen(&cursor.next().await.expect("events"));
        assert_eq!(seen, ["2 a/one x was -", "3 a/one y was x", "4 a/one y was y deleted"]);
    }
}

#[tokio::test]
async fn a_number_has_one_holder() {
    for bench in Bench::all() {
        let store = bench.open().await;
        let claims = |holder: &str, numbers: &[u128]| Transaction {
            claims: numbers.iter().map(|number| claim(*number, holder)).collect(),
            ..Transaction::default()
        };
        store.commit(claims("one", &[10, 11, 13])).await.expect("free numbers");
        store.commit(claims("one", &[10])).await.expect("its own number again");
        let outcome = store.commit(Transaction { ops: vec![put("a/two", "x")], ..claims("two", &[12, 11]) }).await;
        let Err(Error::Held { pool, number, holder }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((pool, number, holder.as_str()), ("ports", 11, "one"));
        assert_eq!(store.holder("ports", 12), None, "nothing of the transaction happened");
        assert!(store.get(&key("a/two")).is_none());
        assert_eq!(store.held("ports"), 3);

        store.commit(Transaction { releases: vec![claim(11, "two")], ..Transaction::default() }).await.expect("no-op");
        assert_eq!(store.holder("ports", 11).as_deref(), Some("one"), "only the holder can give it back");
        store.commit(Transaction { releases: vec![claim(11, "one")], ..claims("two", &[11]) }).await.expect("a swap");
        assert_eq!(store.holder("ports", 11).as_deref(), Some("two"));
    }
}

#[tokio::test]
async fn the_first_free_number_lies_in_the_range() {
    let store = open(Options::memory()).await;
    let claims = [0, 10, 11, 12, 14, u128::MAX].map(|number| claim(number, "one")).to_vec();
    store.commit(Transaction { claims, ..Transaction::default() }).await.expect("a commit");
    #[rustfmt::skip]
    let cases = [
        (0..=20,                     Some(1)),
        (10..=20,                    Some(13)),
        (11..=12,                    None),
        (14..=14,                    None),
        (15..=20,                    Some(15)),
        (u128::MAX..=u128::MAX,      None),
        (u128::MAX - 1..=u128::MAX,  Some(u128::MAX - 1)),
    ];
    for (range, free) in cases {
        assert_eq!(store.first_free("ports", range.clone()), free, "{range:?}");
    }
    assert_eq!(store.first_free("unknown", 3..=5), Some(3));
}

#[tokio::test]
async fn a_snapshot_does_not_change() {
    let store = open(Options::memory()).await;
    store.commit(tx([put("a/one", "x"), put("b/two", "y")])).await.expect("a commit");
    let snapshot = store.snapshot();
    store.commit(tx([put("a/one", "z"), delete("b/two"), put("a/three", "w")])).await.expect("a commit");
    let list = |start| snapshot.range(&services(), start).map(|(key, _)| key.as_str()).collect::<Vec<_>>();
    assert_eq!(list(None), ["core/services/a/one", "core/services/b/two"]);
    assert_eq!(list(Some("a/one")), ["core/services/a/one", "core/services/b/two"], "the start is included");
    assert_eq!(list(Some("a/one\0")), ["core/services/b/two"]);
    assert_eq!(snapshot.range(&namespace("b"), None).count(), 1);
    assert_eq!(snapshot.get(&key("a/one")).map(|stored| stored.revision()), Some(Revision(2)));
    assert_eq!((snapshot.revision(), snapshot.len()), (Revision(3), 2));
}

#[tokio::test]
async fn history_can_be_read_at_each_of_its_revisions() {
    for bench in Bench::all() {
        let store = bench.open().await;
        for ops in [vec![put("a/one", "x")], vec![put("a/one", "y")], vec![delete("a/one")], vec![put("a/one", "z")]] {
            store.commit(tx(ops)).await.expect("a commit");
        }
        let expected = [None, Some("x"), Some("y"), None, Some("z")];
        for (revision, value) in (1..).map(Revision).zip(expected) {
            let snapshot = store.snapshot_at(revision).expect("a snapshot");
            let found = snapshot.get(&key("a/one")).map(|stored| text(stored));
            let value = value.map(|value| format!(r#"{{"revision":"{revision}","value":"{value}"}}"#));
            assert_eq!((snapshot.revision(), found), (revision, value));
        }
        assert!(matches!(store.snapshot_at(Revision(6)), Err(Error::Future { current: Revision(5) })));
    }
}

#[tokio::test]
async fn a_watch_delivers_what_lies_under_its_prefix() {
    for bench in Bench::all() {
        let store = bench.open().await;
        store.commit(tx([put("a/one", "x"), put("b/two", "x")])).await.expect("a commit");
        let mut all = store.watch(services(), Revision(1)).expect("a cursor");
        let mut some = store.watch(namespace("b"), Revision(2)).expect("a cursor");
        store.commit(tx([delete("a/one"), put("b/two", "y")])).await.expect("a commit");
        assert_eq!(
            seen(&all.next().await.expect("events")),
            ["2 a/one x was -", "3 b/two x was -", "4 a/one x was x deleted", "5 b/two y was x"]
        );
        assert_eq!(seen(&some.next().await.expect("events")), ["3 b/two x was -", "5 b/two y was x"]);
        assert!(some.try_next().expect("nothing new").is_empty());
    }
}

#[tokio::test]
async fn a_watch_is_woken_by_the_next_write() {
    let store = open(Options::memory()).await;
    let mut cursor = store.watch(services(), Revision(1)).expect("a cursor");
    let waiting = tokio::spawn(async move { cursor.next().await });
    tokio::task::yield_now().await;
    store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    assert_eq!(seen(&waiting.await.expect("a task").expect("events")), ["2 a/one x was -"]);
}

#[tokio::test]
async fn a_watch_from_the_future_is_silent_until_then() {
    let store = open(Options::memory()).await;
    let mut cursor = store.watch(services(), Revision(3)).expect("a cursor");
    for _ in 0..3 {
        store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    }
    assert_eq!(seen(&cursor.next().await.expect("events")), ["4 a/one x was x"]);
}

#[tokio::test]
async fn a_position_covers_what_does_not_match() {
    let store = open(Options::memory()).await;
    let mut cursor = store.watch(namespace("a"), Revision(1)).expect("a cursor");
    store.commit(tx([put("b/one", "x"), put("b/two", "x")])).await.expect("a commit");
    assert_eq!(cursor.position(), Revision(3), "nothing of it matched");
    store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    assert_eq!(cursor.position(), Revision(1), "there is something to deliver first");
    cursor.next().await.expect("events");
    assert_eq!(cursor.position(), Revision(4));
}

#[tokio::test]
async fn a_slow_watch_expires_and_a_quiet_one_does_not() {
    let history = History { events: 3, ..History::default() };
    let store = open(Options { history, ..Options::memory() }).await;
    let quiet = kubedouble::object::Prefix::resource("", "endpoints");
    let mut slow = store.watch(services(), Revision(1)).expect("a cursor");
    let mut calm = store.watch(quiet.clone(), Revision(1)).expect("a cursor");
    for _ in 0..10 {
        store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    }
    assert_eq!((store.oldest(), store.revision()), (Revision(8), Revision(11)));
    assert!(matches!(slow.next().await, Err(Error::Compacted { oldest: Revision(8) })));
    assert!(matches!(store.watch(services(), Revision(7)).err(), Some(Error::Compacted { .. })));
    assert!(matches!(store.snapshot_at(Revision(7)).err(), Some(Error::Compacted { .. })));
    assert!(store.watch(services(), Revision(8)).is_ok() && store.snapshot_at(Revision(8)).is_ok());

    let put =
        Op::Put { key: quiet.namespace("a").key("one"), expect: Expect::Any, body: crate::store::support::body("x") };
    store.commit(tx([put])).await.expect("a commit");
    assert_eq!(calm.next().await.expect("nothing was missed").len(), 1);
}

#[tokio::test]
async fn history_is_bounded_in_bytes() {
    const BYTES: usize = 1 << 20;
    let history = History { bytes: BYTES, ..History::default() };
    let store = open(Options { history, ..Options::memory() }).await;
    let mut slow = store.watch(services(), Revision(1)).expect("a cursor");
    let value = "x".repeat(100_000);
    for _ in 0..30 {
        store.commit(tx([put("a/one", &value)])).await.expect("a commit");
    }
    let kept = store.stats().window;
    assert!((9..=10).contains(&kept), "{kept} events of 100 KB in a mebibyte");
    assert!(matches!(slow.next().await, Err(Error::Compacted { .. })));
}

#[tokio::test]
async fn events_are_read_in_pieces_bounded_in_bytes() {
    const EACH: usize = 300_000;
    let store = open(Options::memory()).await;
    let mut cursor = store.watch(services(), Revision(1)).expect("a cursor");
    for _ in 0..20 {
        store.commit(tx([put("a/one", &"x".repeat(EACH))])).await.expect("a commit");
    }
    let mut count = 0;
    while count < 20 {
        let events = cursor.next().await.expect("events");
        let bytes: usize = events.iter().map(|event| event.object.bytes().len()).sum();
        assert!(bytes <= (1 << 20) + EACH + 100, "{bytes}");
        count += events.len();
    }
    assert_eq!(count, 20);
}

#[tokio::test]
async fn a_snapshot_is_gone_through_in_pieces() {
    let store = open(Options::memory()).await;
    for name in 0..25 {
        store.commit(tx([put(&format!("a/{name:02}"), &"x".repeat(100))])).await.expect("a commit");
    }
    store.commit(tx([put("b/one", "x")])).await.expect("a commit");
    let mut walk = store.snapshot().walk(&namespace("a"));
    store.commit(tx([delete("a/20")])).await.expect("a commit");
    let mut pieces = Vec::new();
    loop {
        let piece = walk.next(600, |key, _| !key.name().ends_with('3'));
        if piece.is_empty() {
            break;
        }
        pieces.push(piece.len());
    }
    assert_eq!(pieces, [5, 5, 5, 5, 2], "each object has 125 bytes, and three of the 25 are not wanted");
    assert_eq!(walk.snapshot().len(), 26);
    assert!(walk.next(600, |_, _| true).is_empty(), "it stays at the end");
}

#[tokio::test]
async fn old_events_do_not_keep_their_encodings() {
    let store = open(Options::memory()).await;
    let mut cursor = store.watch(services(), Revision(1)).expect("a cursor");
    store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    let event = cursor.next().await.expect("events").remove(0);
    assert_eq!(event.frame(1, || "first".into()), "first");
    for _ in 0..20 {
        store.commit(tx([put("a/two", &"x".repeat(1_000_000))])).await.expect("a commit");
    }
    assert_eq!(event.frame(1, || "again".into()), "again");
}

#[tokio::test]
async fn an_encoding_is_made_once() {
    let store = open(Options::memory()).await;
    let mut cursors = [(); 2].map(|()| store.watch(services(), Revision(1)).expect("a cursor"));
    store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    let mut frames = Vec::new();
    for (cursor, text) in cursors.iter_mut().zip(["first", "second"]) {
        let events = cursor.next().await.expect("events");
        frames.push(events[0].frame(1, || text.into()));
        assert_eq!(events[0].frame(2, || "other".into()), "other");
    }
    assert_eq!(frames, ["first", "first"]);
    let stored = store.get(&key("a/one")).expect("the object");
    let facts = |uid: &str| Facts { uid: uid.into(), ..Facts::default() };
    assert_eq!((&stored.facts(|_| facts("1")).uid, &stored.facts(|_| facts("2")).uid), (&"1".into(), &"1".into()));
}

#[tokio::test]
async fn waiting_for_a_revision_ends_when_it_is_there() {
    let store = open(Options::memory()).await;
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.wait_for(Revision(2), Duration::from_secs(60)).await }
    });
    tokio::task::yield_now().await;
    store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    waiting.await.expect("a task").expect("the revision");
    let never = store.wait_for(Revision(3), Duration::from_millis(1)).await;
    assert!(matches!(never, Err(Error::Future { current: Revision(2) })));
}

#[tokio::test]
async fn a_dropped_commit_happens_as_a_whole_or_not_at_all() {
    for bench in Bench::all() {
        let store = bench.open().await;
        for name in 0..50 {
            let put = put(&format!("a/{name}"), "x");
            let claims = vec![claim(name, "someone")];
            let commit = store.commit(Transaction { ops: vec![put], claims, ..Transaction::default() });
            let _ = tokio::time::timeout(Duration::from_micros(name as u64 * 20), commit).await;
        }
        store.commit(Transaction::default()).await.expect("the queue is drained");
        for name in 0..50 {
            let object = store.get(&key(&format!("a/{name}"))).is_some();
            assert_eq!(object, store.holder("ports", name).is_some());
        }
    }
}

#[tokio::test]
async fn many_writers_share_batches() {
    for bench in Bench::all() {
        let store = bench.open().await;
        let writes = (0..300).map(|name| {
            let store = store.clone();
            async move { store.commit(tx([put(&format!("a/{name}"), "x")])).await.expect("a commit").revision.0 }
        });
        let mut revisions = futures_util::future::join_all(writes).await;
        revisions.sort_unstable();
        assert_eq!(revisions, (2..302).collect::<Vec<_>>());
        let stats = store.stats();
        assert_eq!((stats.committed, stats.objects, stats.window), (300, 300, 300));
        assert!(stats.batches < 300, "{stats:?}");
    }
}

#[tokio::test]
async fn closing_ends_everything_and_keeps_what_was_queued() {
    for bench in Bench::all() {
        let store = bench.open().await;
        let mut cursor = store.watch(services(), Revision(1)).expect("a cursor");
        let (done, ()) = tokio::join!(store.commit(tx([put("a/one", "x")])), store.close());
        done.expect("it was queued before");
        assert_eq!(seen(&cursor.next().await.expect("events")), ["2 a/one x was -"]);
        assert!(matches!(cursor.next().await, Err(Error::Closed)));
        assert!(matches!(store.commit(tx([put("a/two", "x")])).await, Err(Error::Closed)));
        assert!(matches!(store.wait_for(Revision(9), Duration::from_secs(60)).await, Err(Error::Closed)));
        store.close().await;
        if let Data::File(_) = bench.options.data {
            bench.open().await;
        }
    }
}

/// The events as short lines.
fn seen(events: &[std::sync::Arc<Event>]) -> Vec<String> {
    let value = |bytes: &[u8]| {
        let object: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
        object["value"].as_str().unwrap_or_default().to_owned()
    };
    let line = |event: &std::sync::Arc<Event>| {
        let now = value(event.object.bytes());
        let before = event.before.as_ref().map_or("-".into(), |before| value(before.bytes()));
        let deleted = if event.deleted { " deleted" } else { "" };
        assert_eq!(event.revision, event.object.revision());
        format!("{} {} {now} was {before}{deleted}", event.revision, event.key.after(&services()).unwrap_or_default())
    };
    events.iter().map(line).collect()
}
