//! Rows by group instead of rows by document.

use hamirror::search::GroupBy;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::filter::Filter;
use crate::options::{self, about, number};

/// What a search groups its documents by, and which groups it returns: one row a group.
///
/// Aggregates (`count(*)`, `sum(price) s`) are entries of the select list. Each row also has the
/// columns `@groupby` and `@count`, and `@distinct` where distinct values are counted.
///
/// Parameters
/// ----------
/// *attributes : str
///     Attributes, aliases or JSON keys, one or more. Each value of a multi-value attribute is a
///     group.
/// by : "value", "day", "week", "month", "year" or "pair", default "value"
///     What documents of a group have in common: the values of the attributes, or the time that
///     the one attribute, a timestamp, lies in. Daemons no longer group by the pair of an
///     attribute and the next one, and say so.
/// order : str, default "@group desc"
///     The order of groups, such as `@count desc, price asc`.
/// within : str, default the order of the search
///     The order of documents within a group, whose first is its row.
/// count_distinct : str, default none
///     An attribute whose different values are counted as `@distinct`.
/// rows_per_group : int, default 1
///     Rows of a group: its first so many documents.
/// having : Filter, default none
///     Keeps groups of which it holds; its attribute is an alias or an expression of the select
///     list, such as `count(*)`.
///
/// Raises
/// ------
/// ValueError
///     No attribute, several where one is meant, or ids of documents in `having`.
#[pyclass(frozen, eq, module = "hamirror")]
#[derive(Clone, PartialEq)]
pub(crate) struct Grouping {
    pub(crate) inner: hamirror::search::Grouping,
    /// As it was written.
    text: String,
}

#[pymethods]
impl Grouping {
    #[new]
    #[pyo3(signature = (
        *attributes,
        by = None,
        order = None,
        within = None,
        count_distinct = None,
        rows_per_group = None,
        having = None,
    ))]
    fn new(
        attributes: &Bound<'_, PyTuple>,
        by: Option<&Bound<'_, PyAny>>,
        order: Option<String>,
        within: Option<String>,
        count_distinct: Option<String>,
        rows_per_group: Option<&Bound<'_, PyAny>>,
        having: Option<&Filter>,
    ) -> PyResult<Self> {
        let py = attributes.py();
        let chosen = by.map(|by| options::choice(by, &FUNCTIONS)).transpose();
        let by = chosen.map_err(|error| about(py, "by", error))?.unwrap_or(By::Value);
        let mut written: Vec<String> = Vec::new();
        for name in attributes {
            written.push(name.repr()?.to_string());
        }
        let mut inner = hamirror::search::Grouping::new(by.group_by(attributes.extract()?)?);
        let (name, _) = FUNCTIONS[by as usize];
        if by != By::Value {
            written.push(format!("by='{name}'"));
        }
        let mut told = |name: &str, text: &str| -> PyResult<()> {
            written.push(format!("{name}={}", PyString::new(py, text).repr()?));
            Ok(())
        };
        if let Some(order) = order {
            told("order", &order)?;
            inner = inner.order(order);
        }
        if let Some(within) = within {
            told("within", &within)?;
            inner = inner.within(within);
        }
        if let Some(attribute) = count_distinct {
            told("count_distinct", &attribute)?;
            inner = inner.count_distinct(attribute);
        }
        if let Some(rows) = rows_per_group {
            let rows: u32 = number(rows).map_err(|error| about(py, "rows_per_group", error))?;
            written.push(format!("rows_per_group={rows}"));
            inner = inner.rows_per_group(rows);
        }
        if let Some(filter) = having {
            written.push(format!("having={}", filter.__repr__(py)?));
            inner = filter.having(inner)?;
        }
        Ok(Self { inner, text: format!("Grouping({})", written.join(", ")) })
    }

    fn __repr__(&self) -> &str {
        &self.text
    }
}

/// What documents of one group have in common.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Value,
    Day,
    Week,
    Month,
    Year,
    Pair,
}

impl By {
    fn group_by(self, attributes: Vec<String>) -> PyResult<GroupBy> {
        let group_by_one: fn(String) -> GroupBy = match self {
            By::Value if attributes.is_empty() => {
                return Err(PyValueError::new_err("a grouping needs an attribute"));
            }
            By::Value => return Ok(GroupBy::Attributes(attributes)),
            By::Day => GroupBy::Day,
            By::Week => GroupBy::Week,
            By::Month => GroupBy::Month,
            By::Year => GroupBy::Year,
            By::Pair => GroupBy::AttributePair,
        };
        let [attribute] = <[String; 1]>::try_from(attributes).map_err(|attributes| {
            let (count, (name, _)) = (attributes.len(), FUNCTIONS[self as usize]);
            PyValueError::new_err(format!("by='{name}' takes one attribute, not {count}"))
        })?;
        Ok(group_by_one(attribute))
    }
}

/// In the order of [`By`].
const FUNCTIONS: [(&str, By); 6] = [
    ("value", By::Value),
    ("day", By::Day),
    ("week", By::Week),
    ("month", By::Month),
    ("year", By::Year),
    ("pair", By::Pair),
];
