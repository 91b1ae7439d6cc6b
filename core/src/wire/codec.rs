//! Primitive types (core/docs/spec/protocol.md 0): big-endian integers, and strings with a length
//! before them.

use crate::error::Error;

/// Writes primitives at the end of a buffer.
pub trait Writer {
    /// A byte.
    fn put_u8(&mut self, value: u8);
    /// A word.
    fn put_u16(&mut self, value: u16);
    /// A dword.
    fn put_u32(&mut self, value: u32);
    /// A qword.
    fn put_u64(&mut self, value: u64);
    /// Length and bytes. Nothing longer than a `max_packet_size` is ever sent: the frame is
    /// checked as a whole when its header is written.
    fn put_string(&mut self, value: &[u8]);

    /// An int: a dword read as signed.
    fn put_i32(&mut self, value: i32) {
        self.put_u32(value as u32);
    }

    /// A float: its bits as a dword.
    fn put_f32(&mut self, value: f32) {
        self.put_u32(value.to_bits());
    }
}

impl Writer for Vec<u8> {
    fn put_u8(&mut self, value: u8) {
        self.push(value);
    }

    fn put_u16(&mut self, value: u16) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn put_u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn put_string(&mut self, value: &[u8]) {
        self.put_u32(value.len() as u32);
        self.extend_from_slice(value);
    }
}

/// Appends bytes whose number a program or a peer chose: no memory for them is an error.
pub fn append(buffer: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Error> {
    let text = |_| Error::System(format!("out of memory for {} bytes more", bytes.len()).into());
    buffer.try_reserve(bytes.len()).map_err(text)?;
    buffer.extend_from_slice(bytes);
    Ok(())
}

/// The bytes ended before the value did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated {
    /// Where the value starts.
    pub offset: usize,
}

impl std::fmt::Display for Truncated {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "incomplete reply: it ends inside the value at byte {}", self.offset)
    }
}

impl Truncated {
    /// What daemons say to a client whose request ends too early.
    pub(crate) fn refusal(self) -> String {
        "invalid or truncated request".to_owned()
    }
}

/// Reads primitives from the front of a slice; every read is checked.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Reads `bytes` from `offset`; beyond the end there is nothing left.
    pub fn at(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset: offset.min(bytes.len()) }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes left to read.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// Refuses bytes that are left: nothing may follow what was read.
    pub(crate) fn end(&self) -> Result<(), Truncated> {
        match self.remaining() {
            0 => Ok(()),
            _ => Err(Truncated { offset: self.offset }),
        }
    }

    /// The next `length` bytes.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Truncated> {
        if length > self.remaining() {
            return Err(Truncated { offset: self.offset });
        }
        let start = self.offset;
        self.offset += length;
        Ok(&self.bytes[start..self.offset])
    }

    /// A byte.
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        Ok(self.bytes(1)?[0])
    }

    /// A word.
    pub fn u16(&mut self) -> Result<u16, Truncated> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    /// A dword.
    pub fn u32(&mut self) -> Result<u32, Truncated> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// An int.
    pub fn i32(&mut self) -> Result<i32, Truncated> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// A qword.
    pub fn u64(&mut self) -> Result<u64, Truncated> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// A float.
    pub fn f32(&mut self) -> Result<f32, Truncated> {
        Ok(f32::from_bits(self.u32()?))
    }

    /// A string: its length, then its bytes.
    pub fn string(&mut self) -> Result<&'a [u8], Truncated> {
        let start = self.offset;
        let length = self.u32()?;
        let text = usize::try_from(length).ok().and_then(|length| self.bytes(length).ok());
        text.ok_or(Truncated { offset: start })
    }

    /// Reads the number of items that follow, refused if they could not fit at `item_min` bytes
    /// each.
    pub fn count(&mut self, item_min: usize) -> Result<usize, Truncated> {
        let start = self.offset;
        let count = self.u32()? as usize;
        match count.checked_mul(item_min) {
            Some(size) if size <= self.remaining() => Ok(count),
            _ => Err(Truncated { offset: start }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let array = self.bytes.get(self.offset..).and_then(<[u8]>::first_chunk);
        let array = array.ok_or(Truncated { offset: self.offset })?;
        self.offset += N;
        Ok(*array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        bytes.put_u8(1);
        bytes.put_u16(0x0203);
        bytes.put_u32(0x0405_0607);
        bytes.put_u64(u64::MAX - 1);
        bytes.put_i32(-2);
        bytes.put_f32(1.5);
        bytes.put_string(b"abc");
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16(), Ok(0x0203));
        assert_eq!(reader.u32(), Ok(0x0405_0607));
        assert_eq!(reader.u64(), Ok(u64::MAX - 1));
        assert_eq!(reader.i32(), Ok(-2));
        assert_eq!(reader.f32(), Ok(1.5));
        assert_eq!(reader.string(), Ok(&b"abc"[..]));
        assert_eq!(reader.u8(), Err(Truncated { offset: bytes.len() }));
    }

    #[test]
    fn announced_lengths_are_not_trusted() {
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 1]);
        assert_eq!(reader.string(), Err(Truncated { offset: 0 }));
        let mut reader = Reader::new(&[0, 0, 0, 2, 1, 2, 3]);
        assert_eq!(reader.count(4), Err(Truncated { offset: 0 }));
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 1]);
        assert_eq!(reader.count(usize::MAX), Err(Truncated { offset: 0 }));
    }
}
