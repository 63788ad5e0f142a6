//! The durable log in a SQLite file. All SQL of the program is here; the rest of the store only appends, loads and
//! compacts.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection,
    query::Query,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteLockingMode, SqliteSynchronous},
};

use crate::object::{Key, Revision};
use crate::store::{Data, Durability, Error, state::Changes};

/// The log. One without a file forgets everything.
pub(super) struct Log(Option<File>);

struct File {
    connection: SqliteConnection,
    path: PathBuf,
}

/// One write, as the log has it.
pub(super) struct Row {
    pub(super) revision: Revision,
    pub(super) key: Key,
    pub(super) at: i64,
    /// `None` for a deletion.
    pub(super) value: Option<Vec<u8>>,
    pub(super) hole: usize,
}

/// One held number, as the log has it.
pub(super) struct HeldRow<'a> {
    pub(super) pool: &'a str,
    pub(super) number: u128,
    pub(super) holder: Arc<str>,
}

/// Marks a SQLite file as ours: `kube` in ASCII.
const APPLICATION_ID: i64 = 0x6b75_6265;
/// Each brings a file from the format before to its own; the format's number is its place in this list.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/0001_log.sql")];
/// How long to wait for a process that is just about to release the file.
const LOCK_WAIT: Duration = Duration::from_millis(500);
/// How many pages the write-ahead log may have before they are moved into the file. Fewer make more pauses, more make
/// longer ones.
const CHECKPOINT_PAGES: &str = "4000";
/// Many rows packed into one, because each row that SQLite hands over costs more than what is in it.
const READ_LOG: &str = "
    SELECT max(revision),
           group_concat(concat_ws(' ', revision, at, hole, octet_length(key), coalesce(octet_length(value), -1)), ' '),
           CAST(group_concat(key, '') AS BLOB),
           CAST(group_concat(value, '') AS BLOB)
    FROM (SELECT revision, key, at, value, hole FROM log WHERE revision > ? ORDER BY revision LIMIT 500)";
/// The same for claims: one row for each pool.
const READ_CLAIMS: &str = "
    SELECT pool,
           group_concat(concat_ws(' ', hex(number), octet_length(holder)), ' '),
           CAST(group_concat(holder, '') AS BLOB)
    FROM claims GROUP BY pool";
/// How many rows one statement writes.
const ROWS_MAX: usize = 256;

const PUT_EVENTS: Statement = Statement {
    head: "INSERT INTO log (revision, key, at, value, hole) SELECT * FROM (VALUES ",
    columns: "(?,?,?,?,?)",
    tail: ") WHERE column1 IS NOT NULL",
};
const PUT_CLAIMS: Statement = Statement {
    head: "INSERT OR REPLACE INTO claims (pool, number, holder) SELECT * FROM (VALUES ",
    columns: "(?,?,?)",
    tail: ") WHERE column1 IS NOT NULL",
};
const DELETE_CLAIMS: Statement =
    Statement { head: "DELETE FROM claims WHERE (pool, number) IN (VALUES ", columns: "(?,?)", tail: ")" };

impl Log {
    /// Opens or makes the file, alone, and brings it to the newest format.
    pub(super) async fn open(data: &Data, durability: Durability) -> Result<Self, Error> {
        match data {
            Data::Memory => Ok(Self(None)),
            Data::File(path) => {
                let mut connection = connect(path, durability).await?;
                prepare(&mut connection, path).await?;
                Ok(Self(Some(File { connection, path: path.clone() })))
            }
        }
    }

    /// History is complete after this revision.
    pub(super) async fn compacted(&mut self) -> Result<Revision, Error> {
        let Some(File { connection, path }) = &mut self.0 else { return Ok(Revision(0)) };
        let value: i64 = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'compacted'")
            .fetch_one(connection)
            .await
            .map_err(|error| refused(path, &error))?;
        Ok(revision(value))
    }

    /// Calls for every row, oldest first.
    pub(super) async fn rows(&mut self, mut each: impl FnMut(Row) -> Result<(), Error>) -> Result<(), Error> {
        let Some(File { connection, path }) = &mut self.0 else { return Ok(()) };
        let mut last = -1_i64;
        loop {
            let chunk: Chunk = sqlx::query_as(READ_LOG)
                .bind(last)
                .fetch_one(&mut *connection)
                .await
                .map_err(|error| refused(path, &error))?;
            let Some(end) = chunk.0 else { return Ok(()) };
            last = end;
            for row in unpack(&chunk) {
                each(row.ok_or_else(|| unreadable(path))?)?;
            }
        }
    }

    /// Calls for every held number.
    pub(super) async fn claims(&mut self, mut each: impl FnMut(HeldRow<'_>)) -> Result<(), Error> {
        let Some(File { connection, path }) = &mut self.0 else { return Ok(()) };
        let pools: Vec<PoolRow> =
            sqlx::query_as(READ_CLAIMS).fetch_all(connection).await.map_err(|error| refused(path, &error))?;
        for pool in &pools {
            for row in unpack_pool(pool) {
                each(row.ok_or_else(|| unreadable(path))?);
            }
        }
        Ok(())
    }

    /// Appends a batch: all of it or nothing.
    pub(super) async fn append(&mut self, changes: &Changes) -> Result<(), Error> {
        let Some(File { connection, .. }) = &mut self.0 else { return Ok(()) };
        let taken: Vec<_> =
            changes.claims.iter().filter_map(|(claim, holder)| Some((claim, holder.as_ref()?))).collect();
        let freed: Vec<_> =
            changes.claims.iter().filter(|(_, holder)| holder.is_none()).map(|(claim, _)| claim).collect();

        // The whole batch is one text with one set of arguments, because every round trip to the database's thread
        // costs as much as writing some rows.
        let mut texts = PUT_EVENTS.texts(changes.events.len());
        texts.extend(PUT_CLAIMS.texts(taken.len()));
        texts.extend(DELETE_CLAIMS.texts(freed.len()));
        let mut query = sqlx::query(AssertSqlSafe(atomic(texts)));
        query = PUT_EVENTS.bind(query, &changes.events, |query, event| {
            let value = (!event.deleted).then(|| event.object.bytes().to_vec());
            query
                .bind(number(event.revision))
                .bind(event.key.as_str().to_owned())
                .bind(event.at)
                .bind(value)
                .bind(event.object.hole() as i64)
        });
        query = PUT_CLAIMS.bind(query, &taken, |query, ((pool, number), holder)| {
            query.bind(*pool).bind(number.to_be_bytes().to_vec()).bind(Arc::clone(holder))
        });
        query = DELETE_CLAIMS
            .bind(query, &freed, |query, (pool, number)| query.bind(*pool).bind(number.to_be_bytes().to_vec()));
        let done = query.execute(&mut *connection).await.map(drop);
        settle(connection, "write to the log", done).await
    }

    /// Notes that history is only complete after the revision, and deletes rows that nobody needs then.
    pub(super) async fn compact(&mut self, compacted: Revision, rows: &[Revision]) -> Result<(), Error> {
        let Some(File { connection, .. }) = &mut self.0 else { return Ok(()) };
        let rows: Vec<_> = rows.iter().map(Revision::to_string).collect();
        let done = sqlx::query(
            "BEGIN IMMEDIATE;
             UPDATE meta SET value = max(value, ?) WHERE name = 'compacted';
             DELETE FROM log WHERE revision IN (SELECT value FROM json_each(?));
             COMMIT",
        )
        .bind(number(compacted))
        .bind(format!("[{}]", rows.join(",")))
        .execute(&mut *connection)
        .await
        .map(drop);
        settle(connection, "compact the log", done).await
    }

    /// Moves everything into the file and releases it.
    pub(super) async fn close(&mut self) {
        let Some(File { connection, .. }) = self.0.take() else { return };
        if let Err(error) = connection.close().await {
            tracing::warn!(%error, "the data file was not closed cleanly; nothing is lost");
        }
    }
}

/// What [`READ_LOG`] returns: the last revision, five numbers per row, all keys, all values.
type Chunk = (Option<i64>, Option<String>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The rows of a chunk; `None` for one that cannot be read.
fn unpack((_, numbers, keys, values): &Chunk) -> impl Iterator<Item = Option<Row>> {
    let mut numbers = numbers.as_deref().unwrap_or_default().split(' ').map(|number| number.parse::<i64>().ok());
    let mut keys = keys.as_deref().unwrap_or_default();
    let mut values = values.as_deref().unwrap_or_default();
    std::iter::from_fn(move || {
        let revision = numbers.next()?;
        let mut row = || {
            let (revision, at, hole) = (revision?, numbers.next()??, numbers.next()??);
            let key = keys.split_off(..usize::try_from(numbers.next()??).ok()?)?;
            let value = match numbers.next()?? {
                -1 => None,
                length => Some(values.split_off(..usize::try_from(length).ok()?)?.to_vec()),
            };
            Some(Row {
                revision: self::revision(revision),
                key: Key::new(std::str::from_utf8(key).ok()?),
                at,
                value,
                hole: usize::try_from(hole).unwrap_or(usize::MAX),
            })
        };
        Some(row())
    })
}

/// What [`READ_CLAIMS`] returns: the pool, two numbers per claim, all holders.
type PoolRow = (String, String, Vec<u8>);

/// The claims of a pool; `None` for one that cannot be read.
fn unpack_pool((pool, numbers, holders): &PoolRow) -> impl Iterator<Item = Option<HeldRow<'_>>> {
    let mut numbers = numbers.split(' ');
    let mut holders = holders.as_slice();
    std::iter::from_fn(move || {
        let digits = numbers.next()?;
        let mut row = || {
            let whole = Some(digits).filter(|digits| digits.len() == 2 * size_of::<u128>())?;
            let number = u128::from_str_radix(whole, 16).ok()?;
            let holder = holders.split_off(..numbers.next()?.parse().ok()?)?;
            Some(HeldRow { pool, number, holder: std::str::from_utf8(holder).ok()?.into() })
        };
        Some(row())
    })
}

/// A statement that takes any number of rows.
struct Statement {
    head: &'static str,
    columns: &'static str,
    tail: &'static str,
}

impl Statement {
    /// The texts that together take so many rows. Their lengths are powers of two, so that there are few different
    /// ones and SQLite prepares each only once.
    fn texts(&self, rows: usize) -> Vec<String> {
        chunks(rows).map(|rows| self.head.to_owned() + &vec![self.columns; rows].join(",") + self.tail).collect()
    }

    /// Binds the rows, and NULLs for the places that are left; a row of NULLs changes nothing.
    fn bind<'q, R>(
        &self,
        mut query: Query<'q, sqlx::Sqlite, SqliteArguments>,
        rows: &[R],
        bind: impl Fn(Query<'q, sqlx::Sqlite, SqliteArguments>, &R) -> Query<'q, sqlx::Sqlite, SqliteArguments>,
    ) -> Query<'q, sqlx::Sqlite, SqliteArguments> {
        for row in rows {
            query = bind(query, row);
        }
        let left = chunks(rows.len()).sum::<usize>() - rows.len();
        let columns = self.columns.matches('?').count();
        (0..left * columns).fold(query, |query, _| query.bind(None::<i64>))
    }
}

fn chunks(rows: usize) -> impl Iterator<Item = usize> {
    let last = match rows % ROWS_MAX {
        0 => None,
        rest => Some(rest.next_power_of_two()),
    };
    std::iter::repeat_n(ROWS_MAX, rows / ROWS_MAX).chain(last)
}

/// One text that runs all or nothing. A single statement already does.
fn atomic(texts: Vec<String>) -> String {
    match texts.len() {
        1 => texts.concat(),
        _ => format!("BEGIN IMMEDIATE;{};COMMIT", texts.join(";")),
    }
}

/// After a failure, leaves the transaction that may still be open.
async fn settle(
    connection: &mut SqliteConnection,
    step: &'static str,
    done: Result<(), sqlx::Error>,
) -> Result<(), Error> {
    let Err(error) = done else { return Ok(()) };
    // This fails when SQLite has already left it.
    let _ = sqlx::query("ROLLBACK").execute(connection).await;
    Err(failed(step, &error))
}

async fn connect(path: &Path, durability: Durability) -> Result<SqliteConnection, Error> {
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
async fn prepare(connection: &mut SqliteConnection, path: &Path) -> Result<(), Error> {
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
fn refused(path: &Path, error: &sqlx::Error) -> Error {
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

/// A row that no version of this program has written.
fn unreadable(path: &Path) -> Error {
    Error::Corrupt { path: path.into(), what: "a row cannot be understood".into() }
}

fn failed(step: &'static str, error: &sqlx::Error) -> Error {
    Error::Log { step, cause: error.to_string() }
}

fn revision(value: i64) -> Revision {
    Revision(value.try_into().unwrap_or_default())
}

fn number(revision: Revision) -> i64 {
    revision.0.try_into().unwrap_or(i64::MAX)
}
