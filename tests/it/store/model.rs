//! The store against a model that is too simple to be wrong: random transactions, restarts and passing time.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use kubedouble::{
    object::Revision,
    store::{Amendment, Claim, Error, Event, Expect, History, Op, Store, Stored, Transaction},
};
use proptest::{collection::vec, prelude::*};

use super::support::{Bench, body, claim, key, namespace, services};

/// One thing that happens to the store.
#[derive(Clone, Debug)]
enum Step {
    /// Transactions that arrive together.
    Commit(Vec<Draft>),
    Reopen,
    Wait,
}

/// A transaction before it is known which revisions its expectations are about.
#[derive(Clone, Debug)]
struct Draft {
    ops: Vec<(Change, Name, Hope)>,
    claims: Vec<(u128, Name)>,
    releases: Vec<(u128, Name)>,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Put(u16),
    /// Adds to the number that is there, unless that makes it too large.
    Amend(u16),
    Delete,
    Check,
}

#[derive(Clone, Copy, Debug)]
enum Hope {
    Any,
    Absent,
    Present,
    Current,
    Stale,
}

type Name = &'static str;

const NAMES: [Name; 5] = ["a/one", "a/two", "b/one", "b/two", "c/one"];
const HISTORY: History = History { age: std::time::Duration::from_secs(10), events: 12, bytes: 1 << 20 };

/// Everything that ever happened, and what is there now.
#[derive(Default)]
struct Model {
    revision: u64,
    objects: BTreeMap<String, (u64, String)>,
    holders: BTreeMap<u128, String>,
    /// Revision, name, value, and whether it was deleted.
    events: Vec<(u64, String, String, bool)>,
}

impl Model {
    fn new() -> Self {
        Self { revision: 1, ..Self::default() }
    }

    /// What the store should answer: the revision, or what stands in the way.
    fn commit(&mut self, tx: &Transaction) -> Result<u64, String> {
        let before = (self.revision, self.objects.clone(), self.holders.clone(), self.events.len());
        self.try_commit(tx).inspect_err(|_| {
            (self.revision, self.objects, self.holders) = (before.0, before.1, before.2);
            self.events.truncate(before.3);
        })
    }

    fn try_commit(&mut self, tx: &Transaction) -> Result<u64, String> {
        for (index, op) in tx.ops.iter().enumerate() {
            let name = op.key().after(&services()).expect("a Service").to_owned();
            let current = self.objects.get(&name).map(|(revision, _)| *revision);
            let deletes = matches!(op, Op::Delete { .. });
            let holds = match op.expect() {
                Expect::Any => !deletes || current.is_some(),
                Expect::Absent => !deletes && current.is_none(),
                Expect::Present => current.is_some(),
                Expect::At(revision) => current == Some(revision.0),
            };
            if !holds {
                return Err(format!("{index} {current:?}"));
            }
            match op {
                Op::Check { .. } => {}
                Op::Put { body, .. } => self.put(name, value(&body.bytes)),
                Op::Amend { amendment, .. } => {
                    let (revision, value_now) = &self.objects[&name];
                    let amended = amendment.of(&Stored::new(&body(value_now), Revision(*revision)));
                    let amended = amended.ok_or_else(|| format!("{index} {current:?}"))?;
                    self.put(name, value(&amended.bytes));
                }
                Op::Delete { .. } => {
                    self.revision += 1;
                    let (_, value) = self.objects.remove(&name).expect("it holds");
                    self.events.push((self.revision, name, value, true));
                }
            }
        }
        for Claim { number, holder, .. } in &tx.releases {
            if self.holders.get(number) == Some(holder) {
                self.holders.remove(number);
            }
        }
        for Claim { number, holder, .. } in &tx.claims {
            match self.holders.get(number) {
                Some(other) if other != holder => return Err(format!("{number} {other}")),
                _ => self.holders.insert(*number, holder.clone()),
            };
        }
        Ok(self.revision)
    }

    fn put(&mut self, name: String, value: String) {
        self.revision += 1;
        self.objects.insert(name.clone(), (self.revision, value.clone()));
        self.events.push((self.revision, name, value, false));
    }

    /// The values by name as they were at a revision.
    fn at(&self, revision: u64) -> BTreeMap<String, (u64, String)> {
        let mut objects = BTreeMap::new();
        for (at, name, value, deleted) in self.events.iter().take_while(|(at, ..)| *at <= revision) {
            match deleted {
                true => objects.remove(name),
                false => objects.insert(name.clone(), (*at, value.clone())),
            };
        }
        objects
    }

    fn transaction(&self, draft: &Draft) -> Transaction {
        let expect = |name: &str, hope| match (hope, self.objects.get(name)) {
            (Hope::Any, _) => Expect::Any,
            (Hope::Absent, _) => Expect::Absent,
            (Hope::Present, _) => Expect::Present,
            (Hope::Current, Some((revision, _))) => Expect::At(Revision(*revision)),
            (Hope::Stale | Hope::Current, _) => Expect::At(Revision(1)),
        };
        let op = |&(change, name, hope): &(Change, Name, Hope)| match (change, key(name), expect(name, hope)) {
            (Change::Put(value), key, expect) => Op::Put { key, expect, body: body(&value.to_string()) },
            (Change::Amend(number), key, _) => Op::Amend { key, amendment: sum(number) },
            (Change::Delete, key, expect) => Op::Delete { key, expect },
            (Change::Check, key, expect) => Op::Check { key, expect },
        };
        let claims = |claims: &[(u128, Name)]| claims.iter().map(|(number, name)| claim(*number, name)).collect();
        Transaction {
            ops: draft.ops.iter().map(op).collect(),
            claims: claims(&draft.claims),
            releases: claims(&draft.releases),
            guard: None,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_does(steps in vec(step(), 1..40), file in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(run(if file { Bench::file() } else { Bench::memory() }, file, &steps));
    }
}

async fn run(mut bench: Bench, file: bool, steps: &[Step]) {
    bench.options.history = HISTORY;
    let mut store = bench.open().await;
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Commit(drafts) => {
                let txs: Vec<_> = drafts.iter().map(|draft| model.transaction(draft)).collect();
                let outcomes = join_all(txs.iter().map(|tx| store.commit(tx.clone()))).await;
                for (tx, outcome) in txs.iter().zip(outcomes) {
                    let outcome = outcome.map(|committed| committed.revision.0).map_err(in_short);
                    assert_eq!(outcome, model.commit(tx), "{tx:?}");
                }
            }
            Step::Wait => bench.advance(4000),
            Step::Reopen if file => {
                store.close().await;
                store = bench.open().await;
            }
            Step::Reopen => {}
        }
        compare(&store, &model);
    }
}

fn compare(store: &Store, model: &Model) {
    let (oldest, newest) = (store.oldest().0, model.revision);
    assert_eq!(store.revision().0, newest);
    assert!(newest - oldest <= HISTORY.events as u64 + 1, "history is bounded");
    for revision in oldest.max(1)..=newest {
        let snapshot = store.snapshot_at(Revision(revision)).expect("a revision of the history");
        let found: BTreeMap<_, _> = snapshot
            .range(&services(), None)
            .map(|(key, stored)| (key, (stored.revision().0, value(stored.bytes()))))
            .map(|(key, object)| (key.after(&services()).expect("a Service").to_owned(), object))
            .collect();
        assert_eq!(found, model.at(revision));
        for prefix in [services(), namespace("b")] {
            let mut cursor = store.watch(prefix.clone(), Revision(revision)).expect("a cursor");
            let seen: Vec<_> = cursor.try_next().expect("events").iter().map(|event| line(event)).collect();
            let expected: Vec<_> = model
                .events
                .iter()
                .filter(|(at, name, ..)| *at > revision && key(name).is_under(&prefix))
                .cloned()
                .collect();
            assert_eq!(seen, expected);
            assert_eq!(cursor.position().0, newest);
        }
    }
    assert_eq!(model.at(newest), model.objects);
    assert_eq!(store.held("ports"), model.holders.len());
    for number in 0..8 {
        assert_eq!(store.holder("ports", number), model.holders.get(&number).cloned());
        let free = (number..8).find(|number| !model.holders.contains_key(number));
        assert_eq!(store.first_free("ports", number..=7), free);
    }
}

fn line(event: &Event) -> (u64, String, String, bool) {
    let name = event.key.after(&services()).expect("a Service").to_owned();
    assert_eq!(event.object.revision(), event.revision);
    (event.revision.0, name, value(event.object.bytes()), event.deleted)
}

fn in_short(error: Error) -> String {
    match error {
        Error::Mismatch { op, current, .. } => format!("{op} {:?}", current.map(|stored| stored.revision().0)),
        Error::Held { number, holder, .. } => format!("{number} {holder}"),
        other => panic!("{other}"),
    }
}

fn value(bytes: &[u8]) -> String {
    let object: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
    object["value"].as_str().expect("a value").to_owned()
}

fn sum(number: u16) -> Amendment {
    Amendment::new(move |current| {
        let sum = value(current.bytes()).parse::<u16>().ok()?.checked_add(number)?;
        Some(body(&sum.to_string()))
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => vec(draft(), 1..6).prop_map(Step::Commit),
        1 => Just(Step::Reopen),
        1 => Just(Step::Wait),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    let hope = || {
        prop_oneof![6 => Just(Hope::Any), 1 => Just(Hope::Absent), 1 => Just(Hope::Present), 2 => Just(Hope::Current),
            1 => Just(Hope::Stale)]
    };
    let change = prop_oneof![4 => any::<u16>().prop_map(Change::Put), 3 => any::<u16>().prop_map(Change::Amend),
        2 => Just(Change::Delete), 1 => Just(Change::Check)];
    let name = || prop::sample::select(&NAMES[..]);
    let numbers = || vec((0_u128..8, name()), 0..3);
    (vec((change, name(), hope()), 0..4), numbers(), numbers()).prop_map(|(ops, claims, releases)| Draft {
        ops,
        claims,
        releases,
    })
}
