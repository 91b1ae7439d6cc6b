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
    /// The line of the text and a caret below it; empty where the whole file is meant.
    excerpt: String,
}

impl Diagnostic {
    /// The message as people read it: that of [`Display`](fmt::Display), the line of the
    /// configuration, and a caret below the place.
    ///
    /// ```
    /// use hamirror::{Config, Error};
    ///
    /// let text = "index docs {\n type = distributed\n agent = box1:0:docs\n}\n";
    /// let Err(Error::Config(diagnostics)) = Config::parse(text, "c.conf") else { panic!() };
    /// let expected = "c.conf:3:15: '0': a port from 1 to 65535 is expected
    ///      agent = box1:0:docs
    ///                   ^";
    /// assert_eq!(diagnostics[0].rendered(), expected);
    /// ```
    pub fn rendered(&self) -> String {
        let separator = if self.excerpt.is_empty() { "" } else { "\n" };
        format!("{self}{separator}{}", self.excerpt)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, text, expected, .. } = self;
        match (line, column) {
            (0, 0) => write!(out, "{file}: '")?,
            (0, _) => write!(out, "{file}, column {column}: '")?,
            _ => write!(out, "{file}:{line}:{column}: '")?,
        }
        write_line(text, out)?;
        out.write_str("': ")?;
        // It may name things of the text, too.
        write_line(expected, out)
    }
}

fn write_line(text: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for letter in text.chars() {
        if letter.is_control() {
            write!(out, "{}", letter.escape_default())?;
        } else {
            out.write_char(letter)?;
        }
    }
    Ok(())
}

/// What a reader has to say, in the order of the text; the same word is said once, however many
/// sections inherit the line that it is about.
#[derive(Debug, Default)]
pub(super) struct Diagnostics {
    errors: BTreeSet<Diagnostic>,
    warnings: BTreeSet<Diagnostic>,
    /// Warnings of a text that ends too early; listed with errors, too, for they may be why.
    early_ends: BTreeSet<Diagnostic>,
    /// An error follows from the warnings, which are listed with it.
    lists_warnings: bool,
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

    /// The text ends before `placed` is complete, and daemons take that.
    pub(super) fn early_end(&mut self, placed: &PlacedText, expected: impl Into<String>) {
        add(&mut self.early_ends, placed, 0..placed.text.len(), expected.into());
    }

    /// A fault that what was warned of leads to.
    pub(super) fn error_by_warnings(&mut self, placed: &PlacedText, expected: &str) {
        self.lists_warnings = true;
        self.error_whole(placed, expected);
    }

    /// Errors, if there is one, else warnings; each with its line of `text`.
    pub(super) fn finish(self, text: &str) -> Result<Vec<Diagnostic>, Error> {
        let Self { mut errors, mut warnings, early_ends, lists_warnings } = self;
        if errors.is_empty() {
            warnings.extend(early_ends);
            Ok(list(warnings, text))
        } else {
            errors.extend(early_ends);
            if lists_warnings {
                errors.extend(warnings);
            }
            Err(Error::Config(list(errors, text)))
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
    let file = placed.source.to_string();
    let excerpt = match (line, column) {
        (0, 1..) => excerpt(&placed.text, column),
        _ => String::new(),
    };
    set.insert(Diagnostic { file, line, column, text, expected, excerpt });
}

/// No more of a text than a message may have.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(limits::DIAGNOSTIC_TEXT_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The part of a line around a column, and a caret below that column.
fn excerpt(line: &str, column: u32) -> String {
    let place = usize::try_from(column).unwrap_or(usize::MAX).saturating_sub(1);
    let start = place.saturating_sub(limits::DIAGNOSTIC_LINE_MAX / 2);
    let mut letters = line.chars().skip(start);
    let part = letters.by_ref().take(limits::DIAGNOSTIC_LINE_MAX);
    // A tab would set the caret off.
    let part: String = part.map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let before = if start > 0 { "..." } else { "" };
    let after = if letters.next().is_some() { "..." } else { "" };
    let part = format!("    {before}{part}");
    let blanks = 4 + before.len() + (place - start);
    format!("{}{after}\n{:blanks$}^", part.trim_end(), "")
}

fn list(set: BTreeSet<Diagnostic>, text: &str) -> Vec<Diagnostic> {
    let is_cut = set.len() > limits::DIAGNOSTICS_MAX;
    let mut list: Vec<_> = set.into_iter().take(limits::DIAGNOSTICS_MAX).collect();
    let mut lines = (1..).zip(text.split('\n')).peekable();
    for diagnostic in list.iter_mut().filter(|diagnostic| diagnostic.line > 0) {
        while lines.next_if(|(number, _)| *number < diagnostic.line).is_some() {}
        if let Some((_, line)) = lines.peek() {
            diagnostic.excerpt = excerpt(line, diagnostic.column);
        }
    }
    if let (true, Some(last)) = (is_cut, list.last_mut()) {
        last.expected.push_str("; what follows is not listed");
    }
    list
}
