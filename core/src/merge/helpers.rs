//! What agents are asked beside the caller's query, so that the merge is right where masters are
//! not.

use super::aggregates::{Function, function_of};
use super::select::{self, Item};
use super::{MergeMode, Wish};
use crate::limits::DISTINCT_VALUES_MAX;
use crate::wire::search::{Outer, Query};

/// Columns and a query that the caller never sees.
#[derive(Clone, Debug, Default)]
pub(super) struct Helpers {
    /// Arguments of sums and averages.
    sums: Vec<String>,
    /// Asked for the values that are counted.
    values: Option<ValuesQuery>,
    /// The expression that rows are sorted by.
    expression: Option<String>,
}

/// The groups of a query once more, each split by the values that are counted in it.
#[derive(Clone, Debug)]
pub(super) struct ValuesQuery {
    pub(super) attribute: String,
    pub(super) keys: Vec<String>,
    /// The key is a part of a date, under this name.
    pub(super) date: bool,
    select: String,
}

impl Helpers {
    /// What that query needs, none for the answer of a master.
    pub(super) fn new(query: &Query, items: &[Item], is_grouped: bool, wish: &Wish) -> Helpers {
        if wish.mode == MergeMode::Master {
            return Helpers::default();
        }
        let mut sums = Vec::new();
        for (function, argument) in items.iter().filter_map(aggregate) {
            let is_sum = matches!(function, Function::Sum | Function::Avg);
            if is_sum && !sums.iter().any(|known| known == argument) {
                sums.push(argument.to_owned());
            }
        }
        let expression = String::from_utf8_lossy(&query.sort_clause).trim().to_owned();
        Helpers {
            sums,
            values: if is_grouped { ValuesQuery::new(query, items) } else { None },
            expression: (query.sort_mode == BY_EXPRESSION && !is_grouped).then_some(expression),
        }
    }

    /// Adds the columns to the caller's query.
    pub(super) fn complete(&self, query: &mut Query) {
        for (number, argument) in self.sums.iter().enumerate() {
            let (sum, wide) = (sum_name(number), wide_name(number));
            // Sums of 32 bits wrap around at the agents.
            let items = format!(", sum({argument}) as {sum}, sum(bigint({argument})) as {wide}");
            query.select.extend_from_slice(items.as_bytes());
        }
        if let Some(expression) = &self.expression {
            // Manticore sends no `@expr` unless everything is selected, and sorts by nothing then.
            let item = format!(", ({expression})*1.0 as {EXPRESSION}");
            query.select.extend_from_slice(item.as_bytes());
            query.sort_mode = super::EXTENDED;
            query.sort_clause = format!("{EXPRESSION} desc").into_bytes();
        }
    }

    /// The query for the values that are counted.
    pub(super) fn values_query(&self, query: &Query) -> Option<Query> {
        let values = self.values.as_ref()?;
        let by = values.group_by();
        let group_function = if by.contains(',') { SEVERAL } else { SINGLE };
        Some(Query {
            select: values.select.clone().into_bytes(),
            limit: DISTINCT_VALUES_MAX as i32,
            max_matches: DISTINCT_VALUES_MAX as i32,
            sort_mode: 0,
            sort_clause: Vec::new(),
            group_function,
            group_by: by.into_bytes(),
            group_sort: b"@group asc".to_vec(),
            distinct: Vec::new(),
            rows_per_group: 1,
            outer: Outer::default(),
            ..query.clone()
        })
    }

    pub(super) fn values(&self) -> Option<&ValuesQuery> {
        self.values.as_ref()
    }

    /// The names of the columns with the sums of that argument: in its own type, and in 64 bits.
    pub(super) fn sums_of(&self, argument: &str) -> Option<(String, String)> {
        let number = self.sums.iter().position(|known| known == argument)?;
        Some((sum_name(number), wide_name(number)))
    }

    pub(super) fn has_expression(&self) -> bool {
        self.expression.is_some()
    }
}

impl ValuesQuery {
    fn new(query: &Query, items: &[Item]) -> Option<ValuesQuery> {
        let fold = |bytes: &[u8]| select::fold(String::from_utf8_lossy(bytes).trim());
        let attribute = fold(&query.distinct);
        let group_by = fold(&query.group_by);
        let mut keys: Vec<String> = group_by.split(',').map(|key| key.trim().to_owned()).collect();
        keys.retain(|key| !key.is_empty());
        if attribute.is_empty() {
            return None;
        }
        let part = match (keys.is_empty(), query.group_function) {
            (true, _) | (_, SINGLE | SEVERAL) => None,
            (_, 0) => Some("yearmonthday"),
            (_, 2) => Some("yearmonth"),
            (_, 3) => Some("year"),
            // No function of daemons tells the week.
            _ => return None,
        };
        let item = |name: &String| match select::expression_of(items, name) {
            Some(expression) if expression != name => format!("{expression} as {name}"),
            _ => name.clone(),
        };
        let mut select: Vec<String> = match part {
            Some(part) => vec![format!("{part}({}) as {DATE}", keys[0])],
            None => keys.iter().map(item).collect(),
        };
        if !keys.contains(&attribute) || part.is_some() {
            select.push(item(&attribute));
        }
        let date = part.is_some();
        Some(ValuesQuery { attribute, keys, date, select: select.join(", ") })
    }

    fn group_by(&self) -> String {
        let mut all = if self.date { vec![DATE.to_owned()] } else { self.keys.clone() };
        if !all.contains(&self.attribute) {
            all.push(self.attribute.clone());
        }
        all.join(", ")
    }
}

/// The aggregate that an entry of the select list is, and its argument.
pub(super) fn aggregate(item: &Item) -> Option<(Function, &str)> {
    match item {
        Item::Named { expression, .. } => function_of(expression),
        Item::Everything => None,
    }
}

/// Whether a column was asked for by the merge itself.
pub(super) fn is_helper(name: &str) -> bool {
    name.starts_with(PREFIX)
}

fn sum_name(number: usize) -> String {
    format!("{PREFIX}sum_{number}")
}

fn wide_name(number: usize) -> String {
    format!("{PREFIX}wide_{number}")
}

/// What no attribute of a caller's index is named like.
const PREFIX: &str = "hamirror_";

/// Name of the column of the expression that rows are sorted by.
pub(super) const EXPRESSION: &str = "hamirror_expr";

/// Name of the column of dates that groups are made by.
pub(super) const DATE: &str = "hamirror_date";

/// Sort mode of an expression.
const BY_EXPRESSION: u32 = 5;

/// Group functions of one and of several attributes.
const SINGLE: u32 = 4;
const SEVERAL: u32 = 6;
