//! Opens a data file, checks that it is one of ours, and brings it to the newest format.

use std::{path::Path, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteLockingMode, SqliteSynchronous},
};

use crate::store::{Durability, Error};

/// Marks a SQLite file as ours: `kube` in ASCII.
const APPLICATION_ID: i64 = 0x6b75_6265;
/// Each brings a file from the format before to its own; the format's number is its place in this list.
const MIGRATIONS: [&str; 1] = [include_str!("../../../migrations/0001_log.sql")];
/// How long to wait for a process that is just about to release the file.
const LOCK_WAIT: Duration = Duration::from_millis(500);
/// How many pages the write-ahead log may have before they are moved into the file. Fewer make more pauses, more make
/// longer ones.
const CHECKPOINT_PAGES: &str = "4000";

/// Opens or makes the file, alone.
pub(super) async fn connect(path: &Path, durability: Durability) -> Result<SqliteConnection, Error> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty() && !directory.is_dir())
    {
        return Err(Error::NoDirectory { directory: directory.into() });
    }
    let synchronous = match durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Normal => SqliteSynchronous::Normal,
        Durability::Off => SqliteSynchronous::Off,
    };
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        // Taken at the first read and held until the end: nobody else may use the file.
        .locking_mode(SqliteLockingMode::Exclusive)
        .synchronous(synchronous)
        .busy_timeout(LOCK_WAIT)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(|error| refused(path, &error))
}

/// Checks that the file is ours before anything in it is changed, then brings it to the newest format.
pub(super) async fn prepare(connection: &mut SqliteConnection, path: &Path) -> Result<(), Error> {
    let refused = |error: sqlx::Error| refused(path, &error);
    let (application, format, tables): (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT application_id FROM pragma_application_id),
                (SELECT user_version FROM pragma_user_version),
                (SELECT count(*) FROM sqlite_master)",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(refused)?;
    let known = MIGRATIONS.len() as i64;
    let is_new = application == 0 && format == 0 && tables == 0;
    if application != APPLICATION_ID && !is_new {
        return Err(Error::Foreign { path: path.into() });
    }
    if format > known {
        return Err(Error::Newer { path: path.into(), found: format, known });
    }
    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *connection).await.map_err(refused)?;
    for (number, migration) in (1..).zip(MIGRATIONS).skip(usize::try_from(format).unwrap_or_default()) {
        let text = format!(
            "BEGIN EXCLUSIVE; {migration}; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number}; COMMIT"
        );
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await.map_err(refused)?;
    }
    // A file with nothing to migrate was only read so far; this takes the lock that keeps others out.
    sqlx::raw_sql("BEGIN EXCLUSIVE; COMMIT").execute(connection).await.map_err(refused)?;
    Ok(())
}

/// Why a file cannot be used.
pub(super) fn refused(path: &Path, error: &sqlx::Error) -> Error {
    const BUSY: i32 = 5;
    const CORRUPT: i32 = 11;
    const NOT_A_DATABASE: i32 = 26;
    let code: Option<i32> = error.as_database_error().and_then(|error| error.code()?.parse().ok());
    // The low byte is the primary code.
    match code.map(|code| code & 0xff) {
        Some(BUSY) => Error::Locked { path: path.into() },
        Some(CORRUPT) => Error::Corrupt { path: path.into(), what: error.to_string() },
        Some(NOT_A_DATABASE) => Error::Foreign { path: path.into() },
        _ => Error::Open { path: path.into(), cause: error.to_string() },
    }
}
