//! `CREATE TABLE name type='distributed' agent='...'`, as SHOW CREATE TABLE prints it.

use std::sync::Arc;

use super::super::diagnostics::Diagnostics;
use super::super::placed::PlacedText;
use super::super::section::{Entry, Section};
use super::super::text::is_word_letter;
use super::cursor::Cursor;
use super::{is_used, kind_of, new_table};

/// True if a text holds statements: no section of a configuration begins so.
pub(in super::super) fn is_statement(text: &str) -> bool {
    let text = text.trim_ascii_start();
    let word = text.split(|letter: char| !is_word_letter(letter)).next().unwrap_or("");
    word.eq_ignore_ascii_case("create")
}

/// Reads the distributed tables of one statement or more, with `;` between them.
pub(in super::super) fn read_statements(
    text: &str,
    source: &Arc<str>,
    diagnostics: &mut Diagnostics,
) -> Vec<Section> {
    let mut reader = Reader { at: Cursor::new(text, source), diagnostics };
    let mut tables = Vec::new();
    loop {
        reader.at.skip(|letter| letter.is_whitespace() || letter == ';');
        if reader.at.peek().is_none() {
            return tables;
        }
        match reader.read_statement() {
            Ok(table) => tables.extend(table),
            Err(expected) => {
                reader.fault(expected);
                reader.skip_statement();
            }
        }
    }
}

struct Reader<'a> {
    at: Cursor<'a>,
    diagnostics: &'a mut Diagnostics,
}

/// What is expected where the reader stands.
type Expected = &'static str;

impl Reader<'_> {
    fn read_statement(&mut self) -> Result<Option<Section>, Expected> {
        for word in ["create", "table"] {
            let found = self.read_word();
            if !found.text.eq_ignore_ascii_case(word) {
                self.diagnostics.error_whole(&found, "CREATE TABLE is expected");
                self.skip_statement();
                return Ok(None);
            }
        }
        self.skip_blanks();
        let is_quoted = self.at.peek() == Some('`');
        let mut name = self.read_name()?;
        if !is_quoted && name.text.eq_ignore_ascii_case("if") {
            // NOT EXISTS.
            self.read_word();
            self.read_word();
            name = self.read_name()?;
        }
        self.skip_columns()?;
        let mut entries = Vec::new();
        while !self.is_at_end() {
            entries.extend(self.read_option()?);
        }
        match kind_of(&entries) {
            Some(kind) if kind.text.eq_ignore_ascii_case("distributed") => {}
            _ => {
                let expected = "a distributed table is expected; this one is not read";
                self.diagnostics.warning_whole(&name, expected);
                return Ok(None);
            }
        }
        entries.retain(|entry| is_used(&entry.key, self.diagnostics));
        Ok(new_table(name, entries, self.diagnostics))
    }

    /// `key = 'value'`, where the quotes may be left out.
    fn read_option(&mut self) -> Result<Option<Entry>, Expected> {
        let mut key = self.read_word();
        if key.text.is_empty() {
            return Err("an option of the table is expected");
        }
        key.text.make_ascii_lowercase();
        self.skip_blanks();
        if self.at.peek() != Some('=') {
            return Err("'=' and a value are expected");
        }
        self.at.advance();
        self.skip_blanks();
        let value = match self.at.peek() {
            Some(quote @ ('\'' | '"')) => self.read_quoted(quote)?,
            _ => {
                let value = self.read_word();
                if value.text.is_empty() {
                    return Err("a value in quotes is expected");
                }
                value
            }
        };
        if value.text.contains(char::is_control) {
            self.diagnostics.error_whole(&value, "a value without control characters is expected");
            return Ok(None);
        }
        self.skip_blanks();
        if self.at.peek() == Some(',') {
            self.at.advance();
        }
        Ok(Some(Entry { key, value }))
    }

    /// A text up to its closing quote, where `\` takes what follows as it stands.
    fn read_quoted(&mut self, quote: char) -> Result<PlacedText, Expected> {
        self.at.advance();
        let mut text = self.at.placed();
        loop {
            match self.at.peek() {
                None => return Err("the closing quote of the value is expected"),
                Some(letter) if letter == quote => {
                    self.at.advance();
                    return Ok(text);
                }
                Some('\\') => {
                    self.at.advance();
                    self.at.take(&mut text);
                }
                Some(_) => self.at.take(&mut text),
            }
        }
    }

    fn read_name(&mut self) -> Result<PlacedText, Expected> {
        self.skip_blanks();
        let name = match self.at.peek() {
            Some('`') => self.read_quoted('`')?,
            _ => self.read_word(),
        };
        if name.text.is_empty() { Err("the name of a table is expected") } else { Ok(name) }
    }

    /// A word, which may be empty.
    fn read_word(&mut self) -> PlacedText {
        self.skip_blanks();
        let mut word = self.at.placed();
        while self.at.peek().is_some_and(is_word_letter) {
            self.at.take(&mut word);
        }
        word
    }

    /// Passes over a list of columns, which a distributed table has none of.
    fn skip_columns(&mut self) -> Result<(), Expected> {
        self.skip_blanks();
        if self.at.peek() != Some('(') {
            return Ok(());
        }
        let mut depth = 0_usize;
        loop {
            match self.at.peek() {
                None => return Err("the ')' behind the columns is expected"),
                Some(quote @ ('\'' | '`' | '"')) => {
                    self.read_quoted(quote)?;
                    continue;
                }
                Some('(') => depth += 1,
                Some(')') => depth -= 1,
                _ => {}
            }
            self.at.advance();
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Passes what is left of a statement, up to a `;` outside of quotes.
    fn skip_statement(&mut self) {
        loop {
            match self.at.peek() {
                None | Some(';') => return,
                // Without its end, it is the rest of the text.
                Some(quote @ ('\'' | '`' | '"')) => _ = self.read_quoted(quote),
                Some(_) => _ = self.at.advance(),
            }
        }
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_blanks();
        matches!(self.at.peek(), None | Some(';'))
    }

    fn skip_blanks(&mut self) {
        self.at.skip(char::is_whitespace);
    }

    fn fault(&mut self, expected: Expected) {
        let mut place = self.at.placed();
        place.text.extend(self.at.rest().split_whitespace().next());
        self.diagnostics.error_whole(&place, expected);
    }
}
