//! Numbers, texts, and values of free places.

use super::super::fault::Fault;
use super::super::parameter::{Given, Parameter};
use super::super::statement::{Number, Span, Text, Value};
use super::super::token::Token;
use super::{Parsed, Parser};
use crate::limits::STATEMENT_VALUES_MAX;

impl<'a> Parser<'a> {
    /// A number or a text.
    pub(super) fn scalar(&mut self, what: &str) -> Parsed<Value> {
        if self.is_free_place() {
            let span = self.span;
            return match self.parameter()? {
                Parameter::List(_) => {
                    Err(Fault::new(span, format!("{what} is expected, and no list")))
                }
                value => scalar(value, span),
            };
        }
        if self.token == Token::Text {
            return Ok(Value::Text(self.text_value(what)?));
        }
        let start = self.span;
        let number = self.number(what)?;
        Ok(Value::Number(number, start.to(self.last)))
    }

    /// A number, a text, or a list of them in brackets.
    pub(super) fn value(&mut self, what: &str) -> Parsed<Value> {
        let start = self.span;
        if self.takes(Token::Open) {
            let mut values = Vec::new();
            if self.token != Token::Close {
                values = self.scalars(what)?;
            }
            self.expect(Token::Close, "')'")?;
            return Ok(Value::List(values, start.to(self.last)));
        }
        if self.is_free_place() {
            return match self.parameter()? {
                Parameter::List(values) => Ok(Value::List(scalars(values, start)?, start)),
                value => scalar(value, start),
            };
        }
        self.scalar(what)
    }

    /// Values between commas, of which free places may each hold several.
    pub(super) fn scalars(&mut self, what: &str) -> Parsed<Vec<Value>> {
        let mut values = Vec::new();
        loop {
            let span = self.span;
            match self.is_free_place() {
                true => match self.parameter()? {
                    Parameter::List(list) => values.extend(scalars(list, span)?),
                    value => values.push(scalar(value, span)?),
                },
                false => values.push(self.scalar(what)?),
            }
            if values.len() > STATEMENT_VALUES_MAX {
                let expected = format!("values of a list are more than {STATEMENT_VALUES_MAX}");
                return Err(Fault::new(span, expected));
            }
            if !self.takes(Token::Comma) {
                return Ok(values);
            }
        }
    }

    /// A number with or without a sign.
    pub(super) fn number(&mut self, what: &str) -> Parsed<Number> {
        if self.is_free_place() {
            let span = self.span;
            return match scalar(self.parameter()?, span)? {
                Value::Number(number, _) => Ok(number),
                _ => Err(Fault::new(span, format!("{what} is expected"))),
            };
        }
        let start = self.span;
        let is_negative = self.takes(Token::Minus);
        let token = self.token;
        if !matches!(token, Token::Whole | Token::Decimal) {
            return Err(self.expected(format!("{what} is expected")));
        }
        let digits = self.advance();
        let span = start.to(digits);
        let digits = self.text(digits);
        let number = match token {
            Token::Whole => whole(digits, is_negative),
            _ => decimal(digits, is_negative),
        };
        number.ok_or_else(|| Fault::new(span, "a number of 64 bits is expected"))
    }

    /// A whole number of 64 bits with a sign.
    pub(super) fn int(&mut self, what: &str) -> Parsed<i64> {
        let start = self.span;
        match self.number(what)? {
            Number::Int(value) => Ok(value),
            _ => Err(Fault::new(start.to(self.last), format!("{what} is expected"))),
        }
    }

    /// A whole number without a sign, up to `max`.
    pub(super) fn count(&mut self, what: &str, max: u64) -> Parsed<u64> {
        let start = self.span;
        let value = match self.number(what)? {
            Number::Int(value) => u64::try_from(value).ok(),
            Number::Uint(value) => Some(value),
            Number::Float(_) => None,
        };
        value.filter(|value| *value <= max).ok_or_else(|| {
            Fault::new(start.to(self.last), format!("{what} from 0 to {max} is expected"))
        })
    }

    /// A text between quotes, or of a free place.
    pub(super) fn text_value(&mut self, what: &str) -> Parsed<Text> {
        let span = self.span;
        if self.is_free_place() {
            return match self.parameter()? {
                Parameter::Text(text) => Ok(Text { text, span }),
                _ => Err(Fault::new(span, format!("{what} is expected, and no number"))),
            };
        }
        self.expect(Token::Text, what)?;
        let quoted = self.text(span);
        Ok(Text { text: unescape(&quoted[1..quoted.len() - 1]), span })
    }

    /// Whether a value beside the text belongs here.
    pub(super) fn is_free_place(&self) -> bool {
        use Token::{Named, NamedFormat, Next, NextOrRemainder};
        matches!(self.token, Next | NextOrRemainder | Named | NamedFormat)
    }

    /// The value that belongs here.
    pub(super) fn parameter(&mut self) -> Parsed<Parameter> {
        let (token, span) = (self.token, self.advance());
        let word = self.text(span);
        let parameters = self.parameters;
        if matches!(token, Token::Next | Token::NextOrRemainder) {
            let number = self.parameters_used;
            self.parameters_used += 1;
            return match &parameters.given {
                Given::InTurn(values) => values.get(number).cloned().ok_or_else(|| {
                    let count = values.len();
                    let expected = format!("no value is left for it: {count} were given");
                    Fault::new(span, expected)
                }),
                Given::None => Err(Fault::new(span, "a value for it is expected")),
                Given::ByName(_) => {
                    Err(Fault::new(span, "values were given by name: write :name"))
                }
            };
        }
        let name = word.trim_matches(|letter| "%()".contains(letter));
        let name = match token {
            Token::Named => &word[1..],
            _ => name.strip_suffix(")s").unwrap_or(name),
        };
        match &parameters.given {
            Given::ByName(values) => {
                let place = values.binary_search_by(|(known, _)| known.as_str().cmp(name));
                let value = place.ok().and_then(|place| values.get(place));
                value
                    .map(|(_, value)| value.clone())
                    .ok_or_else(|| Fault::new(span, "no value of this name was given"))
            }
            Given::None => Err(Fault::new(span, "a value for it is expected")),
            Given::InTurn(_) => Err(Fault::new(span, "values were given in turn: write ?")),
        }
    }

    /// A value that no place takes was meant for one.
    pub(super) fn all_parameters_are_used(&self) -> Parsed<()> {
        match &self.parameters.given {
            Given::InTurn(values) if values.len() > self.parameters_used => {
                let (count, used) = (values.len(), self.parameters_used);
                let expected = format!("{count} values were given for {used} places");
                Err(Fault::new(self.span, expected))
            }
            _ => Ok(()),
        }
    }
}

fn scalar(value: Parameter, span: Span) -> Parsed<Value> {
    let number = match value {
        Parameter::Int(value) => Number::Int(value),
        Parameter::Uint(value) => unsigned(value),
        Parameter::Float(value) if value.is_finite() => Number::Float(value),
        Parameter::Float(value) => {
            return Err(Fault::new(
                span,
                format!("a finite number, and not {value}, is expected"),
            ));
        }
        Parameter::Text(text) => return Ok(Value::Text(Text { text, span })),
        Parameter::List(_) => return Err(Fault::new(span, "a list in a list can't be")),
    };
    Ok(Value::Number(number, span))
}

fn scalars(values: Vec<Parameter>, span: Span) -> Parsed<Vec<Value>> {
    if values.len() > STATEMENT_VALUES_MAX {
        let expected = format!("values of a list are more than {STATEMENT_VALUES_MAX}");
        return Err(Fault::new(span, expected));
    }
    values.into_iter().map(|value| scalar(value, span)).collect()
}

fn unsigned(value: u64) -> Number {
    i64::try_from(value).map_or(Number::Uint(value), Number::Int)
}

fn whole(digits: &str, is_negative: bool) -> Option<Number> {
    let value: u64 = digits.parse().ok()?;
    match is_negative {
        true => Some(Number::Int(0_i64.checked_sub_unsigned(value)?)),
        false => Some(unsigned(value)),
    }
}

fn decimal(digits: &str, is_negative: bool) -> Option<Number> {
    let value: f64 = digits.parse().ok()?;
    value.is_finite().then_some(Number::Float(if is_negative { -value } else { value }))
}

/// What stands behind a backslash is itself, but for these letters.
fn unescape(quoted: &str) -> String {
    let mut text = String::with_capacity(quoted.len());
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('b') => '\u{8}',
                Some(other) => other,
                None => break,
            },
            letter => letter,
        });
    }
    text
}
