//! What a `SELECT` says.

use super::statement::{Name, Number, Span, Text, Value};

/// A `SELECT` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// The select list.
    pub items: Vec<Item>,
    /// The indexes.
    pub indexes: Vec<Name>,
    /// The text of `MATCH`.
    pub text: Option<Text>,
    /// All of them must hold.
    pub conditions: Vec<Predicate>,
    /// `GROUP BY`.
    pub group: Option<Group>,
    /// What must hold of a group.
    pub having: Option<Predicate>,
    /// `ORDER BY`.
    pub order: Order,
    /// `LIMIT`.
    pub limit: Option<Limit>,
    /// Settings of `OPTION`.
    pub settings: Vec<Setting>,
    /// Order and limit of a select around this one.
    pub outer: Option<Outer>,
    /// Further groupings of the same documents.
    pub facets: Vec<Facet>,
    /// Place in the text.
    pub span: Span,
}

/// An entry of a select list.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Text as written, less comments and the alias: the name of its column without one.
    pub text: String,
    /// Alias, if there is one.
    pub alias: Option<Name>,
    /// Place in the text, less the alias.
    pub span: Span,
}

/// What an entry of a select list is.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `*`.
    Everything,
    /// An expression of one document.
    Expression,
    /// An aggregate.
    Aggregate(Aggregate),
}

/// An aggregate of a select list.
#[derive(Clone, Debug, PartialEq)]
pub enum Aggregate {
    /// `COUNT(*)`.
    Count,
    /// `COUNT(DISTINCT column)`.
    CountDistinct(Column),
    /// `SUM`, `AVG`, `MIN`, `MAX` or `GROUP_CONCAT` in lower case, and the expression.
    Of(&'static str, String),
}

/// A column in a condition, a group or an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// An attribute, an alias, a field of a document (`facts.price`, `facts.tags[0]`), or
    /// `weight()`, `count(*)`, `groupby()` or `facet()`.
    pub text: String,
    /// Place in the text.
    pub span: Span,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// What must pass.
    pub column: Column,
    /// Which of several values must pass.
    pub quantifier: Option<Quantifier>,
    /// The test.
    pub test: Test,
    /// Place in the text.
    pub span: Span,
}

/// Which of several values of a document must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// `ANY`.
    Any,
    /// `ALL`.
    All,
}

/// What must hold of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `=`.
    Equal(Value),
    /// `!=` or `<>`.
    Unequal(Value),
    /// `<`.
    Less(Number, Span),
    /// `<=`.
    AtMost(Number, Span),
    /// `>`.
    Greater(Number, Span),
    /// `>=`.
    AtLeast(Number, Span),
    /// `BETWEEN`, both ends included.
    Between(Number, Number, Span),
    /// `IN`: numbers alone, or texts alone.
    In(Vec<Value>, Span),
    /// `NOT IN`.
    NotIn(Vec<Value>, Span),
    /// `IN @name`.
    InVariable(Name),
    /// `NOT IN @name`.
    NotInVariable(Name),
    /// `IS NULL`.
    IsNull,
    /// `IS NOT NULL`.
    IsNotNull,
}

/// `GROUP BY`.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Rows of a group: `GROUP 3 BY`.
    pub rows: Option<u32>,
    /// By what.
    pub columns: Vec<Column>,
    /// `WITHIN GROUP ORDER BY`.
    pub within: Vec<OrderKey>,
    /// Place in the text.
    pub span: Span,
}

/// `ORDER BY`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Order {
    /// None was given: the best weight first.
    #[default]
    Weight,
    /// `RAND()`.
    Random(Span),
    /// One key after the other.
    Keys(Vec<OrderKey>),
}

/// A key of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderKey {
    /// The column.
    pub column: Column,
    /// Direction of the key.
    pub direction: Direction,
}

/// A direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `ASC`, or nothing.
    Ascending,
    /// `DESC`.
    Descending,
}

/// `LIMIT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Rows to skip.
    pub offset: u32,
    /// Rows to return.
    pub count: u32,
    /// Place in the text.
    pub span: Span,
}

/// A setting of `OPTION`.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Name, as written.
    pub name: Name,
    /// Value.
    pub value: SettingValue,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingValue {
    /// `bm25`.
    Word(Name),
    /// `100`.
    Number(u64, Span),
    /// `'hello'`.
    Text(Text),
    /// `expr('sum(lcs)')`.
    Function(Name, Text),
    /// `(title=10, body=3)`.
    Weights(Vec<(Name, i32)>, Span),
}

impl SettingValue {
    /// Returns its place.
    pub fn span(&self) -> Span {
        match self {
            SettingValue::Word(name) => name.span,
            SettingValue::Text(text) => text.span,
            SettingValue::Function(name, text) => name.span.to(text.span),
            SettingValue::Number(_, span) | SettingValue::Weights(_, span) => *span,
        }
    }
}

/// The select around another one, whose list is `*`.
#[derive(Clone, Debug, PartialEq)]
pub struct Outer {
    /// Order of its rows.
    pub order: Vec<OrderKey>,
    /// Limit of its rows.
    pub limit: Option<Limit>,
    /// Place in the text.
    pub span: Span,
}

/// `FACET`.
#[derive(Clone, Debug, PartialEq)]
pub struct Facet {
    /// What it shows, and groups by where it says no other columns.
    pub items: Vec<Item>,
    /// `BY`.
    pub by: Vec<Column>,
    /// `DISTINCT`.
    pub distinct: Option<Column>,
    /// Order of its rows.
    pub order: Order,
    /// Limit of its rows.
    pub limit: Option<Limit>,
    /// Place in the text.
    pub span: Span,
}
