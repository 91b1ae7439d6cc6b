//! Places in a text that is read from its beginning to its end.

use std::sync::Arc;

use super::super::placed::PlacedText;

/// A place that moves forward through a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    source: &'a Arc<str>,
    offset: usize,
    line: u32,
    column: u32,
}

impl<'a> Cursor<'a> {
    /// Stands at the beginning.
    pub(super) fn new(text: &'a str, source: &'a Arc<str>) -> Self {
        Cursor { text, source, offset: 0, line: 1, column: 1 }
    }

    /// The character that stands there.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The text from there on.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    /// Passes a character and returns it.
    pub(super) fn advance(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.offset += letter.len_utf8();
        if letter == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(letter)
    }

    /// Passes characters as long as they are of that sort.
    pub(super) fn skip(&mut self, is_such: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&is_such) {
            self.advance();
        }
    }

    /// Passes everything before that byte; stays where it is if it was passed before.
    pub(super) fn go_to(&mut self, offset: usize) {
        while self.offset < offset && self.advance().is_some() {}
    }

    /// A text that begins at the place, still empty.
    pub(super) fn placed(&self) -> PlacedText {
        PlacedText::new(self.source, self.line, self.column)
    }

    /// Adds the character at the place to a text, and passes it.
    pub(super) fn take(&mut self, placed: &mut PlacedText) {
        let (line, column) = (self.line, self.column);
        if let Some(letter) = self.advance() {
            // What stands between is an escape, at most.
            placed.push(letter, line, column, true);
        }
    }
}
