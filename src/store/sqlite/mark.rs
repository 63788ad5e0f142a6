//! A note in the data file of how far writes were acknowledged. The write-ahead log holds the newest of them, and SQLite
//! takes a damaged or missing one for an empty one; so the file itself says what must be there.
//!
//! The note lies in 20 bytes of SQLite's header that SQLite does not use, is written past SQLite, and is not synced: it
//! costs no more than copying it. What it says is at most too little, never too much.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
};

use crate::object::Revision;

/// Where the unused bytes begin.
const OFFSET: u64 = 72;

/// Notes that everything up to the revision was acknowledged.
pub(super) fn write(mut file: &File, revision: Revision) -> io::Result<()> {
    let number = revision.0.to_le_bytes();
    file.seek(SeekFrom::Start(OFFSET))?;
    file.write_all(&[&number[..], &crc32fast::hash(&number).to_le_bytes()].concat())
}

/// The revision up to which everything was acknowledged; `None` if nobody has noted one.
pub(super) fn read(mut file: &File) -> Option<Revision> {
    let mut note = [0; 12];
    file.seek(SeekFrom::Start(OFFSET)).ok()?;
    file.read_exact(&mut note).ok()?;
    let (number, checksum) = note.split_first_chunk::<8>()?;
    // A note that was cut off by a power failure is as good as none.
    let is_whole = checksum == crc32fast::hash(number).to_le_bytes();
    Some(Revision(u64::from_le_bytes(*number))).filter(|revision| is_whole && *revision > Revision(0))
}
