//! The text of a configuration taken apart into sections, keys and values, as searchd does it. `#`
//! ends a line unless `\` stands before it, and `\` at a line's end continues a value. A value
//! takes its whole line, braces included.

use std::str::Chars;
use std::sync::Arc;

use super::diagnostics::Diagnostics;
use super::placed::PlacedText;
use super::reading::Reading;
use super::section::{Entry, Section, SectionKind};
use crate::limits;

/// Reads all sections; whatever is wrong goes into `diagnostics`, and reading goes on behind it.
pub(super) fn read_sections(
    text: &str,
    source: &Arc<str>,
    reading: Reading,
    diagnostics: &mut Diagnostics,
) -> Vec<Section> {
    let rest = text.chars();
    let [line, column] = [1, 1];
    let mut reader =
        TextReader { rest, line, column, source, reading, diagnostics, next_kind: None };
    let mut sections = Vec::new();
    while let Some(kind) = reader.read_kind() {
        sections.extend(reader.read_section(kind));
    }
    sections
}

struct TextReader<'a> {
    rest: Chars<'a>,
    line: u32,
    column: u32,
    source: &'a Arc<str>,
    reading: Reading,
    diagnostics: &'a mut Diagnostics,
    /// The first word of a section, read while its predecessor's `}` was looked for.
    next_kind: Option<PlacedText>,
}

impl TextReader<'_> {
    /// The first word of the next section; `None` at the end of the text.
    fn read_kind(&mut self) -> Option<PlacedText> {
        loop {
            if let Some(kind) = self.next_kind.take().or_else(|| self.read_word()) {
                return Some(kind);
            }
            match self.peek()? {
                '}' => self.error_here("a section is expected; no section is open here"),
                _ => self.error_here("a section is expected"),
            }
            self.skip_line();
        }
    }

    fn read_section(&mut self, kind_word: PlacedText) -> Option<Section> {
        let Some(kind) = SectionKind::from_word(&kind_word.text, self.reading) else {
            let words = SectionKind::words(self.reading).collect::<Vec<_>>().join(", ");
            let expected = format!("a section is expected: {words}");
            if self.is_lost_at_end() {
                self.diagnostics.early_end(&kind_word, expected);
            } else {
                self.diagnostics.error_whole(&kind_word, expected);
            }
            self.skip_broken_section(&kind_word);
            return None;
        };
        let Some(mut section) = self.read_head(kind, &kind_word) else {
            self.skip_broken_section(&kind_word);
            return None;
        };
        self.read_body(&kind_word, &mut section.entries);
        let is_small = !kind_word.text.contains(|letter: char| letter.is_ascii_uppercase());
        if self.reading != Reading::Sphinx || is_small {
            return Some(section);
        }
        let expected = format!("'{}' is expected", kind_word.text.to_ascii_lowercase());
        if section.entries.is_empty() {
            let expected = expected + "; the empty section is passed over";
            self.diagnostics.warning_whole(&kind_word, expected);
        } else {
            self.diagnostics.error_whole(&kind_word, expected);
        }
        None
    }

    /// `NAME [: PARENT] {`, or `{` alone for a section that exists once.
    fn read_head(&mut self, kind: SectionKind, kind_word: &PlacedText) -> Option<Section> {
        let mut section = Section { kind, name: kind_word.clone(), parent: None, entries: vec![] };
        if kind.is_named() {
            section.name = self.expect_word("the section's name is expected")?;
            self.skip_head_blanks("'{' is expected");
            if self.peek() == Some(':') {
                self.advance();
                self.skip_head_blanks("the parent's name is expected");
                section.parent = Some(self.expect_word("the parent's name is expected")?);
            }
        }
        self.skip_blanks();
        if self.peek() != Some('{') {
            self.error_here("'{' is expected");
            return None;
        }
        self.advance();
        Some(section)
    }

    /// Keys and values up to the closing brace.
    fn read_body(&mut self, kind_word: &PlacedText, entries: &mut Vec<Entry>) {
        loop {
            if let Some(key) = self.read_word() {
                if let Some(entry) = self.read_entry(key) {
                    entries.push(entry);
                }
                if self.next_kind.is_some() {
                    return;
                }
                continue;
            }
            match self.peek() {
                Some('}') => {
                    self.advance();
                    return;
                }
                Some(_) => {
                    self.error_here("a key or '}' is expected");
                    self.skip_line();
                }
                None => {
                    let expected =
                        "the section's '}' is expected before the end of the text; it ends there";
                    self.diagnostics.early_end(kind_word, expected);
                    return;
                }
            }
        }
    }

    /// `= VALUE` behind a key.
    fn read_entry(&mut self, key: PlacedText) -> Option<Entry> {
        let key_line = self.line;
        self.skip_blanks();
        if self.peek() == Some('=') {
            self.advance();
            return Some(Entry { key, value: self.read_value()? });
        }
        if SectionKind::from_word(&key.text, self.reading).is_some() {
            let expected = "the '}' of the section before it is expected, on its own line";
            self.diagnostics.error_whole(&key, expected);
            self.next_kind = Some(key);
            return None;
        }
        if self.peek().is_none() {
            self.diagnostics.early_end(&key, "'=' is expected after it; the key is lost");
            return None;
        }
        self.error_here(&format!("'=' is expected after key '{}'", key.text));
        if self.line == key_line && self.peek() != Some('}') {
            self.skip_line();
        }
        None
    }

    /// Up to the end of the line. `None` if the text ends first: both daemons lose that value.
    fn read_value(&mut self) -> Option<PlacedText> {
        while self.peek().is_some_and(|letter| letter != '\n' && letter.is_whitespace()) {
            self.advance();
        }
        let mut value = PlacedText::new(self.source, self.line, self.column);
        let mut starts_run = true;
        loop {
            let Some(letter) = self.peek() else {
                let expected = "the end of the line is expected after it; the value is lost";
                value.trim_end();
                self.diagnostics.early_end(&value, expected);
                return None;
            };
            let after = self.rest.as_str().get(1..).unwrap_or("");
            match letter {
                '\n' => break,
                '#' => {
                    self.skip_line();
                    break;
                }
                '\\' if after.starts_with('\n') || after.starts_with("\r\n") => {
                    self.skip_line();
                    starts_run = true;
                    continue;
                }
                '\\' if after.starts_with('#') => {
                    self.advance();
                    value.push('#', self.line, self.column, true);
                    starts_run = false;
                }
                _ if value.text.is_empty() && letter.is_whitespace() => {}
                _ => {
                    value.push(letter, self.line, self.column, starts_run);
                    starts_run = false;
                }
            }
            self.advance();
        }
        value.trim_end();
        Some(value)
    }

    /// A name, key or kind of section, behind blanks and comments; `None` if none stands there.
    fn read_word(&mut self) -> Option<PlacedText> {
        self.skip_blanks();
        let mut word = PlacedText::new(self.source, self.line, self.column);
        while let Some(letter) = self.peek().filter(|&letter| is_word_letter(letter)) {
            word.push(letter, self.line, self.column, false);
            self.advance();
        }
        if self.reading == Reading::Sphinx && word.text.len() > limits::SPHINX_WORD_MAX {
            let expected = format!("at most {} letters are expected", limits::SPHINX_WORD_MAX);
            self.diagnostics.error_whole(&word, expected);
        }
        (!word.text.is_empty()).then_some(word)
    }

    fn expect_word(&mut self, expected: &str) -> Option<PlacedText> {
        let word = self.read_word();
        if word.is_none() {
            self.error_here(expected);
        }
        word
    }

    /// Passes over a section whose head was refused, so that its keys are not refused as well.
    fn skip_broken_section(&mut self, kind_word: &PlacedText) {
        while self.peek().is_some_and(|letter| !matches!(letter, '\n' | '#' | '{')) {
            self.advance();
        }
        self.skip_blanks();
        if self.peek() == Some('{') {
            self.advance();
            self.read_body(kind_word, &mut Vec::new());
        }
    }

    /// Passes over white space and comments; 2.2.11 takes a comment here for a fault.
    fn skip_head_blanks(&mut self, expected: &str) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.advance();
        }
        if self.peek() == Some('#') && self.reading == Reading::Sphinx {
            self.error_here(expected);
        }
        self.skip_blanks();
    }

    /// Passes over white space and comments.
    fn skip_blanks(&mut self) {
        while let Some(letter) = self.peek() {
            match letter {
                '#' => self.skip_line(),
                _ if letter.is_whitespace() => self.advance(),
                _ => return,
            }
        }
    }

    /// Passes over the rest of the line and its end.
    fn skip_line(&mut self) {
        let line = self.line;
        while self.line == line && self.peek().is_some() {
            self.advance();
        }
    }

    /// A fault in what stands here up to the next blank.
    fn error_here(&mut self, expected: &str) {
        let mut placed = PlacedText::new(self.source, self.line, self.column);
        let letters = self.rest.clone().take_while(|letter| !letter.is_whitespace());
        placed.text.extend(letters.take(limits::DIAGNOSTIC_TEXT_MAX + 1));
        if self.is_lost_at_end() {
            self.diagnostics.early_end(&placed, expected);
        } else {
            self.diagnostics.error_whole(&placed, expected);
        }
    }

    /// The text ends here, and 2.2.11 passes over what is not complete, a section's head included.
    fn is_lost_at_end(&mut self) -> bool {
        self.reading == Reading::Sphinx && self.rest.as_str().trim_start().is_empty()
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn advance(&mut self) {
        match self.rest.next() {
            Some('\n') => {
                self.line = self.line.saturating_add(1);
                self.column = 1;
            }
            Some(_) => self.column = self.column.saturating_add(1),
            None => {}
        }
    }
}

/// Letters of names, keys and kinds of sections. Daemons take no `.` in a section's name; a remote
/// one may hold it (core/docs/spec/distributed.md 6.1).
pub(super) fn is_word_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.')
}
