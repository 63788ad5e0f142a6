//! Says whether a data file is whole. It works on a copy: opening a file already changes it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::object::Revision;
use crate::store::{
    Durability, Error,
    backend::Backend,
    sqlite::{Sqlite, damaged, guard, schema, wal},
};

/// What a whole file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The newest revision.
    pub revision: Revision,
    /// History is complete after this revision.
    pub compacted: Revision,
    /// Rows of the log.
    pub entries: usize,
    /// Held numbers.
    pub claims: usize,
}

/// A copy of a data file and its write-ahead log, which goes away when it is dropped.
pub(super) struct Copy {
    directory: PathBuf,
    /// The data file.
    pub(super) file: PathBuf,
}

/// Reads all of a file that no server uses; the error says what is wrong with it.
pub async fn check(path: &Path) -> Result<Checked, Error> {
    if !path.is_file() {
        return Err(Error::Open { path: path.into(), cause: "there is no such file".to_owned() });
    }
    let _lock = schema::lock(path).await?;
    let copy = Copy::new(path, true)?;
    check_copy(&copy.file).await.map_err(|error| about(path, error))
}

async fn check_copy(file: &Path) -> Result<Checked, Error> {
    let mut log = Sqlite::open(file, Durability::Off).await?;
    let mut checked = Checked { compacted: log.compacted().await?.unwrap_or_default(), ..Checked::default() };
    log.read(Revision(0), &mut |piece| {
        checked.entries += piece.entries.len();
        checked.claims += piece.holders.len();
        checked.revision = piece.entries.last().map_or(checked.revision, |entry| entry.revision);
        Ok(())
    })
    .await?;
    checked.revision = checked.revision.max(checked.compacted);
    let (connection, _) = log.connection()?;
    let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_all(connection)
        .await
        .map_err(|error| schema::refused(file, &error))?;
    log.close().await?;
    match found.first() {
        Some(first) if first != "ok" => Err(damaged(file, first.clone())),
        _ => Ok(checked),
    }
}

impl Copy {
    /// Copies the file, and its write-ahead log unless that is not wanted, beside the file.
    pub(super) fn new(path: &Path, with_wal: bool) -> Result<Self, Error> {
        let refused = |error: io::Error| Error::Open { path: path.into(), cause: error.to_string() };
        let mut directory = path.as_os_str().to_owned();
        directory.push(format!(".check-{}", std::process::id()));
        let directory = PathBuf::from(directory);
        fs::create_dir(&directory).map_err(refused)?;
        let file = directory.join(path.file_name().unwrap_or_default());
        let copy = Self { directory, file };
        fs::copy(path, &copy.file).map_err(refused)?;
        guard::make_private(&copy.file).map_err(refused)?;
        if with_wal && wal::path_of(path).exists() {
            fs::copy(wal::path_of(path), wal::path_of(&copy.file)).map_err(refused)?;
        }
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            tracing::warn!(%error, "{} is left behind", self.directory.display());
        }
    }
}

/// The same error about the file itself.
pub(super) fn about(path: &Path, error: Error) -> Error {
    match error {
        Error::Corrupt { what, .. } => damaged(path, what),
        Error::Foreign { .. } => Error::Foreign { path: path.into() },
        Error::Newer { found, known, .. } => Error::Newer { path: path.into(), found, known },
        Error::Open { cause, .. } => Error::Open { path: path.into(), cause },
        error => error,
    }
}
