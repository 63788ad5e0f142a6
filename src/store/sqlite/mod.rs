//! A log in a SQLite file. All SQL of the program is in this folder.

mod rows;
mod schema;
mod statement;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::object::Revision;
use crate::store::{
    Durability, Error,
    backend::{Appended, Backend, Batch, Each, Entry, Obsolete, Piece, Task},
};
use statement::Statement;

/// A data file that is open in this process alone.
pub(super) struct Sqlite {
    /// `None` once it is closed.
    connection: Option<SqliteConnection>,
    path: PathBuf,
    /// The newest revision in the file; `None` while that is not known.
    newest: Option<Revision>,
}

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

impl Sqlite {
    /// Opens or makes the file and brings it to the newest format.
    pub(super) async fn open(path: &Path, durability: Durability) -> Result<Self, Error> {
        let mut connection = schema::connect(path, durability).await?;
        schema::prepare(&mut connection, path).await?;
        Ok(Self { connection: Some(connection), path: path.into(), newest: None })
    }

    async fn read_from(&mut self, after: Revision, each: &mut Each<'_>) -> Result<(), Error> {
        let compacted = self.find_compacted().await?;
        let Self { connection, path, .. } = self;
        let connection = connection.as_mut().ok_or(Error::Closed)?;
        let mut newest = after;
        loop {
            let packed =
                rows::read_log(connection, number(newest)).await.map_err(|error| schema::refused(path, &error))?;
            let mut entries = Vec::new();
            for entry in rows::entries(&packed) {
                let entry = entry.ok_or_else(|| damaged(path, "a row cannot be understood".to_owned()))?;
                check_order(&entry, newest, compacted).map_err(|what| damaged(path, what))?;
                newest = entry.revision;
                entries.push(entry);
            }
            if entries.is_empty() {
                break;
            }
            each(Piece { entries, ..Piece::default() }).map_err(|error| in_file(path, error))?;
        }
        let (mut pool, mut last) = (Arc::<str>::from(""), Vec::new());
        let mut all_holders = true;
        loop {
            let packed =
                rows::read_claims(connection, &pool, &last).await.map_err(|error| schema::refused(path, &error))?;
            let holders: Option<Vec<_>> = rows::holders(&packed).collect();
            let holders = holders.ok_or_else(|| damaged(path, "a claim cannot be understood".to_owned()))?;
            let Some(end) = holders.last() else { break };
            (pool, last) = (Arc::clone(&end.pool), end.number.to_be_bytes().to_vec());
            each(Piece { holders, all_holders, ..Piece::default() })?;
            all_holders = false;
        }
        if all_holders {
            each(Piece { all_holders, ..Piece::default() })?;
        }
        self.newest = Some(newest);
        Ok(())
    }

    async fn find_compacted(&mut self) -> Result<Revision, Error> {
        let Self { connection, path, .. } = self;
        let value: i64 = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'compacted'")
            .fetch_one(connection.as_mut().ok_or(Error::Closed)?)
            .await
            .map_err(|error| schema::refused(path, &error))?;
        Ok(Revision(value.try_into().unwrap_or_default()))
    }

    /// The newest revision of which there is a row.
    async fn find_newest(&mut self) -> Result<Revision, Error> {
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(revision) FROM log")
            .fetch_one(self.connection()?)
            .await
            .map_err(|error| failed("read the log", &error))?;
        Ok(Revision(newest.unwrap_or_default().try_into().unwrap_or_default()))
    }

    async fn append_batch(&mut self, batch: &Batch) -> Result<Appended, Error> {
        let newest = match self.newest {
            Some(newest) => newest,
            None => self.find_newest().await?,
        };
        self.newest = Some(newest);
        if newest > batch.after {
            return Ok(Appended::Behind);
        }
        // Whether a commit that fails has happened is only known when it is looked for.
        self.newest = None;
        self.write("write to the log", write(batch)).await?;
        self.newest = Some(batch.events.last().map_or(newest, |event| event.revision));
        Ok(Appended::AsProposed)
    }

    async fn compact_rows(&mut self, compacted: Revision, obsolete: &[Obsolete]) -> Result<(), Error> {
        let rows: Vec<_> = obsolete.iter().map(|obsolete| obsolete.revision.to_string()).collect();
        let query = sqlx::query(
            "BEGIN IMMEDIATE;
             UPDATE meta SET value = max(value, ?) WHERE name = 'compacted';
             DELETE FROM log WHERE revision IN (SELECT value FROM json_each(?));
             COMMIT",
        );
        let query = query.bind(number(compacted)).bind(format!("[{}]", rows.join(",")));
        self.write("compact the log", query).await
    }

    /// Runs what changes the file; after a failure, leaves the transaction that may still be open.
    async fn write(&mut self, step: &'static str, query: statement::Bound<'_>) -> Result<(), Error> {
        let connection = self.connection()?;
        let Err(error) = query.execute(&mut *connection).await else { return Ok(()) };
        // This fails when SQLite has already left it.
        let _ = sqlx::query("ROLLBACK").execute(connection).await;
        Err(failed(step, &error))
    }

    /// Moves everything into the file and releases it.
    async fn release(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if let Err(error) = connection.close().await {
            tracing::warn!(%error, "the data file was not closed cleanly; nothing is lost");
        }
    }

    fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        self.connection.as_mut().ok_or(Error::Closed)
    }
}

impl Backend for Sqlite {
    fn compacted(&mut self) -> Task<'_, Option<Revision>> {
        Box::pin(async { Ok(Some(self.find_compacted().await?).filter(|compacted| *compacted > Revision(0))) })
    }

    fn read<'a>(&'a mut self, after: Revision, each: &'a mut Each<'_>) -> Task<'a, ()> {
        Box::pin(self.read_from(after, each))
    }

    fn append<'a>(&'a mut self, batch: &'a Batch) -> Task<'a, Appended> {
        Box::pin(self.append_batch(batch))
    }

    fn compact<'a>(&'a mut self, compacted: Revision, obsolete: &'a [Obsolete]) -> Task<'a, ()> {
        Box::pin(self.compact_rows(compacted, obsolete))
    }

    fn close(&mut self) -> Task<'_, ()> {
        Box::pin(async {
            self.release().await;
            Ok(())
        })
    }
}

/// The whole batch is one text with one set of arguments, because every round trip to the database's thread costs as
/// much as writing some rows.
fn write(batch: &Batch) -> statement::Bound<'static> {
    let taken: Vec<_> =
        batch.holders.iter().filter_map(|(claim, change)| Some((claim, change.after.as_ref()?))).collect();
    let freed: Vec<_> =
        batch.holders.iter().filter(|(_, change)| change.after.is_none()).map(|(claim, _)| claim).collect();
    let mut texts = PUT_EVENTS.texts(batch.events.len());
    texts.extend(PUT_CLAIMS.texts(taken.len()));
    texts.extend(DELETE_CLAIMS.texts(freed.len()));
    let mut query = sqlx::query(AssertSqlSafe(statement::atomic(texts)));
    query = PUT_EVENTS.bind(query, &batch.events, |query, event| {
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
    DELETE_CLAIMS.bind(query, &freed, |query, (pool, number)| query.bind(*pool).bind(number.to_be_bytes().to_vec()))
}

/// This log gives a revision of its own to every change, so that a lost row is noticed: above the compacted revision
/// none may be missing.
fn check_order(entry: &Entry, newest: Revision, compacted: Revision) -> Result<(), String> {
    let Entry { revision, key, object, .. } = entry;
    if *revision > compacted && *revision != newest.max(compacted).next() {
        return Err(format!("revision {} is missing", newest.max(compacted).next()));
    }
    if object.as_ref().is_some_and(|object| !object.is_sound()) {
        return Err(format!("revision {revision} of {key} does not name itself"));
    }
    Ok(())
}

fn damaged(path: &Path, what: String) -> Error {
    Error::Corrupt { path: path.into(), what }
}

/// What contradicts itself is, here, a damaged file.
fn in_file(path: &Path, error: Error) -> Error {
    match error {
        Error::Contradiction { what } => damaged(path, what),
        error => error,
    }
}

fn failed(step: &'static str, error: &sqlx::Error) -> Error {
    Error::Log { step, cause: error.to_string() }
}

fn number(revision: Revision) -> i64 {
    revision.0.try_into().unwrap_or(i64::MAX)
}
