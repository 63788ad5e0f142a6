//! Reads a data file and checks that it holds exactly what was written.

use std::{path::Path, sync::Arc};

use sqlx::SqliteConnection;

use crate::object::Revision;
use crate::store::{
    Error,
    backend::{Each, Entry, Piece},
    sqlite::{damaged, meta::Meta, rows, schema::refused},
};

/// Reads everything after the revision, and returns the newest revision. Rows of the log can only vanish where the sums
/// of `meta` say so, or where revisions have a gap.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    path: &Path,
    meta: &Meta,
    after: Revision,
    each: &mut Each<'_>,
) -> Result<Revision, Error> {
    let newest = read_log(connection, path, meta, after, each).await?;
    read_claims(connection, path, meta, each).await?;
    Ok(newest)
}

async fn read_log(
    connection: &mut SqliteConnection,
    path: &Path,
    meta: &Meta,
    after: Revision,
    each: &mut Each<'_>,
) -> Result<Revision, Error> {
    let (mut newest, mut settled) = (after, 0);
    loop {
        let last = newest.0.try_into().unwrap_or(i64::MAX);
        let packed = rows::read_log(connection, last).await.map_err(|error| refused(path, &error))?;
        let mut entries = Vec::new();
        for entry in rows::entries(&packed) {
            let entry = entry.map_err(|what| damaged(path, what))?;
            let row = entry.row;
            check_order(&row, newest, meta.compacted).map_err(|what| damaged(path, what))?;
            if row.revision <= meta.compacted {
                settled += entry.checksum;
            }
            newest = row.revision;
            entries.push(row);
        }
        if entries.is_empty() {
            break;
        }
        each(Piece { entries, ..Piece::default() }).map_err(|error| in_file(path, error))?;
    }
    if after == Revision(0) && settled != meta.settled {
        let what = format!("rows at or before revision {} are missing", meta.compacted);
        return Err(damaged(path, what));
    }
    Ok(newest)
}

async fn read_claims(
    connection: &mut SqliteConnection,
    path: &Path,
    meta: &Meta,
    each: &mut Each<'_>,
) -> Result<(), Error> {
    let (mut pool, mut last) = (Arc::<str>::from(""), Vec::new());
    let (mut sum, mut all_holders) = (0, true);
    loop {
        let packed = rows::read_claims(connection, &pool, &last).await.map_err(|error| refused(path, &error))?;
        let mut holders = Vec::new();
        for holder in rows::holders(&packed) {
            let holder = holder.map_err(|what| damaged(path, what))?;
            sum += holder.checksum;
            holders.push(holder.row);
        }
        let end = holders.last().map(|end| (Arc::clone(&end.pool), end.number.to_be_bytes().to_vec()));
        if end.is_some() || all_holders {
            each(Piece { holders, all_holders, ..Piece::default() })?;
        }
        all_holders = false;
        let Some(end) = end else { break };
        (pool, last) = end;
    }
    if sum == meta.claims { Ok(()) } else { Err(damaged(path, "claims are missing".to_owned())) }
}

/// This log gives a revision of its own to every change, so that a lost row is noticed: above the compacted revision
/// none may be missing.
fn check_order(entry: &Entry, newest: Revision, compacted: Revision) -> Result<(), String> {
    let Entry { revision, key, object, .. } = entry;
    let expected = newest.max(compacted).next();
    if *revision > compacted && *revision != expected {
        return Err(format!("revision {expected} is missing"));
    }
    if object.as_ref().is_some_and(|object| !object.is_sound()) {
        return Err(format!("revision {revision} of {key} does not name itself"));
    }
    Ok(())
}

/// What contradicts itself is, here, a damaged file.
fn in_file(path: &Path, error: Error) -> Error {
    match error {
        Error::Contradiction { what } => damaged(path, what),
        error => error,
    }
}
