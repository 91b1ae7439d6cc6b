//! SphinxQL: the text of a statement in, what it says out, in the dialect of searchd 2.2.11.
//!
//! What that daemon takes is taken, and means the same. Beyond it there are `LIMIT n OFFSET m`,
//! `ANY(tags)` and `ALL(tags)`, an order without `ASC` or `DESC` (ascending), several groups of
//! values in brackets, and `DISTINCT` in a facet. Parameters are values beside the text: whatever
//! a text holds, it is never read as a part of the statement.
//!
//! ```
//! use hamirror::sphinxql::{Parameters, Statement, parse};
//! let text = "SELECT id FROM goods WHERE MATCH(?) AND price < ? LIMIT 5";
//! let parameters = Parameters::positional(["red shoes".into(), 9.5.into()]);
//! let statements = parse(text, &parameters).unwrap();
//! let Statement::Select(select) = &statements[0] else { panic!() };
//! assert_eq!(select.text.as_ref().unwrap().text, "red shoes");
//!
//! let fault = parse("SELECT id FROM goods WHERE a = 1 OR b = 2", &Parameters::none());
//! assert!(fault.unwrap_err().rendered().contains("OR"));
//! ```
//!
//! Work is linear in the text; brackets nest 64 deep at most.

mod fault;
mod parameter;
mod parser;
mod print;
#[cfg(test)]
mod property_tests;
mod reword;
mod select;
mod statement;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use fault::Fault;
pub use parameter::{Parameter, Parameters};
pub use parser::parse;
pub(crate) use reword::reword;
pub use select::{
    Aggregate, Column, Direction, Facet, Group, Item, ItemKind, Limit, Order, OrderKey, Outer,
    Predicate, Quantifier, Select, Setting, SettingValue, Test,
};
pub use statement::{
    Argument, Assignment, Call, Delete, Insert, Show, ShowTarget, Span, Statement, Update,
    Variable,
};
pub use statement::{Name, Number, Text, Value};
