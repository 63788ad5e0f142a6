//! What a data file says about itself.

use sqlx::SqliteConnection;

use crate::object::Revision;
use crate::store::sqlite::{checksum, statement::Bound, statement::Statement};

/// The rows of `meta`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meta {
    /// History is complete after this revision.
    pub(super) compacted: Revision,
    /// The sum of the checksums of the rows of the log at or below `compacted`.
    pub(super) settled: i64,
    /// The sum of the checksums of all claims.
    pub(super) claims: i64,
    /// Which write-ahead log belongs to the file; 0 if none does.
    pub(super) wal: i64,
}

/// Puts one row.
pub(super) const PUT: Statement = Statement {
    head: "INSERT OR REPLACE INTO meta (name, value, checksum) SELECT * FROM (VALUES ",
    columns: "(?,?,?)",
    tail: ") WHERE column1 IS NOT NULL",
};

impl Meta {
    /// Reads the rows; the inner error says what is wrong with them.
    pub(super) async fn read(connection: &mut SqliteConnection) -> sqlx::Result<Result<Self, String>> {
        let rows: Vec<(String, i64, i64)> =
            sqlx::query_as("SELECT name, value, checksum FROM meta").fetch_all(connection).await?;
        let value = |name: &str| {
            let row = rows.iter().find(|(found, ..)| found == name).ok_or_else(|| format!("it does not say {name}"));
            row.and_then(|(_, value, checksum)| match checksum::of_number(name, *value) == *checksum {
                true => Ok(*value),
                false => Err(format!("what it says of {name} does not match its checksum")),
            })
        };
        let meta = || {
            let compacted = Revision(value("compacted")?.try_into().unwrap_or_default());
            Ok(Self { compacted, settled: value("settled")?, claims: value("claims")?, wal: value("wal")? })
        };
        Ok(meta())
    }

    /// The rows by name.
    pub(super) fn rows(&self) -> [(&'static str, i64); 4] {
        let compacted = self.compacted.0.try_into().unwrap_or(i64::MAX);
        [("compacted", compacted), ("settled", self.settled), ("claims", self.claims), ("wal", self.wal)]
    }
}

/// Binds rows for [`PUT`].
pub(super) fn bind<'q>(query: Bound<'q>, rows: &[(&'static str, i64)]) -> Bound<'q> {
    PUT.bind(query, rows, |query, (name, value)| query.bind(*name).bind(*value).bind(checksum::of_number(name, *value)))
}
