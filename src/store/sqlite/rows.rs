//! Reads many rows packed into one, because each row that SQLite hands over costs more than what is in it.

use std::sync::Arc;

use sqlx::SqliteConnection;

use crate::object::{Key, Revision};
use crate::store::{
    Stored,
    backend::{Entry, Holder},
    sqlite::checksum,
};

/// A row and its checksum, which it matches.
pub(super) struct Checked<T> {
    pub(super) row: T,
    pub(super) checksum: i64,
}

/// The last revision of a piece, six numbers for each row, all keys, all values.
pub(super) type LogPiece = (Option<i64>, Option<String>, Option<Vec<u8>>, Option<Vec<u8>>);
/// Four words for each claim, all pools, all holders.
pub(super) type ClaimsPiece = (Option<String>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The first row is always part of a piece, and the last one may go beyond [`PIECE_BYTES`]: SQLite can hand over values
/// of up to a gigabyte, and no row comes near to that.
const READ_LOG: &str = "
    WITH sizes AS MATERIALIZED (
        SELECT revision, octet_length(key) + coalesce(octet_length(value), 0) AS size
        FROM log WHERE revision > ?1 ORDER BY revision LIMIT ?2),
    ends AS (SELECT revision, sum(size) OVER (ORDER BY revision) - size AS before FROM sizes)
    SELECT max(revision),
           group_concat(concat_ws(' ', revision, at, hole, checksum, octet_length(key),
                                  coalesce(octet_length(value), -1)), ' '),
           CAST(group_concat(key, '') AS BLOB),
           CAST(group_concat(value, '') AS BLOB)
    FROM (SELECT revision, at, hole, checksum, key, value FROM log
          WHERE revision > ?1 AND revision <= (SELECT max(revision) FROM ends WHERE before < ?3)
          ORDER BY revision)";
const READ_CLAIMS: &str = "
    SELECT group_concat(concat_ws(' ', octet_length(pool), hex(number), checksum, octet_length(holder)), ' '),
           CAST(group_concat(pool, '') AS BLOB),
           CAST(group_concat(holder, '') AS BLOB)
    FROM (SELECT pool, number, holder, checksum FROM claims WHERE (pool, number) > (?, ?) ORDER BY pool, number LIMIT ?)";
/// How many bytes of rows are read together.
const PIECE_BYTES: i64 = 8 << 20;
/// How many rows are read together.
const PIECE_ROWS: i64 = 500;
/// How many claims are read together; each is no longer than a few keys.
const PIECE_CLAIMS: i64 = 4096;

/// The next rows of the log after the revision; none at its end.
pub(super) async fn read_log(connection: &mut SqliteConnection, after: i64) -> sqlx::Result<LogPiece> {
    sqlx::query_as(READ_LOG).bind(after).bind(PIECE_ROWS).bind(PIECE_BYTES).fetch_one(connection).await
}

/// The next claims after the one of this pool and number; none at the end.
pub(super) async fn read_claims(
    connection: &mut SqliteConnection,
    pool: &str,
    number: &[u8],
) -> sqlx::Result<ClaimsPiece> {
    sqlx::query_as(READ_CLAIMS).bind(pool).bind(number).bind(PIECE_CLAIMS).fetch_one(connection).await
}

/// The entries of a piece; an error says what is wrong with one.
pub(super) fn entries(
    (_, numbers, keys, values): &LogPiece,
) -> impl Iterator<Item = Result<Checked<Entry>, String>> + use<'_> {
    let words = numbers.as_deref().unwrap_or_default().split(' ').filter(|word| !word.is_empty());
    let mut numbers = words.map(|number| number.parse::<i64>().ok());
    let mut keys = keys.as_deref().unwrap_or_default();
    let mut values = values.as_deref().unwrap_or_default();
    std::iter::from_fn(move || {
        let revision = numbers.next()?;
        let mut parts = || {
            let (revision, at, hole) = (revision?, numbers.next()??, numbers.next()??);
            let checksum = numbers.next()??;
            let key = keys.split_off(..usize::try_from(numbers.next()??).ok()?)?;
            let value = match numbers.next()?? {
                -1 => None,
                length => Some(values.split_off(..usize::try_from(length).ok()?)?),
            };
            Some((revision, at, hole, checksum, key, value))
        };
        let shown =
            revision.map_or("a revision that is no number".to_owned(), |revision| format!("revision {revision}"));
        let Some((revision, at, hole, checksum, key, value)) = parts() else {
            return Some(Err(format!("{shown} cannot be understood")));
        };
        let entry = || {
            let is_whole = checksum::of_entry(revision, at, hole, key, value) == checksum;
            let revision = Revision(revision.try_into().ok().filter(|_| is_whole)?);
            let hole = usize::try_from(hole).ok()?;
            let object = value.map(|value| Arc::new(Stored::read(value.to_vec().into(), hole, revision)));
            Some(Entry { revision, key: Key::new(std::str::from_utf8(key).ok()?), at, object })
        };
        let wrong = || format!("{shown} of {} does not match its checksum", String::from_utf8_lossy(key));
        Some(entry().map(|row| Checked { row, checksum }).ok_or_else(wrong))
    })
}

/// The claims of a piece; an error says what is wrong with one.
pub(super) fn holders(
    (words, pools, holders): &ClaimsPiece,
) -> impl Iterator<Item = Result<Checked<Holder>, String>> + use<'_> {
    let mut words = words.as_deref().unwrap_or_default().split(' ').filter(|word| !word.is_empty());
    let mut pools = pools.as_deref().unwrap_or_default();
    let mut holders = holders.as_deref().unwrap_or_default();
    std::iter::from_fn(move || {
        let length = words.next()?;
        let mut parts = || {
            let pool = pools.split_off(..length.parse().ok()?)?;
            let digits = words.next().filter(|digits| digits.len() == 2 * size_of::<u128>())?;
            let number = u128::from_str_radix(digits, 16).ok()?;
            let checksum: i64 = words.next()?.parse().ok()?;
            let holder = holders.split_off(..words.next()?.parse().ok()?)?;
            Some((std::str::from_utf8(pool).ok()?, number, checksum, std::str::from_utf8(holder).ok()?))
        };
        let Some((pool, number, checksum, holder)) = parts() else {
            return Some(Err("a claim cannot be understood".to_owned()));
        };
        if checksum::of_claim(pool, number, holder) != checksum {
            return Some(Err(format!("the claim of {holder} to {number} of {pool} does not match its checksum")));
        }
        let row = Holder { pool: pool.into(), number, holder: Some(holder.into()) };
        Some(Ok(Checked { row, checksum }))
    })
}
