//! A fault of a text, before it has a file and a line.

use std::ops::Range;

/// A fault in a value: its place in bytes, and text of what was expected there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) range: Range<usize>,
    pub(super) expected: String,
}

impl Fault {
    /// A fault in all of a text.
    pub(super) fn whole(text: &str, expected: impl Into<String>) -> Self {
        Self { range: 0..text.len(), expected: expected.into() }
    }
}
