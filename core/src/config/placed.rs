//! Text that knows where each of its characters came from.

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

/// A word or value taken out of a configuration; over continued lines its characters don't stand
/// side by side.
#[derive(Clone, Debug)]
pub(super) struct PlacedText {
    /// The characters, without comments, continuations and outer blanks.
    pub(super) text: String,
    /// File, or who set it.
    pub(super) source: Arc<str>,
    /// Never empty.
    runs: SmallVec<[Run; 1]>,
}

/// Characters that stand side by side.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Bytes of the text before it.
    offset: usize,
    line: u32,
    column: u32,
}

impl PlacedText {
    /// Nothing yet; stands there if nothing is added.
    pub(super) fn new(source: &Arc<str>, line: u32, column: u32) -> Self {
        let runs = smallvec![Run { offset: 0, line, column }];
        Self { text: String::new(), source: source.clone(), runs }
    }

    /// A value that a program handed in.
    pub(super) fn set(source: &Arc<str>, text: &str) -> Self {
        Self { text: text.trim().to_owned(), ..Self::new(source, 0, 1) }
    }

    /// Adds a character; `starts_run` if it does not stand beside the last one.
    pub(super) fn push(&mut self, letter: char, line: u32, column: u32, starts_run: bool) {
        let run = Run { offset: self.text.len(), line, column };
        match self.runs.last_mut() {
            Some(last) if last.offset == run.offset => *last = run,
            _ if starts_run => self.runs.push(run),
            _ => {}
        }
        self.text.push(letter);
    }

    /// Takes blanks off the end.
    pub(super) fn trim_end(&mut self) {
        self.text.truncate(self.text.trim_end().len());
    }

    /// Line and column of the character at that byte.
    pub(super) fn place(&self, offset: usize) -> (u32, u32) {
        let after = self.runs.partition_point(|run| run.offset <= offset);
        let run = self.runs[after.saturating_sub(1)];
        let between = self.text.get(run.offset..offset).unwrap_or("").chars().count();
        (run.line, run.column.saturating_add(u32::try_from(between).unwrap_or(u32::MAX)))
    }

    /// No file holds it: a program set it.
    pub(super) fn is_set_by_program(&self) -> bool {
        self.runs[0].line == 0
    }
}
