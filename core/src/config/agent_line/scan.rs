//! A part of an agent line, read from left to right.

use std::ops::Range;

use crate::config::fault::Fault;
use crate::config::units::BLANKS;

/// A part of a line, read from left to right.
pub(super) struct Scan<'a> {
    /// The line up to the end of the part, without blanks there.
    pub(super) text: &'a str,
    /// Byte of the line that is read next.
    pub(super) at: usize,
}

impl<'a> Scan<'a> {
    /// The part of a line, less the blanks around it.
    pub(super) fn new(line: &'a str, part: Range<usize>) -> Self {
        let part = trim(line, part);
        Self { text: &line[..part.end], at: part.start }
    }

    /// The part of the line that was not read yet.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes letters as long as they fit.
    pub(super) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> Range<usize> {
        let rest = self.rest();
        let length = rest.find(|letter| !fits(letter)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        start..self.at
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(|letter| BLANKS.contains(&letter));
    }

    /// A fault in what is not read yet.
    pub(super) fn fault(&self, expected: impl Into<String>) -> Fault {
        Fault { range: self.at..self.text.len(), expected: expected.into() }
    }
}

/// The range without blanks at its ends.
pub(super) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + (inner.len() - inner.trim_start_matches(BLANKS).len());
    start..start + inner.trim_matches(BLANKS).len()
}

/// Message about a `|` beside which no mirror stands.
pub(super) const MIRROR_EXPECTED: &str = "a mirror is expected beside each '|'; it is ignored";

/// Where a mirror has to begin.
pub(super) const HOST_EXPECTED: &str = "a host name, an address or a socket path is expected";
