//! A body walked field by field, with a text for what does not fit.

use super::super::Reader;

/// Why a walk ends before the body does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The request is incomplete or does not fit what it says of itself.
    Fault(String),
    /// From here on nothing is certain, or the daemon answers ERROR without reading on.
    Unknown,
}

/// `Err` ends the walk.
pub(super) type Step<T> = Result<T, Stop>;

/// Reads a body; each read names the field for the error text.
pub(super) struct Walk<'a> {
    reader: Reader<'a>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { reader: Reader::new(body) }
    }

    pub(super) fn u8(&mut self, field: &str) -> Step<u8> {
        let start = self.reader.offset();
        self.reader.u8().map_err(|_| ended(field, start))
    }

    pub(super) fn u32(&mut self, field: &str) -> Step<u32> {
        let start = self.reader.offset();
        self.reader.u32().map_err(|_| ended(field, start))
    }

    pub(super) fn i32(&mut self, field: &str) -> Step<i32> {
        self.u32(field).map(|value| value as i32)
    }

    pub(super) fn string(&mut self, field: &str) -> Step<&'a [u8]> {
        let start = self.reader.offset();
        self.reader.string().map_err(|_| ended(field, start))
    }

    /// Reads so many strings.
    pub(super) fn strings(&mut self, field: &str, count: usize) -> Step<()> {
        for _ in 0..count {
            self.string(field)?;
        }
        Ok(())
    }

    /// A string that no request of the kind goes without.
    pub(super) fn filled_string(&mut self, field: &str) -> Step<&'a [u8]> {
        let start = self.reader.offset();
        match self.string(field)? {
            [] => fault(format!("{field} at byte {start} is empty: fill it")),
            text => Ok(text),
        }
    }

    /// Passes over `length` bytes.
    pub(super) fn skip(&mut self, field: &str, length: usize) -> Step<&'a [u8]> {
        let start = self.reader.offset();
        self.reader.bytes(length).map_err(|_| ended(field, start))
    }

    /// A number of items that fit into the bytes left at `item_min` bytes each.
    pub(super) fn count(&mut self, field: &str, item_min: usize) -> Step<usize> {
        let start = self.reader.offset();
        self.reader.count(item_min).map_err(|_| {
            Stop::Fault(format!(
                "the body is too short for the number of {field} at byte {start}: send each item"
            ))
        })
    }

    /// A number of items and that many items.
    pub(super) fn list(
        &mut self,
        field: &str,
        item_min: usize,
        mut item: impl FnMut(&mut Self) -> Step<()>,
    ) -> Step<()> {
        for _ in 0..self.count(field, item_min)? {
            item(self)?;
        }
        Ok(())
    }

    /// A number of items and that many items of `size` bytes, which may hold anything.
    pub(super) fn array(&mut self, field: &str, size: usize) -> Step<()> {
        let count = self.count(field, size)?;
        self.skip(field, count * size)?;
        Ok(())
    }

    /// The body has to end here.
    pub(super) fn end(&self) -> Step<()> {
        match self.reader.remaining() {
            0 => Ok(()),
            left => fault(format!(
                "{left} bytes follow the last field at byte {}: remove them, they are no part of \
                 the request",
                self.reader.offset()
            )),
        }
    }
}

/// Ends the walk with this text.
pub(super) fn fault<T>(text: String) -> Step<T> {
    Err(Stop::Fault(text))
}

fn ended(field: &str, offset: usize) -> Stop {
    Stop::Fault(format!("the body ends inside {field} at byte {offset}: send the whole field"))
}
