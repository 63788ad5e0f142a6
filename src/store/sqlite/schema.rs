//! Opens a data file, checks that it is one of ours, and brings it to the newest format.

use std::{fs::File, path::Path, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteLockingMode, SqliteSynchronous},
};

use crate::store::{
    Durability, Error,
    sqlite::{guard, upgrade},
};

/// Marks a SQLite file as ours: `kube` in ASCII.
const APPLICATION_ID: i64 = 0x6b75_6265;
/// Each brings a file from the format before to its own; the format's number is its place in this list.
const MIGRATIONS: [&str; 2] =
    [include_str!("../../../migrations/0001_log.sql"), include_str!("../../../migrations/0002_checksums.sql")];
/// The format that gave every row a checksum, which SQL cannot compute.
const CHECKSUMS: i64 = 2;
/// How long to wait for a process that is just about to release the file.
const LOCK_WAIT: Duration = Duration::from_millis(500);
/// How often to look whether it has.
const LOCK_STEP: Duration = Duration::from_millis(10);

/// Opens or makes the file and keeps others out for as long as the result is open.
pub(super) async fn lock(path: &Path) -> Result<File, Error> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty() && !directory.is_dir())
    {
        return Err(Error::NoDirectory { directory: directory.into() });
    }
    let mut waited = Duration::ZERO;
    loop {
        match guard::lock(path) {
            Ok(Some(file)) => return Ok(file),
            Ok(None) if waited < LOCK_WAIT => {
                tokio::time::sleep(LOCK_STEP).await;
                waited += LOCK_STEP;
            }
            Ok(None) => return Err(Error::Locked { path: path.into() }),
            Err(error) => return Err(Error::Open { path: path.into(), cause: error.to_string() }),
        }
    }
}

/// Opens or makes the file, alone.
pub(super) async fn connect(path: &Path, durability: Durability) -> Result<SqliteConnection, Error> {
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
        // The backend does it.
        .pragma("wal_autocheckpoint", "0")
        .disable_statement_logging()
        .connect()
        .await
        .map_err(|error| refused(path, &error))
}

/// Says when SQLite syncs.
pub(super) fn synchronous(durability: Durability) -> &'static str {
    match durability {
        Durability::Full => "PRAGMA synchronous = FULL",
        Durability::Normal => "PRAGMA synchronous = NORMAL",
        Durability::Off => "PRAGMA synchronous = OFF",
    }
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
    if format < known {
        migrate(connection, format, known).await.map_err(refused)?;
    }
    // A file with nothing to migrate was only read so far; this takes the lock that keeps others out.
    sqlx::raw_sql("BEGIN EXCLUSIVE; COMMIT").execute(connection).await.map_err(refused)?;
    Ok(())
}

/// Brings the file to the newest format, or leaves it as it is.
async fn migrate(connection: &mut SqliteConnection, format: i64, known: i64) -> sqlx::Result<()> {
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut *connection).await?;
    for (number, migration) in (1..).zip(MIGRATIONS).skip(usize::try_from(format).unwrap_or_default()) {
        sqlx::raw_sql(migration).execute(&mut *connection).await?;
        if number == CHECKSUMS {
            upgrade::add_checksums(connection).await?;
        }
    }
    let text = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {known}; COMMIT");
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await?;
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
