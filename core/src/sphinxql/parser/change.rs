//! Statements that change something, and calls.

use super::super::fault::Fault;
use super::super::statement::{
    Argument, Assignment, Call, Delete, Insert, Name, Number, Update, Value, Variable,
};
use super::super::token::Token;
use super::condition::Conditions;
use super::{Parsed, Parser};
use crate::limits::STATEMENT_VALUES_MAX;

impl Parser<'_> {
    pub(super) fn update(&mut self) -> Parsed<Update> {
        let start = self.advance();
        let indexes = self.names("an index")?;
        self.keyword("SET")?;
        let assignments = self.list("attributes", |parser| {
            let column = parser.column()?;
            parser.expect(Token::Equal, "'='")?;
            let column = Name { text: column.text, span: column.span };
            let value = parser.value("a number, a text or numbers in brackets")?;
            Ok(Assignment { column, value })
        })?;
        self.keyword("WHERE")?;
        let Conditions { text, predicates } = self.conditions()?;
        let settings = self.settings()?;
        let span = start.to(self.last);
        Ok(Update { indexes, assignments, text, conditions: predicates, settings, span })
    }

    pub(super) fn delete(&mut self) -> Parsed<Delete> {
        let start = self.advance();
        self.keyword("FROM")?;
        let indexes = self.names("an index")?;
        self.keyword("WHERE")?;
        let Conditions { text, predicates } = self.conditions()?;
        Ok(Delete { indexes, text, conditions: predicates, span: start.to(self.last) })
    }

    pub(super) fn insert(&mut self) -> Parsed<Insert> {
        let replaces = self.is("REPLACE");
        let start = self.advance();
        self.keyword("INTO")?;
        let index = self.name("an index")?;
        let columns = match self.takes(Token::Open) {
            true => {
                let columns = self.names("a column")?;
                self.expect(Token::Close, "',' or ')'")?;
                columns
            }
            false => Vec::new(),
        };
        self.keyword("VALUES")?;
        let mut rows = Vec::new();
        let mut count = 0;
        loop {
            let row_start = self.span;
            let row = self.row()?;
            count += row.len();
            if count > STATEMENT_VALUES_MAX {
                let expected = format!("values of all rows are more than {STATEMENT_VALUES_MAX}");
                return Err(Fault::new(row_start, expected));
            }
            let width = columns.len();
            if width > 0 && row.len() != width {
                let found = row.len();
                let span = row_start.to(self.last);
                return Err(Fault::new(span, format!("{width} values are expected, not {found}")));
            }
            rows.push(row);
            if !self.takes(Token::Comma) {
                break;
            }
        }
        Ok(Insert { replaces, index, columns, rows, span: start.to(self.last) })
    }

    fn row(&mut self) -> Parsed<Vec<Value>> {
        self.expect(Token::Open, "'('")?;
        let row = self.list("values of a row", |parser| parser.value("a value"))?;
        self.expect(Token::Close, "',' or ')'")?;
        Ok(row)
    }

    pub(super) fn set_global(&mut self) -> Parsed<Variable> {
        let start = self.advance();
        let index = match self.takes_keyword("INDEX") {
            true => Some(self.name("an index")?),
            false => None,
        };
        self.keyword("GLOBAL")?;
        let name = self.variable()?;
        self.expect(Token::Equal, "'='")?;
        let values = if self.is_free_place() {
            let span = self.span;
            match self.value("whole numbers")? {
                Value::List(values, _) => ints(&values)?,
                _ => return Err(Fault::new(span, "a list of whole numbers is expected")),
            }
        } else {
            self.expect(Token::Open, "'('")?;
            let values = ints(&self.scalars("a whole number")?)?;
            self.expect(Token::Close, "',' or ')'")?;
            values
        };
        if values.is_empty() {
            return Err(Fault::new(self.last, "at least one number is expected"));
        }
        Ok(Variable { index, name, values, span: start.to(self.last) })
    }

    pub(super) fn call(&mut self) -> Parsed<Call> {
        let start = self.advance();
        if !PROCEDURES.iter().any(|known| self.is(known)) {
            return Err(self.expected(format!("one of {} is expected", PROCEDURES.join(", "))));
        }
        let procedure = self.name("a procedure")?;
        self.expect(Token::Open, "'('")?;
        let arguments = self.list("arguments", |parser| {
            let value = parser.value("a number, a text or texts in brackets")?;
            let has_name = parser.takes_keyword("AS") || parser.is_name();
            let name = if has_name { Some(parser.option_name()?) } else { None };
            Ok(Argument { value, name })
        })?;
        self.expect(Token::Close, "',' or ')'")?;
        Ok(Call { procedure, arguments, span: start.to(self.last) })
    }

    /// Names of options, of which one is a keyword elsewhere.
    fn option_name(&mut self) -> Parsed<Name> {
        if self.is("LIMIT") {
            let span = self.advance();
            return Ok(Name { text: self.text(span).to_owned(), span });
        }
        self.name("the name of an option")
    }
}

fn ints(values: &[Value]) -> Parsed<Vec<i64>> {
    let int = |value: &Value| match value {
        Value::Number(Number::Int(number), _) => Ok(*number),
        other => Err(Fault::new(other.span(), "a whole number of 64 bits is expected")),
    };
    values.iter().map(int).collect()
}

/// Procedures of `CALL`.
const PROCEDURES: [&str; 5] = ["SNIPPETS", "KEYWORDS", "SUGGEST", "QSUGGEST", "PQ"];
