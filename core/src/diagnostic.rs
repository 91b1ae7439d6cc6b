//! A fault or oddity of a configuration, with its place.

use std::fmt::{self, Write};

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
    /// Text of what was expected there, and for a warning, of what is done instead.
    pub expected: String,
    /// Whether it stops the reader or the statement.
    pub kind: DiagnosticKind,
    /// The line of the text and a caret below it; empty where the whole file is meant.
    pub(crate) excerpt: String,
}

/// Whether a diagnostic stops its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DiagnosticKind {
    /// A fault, for which the configuration or the statement is refused.
    Fault,
    /// An oddity that stops nothing by itself. An error lists it beside its faults where they may
    /// follow from it.
    Warning,
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

impl std::error::Error for Diagnostic {}

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

/// No more of a text than a message may have.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(limits::DIAGNOSTIC_TEXT_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The part of a line around a column, and a caret below that column.
pub(crate) fn excerpt(line: &str, column: u32) -> String {
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
