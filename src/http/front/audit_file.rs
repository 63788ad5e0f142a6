//! The file of the audit log: when it has grown too large it gets a name with the time, and a new one is begun.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{identity::files::open_private, verbs::Clock};

/// How a time is written in the name of a file.
const TIME: &str = "%Y-%m-%dT%H-%M-%S";

/// When the file is too large, and what becomes of old ones. 0 stands for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Bytes from which on a new file is begun.
    pub bytes: u64,
    /// How long old files are kept.
    pub age: Duration,
    /// How many old files are kept.
    pub backups: usize,
}

/// A file that is appended to.
pub struct RotatedFile {
    path: PathBuf,
    file: fs::File,
    /// How long it is.
    length: u64,
    rotation: Rotation,
    clock: Clock,
}

impl RotatedFile {
    /// Appends to a file, which is made if it is missing.
    pub fn open(path: &Path, rotation: Rotation, clock: Clock) -> io::Result<Self> {
        let file = open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, length, rotation, clock })
    }

    /// Moves the file away and begins a new one.
    fn rotate(&mut self) -> io::Result<()> {
        let now = (self.clock)();
        let named = now.to_zoned(TimeZone::UTC).strftime(TIME).to_string();
        let millisecond = now.subsec_millisecond().unsigned_abs();
        let (stem, extension) = self.name_parts();
        fs::rename(&self.path, self.path.with_file_name(format!("{stem}-{named}.{millisecond:03}{extension}")))?;
        self.file = open(&self.path)?;
        self.length = 0;
        self.remove_old(now)
    }

    /// Removes old files that are too many or too old.
    fn remove_old(&self, now: Timestamp) -> io::Result<()> {
        let (stem, extension) = self.name_parts();
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut old = Vec::new();
        for entry in fs::read_dir(directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let time = name.strip_prefix(&format!("{stem}-")).and_then(|rest| rest.strip_suffix(&extension));
            if let Some(made) = time.and_then(time_of) {
                old.push((made, name));
            }
        }
        old.sort_unstable();
        old.reverse();
        let Rotation { age, backups, .. } = self.rotation;
        let oldest = SignedDuration::try_from(age).ok().filter(|age| !age.is_zero()).map(|age| now - age);
        for (index, (made, name)) in old.into_iter().enumerate() {
            if (backups > 0 && index >= backups) || oldest.is_some_and(|oldest| made < oldest) {
                fs::remove_file(directory.join(name))?;
            }
        }
        Ok(())
    }

    /// The name of the file without its extension, and the extension with its dot.
    fn name_parts(&self) -> (String, String) {
        let part = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let extension = part(self.path.extension()).map(|extension| format!(".{extension}"));
        (part(self.path.file_stem()).unwrap_or_default(), extension.unwrap_or_default())
    }
}

impl Write for RotatedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = self.rotation.bytes;
        if most > 0 && self.length > 0 && self.length + bytes.len() as u64 > most {
            self.rotate()?;
        }
        let written = self.file.write(bytes)?;
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open(path: &Path) -> io::Result<fs::File> {
    open_private(fs::OpenOptions::new().create(true).append(true), path)
}

/// The time in the name of an old file.
fn time_of(text: &str) -> Option<Timestamp> {
    let (seconds, millisecond) = text.split_once('.')?;
    let millisecond: i64 = millisecond.parse().ok()?;
    let time = jiff::civil::DateTime::strptime(TIME, seconds).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(time.timestamp() + SignedDuration::from_millis(millisecond))
}
