//! Protobuf's own vocabulary: varints, tags and length-delimited pieces.

use super::DecodeError;

/// How a field's bytes are delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// A varint.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Four bytes.
    Fixed32(u32),
    /// Bytes with a length before them.
    Bytes(&'a [u8]),
}

/// Reads fields one by one.
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of a message.
    pub fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field's number and payload.
    pub fn next(&mut self) -> Result<Option<(u32, Payload<'a>)>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let wire = tag & 7;
        let number = u32::try_from(tag >> 3).ok().filter(|n| *n > 0 && *n < 1 << 29);
        let number =
            number.ok_or_else(|| DecodeError(format!("proto: illegal tag {} (wire type {wire})", tag >> 3)))?;
        let payload = match wire {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| eof())?;
                Payload::Bytes(self.take(length)?)
            }
            5 => Payload::Fixed32(u32::from_le_bytes(self.array()?)),
            wire => return Err(DecodeError(format!("proto: illegal wireType {wire}"))),
        };
        Ok(Some((number, payload)))
    }

    /// The next varint of a packed list.
    pub fn next_packed(&mut self) -> Result<Option<u64>, DecodeError> {
        if self.rest.is_empty() { Ok(None) } else { self.varint().map(Some) }
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError("proto: integer overflow".to_owned()))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.take(N)?.try_into().map_err(|_| eof())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(eof)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Writes a varint field.
pub fn varint(out: &mut Vec<u8>, number: u32, value: u64) {
    put(out, u64::from(number) << 3);
    put(out, value);
}

/// Writes a field of eight bytes.
pub fn fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    put(out, u64::from(number) << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Writes a field of bytes.
pub fn blob(out: &mut Vec<u8>, number: u32, value: &[u8]) {
    put(out, u64::from(number) << 3 | 2);
    put(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Writes a string field.
pub fn text(out: &mut Vec<u8>, number: u32, value: &str) {
    blob(out, number, value.as_bytes());
}

/// Writes a field that is a message.
pub fn nested(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
    put(out, u64::from(number) << 3 | 2);
    let start = out.len();
    // Most messages are short: one byte is kept for the length, and more are inserted if needed.
    out.push(0);
    write(out);
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
    } else {
        let mut prefix = Vec::with_capacity(5);
        put(&mut prefix, length as u64);
        out.splice(start..=start, prefix);
    }
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn eof() -> DecodeError {
    DecodeError("unexpected EOF".to_owned())
}
