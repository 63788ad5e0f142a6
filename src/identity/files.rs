//! Reading and writing the files that identities live in.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use super::{Error, Result};

/// The bit of a directory in which everybody may have files.
#[cfg(unix)]
const STICKY: u32 = 0o1000;

/// The text of a file.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Writes a file that only its owner can read.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let write = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        open_private(&mut options, path)?.write_all(text.as_bytes())
    };
    write().map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Opens a file that only its owner can read, also if it has been there with a wider mode.
pub fn open_private(options: &mut fs::OpenOptions, path: &Path) -> io::Result<fs::File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let file = options.open(path)?;
    // A device or a pipe, such as /dev/stdout, belongs to somebody else.
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

/// Makes a directory that only its owner can enter, also if it has been there with a wider mode.
pub fn make_directory(path: &Path) -> Result<()> {
    let make = || {
        fs::create_dir_all(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let permissions = fs::metadata(path)?.permissions();
            // A directory that is shared on purpose, such as /tmp, is not ours to close.
            if permissions.mode() & STICKY == 0 {
                fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
            }
        }
        Ok(())
    };
    make().map_err(|source| Error::File { path: path.to_owned(), source })
}

/// That a file does not hold what it should.
pub fn content(path: &Path, why: impl ToString) -> Error {
    Error::Content { path: path.to_owned(), why: why.to_string() }
}
