//! Checksums of rows: CRC-32, which notices every flipped bit.

use crc32fast::Hasher;

/// Of a row of the log.
pub(super) fn of_entry(revision: i64, at: i64, hole: i64, key: &[u8], value: Option<&[u8]>) -> i64 {
    let mut hasher = Hasher::new();
    for number in [revision, at, hole] {
        hasher.update(&number.to_le_bytes());
    }
    text(&mut hasher, key);
    hasher.update(&[value.is_some().into()]);
    hasher.update(value.unwrap_or_default());
    hasher.finalize().into()
}

/// Of a claim.
pub(super) fn of_claim(pool: &str, number: u128, holder: &str) -> i64 {
    let mut hasher = Hasher::new();
    text(&mut hasher, pool.as_bytes());
    hasher.update(&number.to_be_bytes());
    text(&mut hasher, holder.as_bytes());
    hasher.finalize().into()
}

/// Of a number with a name.
pub(super) fn of_number(name: &str, value: i64) -> i64 {
    let mut hasher = Hasher::new();
    text(&mut hasher, name.as_bytes());
    hasher.update(&value.to_le_bytes());
    hasher.finalize().into()
}

/// With its length, so that no byte can move to what follows.
fn text(hasher: &mut Hasher, text: &[u8]) {
    hasher.update(&text.len().to_le_bytes());
    hasher.update(text);
}
