//! Files of older formats are read by this version.

use kubedouble::{object::Revision, store::Store};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use super::support::{Bench, key, put, text, tx};

/// As the first version left it: history from revision 2 on, an object from before, a claim, an object of three megabytes.
const FIRST_FORMAT: &str = include_str!("../../../migrations/0001_log.sql");
const CONTENT: &str = r#"
    UPDATE meta SET value = 2;
    INSERT INTO log VALUES (1, 'core/services/a/one', 0, '{"revision":"1","value":"x"}', 13);
    INSERT INTO log VALUES (3, 'core/services/a/two', 0, '{"revision":"3","value":"y"}', 13);
    INSERT INTO log VALUES (4, 'core/services/a/two', 0, NULL, 13);
    INSERT INTO claims VALUES ('ports', x'0000000000000000000000000000000a', 'one');
    PRAGMA application_id = 0x6b756265;
    PRAGMA user_version = 1;
"#;

#[tokio::test]
async fn a_file_of_the_first_format_is_upgraded() {
    const LARGE: usize = 300;
    let bench = Bench::file();
    let options = SqliteConnectOptions::new().filename(bench.path()).create_if_missing(true);
    let mut connection = options.connect().await.expect("a connection");
    sqlx::raw_sql(FIRST_FORMAT).execute(&mut connection).await.expect("tables");
    sqlx::raw_sql(CONTENT).execute(&mut connection).await.expect("rows");
    for revision in 5..5 + LARGE as i64 {
        let value =
            format!(r#"{{"revision":"{revision}","value":"{}"}}"#, "x".repeat(if revision < 20 { 3 << 20 } else { 9 }));
        sqlx::query("INSERT INTO log VALUES (?, ?, 0, ?, 13)")
            .bind(revision)
            .bind(format!("core/services/a/large-{revision}"))
            .bind(value.into_bytes())
            .execute(&mut connection)
            .await
            .expect("a row");
    }
    connection.close().await.expect("a closed file");

    for _ in 0..2 {
        let store = bench.open().await;
        check(&store, LARGE as u64);
        store.close().await;
    }
    let store = bench.open().await;
    store.commit(tx([put("a/one", "z")])).await.expect("a commit");
}

fn check(store: &Store, large: u64) {
    assert_eq!((store.oldest(), store.revision()), (Revision(2), Revision(4 + large)));
    let one = store.get(&key("a/one")).map(|stored| text(&stored));
    assert_eq!(one.as_deref(), Some(r#"{"revision":"1","value":"x"}"#));
    assert!(store.get(&key("a/two")).is_none());
    assert_eq!(store.snapshot().len() as u64, 1 + large);
    assert_eq!(store.holder("ports", 10).as_deref(), Some("one"));
}
