//! Makes a new data file of what is provably whole in a damaged one.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::object::Revision;
use crate::store::{
    Durability, Error,
    backend::Backend,
    sqlite::{
        Sqlite,
        check::{Copy, about},
        checksum, guard, mark,
        meta::Meta,
        number, schema, wal,
    },
};

/// What a repair has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// How many objects were kept.
    pub objects: usize,
    /// How many held numbers were kept.
    pub claims: usize,
    /// What was lost, a sentence each.
    pub lost: Vec<String>,
    /// Where the damaged file is now.
    pub damaged: PathBuf,
}

/// A row of the log, whole or not: revision, time, hole, checksum, key, value.
type Row = (i64, i64, i64, i64, Vec<u8>, Option<Vec<u8>>);
/// Pool, number, holder, checksum.
type Claim = (String, Vec<u8>, String, i64);

/// How many rows are read together.
const ROWS: i64 = 32;
/// How far beyond what is known there may be rows, where even the newest revision cannot be read.
const BEYOND: i64 = 1_000_000;
const READ_ROWS: &str = "SELECT revision, at, hole, checksum, CAST(key AS BLOB), value FROM log
    WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?";

/// Puts a file with what is whole in the place of the damaged one, which is kept under another name. History does not
/// survive: watches and lists begin anew.
pub async fn repair(path: &Path) -> Result<Repaired, Error> {
    if !path.is_file() {
        return Err(Error::Open { path: path.into(), cause: "there is no such file".to_owned() });
    }
    let file = schema::lock(path).await?;
    let acknowledged = mark::read(&file);
    let foreign = wal::check(path).await.err();
    let copy = Copy::new(path, foreign.is_none())?;
    let target = copy.file.with_extension("repaired");
    let mut repaired = Repaired { lost: foreign.into_iter().collect(), ..Repaired::default() };
    salvage(&copy.file, &target, acknowledged, &mut repaired).await.map_err(|error| about(path, error))?;
    repaired.damaged =
        exchange(path, &target).map_err(|error| Error::Open { path: path.into(), cause: error.to_string() })?;
    Ok(repaired)
}

async fn salvage(
    source: &Path,
    target: &Path,
    acknowledged: Option<Revision>,
    repaired: &mut Repaired,
) -> Result<(), Error> {
    let refused = |error: sqlx::Error| schema::refused(source, &error);
    let mut from =
        SqliteConnectOptions::new().filename(source).disable_statement_logging().connect().await.map_err(refused)?;
    schema::prepare(&mut from, source).await?;
    let meta = Meta::read(&mut from).await.map_err(refused)?.unwrap_or_else(|what| {
        repaired.lost.push(what);
        Meta::default()
    });
    let found: Option<i64> =
        sqlx::query_scalar("SELECT max(revision) FROM log").fetch_one(&mut from).await.ok().flatten();
    let known = number(acknowledged.unwrap_or_default().max(meta.compacted));
    let last = found.map_or(known + BEYOND, |found| found.max(known));
    let mut log = Salvaged::default();
    log.collect(&mut from, 0, last, &mut repaired.lost).await;
    log.note_gaps(&meta, acknowledged, &mut repaired.lost);

    let mut to = Sqlite::open(target, Durability::Full).await?;
    let newest =
        Revision(log.newest.try_into().unwrap_or_default()).max(meta.compacted).max(acknowledged.unwrap_or_default());
    sqlx::query("BEGIN").execute(to.connection()?.0).await.map_err(refused)?;
    let settled = copy_objects(&mut from, to.connection()?.0, &log, repaired).await.map_err(refused)?;
    let claims = copy_claims(&mut from, to.connection()?.0, &meta, repaired).await.map_err(refused)?;
    sqlx::query("COMMIT").execute(to.connection()?.0).await.map_err(refused)?;
    to.put_meta("write the new file", Meta { compacted: newest, settled, claims, wal: 0 }, None).await?;
    to.close().await?;
    // The copy goes away.
    let _ = from.close().await;
    Ok(())
}

/// What is whole in a log.
#[derive(Default)]
struct Salvaged {
    /// The newest whole row of each key, and whether it is an object.
    newest_of: BTreeMap<Vec<u8>, (i64, bool)>,
    /// The revisions and checksums of all whole rows.
    rows: Vec<(i64, i64)>,
    newest: i64,
}

impl Salvaged {
    /// Reads the rows of a range. What cannot be read is read in halves, until single rows are left out.
    async fn collect(&mut self, from: &mut SqliteConnection, first: i64, last: i64, lost: &mut Vec<String>) {
        let mut ranges = vec![(first, last)];
        while let Some((after, end)) = ranges.pop() {
            if after >= end {
                continue;
            }
            let rows: sqlx::Result<Vec<Row>> =
                sqlx::query_as(READ_ROWS).bind(after).bind(end).bind(ROWS).fetch_all(&mut *from).await;
            match rows {
                Ok(rows) => {
                    if let Some(row) = rows.last().filter(|_| rows.len() as i64 == ROWS) {
                        ranges.push((row.0, end));
                    }
                    rows.into_iter().for_each(|row| self.add(row, lost));
                }
                Err(_) if end - after > 1 => {
                    let middle = after + (end - after) / 2;
                    ranges.push((middle, end));
                    ranges.push((after, middle));
                }
                Err(_) => {}
            }
        }
    }

    fn add(&mut self, (revision, at, hole, sum, key, value): Row, lost: &mut Vec<String>) {
        self.newest = self.newest.max(revision);
        if checksum::of_entry(revision, at, hole, &key, value.as_deref()) != sum {
            lost.push(format!("revision {revision} of {} does not match its checksum", String::from_utf8_lossy(&key)));
            return;
        }
        self.rows.push((revision, sum));
        self.newest_of.insert(key, (revision, value.is_some()));
    }

    /// Notes which revisions are not there, and between which the newest state of some objects may be lost.
    fn note_gaps(&self, meta: &Meta, acknowledged: Option<Revision>, lost: &mut Vec<String>) {
        let compacted = number(meta.compacted);
        let settled: i64 = self.rows.iter().filter(|(revision, _)| *revision <= compacted).map(|(_, sum)| sum).sum();
        if settled != meta.settled {
            lost.push(format!("rows at or before revision {compacted} are missing"));
        }
        let end = number(acknowledged.unwrap_or_default()).max(self.newest) + 1;
        let mut expected = compacted + 1;
        for revision in self.rows.iter().map(|(revision, _)| *revision).chain([end]).filter(|it| *it > compacted) {
            match revision - 1 {
                last if last < expected => {}
                last if last == expected => lost.push(format!("revision {expected} is missing")),
                last => lost.push(format!("revisions {expected} to {last} are missing")),
            }
            expected = revision + 1;
        }
    }
}

/// Copies the newest row of each object; returns the sum of their checksums.
async fn copy_objects(
    from: &mut SqliteConnection,
    to: &mut SqliteConnection,
    log: &Salvaged,
    repaired: &mut Repaired,
) -> sqlx::Result<i64> {
    let mut settled = 0;
    for (revision, _) in log.newest_of.values().filter(|(_, is_object)| *is_object) {
        let (revision, at, hole, sum, key, value): Row =
            sqlx::query_as(READ_ROWS).bind(revision - 1).bind(revision).bind(1).fetch_one(&mut *from).await?;
        let key = String::from_utf8_lossy(&key).into_owned();
        sqlx::query("INSERT INTO log (revision, at, hole, checksum, key, value) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(revision)
            .bind(at)
            .bind(hole)
            .bind(sum)
            .bind(key)
            .bind(value)
            .execute(&mut *to)
            .await?;
        settled += sum;
        repaired.objects += 1;
    }
    Ok(settled)
}

/// Copies whole claims; returns the sum of their checksums.
async fn copy_claims(
    from: &mut SqliteConnection,
    to: &mut SqliteConnection,
    meta: &Meta,
    repaired: &mut Repaired,
) -> sqlx::Result<i64> {
    let claims = read_claims(from).await;
    let mut total = 0;
    for ((pool, number), (holder, sum)) in claims {
        let whole = number.first_chunk().filter(|whole| whole.len() == number.len());
        if whole.map(|whole| checksum::of_claim(&pool, u128::from_be_bytes(*whole), &holder)) != Some(sum) {
            repaired.lost.push(format!("a claim of {holder} to a number of {pool} does not match its checksum"));
            continue;
        }
        sqlx::query("INSERT INTO claims (pool, number, holder, checksum) VALUES (?, ?, ?, ?)")
            .bind(pool)
            .bind(number)
            .bind(holder)
            .bind(sum)
            .execute(&mut *to)
            .await?;
        total += sum;
        repaired.claims += 1;
    }
    if total != meta.claims {
        repaired.lost.push("claims are missing: what they held may be given out twice".to_owned());
    }
    Ok(total)
}

/// Reads claims from both ends up to what cannot be read.
async fn read_claims(from: &mut SqliteConnection) -> BTreeMap<(String, Vec<u8>), (String, i64)> {
    const UP: &str = "SELECT pool, number, holder, checksum FROM claims
        WHERE (pool, number) > (?, ?) ORDER BY pool, number LIMIT ?";
    const DOWN: &str = "SELECT pool, number, holder, checksum FROM claims
        WHERE (pool, number) < (?, ?) ORDER BY pool DESC, number DESC LIMIT ?";
    let mut claims = BTreeMap::new();
    for (text, mut end) in [(UP, (String::new(), Vec::new())), (DOWN, (char::MAX.to_string(), Vec::new()))] {
        loop {
            let query = sqlx::query_as(text).bind(end.0.clone()).bind(end.1.clone()).bind(ROWS);
            let rows: Vec<Claim> = query.fetch_all(&mut *from).await.unwrap_or_default();
            let Some((pool, number, ..)) = rows.last().cloned() else { break };
            end = (pool, number);
            let before = claims.len();
            claims.extend(rows.into_iter().map(|(pool, number, holder, sum)| ((pool, number), (holder, sum))));
            if claims.len() == before {
                break;
            }
        }
    }
    claims
}

/// Puts the new file in the place of the old one, which gets another name; returns that.
fn exchange(path: &Path, new: &Path) -> io::Result<PathBuf> {
    let with = |ending: &str| {
        let mut name: OsString = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let kept = (1..).map(|number| with(&format!(".damaged-{number}"))).find(|kept| !kept.exists());
    let kept = kept.expect("there is always another number");
    guard::make_private(new)?;
    if wal::path_of(path).exists() {
        fs::rename(wal::path_of(path), wal::path_of(&kept))?;
    }
    fs::rename(path, &kept)?;
    fs::rename(new, path)?;
    Ok(kept)
}
