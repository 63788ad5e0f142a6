//! Reading and writing the files that identities live in.

use std::{fs, io::Write as _, path::Path};

use super::{Error, Result};

/// The text of a file.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Writes a file that only its owner can read.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let write = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?.write_all(text.as_bytes())
    };
    write().map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Makes a directory, if there is none.
pub fn make_directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// That a file does not hold what it should.
pub fn content(path: &Path, why: impl ToString) -> Error {
    Error::Content { path: path.to_owned(), why: why.to_string() }
}
