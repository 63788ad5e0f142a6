//! Gives the rows of a file of the first format their checksums.

use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::store::sqlite::{checksum, meta, meta::Meta};

/// How many rows are read together; the first format had objects of three megabytes and more.
const ROWS: i64 = 32;

/// Moves everything from the old tables into the new ones and drops the old ones.
pub(super) async fn add_checksums(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let compacted: i64 =
        sqlx::query_scalar("SELECT value FROM old_meta WHERE name = 'compacted'").fetch_one(&mut *connection).await?;
    let settled = move_log(connection, compacted).await?;
    let claims = move_claims(connection).await?;
    let compacted = crate::object::Revision(compacted.try_into().unwrap_or_default());
    let rows = Meta { compacted, settled, claims, wal: 0 }.rows();
    let text = meta::PUT.texts(rows.len()).concat();
    meta::bind(sqlx::query(AssertSqlSafe(text)), &rows).execute(&mut *connection).await?;
    sqlx::raw_sql("DROP TABLE old_log; DROP TABLE old_claims; DROP TABLE old_meta").execute(connection).await?;
    Ok(())
}

/// Returns the sum of the checksums up to the compacted revision.
async fn move_log(connection: &mut SqliteConnection, compacted: i64) -> sqlx::Result<i64> {
    type Row = (i64, Vec<u8>, i64, i64, Option<Vec<u8>>);
    let (mut last, mut settled) = (-1, 0);
    loop {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT revision, CAST(key AS BLOB), at, hole, value FROM old_log WHERE revision > ? ORDER BY revision LIMIT ?",
        )
        .bind(last)
        .bind(ROWS)
        .fetch_all(&mut *connection)
        .await?;
        let Some((end, ..)) = rows.last() else { return Ok(settled) };
        last = *end;
        let mut checksums = Vec::with_capacity(rows.len());
        for (revision, key, at, hole, value) in &rows {
            let checksum = checksum::of_entry(*revision, *at, *hole, key, value.as_deref());
            settled += if *revision <= compacted { checksum } else { 0 };
            checksums.push(format!("[{revision},{checksum}]"));
        }
        sqlx::query(
            "INSERT INTO log (revision, key, at, hole, checksum, value)
             SELECT old.revision, old.key, old.at, old.hole, checksums.value ->> 1, old.value
             FROM json_each(?) AS checksums CROSS JOIN old_log AS old ON old.revision = checksums.value ->> 0",
        )
        .bind(format!("[{}]", checksums.join(",")))
        .execute(&mut *connection)
        .await?;
    }
}

/// Returns the sum of the checksums.
async fn move_claims(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    let rows: Vec<(String, Vec<u8>, String)> =
        sqlx::query_as("SELECT pool, number, holder FROM old_claims").fetch_all(&mut *connection).await?;
    let mut sum = 0;
    for (pool, number, holder) in rows {
        // A number that is none keeps a checksum that is none, and is refused when it is read.
        let whole = number.first_chunk().filter(|whole| whole.len() == number.len());
        let checksum = whole.map_or(-1, |whole| checksum::of_claim(&pool, u128::from_be_bytes(*whole), &holder));
        sum += checksum;
        sqlx::query("INSERT INTO claims (pool, number, holder, checksum) VALUES (?, ?, ?, ?)")
            .bind(pool)
            .bind(number)
            .bind(holder)
            .bind(checksum)
            .execute(&mut *connection)
            .await?;
    }
    Ok(sum)
}
