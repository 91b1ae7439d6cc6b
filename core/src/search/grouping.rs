//! Rows by group instead of rows by document.

use super::Condition;
use crate::wire::search::{Filter, Query};

/// What a search groups its documents by, and which groups it returns: one row a group.
///
/// Aggregates (`count(*)`, `sum(price) s`, `group_concat(id)`) are entries of the
/// [select list](super::Search::select). Each row also has the columns `@groupby` and `@count`,
/// and `@distinct` where distinct values are counted.
///
/// ```
/// use hamirror::search::{Condition, GroupBy, Grouping, Search};
/// let per_year = Grouping::new(GroupBy::Year("published".into()))
///     .order("@count desc")
///     .having("c", Condition::above(9));
/// let search = Search::new("hello").select("count(*) c, avg(price) a").group(per_year);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Grouping {
    pub(super) by: GroupBy,
    pub(super) order: String,
    pub(super) within: Option<String>,
    pub(super) distinct: Option<String>,
    pub(super) rows_per_group: u32,
    pub(super) having: Option<Filter>,
}

/// What documents of one group have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupBy {
    /// The value of this attribute, alias or JSON key; for a multi-value attribute each of its
    /// values is a group.
    Attribute(String),
    /// The values of all of these.
    Attributes(Vec<String>),
    /// The day of this timestamp: 20261128.
    Day(String),
    /// The week of this timestamp, by the day of the year that its week begins with: 2026326.
    Week(String),
    /// The month of this timestamp: 202611.
    Month(String),
    /// The year of this timestamp: 2026.
    Year(String),
    /// The pair of this attribute and the next one; daemons answer that they no longer group so,
    /// and want a bigint attribute instead.
    AttributePair(String),
}

impl Grouping {
    /// Groups by `by`, the group with the highest key first.
    pub fn new(by: GroupBy) -> Self {
        Grouping {
            by,
            order: ORDER.to_owned(),
            within: None,
            distinct: None,
            rows_per_group: 1,
            having: None,
        }
    }

    /// Groups by the value of `attribute`.
    pub fn by(attribute: impl Into<String>) -> Self {
        Self::new(GroupBy::Attribute(attribute.into()))
    }

    /// The order of groups, such as `@count desc, price asc`; `@group desc` unless set.
    pub fn order(mut self, clause: impl Into<String>) -> Self {
        self.order = clause.into();
        self
    }

    /// The order of documents within a group, whose first is its row. Unless set, the
    /// [order](super::Search::sort) of the search.
    pub fn within(mut self, clause: impl Into<String>) -> Self {
        self.within = Some(clause.into());
        self
    }

    /// Counts the different values of this attribute as `@distinct`. `count(distinct attribute)`
    /// in the select list does, too. Groups have one [row](Self::rows_per_group) then.
    pub fn count_distinct(mut self, attribute: impl Into<String>) -> Self {
        self.distinct = Some(attribute.into());
        self
    }

    /// Rows of a group: its first so many documents, 1 unless set.
    pub fn rows_per_group(mut self, rows: u32) -> Self {
        self.rows_per_group = rows;
        self
    }

    /// Keeps groups of which this holds: `column` is an alias or an expression of the select list,
    /// such as `count(*)`.
    pub fn having(mut self, column: impl Into<Vec<u8>>, condition: Condition) -> Self {
        self.having = Some(condition.into_filter(column.into()));
        self
    }

    /// Writes what agents are sent of it.
    pub(super) fn put(&self, query: &mut Query) {
        (query.group_function, query.group_by) = self.by.on_wire();
        query.group_sort = self.order.as_bytes().to_vec();
        query.rows_per_group = i32::try_from(self.rows_per_group).unwrap_or(i32::MAX);
        if let Some(attribute) = &self.distinct {
            query.distinct = attribute.as_bytes().to_vec();
        }
        if let Some(clause) = &self.within {
            query.sort_mode = EXTENDED;
            query.sort_clause = clause.as_bytes().to_vec();
        }
    }
}

impl GroupBy {
    /// What it groups by, one or more.
    pub(super) fn attributes(&self) -> &[String] {
        match self {
            GroupBy::Attributes(attributes) => attributes,
            GroupBy::Attribute(attribute)
            | GroupBy::Day(attribute)
            | GroupBy::Week(attribute)
            | GroupBy::Month(attribute)
            | GroupBy::Year(attribute)
            | GroupBy::AttributePair(attribute) => std::slice::from_ref(attribute),
        }
    }

    /// Number of the function and its attributes (core/docs/spec/protocol.md 4.1, rows 15 and 16).
    fn on_wire(&self) -> (u32, Vec<u8>) {
        let function = match self {
            GroupBy::Day(_) => 0,
            GroupBy::Week(_) => 1,
            GroupBy::Month(_) => 2,
            GroupBy::Year(_) => 3,
            GroupBy::Attribute(_) => 4,
            GroupBy::AttributePair(_) => 5,
            GroupBy::Attributes(attributes) if attributes.len() == 1 => 4,
            GroupBy::Attributes(_) => 6,
        };
        (function, self.attributes().join(", ").into_bytes())
    }
}

/// Order of groups in API clients.
const ORDER: &str = "@group desc";

/// The sort mode of a clause with several keys.
const EXTENDED: u32 = 4;
