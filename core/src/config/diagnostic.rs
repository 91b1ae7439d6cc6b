//! Faults and oddities of a configuration, each with its place.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::ops::Range;

use super::placed::PlacedText;
use crate::error::Error;
use crate::limits;

/// One fault or oddity of a configuration, with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// File, or the name that the caller gave the text, or `set("section", "key")`.
    pub file: String,
    /// From 1; 0 where a program set the value, or where the whole file is meant.
    pub line: u32,
    /// In characters from 1: of the line, or of the value that a program set; 0 where the whole
    /// file is meant.
    pub column: u32,
    /// The offending text; a long one is cut.
    pub text: String,
    /// What was expected there, and for a warning, what is done instead.
    pub expected: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, text, expected } = self;
        match (line, column) {
            (0, 0) => write!(out, "{file}: '")?,
            (0, _) => write!(out, "{file}, column {column}: '")?,
            _ => write!(out, "{file}:{line}:{column}: '")?,
        }
        for letter in text.chars() {
            if letter.is_control() {
                write!(out, "{}", letter.escape_default())?;
            } else {
                out.write_char(letter)?;
            }
        }
        write!(out, "': {expected}")
    }
}

/// What a reader has to say, in the order of the text; the same word is said once, however many
/// sections inherit the line that it is about.
#[derive(Debug, Default)]
pub(super) struct Diagnostics {
    errors: BTreeSet<Diagnostic>,
    warnings: BTreeSet<Diagnostic>,
}

impl Diagnostics {
    /// A fault in a part of `placed`, given in bytes.
    pub(super) fn error(
        &mut self,
        placed: &PlacedText,
        range: Range<usize>,
        expected: impl Into<String>,
    ) {
        add(&mut self.errors, placed, range, expected.into());
    }

    /// A fault in the whole of `placed`.
    pub(super) fn error_whole(&mut self, placed: &PlacedText, expected: impl Into<String>) {
        self.error(placed, 0..placed.text.len(), expected);
    }

    /// An oddity in a part of `placed`, given in bytes.
    pub(super) fn warning(
        &mut self,
        placed: &PlacedText,
        range: Range<usize>,
        expected: impl Into<String>,
    ) {
        add(&mut self.warnings, placed, range, expected.into());
    }

    /// An oddity in the whole of `placed`.
    pub(super) fn warning_whole(&mut self, placed: &PlacedText, expected: impl Into<String>) {
        self.warning(placed, 0..placed.text.len(), expected);
    }

    /// Errors, if there is one, else warnings.
    pub(super) fn finish(self) -> Result<Vec<Diagnostic>, Error> {
        if self.errors.is_empty() {
            Ok(list(self.warnings))
        } else {
            Err(Error::Config(list(self.errors)))
        }
    }
}

fn add(
    set: &mut BTreeSet<Diagnostic>,
    placed: &PlacedText,
    range: Range<usize>,
    expected: String,
) {
    if set.len() > limits::DIAGNOSTICS_MAX {
        return;
    }
    let (line, column) = placed.place(range.start);
    let text = cut(&placed.text[range]);
    set.insert(Diagnostic { file: placed.source.to_string(), line, column, text, expected });
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(limits::DIAGNOSTIC_TEXT_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn list(set: BTreeSet<Diagnostic>) -> Vec<Diagnostic> {
    let is_cut = set.len() > limits::DIAGNOSTICS_MAX;
    let mut list: Vec<_> = set.into_iter().take(limits::DIAGNOSTICS_MAX).collect();
    if let (true, Some(last)) = (is_cut, list.last_mut()) {
        last.expected.push_str("; what follows is not listed");
    }
    list
}
