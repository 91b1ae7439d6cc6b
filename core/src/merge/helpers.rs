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
    /// What names of columns begin with that the caller never sees.
    prefix: String,
}

/// The groups of a query once more, each split by the values that are counted in it.
#[derive(Clone, Debug)]
pub(super) struct ValuesQuery {
    pub(super) attribute: String,
    pub(super) keys: Vec<String>,
    /// Name of the key where that is a part of a date.
    pub(super) date: Option<String>,
    /// Name of the document id, where the groups are split by documents and not by values.
    pub(super) document: Option<String>,
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
        let list = String::from_utf8_lossy(&query.select).to_ascii_lowercase();
        let mut prefix = PREFIX.to_owned();
        // A caller's alias may begin so, too.
        while list.contains(&prefix) {
            prefix.push('_');
        }
        Helpers {
            sums,
            values: is_grouped
                .then(|| ValuesQuery::new(query, items, &prefix, wish.mode))
                .flatten(),
            expression: (query.sort_mode == BY_EXPRESSION && !is_grouped).then_some(expression),
            prefix,
        }
    }

    /// Adds the columns to the caller's query.
    pub(super) fn complete(&self, query: &mut Query) {
        query.select.extend_from_slice(self.sum_items().as_bytes());
        if let (Some(expression), Some(name)) = (&self.expression, self.expression_name()) {
            // Manticore sends no `@expr` unless everything is selected, and sorts by nothing then.
            let item = format!(", ({expression})*1.0 as {name}");
            query.select.extend_from_slice(item.as_bytes());
            query.sort_mode = super::EXTENDED;
            query.sort_clause = format!("{name} desc").into_bytes();
        }
    }

    /// What select lists have of sums: those of 32 bits wrap around at the agents.
    fn sum_items(&self) -> String {
        let item = |(number, argument): (usize, &String)| {
            let (sum, wide) = (self.sum_name(number), self.wide_name(number));
            format!(", sum({argument}) as {sum}, sum(bigint({argument})) as {wide}")
        };
        self.sums.iter().enumerate().map(item).collect()
    }

    /// The query for the values that are counted.
    pub(super) fn values_query(&self, query: &Query) -> Option<Query> {
        let values = self.values.as_ref()?;
        let by = values.group_by();
        let group_function = if by.contains(',') { SEVERAL } else { SINGLE };
        let sums = values.document.as_ref().map(|_| self.sum_items()).unwrap_or_default();
        Some(Query {
            select: format!("{}{sums}", values.select).into_bytes(),
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
        Some((self.sum_name(number), self.wide_name(number)))
    }

    /// Name of the column of the expression that rows are sorted by.
    pub(super) fn expression_name(&self) -> Option<String> {
        self.expression.is_some().then(|| format!("{}expr", self.prefix))
    }

    fn sum_name(&self, number: usize) -> String {
        format!("{}sum_{number}", self.prefix)
    }

    fn wide_name(&self, number: usize) -> String {
        format!("{}wide_{number}", self.prefix)
    }
}

impl ValuesQuery {
    fn new(query: &Query, items: &[Item], prefix: &str, mode: MergeMode) -> Option<ValuesQuery> {
        let fold = |bytes: &[u8]| select::fold(String::from_utf8_lossy(bytes).trim());
        let attribute = fold(&query.distinct);
        let group_by = fold(&query.group_by);
        let mut keys: Vec<String> = group_by.split(',').map(|key| key.trim().to_owned()).collect();
        keys.retain(|key| !key.is_empty());
        let document = (mode == MergeMode::Unique).then(|| format!("{prefix}document"));
        if attribute.is_empty() && document.is_none() {
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
        let date = part.map(|_| format!("{prefix}date"));
        let mut select: Vec<String> = match (part, &date) {
            (Some(part), Some(date)) => vec![format!("{part}({}) as {date}", keys[0])],
            _ => keys.iter().map(item).collect(),
        };
        if !attribute.is_empty() && (!keys.contains(&attribute) || part.is_some()) {
            select.push(item(&attribute));
        }
        if let Some(document) = &document {
            select.push(format!("bigint(id) as {document}"));
            let is_split = |(function, _): &(Function, &str)| {
                !matches!(function, Function::Count | Function::Distinct)
            };
            for item in
                items.iter().filter(|item| aggregate(item).is_some_and(|one| is_split(&one)))
            {
                let Item::Named { expression, alias } = item else { continue };
                let has_alias = expression != alias;
                let named = if has_alias { format!(" as {alias}") } else { String::new() };
                select.push(format!("{expression}{named}"));
            }
        }
        Some(ValuesQuery { attribute, keys, date, document, select: select.join(", ") })
    }

    fn group_by(&self) -> String {
        if let Some(document) = &self.document {
            return document.clone();
        }
        let mut all = self.date.as_ref().map_or(self.keys.clone(), |date| vec![date.clone()]);
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

/// What no attribute of a caller's index is named like. It is longer where the caller's list has
/// it.
const PREFIX: &str = "hamirror_";

/// Sort mode of an expression.
const BY_EXPRESSION: u32 = 5;

/// Group functions of one and of several attributes.
const SINGLE: u32 = 4;
const SEVERAL: u32 = 6;
