//! What is wrong with a statement, and where.

use super::statement::Span;
use crate::diagnostic::{self, Diagnostic, DiagnosticKind};

/// A fault of a statement, before its line is looked up.
#[derive(Debug)]
pub(crate) struct Fault {
    span: Span,
    /// What was expected there, or why that can't be.
    expected: String,
}

impl Fault {
    pub(crate) fn new(span: Span, expected: impl Into<String>) -> Self {
        Fault { span, expected: expected.into() }
    }

    /// The fault with its place in lines and columns.
    pub(crate) fn in_text(self, text: &str) -> Diagnostic {
        let Fault { span, expected } = self;
        diagnostic(text, span, expected)
    }
}

/// What is wrong at a place of a statement's text.
fn diagnostic(text: &str, span: Span, expected: String) -> Diagnostic {
    let start = text.floor_char_boundary(span.start);
    let end = text.floor_char_boundary(span.end).max(start);
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |place| place + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    let line_text = text[line_start..].split('\n').next().unwrap_or_default();
    let found = match &text[start..end] {
        "" => END,
        found => found,
    };
    let place = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Diagnostic {
        file: FILE.to_owned(),
        line: place(line),
        column: place(column),
        text: diagnostic::cut(found),
        expected,
        kind: DiagnosticKind::Fault,
        excerpt: diagnostic::excerpt(line_text, place(column)),
    }
}

/// What stands for a file in a message about a statement.
const FILE: &str = "statement";

/// What is found where nothing is left.
const END: &str = "end of the text";
