//! Every single step of the log fails once, before it happens or after it, or is torn, and the store is opened again: what
//! was acknowledged is there, and what was refused happened as a whole or not at all.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use kubedouble::{
    object::Revision,
    store::{
        Data, Durability, Error, Expect, LogFailure, Options, Store, Transaction,
        backend::{Appended, Backend, Batch, Each, Obsolete, Task},
    },
};

use super::support::{Bench, claim, copy_of, delete, key, put_expecting, services, text, tx, wal_of};

/// When a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Nothing of it happens.
    Before,
    /// It happens, but nobody is told so.
    After,
    /// It happens later than everybody expects.
    Late,
    /// It happens, but the system does not know whether it is on the disk.
    Unsynced,
}

/// A backend one of whose steps fails.
struct Faulty {
    log: Box<dyn Backend>,
    fault: Fault,
    /// How many steps are left before the one that fails.
    left: Arc<AtomicUsize>,
}

impl Faulty {
    /// The fault, if it is time for it.
    fn due(&self) -> Option<Fault> {
        let left = self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        (left == Ok(1)).then_some(self.fault)
    }

    async fn run<T>(fault: Option<Fault>, step: Task<'_, T>) -> Result<T, Error> {
        let failed = |kind| Error::Log { step: "write", kind, cause: "a fault".to_owned() };
        match fault {
            Some(Fault::Before) => Err(failed(LogFailure::Other)),
            Some(Fault::After) => step.await.and(Err(failed(LogFailure::Other))),
            Some(Fault::Unsynced) => step.await.and(Err(failed(LogFailure::Unsynced))),
            Some(Fault::Late) => {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                step.await
            }
            None => step.await,
        }
    }
}

impl Backend for Faulty {
    fn compacted(&mut self) -> Task<'_, Option<Revision>> {
        let due = self.due();
        Box::pin(Self::run(due, self.log.compacted()))
    }

    fn read<'a>(&'a mut self, after: Revision, each: &'a mut Each<'_>) -> Task<'a, ()> {
        let due = self.due();
        Box::pin(Self::run(due, self.log.read(after, each)))
    }

    fn append<'a>(&'a mut self, batch: &'a Batch) -> Task<'a, Appended> {
        let due = self.due();
        Box::pin(Self::run(due, self.log.append(batch)))
    }

    fn compact<'a>(&'a mut self, compacted: Revision, obsolete: &'a [Obsolete]) -> Task<'a, ()> {
        let due = self.due();
        Box::pin(Self::run(due, self.log.compact(compacted, obsolete)))
    }

    fn close(&mut self) -> Task<'_, ()> {
        self.log.close()
    }
}

/// A short history: objects that come, change and go, each with a number.
fn history() -> Vec<(&'static str, u64, Transaction)> {
    let create = |name, number| {
        let put = put_expecting(name, "new", Expect::Absent);
        (name, 0, Transaction { claims: vec![claim(number, name)], ..tx([put]) })
    };
    let remove = |name, number| (name, 2, Transaction { releases: vec![claim(number, name)], ..tx([delete(name)]) });
    let change = |name| (name, 1, tx([put_expecting(name, "changed", Expect::Present)]));
    vec![
        create("a/one", 1),
        create("a/two", 2),
        change("a/one"),
        remove("a/two", 2),
        create("a/two", 2),
        change("a/two"),
    ]
}

#[tokio::test]
async fn every_step_fails_once() {
    for fault in [Fault::Before, Fault::After, Fault::Late, Fault::Unsynced] {
        for step in 1.. {
            let bench = Bench::file();
            let left = Arc::new(AtomicUsize::new(step));
            let log = Store::backend(&bench.options).await.expect("a file");
            let faulty = Box::new(Faulty { log, fault, left: Arc::clone(&left) });
            let Ok(store) = Store::open_with(bench.options.clone(), faulty).await else {
                // A start that fails leaves a file that the next one can use.
                bench.open().await.close().await;
                continue;
            };
            let outcomes = run(&store).await;
            let is_over = left.load(Relaxed) > 0;
            let (_directory, crashed) = copy_of(bench.path());
            store.close().await;
            let crashed = Options { data: Data::File(crashed), ..bench.options.clone() };
            for options in [crashed, bench.options.clone()] {
                let store = Store::open(options).await.unwrap_or_else(|error| panic!("{fault:?} {step}: {error}"));
                check(&store, &outcomes, &format!("{fault:?} at step {step}"));
            }
            if is_over {
                break;
            }
        }
    }
}

/// Which steps of the history were acknowledged, and at which revision.
async fn run(store: &Store) -> Vec<Option<u64>> {
    let mut outcomes = Vec::new();
    for (_, _, transaction) in history() {
        let outcome = store.commit(transaction).await;
        if let Err(error @ (Error::Closed | Error::Future { .. } | Error::Compacted { .. })) = &outcome {
            panic!("{error}");
        }
        outcomes.push(outcome.ok().map(|committed| committed.revision.0));
    }
    outcomes
}

fn check(store: &Store, outcomes: &[Option<u64>], context: &str) {
    for (number, name) in [(1, "a/one"), (2, "a/two")] {
        let found = store.get(&key(name)).map(|stored| text(&stored));
        // Each object has its number, and no number is held for nothing.
        assert_eq!(store.holder("ports", number).is_some(), found.is_some(), "{context}: {name}");
        let history = history();
        let steps = history.iter().zip(outcomes).filter(|((about, ..), _)| *about == name);
        let newest = steps.filter_map(|((_, kind, _), outcome)| Some((*kind, (*outcome)?))).next_back();
        let found = store.get(&key(name)).map(|stored| stored.revision().0);
        match newest {
            Some((2, _)) | None => {}
            Some((_, revision)) => assert!(found.is_none_or(|found| found >= revision), "{context}: {name} went back"),
        }
        if let (Some((0 | 1, revision)), None) = (newest, found) {
            // Only the removal after it, which was not acknowledged but happened, can have taken it away.
            let mut cursor = store.watch(services(), Revision(revision)).expect("history");
            let removed =
                cursor.try_next().expect("history").iter().any(|event| event.deleted && event.key == key(name));
            assert!(removed, "{context}: {name} is lost");
        }
    }
    let newest = outcomes.iter().flatten().max().copied().unwrap_or(1);
    assert!(store.revision().0 >= newest, "{context}: revisions went back");
}

/// A power cut tears the write-ahead log anywhere, and may take the mark of what was acknowledged with it: the store is as
/// it was after some transaction. With the mark, the loss is noticed.
#[tokio::test]
async fn a_torn_log_holds_a_beginning_of_the_history() {
    let mut bench = Bench::file();
    bench.options.durability = Durability::Full;
    let store = bench.open().await;
    let mut states = vec![state(&store)];
    let mut lengths = vec![0];
    for (_, _, transaction) in history() {
        store.commit(transaction).await.expect("a commit");
        states.push(state(&store));
        lengths.push(fs::metadata(wal_of(bench.path())).expect("a log").len());
    }
    let whole = fs::read(wal_of(bench.path())).expect("a log");
    for length in (0..=whole.len()).step_by(509).chain([whole.len()]) {
        for is_marked in [false, true] {
            let (_directory, copy) = copy_of(bench.path());
            fs::write(wal_of(&copy), &whole[..length]).expect("a torn log");
            if !is_marked {
                let mut bytes = fs::read(&copy).expect("a file");
                bytes[72..92].fill(0);
                fs::write(&copy, bytes).expect("a file");
            }
            let opened = Store::open(Options { data: Data::File(copy), ..bench.options.clone() }).await;
            match opened {
                Ok(store) => {
                    let found = state(&store);
                    let place = states.iter().position(|state| *state == found);
                    let place = place.unwrap_or_else(|| panic!("{found:?} was never there"));
                    let written = lengths.iter().rposition(|end| *end <= length as u64).unwrap_or_default();
                    assert!(!is_marked || place == states.len() - 1, "{length}: a loss that nobody noticed");
                    assert!(place >= written, "{length}: {place} of {written}");
                }
                Err(Error::Corrupt { .. }) => {
                    assert!(is_marked || length < 32, "{length}: a power cut is no damage");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn state(store: &Store) -> (u64, Vec<String>, Vec<Option<String>>) {
    let snapshot = store.snapshot();
    let objects = snapshot.range(&services(), None).map(|(_, stored)| text(stored)).collect();
    (store.revision().0, objects, (0..3).map(|number| store.holder("ports", number)).collect())
}
