//! What the store promises about its file: what survives, and which files it refuses.

use std::{fs, time::Duration};

use kubedouble::{
    object::Revision,
    store::{Data, Error, History, Options, Store, Transaction},
};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::support::{Bench, claim, copy_of, delete, key, put, services, text, tx};

#[tokio::test]
async fn everything_survives_a_restart() {
    let bench = Bench::file();
    let store = bench.open().await;
    let claims = vec![claim(10, "one"), claim(u128::MAX, "one")];
    store.commit(Transaction { claims, ..tx([put("a/one", "x"), put("a/two", "y")]) }).await.expect("a commit");
    store.commit(tx([put("a/one", "Zürich"), delete("a/two")])).await.expect("a commit");
    let releases = vec![claim(10, "one")];
    store.commit(Transaction { releases, ..Transaction::default() }).await.expect("a commit");
    let events = store.watch(services(), Revision(1)).expect("a cursor").next().await.expect("events");
    store.close().await;

    let store = bench.open().await;
    assert_eq!((store.oldest(), store.revision()), (Revision(1), Revision(5)));
    assert_eq!(
        store.get(&key("a/one")).map(|stored| text(&stored)).as_deref(),
        Some(r#"{"revision":"4","value":"Zürich"}"#)
    );
    assert!(store.get(&key("a/two")).is_none());
    assert_eq!(store.holder("ports", 10), None);
    assert_eq!(store.holder("ports", u128::MAX).as_deref(), Some("one"));
    let again = store.watch(services(), Revision(1)).expect("a cursor").next().await.expect("events");
    assert_eq!(format!("{events:?}"), format!("{again:?}"), "a watch resumes as if nothing had happened");
    assert_eq!(store.commit(tx([put("a/two", "x")])).await.expect("a commit").revision, Revision(6));
}

#[tokio::test]
async fn a_store_that_was_not_closed_loses_nothing() {
    let bench = Bench::file();
    let store = bench.open().await;
    store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    let copy = copy_of(bench.path());
    let store = Store::open(Options { data: Data::File(copy.1), ..bench.options.clone() }).await.expect("a store");
    assert_eq!(store.revision(), Revision(2));
    assert!(store.get(&key("a/one")).is_some());
}

#[tokio::test]
async fn revisions_never_go_back_even_when_the_newest_rows_are_gone() {
    let mut bench = Bench::file();
    bench.options.history.age = Duration::from_secs(1);
    let store = bench.open().await;
    store.commit(tx([put("a/one", "x"), put("a/two", "x"), delete("a/two")])).await.expect("a commit");
    bench.advance(2000);
    tokio::time::timeout(Duration::from_secs(30), async {
        while store.oldest() < store.revision() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("a quiet store forgets what is too old");
    assert!(matches!(store.watch(services(), Revision(3)).err(), Some(Error::Compacted { oldest: Revision(4) })));
    store.close().await;
    assert_eq!(rows(&bench).await, [2], "only the row of the live object is left");

    let store = bench.open().await;
    assert_eq!((store.oldest(), store.revision()), (Revision(4), Revision(4)));
    assert!(store.get(&key("a/one")).is_some());
    assert_eq!(store.commit(tx([put("a/two", "y")])).await.expect("a commit").revision, Revision(5));
}

#[tokio::test]
async fn history_is_bounded_in_the_file_too() {
    const EVENTS: usize = 10;
    let mut bench = Bench::file();
    bench.options.history = History { events: EVENTS, ..History::default() };
    let store = bench.open().await;
    for round in 0..500 {
        let ops: Vec<_> = (0..10).map(|name| put(&format!("a/{name}"), &round.to_string())).collect();
        store.commit(tx(ops)).await.expect("a commit");
    }
    assert_eq!(store.oldest(), Revision(5001 - EVENTS as u64));
    store.close().await;
    let rows = rows(&bench).await.len();
    assert!(rows < 5000, "superseded rows are deleted while the store is in use, but there are {rows}");

    let store = bench.open().await;
    assert_eq!((store.oldest(), store.revision()), (Revision(5001 - EVENTS as u64), Revision(5001)));
    assert_eq!(store.snapshot().len(), 10);
    assert_eq!(store.stats().window, EVENTS);
}

#[tokio::test]
async fn a_file_has_one_user() {
    let bench = Bench::file();
    let store = bench.open().await;
    assert!(matches!(refusal(&bench).await, Error::Locked { .. }), "a new file");
    store.close().await;
    let store = bench.open().await;
    assert!(matches!(refusal(&bench).await, Error::Locked { .. }), "a file that was there");
    store.close().await;
    bench.open().await;
}

#[tokio::test]
async fn a_file_of_someone_else_is_refused_and_left_as_it_is() {
    let text = Bench::file();
    fs::write(text.path(), "name: web\nkind: Service\n".repeat(100)).expect("a file");
    let database = Bench::file();
    run(&mut sqlite(&database).await, "CREATE TABLE accounts (id INTEGER)").await;
    for bench in [text, database] {
        let before = fs::read(bench.path()).expect("the file");
        assert!(matches!(refusal(&bench).await, Error::Foreign { .. }));
        assert!(before == fs::read(bench.path()).expect("the file"));
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let bench = Bench::file();
    bench.open().await.close().await;
    run(&mut sqlite(&bench).await, "PRAGMA user_version = 7").await;
    assert!(matches!(refusal(&bench).await, Error::Newer { found: 7, known: 2, .. }));
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    for damage in [
        "DELETE FROM log WHERE revision = 3",
        "UPDATE log SET hole = 1 WHERE revision = 3",
        "UPDATE log SET hole = -1 WHERE revision = 3",
        "UPDATE log SET value = NULL WHERE revision = 2",
        "UPDATE log SET key = x'ff' WHERE revision = 2",
        "UPDATE log SET at = 1 WHERE revision = 3",
        "UPDATE meta SET value = 2 WHERE name = 'compacted'",
        "INSERT INTO claims VALUES ('ports', zeroblob(16), 'a/one', 0)",
        "INSERT INTO claims VALUES ('ports', x'0102', 'a/one', 0)",
        "INSERT INTO claims VALUES ('ports', zeroblob(17), 'a/one', 0)",
    ] {
        let bench = Bench::file();
        let store = bench.open().await;
        store.commit(tx([put("a/one", "x"), put("a/one", "y"), put("a/one", "z")])).await.expect("a commit");
        store.close().await;
        run(&mut sqlite(&bench).await, damage).await;
        assert!(matches!(refusal(&bench).await, Error::Corrupt { .. }), "{damage}");
    }
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_refused() {
    let bench = Bench::file();
    let store = bench.open().await;
    for name in 0..100 {
        store.commit(tx([put(&format!("a/{name}"), &"x".repeat(1000))])).await.expect("a commit");
    }
    store.close().await;
    let file = fs::File::options().write(true).open(bench.path()).expect("the file");
    file.set_len(file.metadata().expect("its size").len() / 2).expect("a cut");
    assert!(matches!(refusal(&bench).await, Error::Corrupt { .. }));
}

#[tokio::test]
async fn a_place_that_cannot_hold_a_file_is_named() {
    let bench = Bench::file();
    let below = bench.path().join("missing/kubedouble.db");
    let error = Store::open(Options::file(below)).await.err().expect("no directory");
    assert!(matches!(&error, Error::NoDirectory { directory } if directory.ends_with("missing")));
    fs::create_dir(bench.path()).expect("a directory");
    assert!(matches!(refusal(&bench).await, Error::Open { .. }), "a directory is not a file");
}

#[tokio::test]
async fn a_write_failure_is_reported_and_changes_nothing() {
    let bench = Bench::file();
    bench.open().await.close().await;
    // A log that refuses one of the rows, in the middle of a batch.
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON log WHEN new.key LIKE '%/full'
        BEGIN SELECT raise(ABORT, 'disk is full'); END";
    run(&mut sqlite(&bench).await, trigger).await;
    let store = bench.open().await;
    store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    let mut cursor = store.watch(services(), Revision(2)).expect("a cursor");
    let claims = vec![claim(10, "one")];
    let failing = Transaction { claims, ..tx([put("a/two", "x"), put("a/full", "x")]) };
    let outcome = store.commit(failing).await;
    assert!(matches!(&outcome, Err(Error::Log { cause, .. }) if cause.contains("disk is full")), "{outcome:?}");
    assert_eq!((store.revision(), store.held("ports"), store.stats().failed), (Revision(2), 0, 1));
    assert!(cursor.try_next().expect("no event").is_empty());
    assert_eq!(store.commit(tx([put("a/two", "y")])).await.expect("it works again").revision, Revision(3));
    store.close().await;
    assert_eq!(rows(&bench).await, [2, 3]);
}

async fn refusal(bench: &Bench) -> Error {
    Store::open(bench.options.clone()).await.err().expect("the store should not open")
}

/// The file as another program sees it.
async fn sqlite(bench: &Bench) -> SqliteConnection {
    SqliteConnectOptions::new().filename(bench.path()).create_if_missing(true).connect().await.expect("a connection")
}

async fn run(connection: &mut SqliteConnection, text: &'static str) {
    sqlx::query(text).execute(&mut *connection).await.expect("a statement that works");
    sqlx::query("PRAGMA journal_mode = DELETE").execute(connection).await.expect("a closed file");
}

/// The revisions in the log.
async fn rows(bench: &Bench) -> Vec<i64> {
    let mut connection = sqlite(bench).await;
    let rows = sqlx::query_scalar("SELECT revision FROM log ORDER BY revision").fetch_all(&mut connection).await;
    connection.close().await.expect("a closed file");
    rows.expect("the rows")
}
