//! What a statement says.

use super::select::{Predicate, Select, Setting};

/// A statement.
///
/// Two are equal if they say the same, wherever their words stand. [`Display`](std::fmt::Display)
/// writes one that parses to its equal.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Statement {
    /// `SELECT`, with its `FACET`s.
    Select(Box<Select>),
    /// `SHOW`.
    Show(Show),
    /// `DESCRIBE` or `DESC`: an index, and a pattern of `LIKE`.
    Describe(Name, Option<Text>),
    /// `UPDATE`.
    Update(Update),
    /// `DELETE`.
    Delete(Delete),
    /// `INSERT` or `REPLACE`.
    Insert(Insert),
    /// `SET GLOBAL @name = (…)`.
    SetGlobal(Variable),
    /// `FLUSH ATTRIBUTES`.
    FlushAttributes(Span),
    /// `CALL SNIPPETS` or `CALL KEYWORDS`.
    Call(Call),
}

/// A place in a text, in bytes. Any two are equal, so that statements compare by what they say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// Where it starts.
    pub start: usize,
    /// The byte after its last one.
    pub end: usize,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

impl Span {
    /// The place from the start of this one to the end of another one.
    pub(super) fn to(self, last: Span) -> Span {
        Span { start: self.start, end: last.end }
    }
}

/// A name of an index, an attribute or an alias, without backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Place in the text.
    pub span: Span,
}

/// A text, without quotes and escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Place in the text.
    pub span: Span,
}

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole one with a sign.
    Int(i64),
    /// A whole one from 2^63 on, as document ids are.
    Uint(u64),
    /// A finite one with decimals or an exponent.
    Float(f64),
}

impl Number {
    /// Returns it if it is whole and has no sign.
    pub fn as_count(self) -> Option<u64> {
        match self {
            Number::Int(value) => u64::try_from(value).ok(),
            Number::Uint(value) => Some(value),
            Number::Float(_) => None,
        }
    }
}

/// A value in a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(Number, Span),
    /// A text.
    Text(Text),
    /// Values in brackets, as multi-value attributes have them.
    List(Vec<Value>, Span),
}

impl Value {
    /// Returns its place.
    pub fn span(&self) -> Span {
        match self {
            Value::Number(_, span) | Value::List(_, span) => *span,
            Value::Text(text) => text.span,
        }
    }
}

/// A `SHOW` statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    /// What is shown.
    pub target: ShowTarget,
    /// The pattern of `LIKE`.
    pub like: Option<Text>,
    /// Place in the text.
    pub span: Span,
}

/// What a `SHOW` statement shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShowTarget {
    /// `META`: counts, time and words of the last search.
    Meta,
    /// `WARNINGS` of the last search.
    Warnings,
    /// `STATUS`.
    Status,
    /// `AGENT STATUS`, or `AGENT name STATUS` of an index or a host.
    AgentStatus(Option<Text>),
    /// `TABLES`.
    Tables,
    /// `VARIABLES`, of a session or global ones.
    Variables,
}

/// An `UPDATE` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The indexes.
    pub indexes: Vec<Name>,
    /// New values.
    pub assignments: Vec<Assignment>,
    /// The text of `MATCH`.
    pub text: Option<Text>,
    /// All of them must hold.
    pub conditions: Vec<Predicate>,
    /// Settings of `OPTION`.
    pub settings: Vec<Setting>,
    /// Place in the text.
    pub span: Span,
}

/// A new value of an attribute or of a field in a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The attribute.
    pub column: Name,
    /// Value.
    pub value: Value,
}

/// A `DELETE` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// The indexes.
    pub indexes: Vec<Name>,
    /// The text of `MATCH`.
    pub text: Option<Text>,
    /// All of them must hold.
    pub conditions: Vec<Predicate>,
    /// Place in the text.
    pub span: Span,
}

/// An `INSERT` or `REPLACE` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// True if documents of the same ids are replaced.
    pub replaces: bool,
    /// The index.
    pub index: Name,
    /// The columns; empty for all of the index, in its order.
    pub columns: Vec<Name>,
    /// Values by row.
    pub rows: Vec<Vec<Value>>,
    /// Place in the text.
    pub span: Span,
}

/// A `SET GLOBAL` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// The index of `SET INDEX name GLOBAL`, whose agents get the variable.
    pub index: Option<Name>,
    /// The name, with its `@`.
    pub name: Name,
    /// Numbers of the variable.
    pub values: Vec<i64>,
    /// Place in the text.
    pub span: Span,
}

/// A `CALL` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `SNIPPETS` or `KEYWORDS`, as written.
    pub procedure: Name,
    /// What stands in its brackets.
    pub arguments: Vec<Argument>,
    /// Place in the text.
    pub span: Span,
}

/// An argument of a `CALL` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Value.
    pub value: Value,
    /// The option that it sets.
    pub name: Option<Name>,
}
