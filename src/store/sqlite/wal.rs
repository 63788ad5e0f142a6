//! Whether the write-ahead log beside a data file is the one that belongs to it. SQLite does not ask: it takes any that is
//! sound in itself, and a missing one for an empty one.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::store::sqlite::meta::Meta;

/// Two numbers in the header of a write-ahead log. They stay while it grows. When it begins anew, because all of it was
/// moved into the data file, the first is one more and the second another random number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Salts(u32, u32);

/// The length of a log's header.
const HEADER: usize = 32;
/// What a log begins with; its last bit says in which byte order checksums are made.
const MAGIC: u32 = 0x377f_0682;

impl Salts {
    /// The salts of the log in this file; the error says why there are none.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let mut header = [0; HEADER];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
        match read {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Err("is missing".to_owned()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err("is empty".to_owned()),
            Err(error) => return Err(format!("cannot be read: {error}")),
        }
        let word = |index: usize| {
            let bytes = header[4 * index..][..4].first_chunk().expect("the header has eight words");
            u32::from_be_bytes(*bytes)
        };
        let is_sound = word(0) & !1 == MAGIC && checksum(&header[..24], word(0) & 1 == 1) == (word(6), word(7));
        if is_sound { Ok(Self(word(4), word(5))) } else { Err("is damaged".to_owned()) }
    }

    /// As one number, as `meta` keeps it; never 0.
    pub(super) fn to_number(self) -> i64 {
        let number = u64::from(self.0) << 32 | u64::from(self.1);
        number.max(1).cast_signed()
    }

    /// Whether this log is the one with the number, or the one after that.
    fn continues(self, number: i64) -> bool {
        let first = (number.cast_unsigned() >> 32) as u32;
        self.to_number() == number || self.0 == first.wrapping_add(1)
    }
}

/// Where SQLite keeps the write-ahead log of this file.
pub(super) fn path_of(file: &Path) -> PathBuf {
    let file = file.canonicalize().unwrap_or_else(|_| file.into());
    let mut path = file.into_os_string();
    path.push("-wal");
    path.into()
}

/// Checks, before SQLite mixes the two, that the log beside the file belongs to it.
pub(super) async fn check(file: &Path) -> Result<(), String> {
    let Some(number) = recorded(file).await.filter(|number| *number != 0) else { return Ok(()) };
    let path = path_of(file);
    let why = match Salts::read(&path) {
        Ok(salts) if salts.continues(number) => return Ok(()),
        Ok(_) => "belongs to another file".to_owned(),
        Err(why) => why,
    };
    Err(format!("its write-ahead log {} {why}, and with it the newest writes", path.display()))
}

/// Which log the file says is its own, as far as that can be read without the log.
async fn recorded(file: &Path) -> Option<i64> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
    let mut connection = options.disable_statement_logging().connect().await.ok()?;
    let meta = Meta::read(&mut connection).await;
    // It was only read from.
    let _ = connection.close().await;
    Some(meta.ok()?.ok()?.wal)
}

/// SQLite's checksum of whole pairs of words.
fn checksum(bytes: &[u8], is_big_endian: bool) -> (u32, u32) {
    let mut sums = (0_u32, 0_u32);
    let words = bytes.as_chunks::<4>().0.iter();
    let words: Vec<_> =
        words.map(|word| if is_big_endian { u32::from_be_bytes(*word) } else { u32::from_le_bytes(*word) }).collect();
    for pair in words.chunks_exact(2) {
        sums.0 = sums.0.wrapping_add(pair[0]).wrapping_add(sums.1);
        sums.1 = sums.1.wrapping_add(pair[1]).wrapping_add(sums.0);
    }
    sums
}
