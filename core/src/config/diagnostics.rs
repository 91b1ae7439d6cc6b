//! Faults and oddities of a configuration, as its readers collect them.

use std::collections::BTreeSet;
use std::ops::Range;

use super::placed::PlacedText;
use crate::diagnostic::{Diagnostic, DiagnosticKind, cut, excerpt};
use crate::error::Error;
use crate::limits;

/// Diagnostics of a reader, in the order of the text. The same word is said once, however many
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
        add(&mut self.errors, DiagnosticKind::Fault, placed, range, expected.into());
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
        add(&mut self.warnings, DiagnosticKind::Warning, placed, range, expected.into());
    }

    /// An oddity in the whole of `placed`.
    pub(super) fn warning_whole(&mut self, placed: &PlacedText, expected: impl Into<String>) {
        self.warning(placed, 0..placed.text.len(), expected);
    }

    /// The text ends before `placed` is complete, and daemons take that.
    pub(super) fn early_end(&mut self, placed: &PlacedText, expected: impl Into<String>) {
        let range = 0..placed.text.len();
        add(&mut self.early_ends, DiagnosticKind::Warning, placed, range, expected.into());
    }

    /// A fault that what was warned of leads to.
    pub(super) fn error_by_warnings(&mut self, placed: &PlacedText, expected: &str) {
        self.lists_warnings = true;
        self.error_whole(placed, expected);
    }

    /// Errors, if there is one, else warnings; each with its line of the text of its file.
    pub(super) fn finish(self, texts: &[(&str, &str)]) -> Result<Vec<Diagnostic>, Error> {
        let Self { mut errors, mut warnings, early_ends, lists_warnings } = self;
        if errors.is_empty() {
            warnings.extend(early_ends);
            Ok(list(warnings, texts))
        } else {
            errors.extend(early_ends);
            if lists_warnings {
                errors.extend(warnings);
            }
            Err(Error::Config(list(errors, texts)))
        }
    }
}

fn add(
    set: &mut BTreeSet<Diagnostic>,
    kind: DiagnosticKind,
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
    set.insert(Diagnostic { file, line, column, text, expected, kind, excerpt });
}

fn list(set: BTreeSet<Diagnostic>, texts: &[(&str, &str)]) -> Vec<Diagnostic> {
    let is_cut = set.len() > limits::DIAGNOSTICS_MAX;
    let mut list: Vec<_> = set.into_iter().take(limits::DIAGNOSTICS_MAX).collect();
    for (file, text) in texts {
        let mut lines = (1..).zip(text.split('\n')).peekable();
        let of_file = |diagnostic: &&mut Diagnostic| {
            diagnostic.line > 0 && diagnostic.excerpt.is_empty() && diagnostic.file == *file
        };
        for diagnostic in list.iter_mut().filter(of_file) {
            while lines.next_if(|(number, _)| *number < diagnostic.line).is_some() {}
            if let Some((_, line)) = lines.peek() {
                diagnostic.excerpt = excerpt(line, diagnostic.column);
            }
        }
    }
    if let (true, Some(last)) = (is_cut, list.last_mut()) {
        last.expected.push_str("; what follows is not listed");
    }
    list
}
