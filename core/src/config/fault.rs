//! A fault of a text, before it has a file and a line.

use std::ops::Range;

/// What is wrong with a value, and where in it, in bytes.
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
