//! Entries of select lists. Expressions are kept as written: agents know what they mean.

use logos::Logos;

use super::super::fault::Fault;
use super::super::parameter::Parameter;
use super::super::select::{Aggregate, Item, ItemKind};
use super::super::statement::Span;
use super::super::token::{Token, is_reserved};
use super::{Parsed, Parser};
use crate::limits::STATEMENT_DEPTH_MAX;

impl Parser<'_> {
    /// Entries between commas.
    pub(super) fn items(&mut self) -> Parsed<Vec<Item>> {
        self.list("entries", Self::item)
    }

    fn item(&mut self) -> Parsed<Item> {
        let start = self.span;
        if self.takes(Token::Star) {
            let (kind, text) = (ItemKind::Everything, "*".to_owned());
            return Ok(Item { kind, text, alias: None, span: start });
        }
        let (kind, text) = if self.is_call_of("COUNT") {
            let aggregate = self.count_aggregate()?;
            (ItemKind::Aggregate(aggregate), self.written(start.to(self.last)))
        } else {
            self.expression()?
        };
        let span = start.to(self.last);
        if matches!(kind, ItemKind::Aggregate(_)) && matches!(self.role(), Role::Operator) {
            return Err(self.expected(ALONE));
        }
        let has_alias = self.takes_keyword("AS") || (self.is_name() && !self.is_facet_clause());
        let alias = if has_alias { Some(self.name("an alias")?) } else { None };
        Ok(Item { kind, text, alias, span })
    }

    /// `DISTINCT column` behind the list of a facet: an alias has no name behind it.
    fn is_facet_clause(&self) -> bool {
        self.is("DISTINCT") && matches!(self.next.0, Token::Word | Token::Quoted)
    }

    fn count_aggregate(&mut self) -> Parsed<Aggregate> {
        self.advance();
        self.advance();
        let aggregate = if self.takes(Token::Star) {
            Aggregate::Count
        } else if self.takes_keyword("DISTINCT") {
            Aggregate::CountDistinct(self.column()?)
        } else {
            return Err(self.expected("'*' or DISTINCT is expected in COUNT()"));
        };
        self.expect(Token::Close, "')'")?;
        Ok(aggregate)
    }

    /// An expression as written, less its comments, with numbers in its free places.
    fn expression(&mut self) -> Parsed<(ItemKind, String)> {
        let function = match (self.token, self.next.0) {
            (Token::Word, Token::Open) => aggregate_of(self.text(self.span)),
            _ => None,
        };
        let mut written = Written::default();
        let mut open = Vec::new();
        let mut is_behind_operand = false;
        // Of the first brackets: whether they hold a comma, and where they end.
        let (mut has_comma, mut call_end) = (false, 0);
        loop {
            let role = self.role();
            if open.is_empty() && !self.goes_on(role, is_behind_operand)? {
                break;
            }
            match role {
                Role::Opens(close) => self.open(&mut open, close)?,
                Role::Closes if open.pop() != Some(self.token) => {
                    return Err(self.expected("the bracket that closes the last one is expected"));
                }
                Role::Refused => return Err(self.expected("an expression is expected")),
                Role::Ends => return Err(self.expected("a closing bracket is expected")),
                _ => {}
            }
            has_comma |= call_end == 0 && open.len() == 1 && self.token == Token::Comma;
            self.write(&mut written, is_behind_operand)?;
            is_behind_operand = matches!(role, Role::Closes | Role::Operand | Role::Suffix);
            if matches!(role, Role::Closes) && open.is_empty() && call_end == 0 {
                call_end = written.text.len();
                if function.is_some() && !has_comma && self.goes_on(self.role(), true)? {
                    return Err(self.expected(ALONE));
                }
            }
        }
        let kind = match function {
            Some(function) if !has_comma => {
                let brackets = written.text[function.len()..].trim();
                let argument = brackets[1..brackets.len() - 1].trim();
                if argument.is_empty() {
                    return Err(Fault::new(self.last, "an expression is expected"));
                }
                ItemKind::Aggregate(Aggregate::Of(function, argument.to_owned()))
            }
            _ => ItemKind::Expression,
        };
        Ok((kind, written.text))
    }

    /// The text of a place that holds no free one, less comments.
    fn written(&self, span: Span) -> String {
        let source = self.text(span);
        let mut written = Written::default();
        for (_, place) in Token::lexer(source).spanned() {
            let place = Span { start: place.start, end: place.end };
            written.push(source, place, &source[place.start..place.end], false);
        }
        written.text
    }

    /// Whether the word goes on with the expression, outside of brackets: operands and operators
    /// take turns there.
    fn goes_on(&self, role: Role, is_behind_operand: bool) -> Parsed<bool> {
        let goes_on = match role {
            Role::Opens(close) => is_behind_operand || close == Token::Close,
            // Masters no longer take @id and its like; a set of values stands in brackets.
            Role::Operand if self.token == Token::Variable => false,
            Role::Operand => !is_behind_operand || self.token == Token::NextOrRemainder,
            Role::Operator if is_behind_operand => !self.is("NOT"),
            Role::Operator => self.token == Token::Minus || self.is("NOT"),
            Role::Suffix => is_behind_operand,
            Role::Closes | Role::Refused | Role::Other | Role::Ends => false,
        };
        match goes_on || is_behind_operand {
            true => Ok(goes_on),
            false => Err(self.expected("an expression is expected")),
        }
    }

    /// What the word to read now is in an expression.
    fn role(&self) -> Role {
        match self.token {
            Token::Open => Role::Opens(Token::Close),
            Token::OpenSquare => Role::Opens(Token::CloseSquare),
            Token::OpenCurly => Role::Opens(Token::CloseCurly),
            Token::Close | Token::CloseSquare | Token::CloseCurly => Role::Closes,
            Token::Word if OPERATORS.iter().any(|operator| self.is(operator)) => Role::Operator,
            Token::Word if self.is("NULL") || self.is_call_of("IN") => Role::Operand,
            Token::Word if is_reserved(self.text(self.span)) => Role::Other,
            Token::Word
            | Token::Quoted
            | Token::Whole
            | Token::Decimal
            | Token::Text
            | Token::Variable
            | Token::Next
            | Token::NextOrRemainder
            | Token::Named
            | Token::NamedFormat => Role::Operand,
            Token::Field | Token::Remainder => Role::Suffix,
            Token::Minus
            | Token::Star
            | Token::Operator
            | Token::Equal
            | Token::Unequal
            | Token::Less
            | Token::AtMost
            | Token::Greater
            | Token::AtLeast => Role::Operator,
            Token::Comma => Role::Other,
            Token::Unknown | Token::OpenText | Token::OpenComment | Token::BadNumber => {
                Role::Refused
            }
            Token::Semicolon | Token::End => Role::Ends,
        }
    }

    fn open(&self, open: &mut Vec<Token>, close: Token) -> Parsed<()> {
        if open.len() == STATEMENT_DEPTH_MAX {
            return Err(self.expected(format!("brackets nest deeper than {STATEMENT_DEPTH_MAX}")));
        }
        open.push(close);
        Ok(())
    }

    /// Writes the word to read now, or the number for a free place, and goes on.
    fn write(&mut self, written: &mut Written, is_behind_operand: bool) -> Parsed<()> {
        let span = self.span;
        let is_remainder = is_behind_operand && self.token == Token::NextOrRemainder;
        if is_remainder || !self.is_free_place() {
            let token = self.token;
            self.advance();
            let word = self.text(span);
            let name = word.trim_matches('`');
            let is_column = token == Token::Quoted && self.token != Token::Open;
            let word = if is_column && !is_reserved(name) { name } else { word };
            written.push(self.source, span, word, false);
            return Ok(());
        }
        let number = match self.parameter()? {
            Parameter::Int(value) => value.to_string(),
            Parameter::Uint(value) => value.to_string(),
            Parameter::Float(value) if value.is_finite() => format!("{value:?}"),
            _ => {
                let expected = "a finite number is expected in an expression";
                return Err(Fault::new(span, expected));
            }
        };
        let is_negative = number.starts_with('-');
        let number = if is_negative { format!("({number})") } else { number };
        written.push(self.source, span, &number, true);
        Ok(())
    }
}

/// What a word is in an expression.
#[derive(Clone, Copy)]
enum Role {
    /// A bracket, and what closes it.
    Opens(Token),
    Closes,
    Operand,
    /// Goes on with an operand.
    Suffix,
    Operator,
    /// Means something within brackets alone.
    Other,
    Refused,
    Ends,
}

/// An expression, as far as it is read.
#[derive(Default)]
struct Written {
    text: String,
    /// Where its last word ends in the source.
    end: Option<usize>,
    /// True if that is the value of a free place.
    is_behind_value: bool,
}

impl Written {
    fn push(&mut self, source: &str, span: Span, word: &str, is_value: bool) {
        if let Some(end) = self.end {
            let between = &source[end..span.start];
            let is_joint = between.is_empty() && (is_value || self.is_behind_value);
            let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_.".contains(letter);
            // A value is no part of the word beside it.
            let is_blank = between.contains("/*")
                || (is_joint && self.text.ends_with(is_letter) && word.starts_with(is_letter));
            self.text.push_str(if is_blank { " " } else { between });
        }
        self.text.push_str(word);
        self.end = Some(span.end);
        self.is_behind_value = is_value;
    }
}

fn aggregate_of(word: &str) -> Option<&'static str> {
    AGGREGATES.into_iter().find(|name| word.eq_ignore_ascii_case(name))
}

const ALONE: &str = "',' or FROM is expected: aggregates stand alone";

const AGGREGATES: [&str; 5] = ["sum", "avg", "min", "max", "group_concat"];

const OPERATORS: [&str; 6] = ["AND", "OR", "NOT", "DIV", "MOD", "IS"];
