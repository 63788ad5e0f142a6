//! Keeps a data file for this process alone and for its owner's eyes only.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

/// Opens or makes the file and locks it. The lock lasts as long as the returned file is open; `None` if somebody else
/// has it.
pub(super) fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    let file = options.open(path)?;
    // Elsewhere a lock would keep SQLite out, too; SQLite's own locks have to do.
    #[cfg(unix)]
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Ok(None),
        Err(fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(fs::TryLockError::Error(error)) => return Err(error),
    }
    Ok(Some(file))
}

/// Takes away what others may do with the file, if it exists.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        match fs::metadata(path) {
            Ok(found) if found.permissions().mode() & 0o777 & !PRIVATE != 0 => {
                return fs::set_permissions(path, fs::Permissions::from_mode(PRIVATE));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Its owner reads and writes it, nobody else does anything.
#[cfg(unix)]
const PRIVATE: u32 = 0o600;
