//! Reads statements: one function for each rule, with two words of sight.
//!
//! Nothing nests on the stack: brackets are counted, or kept in a list of those that are open.

mod change;
mod condition;
mod expression;
mod select;
mod setting;
mod show;
mod values;

use logos::{Lexer, Logos};

use super::fault::Fault;
use super::parameter::Parameters;
use super::statement::{Name, Span, Statement};
use super::token::{Token, is_reserved};
use crate::diagnostic::Diagnostic;
use crate::limits::{STATEMENT_ITEMS_MAX, STATEMENT_SIZE_MAX, STATEMENTS_MAX};

/// Reads one statement, or several between semicolons, with the values of its free places.
///
/// An error has the place of the first fault, and what was expected there.
pub fn parse(text: &str, parameters: &Parameters) -> Result<Vec<Statement>, Diagnostic> {
    statements(text, parameters).map_err(|fault| fault.in_text(text))
}

fn statements(text: &str, parameters: &Parameters) -> Result<Vec<Statement>, Fault> {
    if text.len() > STATEMENT_SIZE_MAX {
        let size = text.len();
        let span = Span { start: STATEMENT_SIZE_MAX, end: STATEMENT_SIZE_MAX };
        let expected = format!("{size} bytes are more than {STATEMENT_SIZE_MAX}");
        return Err(Fault::new(span, expected));
    }
    let mut parser = Parser::new(text, parameters);
    let mut statements = Vec::new();
    loop {
        if statements.len() == STATEMENTS_MAX {
            return Err(
                parser.expected(format!("at most {STATEMENTS_MAX} statements are expected"))
            );
        }
        statements.push(parser.statement()?);
        if !parser.takes(Token::Semicolon) || parser.token == Token::End {
            break;
        }
    }
    if parser.token != Token::End {
        return Err(parser.expected("the end of the statement is expected"));
    }
    parser.all_parameters_are_used()?;
    Ok(statements)
}

type Parsed<T> = Result<T, Fault>;

/// Reads a text word by word.
struct Parser<'a> {
    source: &'a str,
    lexer: Lexer<'a, Token>,
    /// The word to read now, and the one after it.
    token: Token,
    span: Span,
    next: (Token, Span),
    /// The last word read.
    last: Span,
    parameters: &'a Parameters,
    /// Values that the text has taken in turn.
    parameters_used: usize,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, parameters: &'a Parameters) -> Self {
        let nothing = (Token::End, Span::default());
        let mut parser = Parser {
            source,
            lexer: Token::lexer(source),
            token: nothing.0,
            span: nothing.1,
            next: nothing,
            last: nothing.1,
            parameters,
            parameters_used: 0,
        };
        parser.advance();
        parser.advance();
        parser.last = Span::default();
        parser
    }

    fn statement(&mut self) -> Parsed<Statement> {
        const FIRST: &str = "SELECT, SHOW, DESCRIBE, UPDATE, DELETE, INSERT, REPLACE, SET GLOBAL, \
                             FLUSH ATTRIBUTES or CALL is expected";
        if self.is("SELECT") {
            return Ok(Statement::Select(Box::new(self.select()?)));
        }
        if self.is("SHOW") {
            return Ok(Statement::Show(self.show()?));
        }
        if self.is("DESCRIBE") || self.is("DESC") {
            return self.describe();
        }
        if self.is("UPDATE") {
            return Ok(Statement::Update(self.update()?));
        }
        if self.is("DELETE") {
            return Ok(Statement::Delete(self.delete()?));
        }
        if self.is("INSERT") || self.is("REPLACE") {
            return Ok(Statement::Insert(self.insert()?));
        }
        if self.is("SET") {
            return Ok(Statement::SetGlobal(self.set_global()?));
        }
        if self.is("FLUSH") {
            let start = self.advance();
            self.keyword("ATTRIBUTES")?;
            return Ok(Statement::FlushAttributes(start.to(self.last)));
        }
        if self.is("CALL") {
            return Ok(Statement::Call(self.call()?));
        }
        Err(self.expected(FIRST))
    }

    /// Goes on to the next word, and returns the place of this one.
    fn advance(&mut self) -> Span {
        let taken = self.span;
        self.last = taken;
        (self.token, self.span) = self.next;
        let next = self.lexer.next();
        let span = self.lexer.span();
        let span = Span { start: span.start, end: span.end };
        self.next = match next {
            Some(token) => (token.unwrap_or(Token::Unknown), span),
            None => {
                let end = self.source.len();
                (Token::End, Span { start: end, end })
            }
        };
        taken
    }

    /// The text of a place.
    fn text(&self, span: Span) -> &'a str {
        &self.source[span.start..span.end]
    }

    /// Whether the word to read now is that keyword.
    fn is(&self, keyword: &str) -> bool {
        self.token == Token::Word && self.text(self.span).eq_ignore_ascii_case(keyword)
    }

    /// Whether the word after it is that keyword.
    fn is_next(&self, keyword: &str) -> bool {
        self.next.0 == Token::Word && self.text(self.next.1).eq_ignore_ascii_case(keyword)
    }

    /// Whether a function of that name is called here.
    fn is_call_of(&self, name: &str) -> bool {
        self.is(name) && self.next.0 == Token::Open
    }

    /// Takes that keyword if it is here.
    fn takes_keyword(&mut self, keyword: &str) -> bool {
        let is_here = self.is(keyword);
        if is_here {
            self.advance();
        }
        is_here
    }

    /// Takes that word if it is here.
    fn takes(&mut self, token: Token) -> bool {
        let is_here = self.token == token;
        if is_here {
            self.advance();
        }
        is_here
    }

    fn keyword(&mut self, keyword: &str) -> Parsed<Span> {
        if self.is(keyword) {
            return Ok(self.advance());
        }
        Err(self.expected(format!("{keyword} is expected")))
    }

    fn expect(&mut self, token: Token, what: &str) -> Parsed<Span> {
        if self.token == token {
            return Ok(self.advance());
        }
        Err(self.expected(format!("{what} is expected")))
    }

    /// Whether a name is here.
    fn is_name(&self) -> bool {
        match self.token {
            Token::Quoted => true,
            Token::Word => !is_reserved(self.text(self.span)),
            _ => false,
        }
    }

    fn name(&mut self, what: &str) -> Parsed<Name> {
        if self.is_name() {
            let span = self.advance();
            let text = self.text(span).trim_matches('`').to_owned();
            return Ok(Name { text, span });
        }
        if self.token == Token::Word {
            let word = self.text(self.span);
            return Err(self.expected(format!("{what} is expected; a keyword as one: `{word}`")));
        }
        Err(self.expected(format!("{what} is expected")))
    }

    /// Names between commas.
    fn names(&mut self, what: &str) -> Parsed<Vec<Name>> {
        self.list("names", |parser| parser.name(what))
    }

    /// Reads entries between commas: other ones than values, of which there may be more.
    fn list<T>(&mut self, what: &str, entry: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut entries = vec![entry(self)?];
        while self.takes(Token::Comma) {
            if entries.len() == STATEMENT_ITEMS_MAX {
                let expected = format!("at most {STATEMENT_ITEMS_MAX} {what} are expected");
                return Err(self.expected(expected));
            }
            entries.push(entry(self)?);
        }
        Ok(entries)
    }

    /// A fault at the word to read now.
    fn expected(&self, expected: impl Into<String>) -> Fault {
        let expected = match self.token {
            Token::OpenText => "the closing ' of this text is expected".to_owned(),
            Token::OpenComment => "the closing */ of this comment is expected".to_owned(),
            Token::BadNumber => "a blank is expected behind the digits of a number".to_owned(),
            Token::Unknown if self.text(self.span).starts_with('"') => {
                format!("{}; texts stand between single quotes", expected.into())
            }
            _ => expected.into(),
        };
        Fault::new(self.span, expected)
    }
}
