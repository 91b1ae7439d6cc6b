//! SHOW statements about agents (core/docs/spec/distributed.md 7.1).

use crate::error::Error;
use crate::limits::DIAGNOSTIC_TEXT_MAX;

/// What to show, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    /// Of what.
    pub target: ShowTarget,
    /// Keys to show: `%` stands for any text, `_` for one character, and case counts.
    pub like: Option<String>,
    /// As which daemon.
    pub flavour: Flavour,
}

/// What a SHOW statement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShowTarget {
    /// `SHOW AGENT STATUS`: all hosts.
    Hosts,
    /// `SHOW AGENT 'name' STATUS`: the distributed index of that name, or else the host.
    Named(String),
    /// `SHOW STATUS`: the counters of agents.
    Counters,
}

/// Whose keys and formats are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// Keys of searchd 2.2.11, its misspelt one included.
    #[default]
    Sphinx2211,
    /// Keys of Manticore, with the values that its manual promises.
    Manticore,
}

impl Show {
    /// All rows in the flavour of 2.2.11.
    pub fn new(target: ShowTarget) -> Self {
        Self { target, like: None, flavour: Flavour::default() }
    }

    /// Reads `SHOW AGENT ['host:port' | 'path' | 'index' | index] STATUS [LIKE 'pattern']` or
    /// `SHOW STATUS [LIKE 'pattern']`; any other text is an [`Error::Request`].
    pub fn parse(statement: &str) -> Result<Self, Error> {
        let refuse = |fault: Fault| {
            let quoted: String = statement.chars().take(DIAGNOSTIC_TEXT_MAX).collect();
            Error::Request(format!("statement '{quoted}': {}; {GRAMMAR}", fault.0))
        };
        parse(&mut Lexer { rest: statement }).map_err(refuse)
    }

    /// Sets the flavour of the rows.
    pub fn flavour(mut self, flavour: Flavour) -> Self {
        self.flavour = flavour;
        self
    }

    /// Leaves out keys that do not fit the pattern; an empty one fits all.
    pub fn like(mut self, pattern: impl Into<String>) -> Self {
        self.like = Some(pattern.into()).filter(|pattern: &String| !pattern.is_empty());
        self
    }

    /// Names of the two columns, as the daemon has them.
    pub fn columns(&self) -> [&'static str; 2] {
        match self.target {
            ShowTarget::Hosts => ["Key", "Value"],
            ShowTarget::Named(_) => ["Variable_name", "Value"],
            ShowTarget::Counters => ["Counter", "Value"],
        }
    }
}

/// What is wrong with a statement, and what was expected.
struct Fault(String);

#[derive(PartialEq)]
enum Token {
    Word(String),
    /// In backticks: never a keyword.
    Name(String),
    Text(String),
    Other(char),
    End,
}

impl Token {
    fn is(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn instead_of(&self, expected: &str) -> Fault {
        let found = match self {
            Token::Word(text) | Token::Name(text) | Token::Text(text) => {
                format!("'{}'", text.chars().take(DIAGNOSTIC_TEXT_MAX).collect::<String>())
            }
            Token::Other(character) => format!("'{character}'"),
            Token::End => "its end".to_owned(),
        };
        Fault(format!("{expected} expected instead of {found}"))
    }
}

fn parse(lexer: &mut Lexer<'_>) -> Result<Show, Fault> {
    expect(lexer.next()?, "SHOW")?;
    let token = lexer.next()?;
    let mut after = lexer.next()?;
    let target = if token.is("STATUS") {
        ShowTarget::Counters
    } else if token.is("AGENT") {
        let first = after;
        after = lexer.next()?;
        if first.is("STATUS") && !after.is("STATUS") {
            ShowTarget::Hosts
        } else {
            let name = match first {
                Token::Word(name) | Token::Name(name) | Token::Text(name) => name,
                other => return Err(other.instead_of("a name or STATUS")),
            };
            expect(after, "STATUS")?;
            after = lexer.next()?;
            // As if there were no name, in 2.2.11.
            if name.is_empty() { ShowTarget::Hosts } else { ShowTarget::Named(name) }
        }
    } else {
        return Err(token.instead_of("AGENT or STATUS"));
    };
    let mut show = Show::new(target);
    if after.is("LIKE") {
        match lexer.next()? {
            Token::Text(pattern) => show.like = Some(pattern).filter(|text| !text.is_empty()),
            other => return Err(other.instead_of("a quoted pattern")),
        }
        after = lexer.next()?;
    }
    if after == Token::Other(';') {
        after = lexer.next()?;
    }
    if after == Token::End { Ok(show) } else { Err(after.instead_of("LIKE or the end")) }
}

fn expect(token: Token, keyword: &str) -> Result<(), Fault> {
    if token.is(keyword) { Ok(()) } else { Err(token.instead_of(keyword)) }
}

struct Lexer<'a> {
    rest: &'a str,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Token, Fault> {
        self.skip_blanks()?;
        let Some(first) = self.rest.chars().next() else { return Ok(Token::End) };
        match first {
            '\'' => self.quoted(first).map(Token::Text),
            '`' => self.quoted(first).map(Token::Name),
            'a'..='z' | 'A'..='Z' | '_' => {
                let is_of_word = |other: char| other.is_ascii_alphanumeric() || other == '_';
                let end = self.rest.find(|other| !is_of_word(other)).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                Ok(Token::Word(word.to_owned()))
            }
            other => {
                self.rest = &self.rest[other.len_utf8()..];
                Ok(Token::Other(other))
            }
        }
    }

    /// Blanks and comments.
    fn skip_blanks(&mut self) -> Result<(), Fault> {
        loop {
            self.rest = self.rest.trim_start();
            let Some(comment) = self.rest.strip_prefix("/*") else { return Ok(()) };
            let end = comment.find("*/").ok_or_else(|| Fault("no closing */".to_owned()))?;
            self.rest = &comment[end + 2..];
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, Fault> {
        let mut text = String::new();
        let mut chars = self.rest[quote.len_utf8()..].chars();
        loop {
            match chars.next() {
                Some('\\') => text.extend(chars.next().map(unescape)),
                Some(end) if end == quote => break,
                Some(other) => text.push(other),
                None => return Err(Fault(format!("no closing {quote}"))),
            }
        }
        self.rest = chars.as_str();
        Ok(text)
    }
}

/// What a character behind a backslash stands for.
fn unescape(character: char) -> char {
    match character {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\x08',
        other => other,
    }
}

const GRAMMAR: &str = "write SHOW AGENT ['name'] STATUS [LIKE 'pattern'] or \
                       SHOW STATUS [LIKE 'pattern']";
