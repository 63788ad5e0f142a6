//! What the store promises where it is not the only writer of its log: one test per promise.

use std::{sync::Arc, sync::atomic::Ordering::Relaxed, time::Duration};

use futures_util::future::join_all;
use kubedouble::{
    object::{Key, Revision},
    store::{Error, Event, Expect, Op, Options, Store, Transaction},
};
use rand::{RngExt, SeedableRng};

use super::{
    shared_log::{Numbering, SharedLog},
    support::{body, check, claim, delete, key, namespace, put, put_expecting, services, text, tx},
};

const NUMBERINGS: [Numbering; 2] = [Numbering::Each, Numbering::Together];
const LIMIT: Duration = Duration::from_secs(30);

async fn pair(log: &Arc<SharedLog>) -> (Store, Store) {
    (log.open(Options::memory()).await, log.open(Options::memory()).await)
}

/// Waits until the store shows everything that is in the log.
async fn settle(store: &Store, log: &SharedLog) {
    store.wait_for(log.newest(), LIMIT).await.expect("a store that follows its log");
}

#[tokio::test]
async fn what_one_writer_appends_the_other_shows() {
    for numbering in NUMBERINGS {
        let log = SharedLog::new(numbering);
        let (one, two) = pair(&log).await;
        let mut cursor = two.watch(services(), Revision(1)).expect("a cursor");
        let claims = vec![claim(10, "one")];
        one.commit(Transaction { claims, ..tx([put("a/one", "x"), put("a/two", "y")]) }).await.expect("a commit");
        let done = one.commit(tx([put("a/one", "z"), delete("a/two")])).await.expect("a commit");
        settle(&two, &log).await;
        assert_eq!(two.revision(), done.revision);
        for name in ["a/one", "a/two"] {
            let both = [&one, &two].map(|store| store.get(&key(name)).map(|stored| text(&stored)));
            assert_eq!(both[0], both[1], "{name}");
        }
        assert_eq!(two.holder("ports", 10).as_deref(), Some("one"));
        one.commit(Transaction { releases: vec![claim(10, "one")], ..tx([put("a/one", "w")]) })
            .await
            .expect("a commit");
        settle(&two, &log).await;
        assert_eq!(two.holder("ports", 10), None);
        let mut names = Vec::new();
        while names.len() < 5 {
            let events = cursor.next().await.expect("events");
            names.extend(events.iter().map(|event| (event.key.name().to_owned(), event.deleted)));
        }
        let expected = [("one", false), ("two", false), ("one", false), ("two", true), ("one", false)];
        assert_eq!(names, expected.map(|(name, deleted)| (name.to_owned(), deleted)));
    }
}

#[tokio::test]
async fn objects_events_and_results_have_the_revisions_of_the_log() {
    let log = SharedLog::new(Numbering::Together);
    let store = log.open(Options::memory()).await;
    let mut cursor = store.watch(services(), store.revision()).expect("a cursor");
    let ops =
        [put("a/one", "x"), check("a/one", Expect::Present), put("a/two", "y"), put("a/one", "z"), delete("a/two")];
    let done = store.commit(tx(ops)).await.expect("a commit");
    let revision = Revision(8);
    assert_eq!((done.revision, store.revision(), log.newest()), (revision, revision, revision));
    for stored in &done.results {
        assert_eq!(stored.revision(), revision);
        assert!(text(stored).contains(r#""revision":"8""#), "{stored:?}");
    }
    let events = cursor.next().await.expect("events");
    assert_eq!(events.len(), 4);
    for event in &events {
        assert_eq!((event.revision, event.object.revision()), (revision, revision));
        assert!(event.before.as_ref().is_none_or(|before| before.revision() == revision));
    }
    let one = store.get(&key("a/one")).expect("the object");
    assert_eq!(text(&one), r#"{"revision":"8","value":"z"}"#);
    let expected = put_expecting("a/one", "v", Expect::At(revision));
    assert_eq!(store.commit(tx([expected])).await.expect("a commit").revision, Revision(15));
    assert_eq!(store.snapshot_at(Revision(11)).expect("a revision between two").len(), 1);
}

#[tokio::test]
async fn events_of_one_revision_stay_together() {
    const COMMITS: usize = 40;
    const EACH: usize = 18;
    let log = SharedLog::new(Numbering::Together);
    let store = log.open(Options::memory()).await;
    let mut cursor = store.watch(services(), store.revision()).expect("a cursor");
    for round in ["x", "y"] {
        let ops = |commit| (0..EACH).map(|op| put(&format!("a/{commit}-{op}"), round)).collect::<Vec<_>>();
        let commits = (0..COMMITS).map(|commit| store.commit(tx(ops(commit))));
        join_all(commits).await.into_iter().for_each(|done| drop(done.expect("a commit")));
    }
    for revision in [8, 15].map(Revision) {
        let events = cursor.next().await.expect("events");
        assert_eq!(events.len(), COMMITS * EACH);
        assert!(events.iter().all(|event| event.revision == revision));
        assert_eq!(cursor.position().max(revision), revision);
    }
}

#[tokio::test]
async fn of_two_writers_that_want_the_same_one_gets_it() {
    for numbering in NUMBERINGS {
        let log = SharedLog::new(numbering);
        let (one, two) = pair(&log).await;
        for round in 0..50 {
            let name = format!("a/{round}");
            let create = |store: &Store, number| {
                let put = put_expecting(&name, "x", Expect::Absent);
                let tx = Transaction { claims: vec![claim(number, &name)], ..tx([put]) };
                let store = store.clone();
                async move { store.commit(tx).await }
            };
            let outcomes = tokio::join!(create(&one, round), create(&two, 1000 + round));
            let lost = match &outcomes {
                (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
                outcomes => panic!("{outcomes:?}"),
            };
            assert!(
                matches!(lost, Error::Mismatch { op: 0, key: at, current: Some(_) } if *at == key(&name)),
                "{lost}"
            );
            let holder = |holder: &str, store: &Store| {
                let claims = vec![claim(5000 + round, holder)];
                let (store, tx) = (store.clone(), Transaction { claims, ..tx([put(&name, holder)]) });
                async move { store.commit(tx).await }
            };
            let outcomes = tokio::join!(holder("one", &one), holder("two", &two));
            assert!(matches!(outcomes, (Ok(_), Err(Error::Held { .. })) | (Err(Error::Held { .. }), Ok(_))));
        }
    }
}

#[tokio::test]
async fn a_check_holds_when_the_transaction_happens() {
    let log = SharedLog::new(Numbering::Together);
    let (one, two) = pair(&log).await;
    let seen = one.commit(tx([put("a/owner", "x")])).await.expect("a commit").revision;
    settle(&two, &log).await;
    let depend = [put_expecting("a/one", "x", Expect::Absent), check("a/owner", Expect::At(seen))];
    let (gone, outcome) = tokio::join!(one.commit(tx([delete("a/owner")])), two.commit(tx(depend.clone())));
    gone.expect("a commit");
    match outcome {
        Ok(_) => assert!(two.get(&key("a/one")).is_some(), "it was first"),
        Err(Error::Mismatch { op: 1, key: failed, current: None }) => assert_eq!(failed, key("a/owner")),
        Err(error) => panic!("{error}"),
    }
    settle(&two, &log).await;
    let late = two.commit(tx([put("a/two", "x"), depend[1].clone()])).await;
    assert!(matches!(late, Err(Error::Mismatch { op: 1, current: None, .. })), "{late:?}");
    assert!(two.get(&key("a/two")).is_none());
}

#[tokio::test]
async fn a_write_that_happened_though_it_failed_is_shown() {
    let log = SharedLog::new(Numbering::Each);
    let store = log.open(Options::memory()).await;
    let mut cursor = store.watch(services(), store.revision()).expect("a cursor");
    log.lose_outcome.store(true, Relaxed);
    assert!(matches!(store.commit(tx([put("a/one", "x")])).await, Err(Error::Log { .. })));
    let again = store.commit(tx([put_expecting("a/one", "y", Expect::Absent)])).await;
    assert!(matches!(again, Err(Error::Mismatch { op: 0, current: Some(_), .. })), "{again:?}");
    assert_eq!(cursor.next().await.expect("events").len(), 1);
    assert_eq!(store.commit(tx([put("a/one", "z")])).await.expect("a commit").revision, Revision(3));
}

#[tokio::test]
async fn a_log_that_cannot_be_followed_ends_the_store() {
    let log = SharedLog::new(Numbering::Each);
    let (one, two) = pair(&log).await;
    let mut cursor = two.watch(services(), two.revision()).expect("a cursor");
    log.unreadable.store(true, Relaxed);
    one.commit(tx([put("a/one", "x")])).await.expect("a commit");
    assert!(matches!(cursor.next().await, Err(Error::Ended { .. })));
    let outcome = two.commit(tx([put("a/two", "x")])).await;
    assert!(matches!(&outcome, Err(Error::Ended { why }) if why.contains("it cannot be read")), "{outcome:?}");
    assert_eq!(two.ended().await.to_string(), two.health().to_string());
    assert!(!two.health().is_alive() && one.health().is_ok());
}

#[tokio::test]
async fn writers_that_mix_at_random_agree() {
    for (seed, numbering) in (0..8).flat_map(|seed| NUMBERINGS.map(|numbering| (seed, numbering))) {
        let log = SharedLog::new(numbering);
        let stores =
            [log.open(Options::memory()).await, log.open(Options::memory()).await, log.open(Options::memory()).await];
        let cursors = stores.each_ref().map(|store| store.watch(services(), Revision(1)).expect("a cursor"));
        let writers = stores.iter().enumerate().map(|(writer, store)| write(store.clone(), seed * 10 + writer as u64));
        join_all(writers).await;
        let mut views = Vec::new();
        for (store, mut cursor) in stores.iter().zip(cursors) {
            settle(store, &log).await;
            let mut events = Vec::new();
            loop {
                let more = cursor.try_next().expect("history");
                if more.is_empty() {
                    break;
                }
                events.extend(more);
            }
            check_history(store, &events);
            let lines: Vec<_> = events.iter().map(|event| format!("{event:?}")).collect();
            let numbers: Vec<_> = (0..12).map(|number| store.holder("ports", number)).collect();
            views.push((lines, numbers));
        }
        assert!(views[0] == views[1] && views[1] == views[2], "{seed}");
    }
}

/// Random transactions, each of which makes the number that an object shows its own.
async fn write(store: Store, seed: u64) {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..60 {
        let name = format!("a/{}", random.random_range(0..5));
        let key = key(&name);
        let old = store.get(&key);
        let number = |text: &[u8]| {
            let object: serde_json::Value = serde_json::from_slice(text).expect("JSON");
            object["value"].as_str().and_then(|value| value.parse::<u128>().ok()).expect("a number")
        };
        let releases = old.iter().map(|old| claim(number(old.bytes()), &name)).collect();
        let expect = old.as_ref().map_or(Expect::Absent, |old| Expect::At(old.revision()));
        let transaction = if old.is_some() && random.random_bool(0.3) {
            Transaction { releases, ..tx([Op::Delete { key, expect }]) }
        } else {
            let next = random.random_range(0..12);
            let put = Op::Put { key, expect, body: body(&next.to_string()) };
            Transaction { releases, claims: vec![claim(next, &name)], ..tx([put]) }
        };
        match store.commit(transaction).await {
            Ok(_) | Err(Error::Mismatch { .. } | Error::Held { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Each event follows the one before it of its key, and together they lead to what is there.
fn check_history(store: &Store, events: &[Arc<Event>]) {
    let mut now = std::collections::BTreeMap::<Key, Arc<Event>>::new();
    for event in events {
        let before = now.get(&event.key).filter(|last| !last.deleted).map(|last| last.revision);
        assert_eq!(event.before.as_ref().map(|before| before.revision()), before, "{event:?}");
        now.insert(event.key.clone(), Arc::clone(event));
    }
    let left: Vec<_> = now.values().filter(|last| !last.deleted).map(|last| text(&last.object)).collect();
    let snapshot = store.snapshot();
    let found: Vec<_> = snapshot.range(&namespace("a"), None).map(|(_, stored)| text(stored)).collect();
    assert_eq!(left, found);
    let held = (0..12).filter(|number| store.holder("ports", *number).is_some()).count();
    assert_eq!(held, found.len(), "each object has its number");
}
