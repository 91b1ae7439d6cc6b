//! Settings of `OPTION`.

use super::super::fault::Fault;
use super::super::select::{Setting, SettingValue};
use super::super::statement::{Name, Value};
use super::super::token::Token;
use super::{Parsed, Parser};
use crate::limits::WEIGHTS_MAX;

impl Parser<'_> {
    /// Settings behind `OPTION`, if there are any.
    pub(super) fn settings(&mut self) -> Parsed<Vec<Setting>> {
        if !self.takes_keyword("OPTION") {
            return Ok(Vec::new());
        }
        self.list("settings", |parser| {
            let name = parser.name("the name of a setting")?;
            parser.expect(Token::Equal, "'='")?;
            Ok(Setting { name, value: parser.setting()? })
        })
    }

    fn setting(&mut self) -> Parsed<SettingValue> {
        const WHAT: &str = "a word, a whole number, a text or weights in brackets";
        if self.token == Token::Open {
            return self.weights();
        }
        if self.is_name() {
            let name = self.name(WHAT)?;
            if !self.takes(Token::Open) {
                return Ok(SettingValue::Word(name));
            }
            let text = self.text_value("a text between single quotes")?;
            self.expect(Token::Close, "')'")?;
            return Ok(SettingValue::Function(name, text));
        }
        match self.scalar(WHAT)? {
            Value::Text(text) => Ok(SettingValue::Text(text)),
            Value::Number(number, span) => match number.as_count() {
                Some(count) => Ok(SettingValue::Number(count, span)),
                None => Err(Fault::new(span, "a whole number from 0 on is expected")),
            },
            Value::List(_, span) => Err(Fault::new(span, format!("{WHAT} is expected"))),
        }
    }

    fn weights(&mut self) -> Parsed<SettingValue> {
        let start = self.advance();
        let mut weights: Vec<(Name, i32)> = Vec::new();
        loop {
            if weights.len() == WEIGHTS_MAX {
                return Err(self.expected(format!("at most {WEIGHTS_MAX} weights are expected")));
            }
            let name = self.name("the name of a field or an index")?;
            self.expect(Token::Equal, "'='")?;
            let start = self.span;
            let weight = i32::try_from(self.int("a whole number")?)
                .map_err(|_| Fault::new(start.to(self.last), "a weight of 32 bits is expected"))?;
            weights.push((name, weight));
            if !self.takes(Token::Comma) {
                break;
            }
        }
        self.expect(Token::Close, "',' or ')'")?;
        Ok(SettingValue::Weights(weights, start.to(self.last)))
    }
}
