//! A log in a SQLite file. All SQL of the program is in this folder.

mod check;
mod checksum;
mod guard;
mod mark;
mod meta;
mod read;
mod repair;
mod rows;
mod schema;
mod statement;
mod upgrade;
mod wal;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::time::Instant;

pub use check::{Checked, check};
pub use repair::{Repaired, repair};

use crate::object::Revision;
use crate::store::{
    Durability, Error, LogFailure,
    backend::{Appended, Backend, Batch, Each, Obsolete, Task},
};
use meta::Meta;
use statement::{Bound, Statement};
use wal::Salts;

/// A data file that is open in this process alone.
pub(super) struct Sqlite {
    /// `None` once it is closed.
    connection: Option<SqliteConnection>,
    path: PathBuf,
    durability: Durability,
    /// What is in the file; `None` while that is not known, because a write has failed.
    known: Option<Known>,
    /// What the write-ahead log holds that the file itself does not; `None` if that is nothing.
    unmoved: Option<Unmoved>,
    /// How often it was tried whether the file can be written to.
    probes: i64,
    /// Whether all of the file has been read and found whole.
    is_whole: bool,
    /// Holds the lock on the file. It is closed last, for closing a file drops SQLite's own locks.
    file: File,
}

#[derive(Clone, Copy)]
struct Known {
    /// The newest revision of which there is a row.
    newest: Revision,
    meta: Meta,
}

struct Unmoved {
    since: Instant,
    bytes: usize,
}

/// When the write-ahead log is moved into the file: in less than a minute, so that a copy of the file alone is never
/// older than that.
const CHECKPOINT_AFTER: Duration = Duration::from_secs(30);
/// Or when it has so many bytes. Fewer make more pauses, more make longer ones.
const CHECKPOINT_BYTES: usize = 16 << 20;
/// What a change costs in the write-ahead log beside its own bytes, roughly: a page.
const CHANGE_BYTES: usize = 4096;

const PUT_EVENTS: Statement = Statement {
    head: "INSERT INTO log (revision, key, at, hole, checksum, value) SELECT * FROM (VALUES ",
    columns: "(?,?,?,?,?,?)",
    tail: ") WHERE column1 IS NOT NULL",
};
const PUT_CLAIMS: Statement = Statement {
    head: "INSERT OR REPLACE INTO claims (pool, number, holder, checksum) SELECT * FROM (VALUES ",
    columns: "(?,?,?,?)",
    tail: ") WHERE column1 IS NOT NULL",
};
const DELETE_CLAIMS: Statement =
    Statement { head: "DELETE FROM claims WHERE (pool, number) IN (VALUES ", columns: "(?,?)", tail: ")" };

impl Sqlite {
    /// Opens or makes the file and brings it to the newest format.
    pub(super) async fn open(path: &Path, durability: Durability) -> Result<Self, Error> {
        let file = schema::lock(path).await?;
        wal::check(path).await.map_err(|what| damaged(path, what))?;
        let mut connection = schema::connect(path, durability).await?;
        if let Err(error) = schema::prepare(&mut connection, path).await {
            // Nothing was written.
            let _ = connection.close().await;
            return Err(error);
        }
        for path in [path.into(), wal::path_of(path)] {
            let cause = |error: std::io::Error| Error::Open { path: path.clone(), cause: error.to_string() };
            guard::make_private(&path).map_err(cause)?;
        }
        Ok(Self {
            connection: Some(connection),
            path: path.into(),
            durability,
            known: None,
            unmoved: None,
            probes: 0,
            is_whole: false,
            file,
        })
    }

    /// What is in the file.
    async fn known(&mut self) -> Result<Known, Error> {
        if let Some(known) = self.known {
            return Ok(known);
        }
        let (connection, path) = self.connection()?;
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(revision) FROM log")
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| schema::refused(path, &error))?;
        let meta = Meta::read(connection).await.map_err(|error| schema::refused(path, &error))?;
        let meta = meta.map_err(|what| damaged(path, what))?;
        let newest = Revision(newest.unwrap_or_default().try_into().unwrap_or_default());
        let known = Known { newest, meta };
        self.known = Some(known);
        Ok(known)
    }

    async fn read_from(&mut self, after: Revision, each: &mut Each<'_>) -> Result<(), Error> {
        self.known = None;
        let known = self.known().await?;
        let (connection, path) = self.connection()?;
        let newest = read::read(connection, path, &known.meta, after, each).await?;
        let newest = newest.max(known.meta.compacted);
        match mark::read(&self.file) {
            Some(mark) if newest < mark => {
                let wal = wal::path_of(&self.path);
                let what = format!(
                    "revisions {} to {mark} were acknowledged and are not there; perhaps {} is damaged or another's",
                    newest.next(),
                    wal.display()
                );
                Err(damaged(&self.path, what))
            }
            _ if after == Revision(0) => {
                self.adopt_wal().await?;
                self.is_whole = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Writes down which write-ahead log belongs to the file, so that it is missed when it is not there.
    async fn adopt_wal(&mut self) -> Result<(), Error> {
        const STEP: &str = "prepare the log";
        let is_full = self.durability == Durability::Full;
        if is_full {
            // The checkpoint syncs all of it at once.
            self.run(STEP, sqlx::query(schema::synchronous(Durability::Normal))).await?;
        }
        if Salts::read(&wal::path_of(&self.path)).is_err() {
            // A log begins with the first write to it, and what changes nothing is not written.
            let known = self.known().await?;
            self.put_meta(STEP, Meta { wal: known.meta.wal.wrapping_add(1), ..known.meta }, None).await?;
        }
        self.checkpoint().await?;
        if is_full {
            self.run(STEP, sqlx::query(schema::synchronous(Durability::Full))).await?;
        }
        Ok(())
    }

    /// Writes down that nothing is missed when there is no write-ahead log: all of it is about to be in the file.
    async fn disown_wal(&mut self) -> Result<(), Error> {
        let known = self.known().await?;
        self.put_meta("close the log", Meta { wal: 0, ..known.meta }, None).await
    }

    async fn append_batch(&mut self, batch: &Batch) -> Result<Appended, Error> {
        let known = self.known().await?;
        if known.newest > batch.after {
            return Ok(Appended::Behind);
        }
        let meta = Meta { claims: known.meta.claims + claims_change(batch), ..known.meta };
        // Whether a commit that fails has happened is only known when it is looked for.
        self.known = None;
        self.run("write to the log", write(batch, &meta)).await?;
        let newest = batch.events.last().map_or(known.newest, |event| event.revision);
        self.known = Some(Known { newest, meta });
        // With less durability, a power cut may lose what was acknowledged.
        if let Durability::Full = self.durability
            && let Err(error) = mark::write(&self.file, newest)
        {
            tracing::warn!(%error, "the data file cannot be marked");
        }
        let bytes = batch.events.iter().map(|event| event.object.bytes().len() + CHANGE_BYTES).sum();
        self.note_unmoved(bytes).await;
        Ok(Appended::AsProposed)
    }

    async fn compact_rows(&mut self, compacted: Revision, obsolete: &[Obsolete]) -> Result<(), Error> {
        const STEP: &str = "compact the log";
        let known = self.known().await?;
        if obsolete.is_empty() && compacted <= known.meta.compacted {
            return self.probe().await;
        }
        let rows: Vec<_> = obsolete.iter().map(|obsolete| obsolete.revision.to_string()).collect();
        let rows = format!("[{}]", rows.join(","));
        let compacted = compacted.max(known.meta.compacted);
        let (settled, dropped): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT coalesce(sum(checksum), 0) FROM log WHERE revision > ? AND revision <= ?),
                    (SELECT coalesce(sum(checksum), 0) FROM log WHERE revision IN (SELECT value FROM json_each(?)))",
        )
        .bind(number(known.meta.compacted))
        .bind(number(compacted))
        .bind(&rows)
        .fetch_one(self.connection()?.0)
        .await
        .map_err(|error| failed(STEP, &error))?;
        let meta = Meta { compacted, settled: known.meta.settled + settled - dropped, ..known.meta };
        self.put_meta(STEP, meta, Some(rows)).await?;
        self.note_unmoved(CHANGE_BYTES * (1 + obsolete.len())).await;
        Ok(())
    }

    /// Tries whether the file can be written to.
    async fn probe(&mut self) -> Result<(), Error> {
        // What changes nothing is not written.
        self.probes += 1;
        let query = sqlx::query(AssertSqlSafe(meta::PUT.texts(1).concat()));
        self.run("write to the log", meta::bind(query, &[("probe", self.probes)])).await
    }

    /// Writes what the file says about itself, and deletes rows of the log.
    async fn put_meta(&mut self, step: &'static str, meta: Meta, dropped: Option<String>) -> Result<(), Error> {
        let rows = meta.rows();
        let mut texts = meta::PUT.texts(rows.len());
        if dropped.is_some() {
            texts.push("DELETE FROM log WHERE revision IN (SELECT value FROM json_each(?))".to_owned());
        }
        let query = meta::bind(sqlx::query(AssertSqlSafe(statement::atomic(texts))), &rows);
        let query = match dropped {
            Some(rows) => query.bind(rows),
            None => query,
        };
        let newest = self.known().await?.newest;
        self.known = None;
        self.run(step, query).await?;
        self.known = Some(Known { newest, meta });
        Ok(())
    }

    /// Counts what the write-ahead log holds, and moves it into the file when it is time.
    async fn note_unmoved(&mut self, bytes: usize) {
        let unmoved = self.unmoved.get_or_insert_with(|| Unmoved { since: Instant::now(), bytes: 0 });
        unmoved.bytes += bytes;
        self.checkpoint_when_due().await;
    }

    async fn checkpoint_when_due(&mut self) {
        let is_due =
            |unmoved: &Unmoved| unmoved.bytes >= CHECKPOINT_BYTES || unmoved.since.elapsed() >= CHECKPOINT_AFTER;
        if !self.unmoved.as_ref().is_some_and(is_due) {
            return;
        }
        if let Err(error) = self.checkpoint().await {
            tracing::warn!(%error, "the write-ahead log keeps growing for now");
            self.unmoved = Some(Unmoved { since: Instant::now(), bytes: 0 });
        }
    }

    /// Moves the write-ahead log into the file. The next write begins it anew, with the salts after those written here.
    async fn checkpoint(&mut self) -> Result<(), Error> {
        const STEP: &str = "move the write-ahead log into the file";
        let known = self.known().await?;
        let salts = Salts::read(&wal::path_of(&self.path));
        let salts = salts.map_err(|what| damaged(&self.path, format!("its write-ahead log {what}")))?;
        if known.meta.wal != salts.to_number() {
            self.put_meta(STEP, Meta { wal: salts.to_number(), ..known.meta }, None).await?;
        }
        self.run(STEP, sqlx::query("PRAGMA wal_checkpoint(PASSIVE)")).await?;
        self.unmoved = None;
        Ok(())
    }

    /// Runs what changes the file; after a failure, leaves the transaction that may still be open.
    async fn run(&mut self, step: &'static str, query: Bound<'_>) -> Result<(), Error> {
        let (connection, _) = self.connection()?;
        let Err(error) = query.execute(&mut *connection).await else { return Ok(()) };
        // This fails when SQLite has already left it.
        let _ = sqlx::query("ROLLBACK").execute(connection).await;
        Err(failed(step, &error))
    }

    /// Moves everything into the file and releases it.
    async fn release(&mut self) {
        // A file that was refused is refused again.
        if self.is_whole
            && let Err(error) = self.disown_wal().await
        {
            tracing::warn!(%error, "the data file still needs its write-ahead log; nothing is lost");
        }
        let Some(connection) = self.connection.take() else { return };
        if let Err(error) = connection.close().await {
            tracing::warn!(%error, "the data file was not closed cleanly; nothing is lost");
        }
    }

    fn connection(&mut self) -> Result<(&mut SqliteConnection, &Path), Error> {
        Ok((self.connection.as_mut().ok_or(Error::Closed)?, &self.path))
    }
}

impl Backend for Sqlite {
    fn compacted(&mut self) -> Task<'_, Option<Revision>> {
        Box::pin(async { Ok(Some(self.known().await?.meta.compacted).filter(|compacted| *compacted > Revision(0))) })
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

    fn rest(&mut self) -> Task<'_, ()> {
        Box::pin(async {
            self.checkpoint_when_due().await;
            Ok(())
        })
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
fn write(batch: &Batch, meta: &Meta) -> Bound<'static> {
    let taken: Vec<_> =
        batch.holders.iter().filter_map(|(claim, change)| Some((claim, change.after.as_ref()?))).collect();
    let freed: Vec<_> =
        batch.holders.iter().filter(|(_, change)| change.after.is_none()).map(|(claim, _)| claim).collect();
    let sums: Vec<_> =
        meta.rows().into_iter().filter(|(name, _)| !batch.holders.is_empty() && *name == "claims").collect();
    let mut texts = PUT_EVENTS.texts(batch.events.len());
    texts.extend(PUT_CLAIMS.texts(taken.len()));
    texts.extend(DELETE_CLAIMS.texts(freed.len()));
    texts.extend(meta::PUT.texts(sums.len()));
    let mut query = sqlx::query(AssertSqlSafe(statement::atomic(texts)));
    query = PUT_EVENTS.bind(query, &batch.events, |query, event| {
        let value = (!event.deleted).then(|| event.object.bytes());
        let (revision, hole) = (number(event.revision), event.object.hole() as i64);
        let key = event.key.as_str();
        let checksum = checksum::of_entry(revision, event.at, hole, key.as_bytes(), value.map(|value| &value[..]));
        let query = query.bind(revision).bind(key.to_owned()).bind(event.at).bind(hole).bind(checksum);
        query.bind(value.map(|value| value.to_vec()))
    });
    query = PUT_CLAIMS.bind(query, &taken, |query, ((pool, number), holder)| {
        let checksum = checksum::of_claim(pool, *number, holder);
        query.bind(*pool).bind(number.to_be_bytes().to_vec()).bind(Arc::clone(holder)).bind(checksum)
    });
    query = DELETE_CLAIMS
        .bind(query, &freed, |query, (pool, number)| query.bind(*pool).bind(number.to_be_bytes().to_vec()));
    meta::bind(query, &sums)
}

/// By how much the sum of the claims' checksums grows.
fn claims_change(batch: &Batch) -> i64 {
    let changes = batch.holders.iter().map(|(&(pool, number), change)| {
        let sum = |holder: &Option<Arc<str>>| holder.as_ref().map_or(0, |it| checksum::of_claim(pool, number, it));
        sum(&change.after) - sum(&change.before)
    });
    changes.sum()
}

fn damaged(path: &Path, what: String) -> Error {
    Error::Corrupt { path: path.into(), what }
}

fn failed(step: &'static str, error: &sqlx::Error) -> Error {
    const READ_ONLY: i32 = 8;
    const FULL: i32 = 13;
    const SYNC: [i32; 2] = [10 | 4 << 8, 10 | 5 << 8];
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok()).unwrap_or_default();
    let kind = match code & 0xff {
        _ if SYNC.contains(&code) => LogFailure::Unsynced,
        READ_ONLY => LogFailure::ReadOnly,
        FULL => LogFailure::DiskFull,
        _ => LogFailure::Other,
    };
    Error::Log { step, kind, cause: error.to_string() }
}

fn number(revision: Revision) -> i64 {
    revision.0.try_into().unwrap_or(i64::MAX)
}
