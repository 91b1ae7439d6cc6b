//! The rows of a result set, as places in the reply's body.

use std::collections::TryReserveError;

use crate::limits::VALUES_BETWEEN_MARKS;

/// The rows of a result set, in the daemon's order.
///
/// Where no value varies in size, places follow from the first row's. Else each row has marks:
/// where its values begin, and where it is behind every [`VALUES_BETWEEN_MARKS`] that vary.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    layout: Layout,
    count: usize,
    start: usize,
    marks: Vec<u32>,
}

/// A row of a result set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Document id.
    pub id: u64,
    /// Weight of the match.
    pub weight: i32,
}

/// What all rows of a set have alike.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    /// Ids take 64 bits.
    pub(super) has_wide_ids: bool,
    /// Bytes of all values that do not vary in size.
    pub(super) fixed_size: usize,
    /// Values that do.
    pub(super) varying: usize,
}

impl Rows {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A row; `None` if there is no such row, or `body` is not the one that was decoded.
    pub fn get(&self, body: &[u8], number: usize) -> Option<Row> {
        let start = self.mark(number, 0)? - self.layout.head_size();
        let rest = body.get(start..)?;
        let (id, rest) = match self.layout.has_wide_ids {
            true => rest.split_first_chunk().map(|(id, rest)| (u64::from_be_bytes(*id), rest))?,
            false => {
                let (id, rest) = rest.split_first_chunk()?;
                (u32::from_be_bytes(*id).into(), rest)
            }
        };
        Some(Row { id, weight: i32::from_be_bytes(*rest.first_chunk()?) })
    }

    /// Where a row's values begin, or with another number where it is behind so many times
    /// [`VALUES_BETWEEN_MARKS`] values that vary in size.
    pub(super) fn mark(&self, row: usize, number: usize) -> Option<usize> {
        if row >= self.count {
            return None;
        }
        if self.layout.varying == 0 {
            let size = self.layout.head_size() + self.layout.fixed_size;
            return Some(self.start + row * size + self.layout.head_size());
        }
        let mark = self.marks.get(row * self.layout.marks() + number)?;
        Some(*mark as usize)
    }

    /// Makes `count` rows from that place of the body on, without their marks yet.
    pub(super) fn new(
        layout: Layout,
        count: usize,
        start: usize,
    ) -> Result<Rows, TryReserveError> {
        let mut marks = Vec::new();
        if layout.varying > 0 {
            marks.try_reserve_exact(count * layout.marks())?;
        }
        Ok(Rows { layout, count, start, marks })
    }

    /// A mark of the row that is being read; there is room for those of all rows.
    pub(super) fn push_mark(&mut self, offset: usize) {
        self.marks.push(offset as u32);
    }
}

impl Layout {
    /// Bytes of id and weight.
    pub(super) fn head_size(self) -> usize {
        if self.has_wide_ids { 12 } else { 8 }
    }

    /// Bytes of the smallest row: of values that vary in size, JSON fields take a single one.
    pub(super) fn row_size_min(self) -> usize {
        self.head_size() + self.fixed_size + self.varying
    }

    fn marks(self) -> usize {
        1 + self.varying / VALUES_BETWEEN_MARKS
    }
}
