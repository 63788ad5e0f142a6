//! SQL statements that take any number of rows.

use sqlx::{query::Query, sqlite::SqliteArguments};

/// A query on its way to the database, with its arguments.
pub(super) type Bound<'q> = Query<'q, sqlx::Sqlite, SqliteArguments>;

/// A statement that takes any number of rows.
pub(super) struct Statement {
    pub(super) head: &'static str,
    pub(super) columns: &'static str,
    pub(super) tail: &'static str,
}

/// How many rows one statement writes.
const ROWS_MAX: usize = 256;

impl Statement {
    /// The texts that together take so many rows. Their lengths are powers of two, so that there are few different
    /// ones and SQLite prepares each only once.
    pub(super) fn texts(&self, rows: usize) -> Vec<String> {
        chunks(rows).map(|rows| self.head.to_owned() + &vec![self.columns; rows].join(",") + self.tail).collect()
    }

    /// Binds the rows, and NULLs for the places that are left; a row of NULLs changes nothing.
    pub(super) fn bind<'q, R>(
        &self,
        mut query: Bound<'q>,
        rows: &[R],
        bind: impl Fn(Bound<'q>, &R) -> Bound<'q>,
    ) -> Bound<'q> {
        for row in rows {
            query = bind(query, row);
        }
        let left = chunks(rows.len()).sum::<usize>() - rows.len();
        let columns = self.columns.matches('?').count();
        (0..left * columns).fold(query, |query, _| query.bind(None::<i64>))
    }
}

/// One text that runs all or nothing. A single statement already does.
pub(super) fn atomic(texts: Vec<String>) -> String {
    match texts.len() {
        1 => texts.concat(),
        _ => format!("BEGIN IMMEDIATE;{};COMMIT", texts.join(";")),
    }
}

fn chunks(rows: usize) -> impl Iterator<Item = usize> {
    let last = match rows % ROWS_MAX {
        0 => None,
        rest => Some(rest.next_power_of_two()),
    };
    std::iter::repeat_n(ROWS_MAX, rows / ROWS_MAX).chain(last)
}
