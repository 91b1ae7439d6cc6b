//! Columns, conditions and orders.

use super::super::fault::Fault;
use super::super::select::{Column, Direction, Order, OrderKey, Predicate, Quantifier, Test};
use super::super::statement::{Name, Number, Span, Text, Value};
use super::super::token::Token;
use super::{Parsed, Parser};
use crate::limits::{STATEMENT_CONDITIONS_MAX, STATEMENT_DEPTH_MAX};

/// What `WHERE` asks for.
#[derive(Default)]
pub(super) struct Conditions {
    pub(super) text: Option<Text>,
    pub(super) predicates: Vec<Predicate>,
}

impl Parser<'_> {
    /// Conditions that must all hold; brackets around some of them change nothing.
    pub(super) fn conditions(&mut self) -> Parsed<Conditions> {
        let mut conditions = Conditions::default();
        let mut depth = 0;
        loop {
            while self.token == Token::Open {
                if depth == STATEMENT_DEPTH_MAX {
                    let expected = format!("brackets nest deeper than {STATEMENT_DEPTH_MAX}");
                    return Err(self.expected(expected));
                }
                depth += 1;
                self.advance();
            }
            self.condition(&mut conditions)?;
            while depth > 0 && self.takes(Token::Close) {
                depth -= 1;
            }
            if self.is("OR") {
                let expected = "AND is expected: OR can't be asked of agents; make it an \
                                expression with an alias, such as 'a=1 OR b=2 AS x', and ask for \
                                x=1";
                return Err(self.expected(expected));
            }
            if !self.takes_keyword("AND") {
                break;
            }
        }
        match depth {
            0 => Ok(conditions),
            _ => Err(self.expected("AND or ')' is expected")),
        }
    }

    fn condition(&mut self, conditions: &mut Conditions) -> Parsed<()> {
        if self.is_call_of("MATCH") {
            if conditions.text.is_some() {
                return Err(self.expected("one MATCH() is expected, and no second one"));
            }
            self.advance();
            self.advance();
            conditions.text = Some(self.text_value("a text between single quotes")?);
            self.expect(Token::Close, "')'")?;
            return Ok(());
        }
        if self.is("NOT") {
            return Err(self.expected("a condition is expected: write !=, NOT IN or IS NOT NULL"));
        }
        if conditions.predicates.len() == STATEMENT_CONDITIONS_MAX {
            let expected = format!("at most {STATEMENT_CONDITIONS_MAX} conditions are expected");
            return Err(self.expected(expected));
        }
        let predicate = self.predicate()?;
        if predicate.column.text == "count(*)" {
            let expected = "a condition on documents is expected; one on groups belongs in HAVING";
            return Err(Fault::new(predicate.column.span, expected));
        }
        conditions.predicates.push(predicate);
        Ok(())
    }

    /// One condition on a column.
    pub(super) fn predicate(&mut self) -> Parsed<Predicate> {
        let start = self.span;
        let quantifier = match (self.is_call_of("ANY"), self.is_call_of("ALL")) {
            (true, _) => Some(Quantifier::Any),
            (_, true) => Some(Quantifier::All),
            _ => None,
        };
        let column = if quantifier.is_some() {
            self.advance();
            self.advance();
            let column = self.column()?;
            self.expect(Token::Close, "')'")?;
            column
        } else {
            self.column()?
        };
        let test = self.test()?;
        Ok(Predicate { column, quantifier, test, span: start.to(self.last) })
    }

    fn test(&mut self) -> Parsed<Test> {
        let token = self.token;
        match token {
            Token::Equal | Token::Unequal => {
                self.advance();
                let value = self.scalar(VALUE)?;
                Ok(if token == Token::Equal { Test::Equal(value) } else { Test::Unequal(value) })
            }
            Token::Less | Token::AtMost | Token::Greater | Token::AtLeast => {
                self.advance();
                let (number, span) = self.placed_number()?;
                Ok(match token {
                    Token::Less => Test::Less(number, span),
                    Token::AtMost => Test::AtMost(number, span),
                    Token::Greater => Test::Greater(number, span),
                    _ => Test::AtLeast(number, span),
                })
            }
            _ if self.takes_keyword("BETWEEN") => {
                let (from, start) = self.placed_number()?;
                self.keyword("AND")?;
                let (to, end) = self.placed_number()?;
                Ok(Test::Between(from, to, start.to(end)))
            }
            _ if self.takes_keyword("IN") => self.set(false),
            _ if self.takes_keyword("NOT") => {
                self.keyword("IN")?;
                self.set(true)
            }
            _ if self.takes_keyword("IS") => {
                let is_negated = self.takes_keyword("NOT");
                self.keyword("NULL")?;
                Ok(if is_negated { Test::IsNotNull } else { Test::IsNull })
            }
            Token::Open => {
                let expected = "a comparison is expected; give an expression of the select list \
                                an alias, and ask for that";
                Err(self.expected(expected))
            }
            _ => Err(self.expected("a comparison, BETWEEN, IN, NOT IN or IS is expected")),
        }
    }

    fn set(&mut self, is_negated: bool) -> Parsed<Test> {
        let start = self.span;
        if self.token == Token::Variable {
            let name = self.variable()?;
            let test = if is_negated { Test::NotInVariable } else { Test::InVariable };
            return Ok(test(name));
        }
        let values = match self.is_free_place() {
            true => match self.value(VALUE)? {
                Value::List(values, _) => values,
                value => vec![value],
            },
            false => {
                self.expect(Token::Open, "'(' or a @variable")?;
                let values = self.scalars(VALUE)?;
                self.expect(Token::Close, "',' or ')'")?;
                values
            }
        };
        self.check_set(&values, start)?;
        let test = if is_negated { Test::NotIn } else { Test::In };
        Ok(test(values, start.to(self.last)))
    }

    /// A set is of whole numbers or of texts.
    fn check_set(&self, values: &[Value], start: Span) -> Parsed<()> {
        let Some(first) = values.first() else {
            let span = start.to(self.last);
            return Err(Fault::new(
                span,
                "at least one value is expected: no value is no condition",
            ));
        };
        let is_text = matches!(first, Value::Text(_));
        let misfit = values.iter().find(|value| match value {
            Value::Text(_) => !is_text,
            Value::Number(Number::Float(_), _) | Value::List(..) => true,
            Value::Number(..) => is_text,
        });
        match misfit {
            Some(value) => {
                let what = if is_text { "a text" } else { "a whole number" };
                let expected = format!("{what} is expected, as the first value of the set is one");
                let floats = "whole numbers or texts are expected in a set";
                let is_float = matches!(value, Value::Number(Number::Float(_), _));
                let expected = if is_float { floats.to_owned() } else { expected };
                Err(Fault::new(value.span(), expected))
            }
            None => Ok(()),
        }
    }

    /// A global variable.
    pub(super) fn variable(&mut self) -> Parsed<Name> {
        let span = self.expect(Token::Variable, "a @variable")?;
        Ok(Name { text: self.text(span).to_owned(), span })
    }

    fn placed_number(&mut self) -> Parsed<(Number, Span)> {
        let start = self.span;
        let number = self.number("a number")?;
        Ok((number, start.to(self.last)))
    }

    /// An attribute, an alias, a field of a document, or one of the functions that stand for a
    /// column.
    pub(super) fn column(&mut self) -> Parsed<Column> {
        let start = self.span;
        if let Some(function) = FUNCTIONS.into_iter().find(|name| self.is_call_of(name)) {
            self.advance();
            self.advance();
            if function == "count" {
                self.expect(Token::Star, "'*'")?;
            }
            self.expect(Token::Close, "')'")?;
            let star = if function == "count" { "*" } else { "" };
            let text = format!("{function}({star})");
            return Ok(Column { text, span: start.to(self.last) });
        }
        if self.token == Token::Variable {
            let expected = "a column is expected; @id is id here, @weight weight(), @count \
                            count(*), @groupby groupby()";
            return Err(self.expected(expected));
        }
        let name = self.name("a column")?;
        let Name { mut text, .. } = name;
        loop {
            if self.token == Token::Field {
                let field = self.advance();
                let field = self.text(field);
                text.push('.');
                text.push_str(field[1..].trim_start());
            } else if self.takes(Token::OpenSquare) {
                let span = self.span;
                if !self.takes(Token::Text) {
                    self.expect(Token::Whole, "a place or a key between single quotes")?;
                }
                self.expect(Token::CloseSquare, "']'")?;
                text.push('[');
                text.push_str(self.text(span));
                text.push(']');
            } else {
                return Ok(Column { text, span: start.to(self.last) });
            }
        }
    }

    /// Columns between commas.
    pub(super) fn columns(&mut self) -> Parsed<Vec<Column>> {
        self.list("columns", Self::column)
    }

    /// What stands behind `ORDER BY`.
    pub(super) fn order(&mut self) -> Parsed<Order> {
        if !self.is_call_of("RAND") {
            return Ok(Order::Keys(self.order_keys()?));
        }
        let start = self.advance();
        self.advance();
        self.expect(Token::Close, "')'")?;
        Ok(Order::Random(start.to(self.last)))
    }

    /// Keys between commas.
    pub(super) fn order_keys(&mut self) -> Parsed<Vec<OrderKey>> {
        self.list("columns", |parser| {
            let column = parser.column()?;
            let direction = match parser.takes_keyword("DESC") {
                true => Direction::Descending,
                false => {
                    parser.takes_keyword("ASC");
                    Direction::Ascending
                }
            };
            Ok(OrderKey { column, direction })
        })
    }
}

const VALUE: &str = "a number or a text between single quotes";

const FUNCTIONS: [&str; 4] = ["weight", "count", "groupby", "facet"];
