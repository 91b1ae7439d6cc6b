//! Result sets of many agents made one, exactly as a 2.2.11 master does it
//! (core/docs/spec/distributed.md 5.4 to 5.6), and right where masters are wrong.

mod aggregates;
mod computed;
mod differences;
mod distinct;
mod documents;
mod duplicates;
mod grouped;
mod groups;
mod having;
mod helpers;
mod keys;
mod order;
mod row_order;
mod runs;
mod schema;
mod select;
mod set;
mod sort;
mod values;
mod wish;
mod words;

use std::collections::{HashMap, TryReserveError};

use duplicates::Duplicates;
use helpers::Helpers;
use order::Order;
use row_order::{Pick, RowOrder, Ties};
use select::{COUNT, Item, Unresolved};
use sort::Wanted;
use words::Words;

pub(crate) use computed::Computed;
pub(crate) use schema::Column;
pub(crate) use set::Set;
pub use wish::MergeMode;
pub(crate) use wish::{OuterSelect, Wish};
pub use words::Word;

use crate::wire::guard::aggregate;
use crate::wire::search::{Dialect, FilterTest, Kind, Query, Value};

/// What the merge must know of the query.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    items: Vec<Item>,
    /// Of rows; of those within a group where rows are grouped.
    order: Order,
    /// Present if rows are grouped.
    grouping: Option<Grouping>,
    /// Of the rows of an enclosing select.
    outer_order: Option<Order>,
    helpers: Helpers,
    wish: Wish,
    /// Matches after which an agent stops; 0 is no end.
    cutoff: u32,
}

/// Rules by which groups are made.
#[derive(Clone, Debug)]
struct Grouping {
    order: Order,
    rows_per_group: usize,
    /// The only attribute that rows are grouped by; empty if all rows are one group, `None` for
    /// several attributes.
    key: Option<String>,
    /// The attribute whose distinct values are counted.
    distinct: Option<String>,
}

/// Which rows of the merged set the caller wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) offset: usize,
    pub(crate) limit: usize,
    pub(crate) max_matches: usize,
}

impl Plan {
    /// Reads select list, order and grouping of the query that the agents get.
    ///
    /// The error says what of it can't be merged.
    pub(crate) fn new(query: &Query, wish: Wish) -> Result<Plan, String> {
        if wish
            .having
            .as_ref()
            .is_some_and(|having| matches!(having.test, FilterTest::Variable(_)))
        {
            return Err("having can't test for a global variable, which only daemons know".into());
        }
        let order = |mode, clause: &[u8]| Order::parse(mode, clause, query.collation);
        let is_grouped = !query.group_by.is_empty() || aggregate(&query.select).is_some();
        let distinct = String::from_utf8_lossy(&query.distinct);
        let key = String::from_utf8_lossy(&query.group_by);
        let grouping = is_grouped.then(|| Grouping {
            order: order(EXTENDED, &query.group_sort),
            rows_per_group: usize::try_from(query.rows_per_group).unwrap_or(1).max(1),
            key: (!key.contains(',')).then(|| select::fold(key.trim())),
            distinct: (!distinct.is_empty()).then(|| select::fold(&distinct)),
        });
        let items = select::parse(&query.select);
        Ok(Plan {
            helpers: Helpers::new(query, &items, is_grouped, &wish),
            items,
            order: order(query.sort_mode, &query.sort_clause),
            grouping,
            outer_order: wish.outer.as_ref().map(|outer| order(EXTENDED, outer.order.as_bytes())),
            wish,
            cutoff: u32::try_from(query.cutoff).unwrap_or(0),
        })
    }

    /// Adds to the query what agents are asked beside it; the result does not show that.
    pub(crate) fn complete(&self, query: &mut Query) {
        self.helpers.complete(query);
    }

    /// A second query for the values that COUNT(DISTINCT) counts, where the plan needs it: its
    /// answer is that of [`Set::values`].
    pub(crate) fn values_query(&self, query: &Query) -> Option<Query> {
        self.helpers.values_query(query)
    }

    /// The expression that the select list gives a column's name to.
    fn expression_of<'a>(&'a self, column: &'a str) -> &'a str {
        select::expression_of(&self.items, column).unwrap_or(column)
    }

    /// The expression of each name that the select list gives.
    pub(crate) fn expressions(&self) -> HashMap<&str, &str> {
        select::expressions(&self.items)
    }

    /// Merges the sets of the agents that answered, in the agents' order; at least one.
    ///
    /// The error says which results do not fit together, and where they are from.
    pub(crate) fn merge(&self, sets: &[Set<'_>]) -> Result<Merged, Unmerged> {
        let mut columns = schema::merge(sets, &self.items)?;
        if let Some(sorted_by) = self.helpers.expression_name() {
            let names = columns.iter_mut().map(|column| &mut column.name);
            names.filter(|name| **name == sorted_by).for_each(|name| *name = EXPR.into());
        }
        let seed = self.wish.now.as_nanos() as u64;
        let chosen = match &self.grouping {
            Some(grouping) => self.choose_groups(sets, grouping, columns, seed)?,
            None => self.choose_rows(sets, columns, seed)?,
        };
        let Chosen { mut columns, rows, groups, computed, total, total_found, mut remarks } =
            chosen;
        // Masters of Manticore show it beside everything else alone.
        if is_manticore(sets) && !self.items.contains(&Item::Everything) {
            columns.retain(|column| column.name != EXPR);
        }
        let (total, total_found) = (total as u64, total_found.max(0) as u64);
        remarks.extend(self.what_is_short(sets, total, total_found));
        if self.items.contains(&Item::Everything) {
            remarks.extend(differences::of_all(sets, &columns)?);
        }
        // Sphinx answers a search without matches with all its attributes, whatever was selected.
        let is_raw = total == 0 && sets.iter().any(|set| set.dialect == Dialect::Sphinx);
        let columns = match is_raw {
            true => schema::of_nothing(sets)?,
            false => {
                let mut chosen = Vec::new();
                chosen.try_reserve_exact(self.items.len() + columns.len())?;
                self.project(columns, sets, total == 0, chosen)
                    .map_err(|entry| unmerged(sets, &entry))?
            }
        };
        let Words { words, left_out: words_left_out, mismatches: word_mismatches } =
            words::merge(sets, seed)?;
        Ok(Merged {
            columns,
            rows,
            groups,
            computed,
            total,
            total_found,
            time_ms: sets.iter().map(|set| u64::from(set.result.time_ms)).sum(),
            words,
            words_left_out,
            word_mismatches,
            remarks,
        })
    }

    /// Merges rows that are not grouped.
    fn choose_rows(
        &self,
        sets: &[Set<'_>],
        columns: Vec<Column>,
        seed: u64,
    ) -> Result<Chosen, Unmerged> {
        refuse_groups(sets)?;
        let starts = starts(sets)?;
        let row_count: usize = sets.iter().map(|set| set.result.rows.len()).sum();
        let total_found: u64 = sets.iter().map(|set| u64::from(set.result.total_found)).sum();
        let Window { offset, limit, .. } = self.wish.window;
        let kept_max = self.kept_max();
        let end = offset.saturating_add(limit).min(kept_max);
        // A master sorts nothing and drops nothing where only one set arrived.
        let duplicates = match sets {
            [_, _, ..] => Duplicates::find(sets, &starts, seed)?,
            _ => Duplicates::default(),
        };
        let total = (row_count - duplicates.count).min(kept_max);
        let mut rows = match sets {
            [_, _, ..] if total > 0 => {
                let now_s = self.wish.now.as_secs();
                let sortable = schema::sortable(sets, &self.items, &columns)?;
                let keys = self.order.locate(sets, &sortable, &self.items)?;
                let (starts, duplicates) = (&starts, &duplicates);
                sort::sort(sets, &keys, &Wanted { starts, duplicates, count: end, now_s })?
            }
            _ => first_rows(end.min(row_count))?,
        };
        match (&self.wish.outer, &self.outer_order) {
            (Some(outer), Some(order)) => {
                self.sort_outer(sets, &columns, order, &starts, &mut rows)?;
                rows.truncate(outer.offset.saturating_add(outer.limit));
                rows.drain(..outer.offset.min(rows.len()));
            }
            _ => drop(rows.drain(..offset.min(rows.len()))),
        }
        let total_found = total_found.saturating_sub(duplicates.count as u64) as i64;
        let (groups, computed, remarks) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Chosen { columns, rows, groups, computed, total, total_found, remarks })
    }

    /// Rows to choose from at most: of an enclosed select as many as its own limit says. Agents
    /// are told nothing of the enclosing one.
    fn kept_max(&self) -> usize {
        let Window { limit, max_matches, .. } = self.wish.window;
        if self.wish.outer.is_some() { limit } else { max_matches }
    }

    fn sort_outer(
        &self,
        sets: &[Set<'_>],
        columns: &[Column],
        order: &Order,
        starts: &[u32],
        rows: &mut [RowPlace],
    ) -> Result<(), Unmerged> {
        let order = self.row_order(sets, columns, order, &[], ties(sets))?;
        let pick =
            |place: &RowPlace| Pick { row: starts[place.set as usize] + place.row, group: 0 };
        rows.sort_unstable_by(|one, other| order.compare(pick(one), pick(other)));
        Ok(())
    }

    fn row_order<'a>(
        &self,
        sets: &[Set<'a>],
        columns: &[Column],
        order: &Order,
        computed: &'a [Computed],
        ties: Ties,
    ) -> Result<RowOrder<'a>, Unmerged> {
        let columns = schema::sortable(sets, &self.items, columns)?;
        let keys = order.locate(sets, &columns, &self.items)?;
        Ok(RowOrder::new(sets, &keys, computed, ties, self.wish.now.as_secs())?)
    }

    /// Where the result holds less than was asked for, though nothing went wrong.
    fn what_is_short(&self, sets: &[Set<'_>], total: u64, total_found: u64) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let Window { offset, limit, max_matches } = self.wish.window;
        if offset.saturating_add(limit) > max_matches && total_found > total {
            remarks.push(Remark::BeyondMaxMatches { max_matches, total_found, offset, limit });
        }
        let stopped = |set: &&Set<'_>| self.cutoff > 0 && set.result.total_found >= self.cutoff;
        let stopped: Vec<&Set<'_>> = sets.iter().filter(stopped).collect();
        if !stopped.is_empty() {
            let sources = differences::named(&stopped);
            remarks.push(Remark::Cutoff { cutoff: self.cutoff, sources, total_found });
        }
        remarks
    }

    fn project(
        &self,
        columns: Vec<Column>,
        sets: &[Set<'_>],
        is_empty: bool,
        chosen: Vec<Column>,
    ) -> Result<Vec<Column>, Unresolved> {
        let dialect = if is_manticore(sets) { Dialect::Manticore } else { Dialect::Sphinx };
        let key = self.grouping.as_ref().and_then(|grouping| grouping.key.as_deref());
        let key = key.and_then(|key| select::find_column(&self.items, &columns, key)).cloned();
        let key = key.filter(|key| matches!(key.kind, Kind::String | Kind::ComputedString));
        let asked = select::Asked { items: &self.items, dialect, key: key.as_ref(), is_empty };
        let mut columns = select::project(asked, columns, chosen)?;
        if self.wish.mode != MergeMode::Master {
            schema::name_types_of_aliases(&self.items, sets, &mut columns);
        }
        if dialect == Dialect::Sphinx && self.expression_of(ID) == ID {
            // Ids travel signed, and only Manticore prints them so.
            let ids = columns.iter_mut().filter(|column| column.name == ID);
            ids.filter(|id| id.kind == Kind::Bigint).for_each(|id| id.kind = Kind::Uint64);
        }
        Ok(columns)
    }
}

/// The rows of a result.
struct Chosen {
    columns: Vec<Column>,
    rows: Vec<RowPlace>,
    /// Number of each row's group; empty where rows are not grouped.
    groups: Vec<u32>,
    computed: Vec<Computed>,
    total: usize,
    total_found: i64,
    remarks: Vec<Remark>,
}

/// What decides between equal rows.
fn ties(sets: &[Set<'_>]) -> Ties {
    if is_manticore(sets) { Ties::Arrival } else { Ties::Id }
}

/// Why there is no column for an entry of the select list.
fn unmerged(sets: &[Set<'_>], entry: &Unresolved) -> String {
    let Unresolved { expression, alias } = entry;
    let name = if expression == alias { alias.clone() } else { format!("{expression} {alias}") };
    match differences::of_one(sets, &[alias, expression]) {
        Some(text) => format!("column '{name}' can't be merged: {text}"),
        None => format!(
            "column '{name}' is in no answer of {}",
            differences::named(&sets.iter().collect::<Vec<_>>())
        ),
    }
}

/// Why results could not be merged.
pub(crate) enum Unmerged {
    /// The sets do not fit together; the text is a master's.
    Misfit(String),
    /// There is no memory to merge them.
    OutOfMemory,
}

impl From<String> for Unmerged {
    fn from(text: String) -> Self {
        Unmerged::Misfit(text)
    }
}

impl From<TryReserveError> for Unmerged {
    fn from(_: TryReserveError) -> Self {
        Unmerged::OutOfMemory
    }
}

/// Whether the rules of Manticore's masters hold: for its agents among themselves.
fn is_manticore(sets: &[Set<'_>]) -> bool {
    sets.iter().all(|set| set.dialect == Dialect::Manticore)
}

/// Whether any agent is one of Manticore.
fn has_manticore(sets: &[Set<'_>]) -> bool {
    sets.iter().any(|set| set.dialect == Dialect::Manticore)
}

/// Rows that nobody asked to be grouped, but agents did, are no rows of documents.
fn refuse_groups(sets: &[Set<'_>]) -> Result<(), String> {
    for set in sets {
        let columns = &set.result.columns;
        let count = columns.iter().position(|column| column.name.of(set.body) == COUNT.as_bytes());
        let is_group = |row| {
            let count = set.result.value(set.body, set.dialect, row, count?)?;
            Some(!matches!(count, Value::Uint(0) | Value::Bigint(0)))
        };
        if (0..set.result.rows.len()).any(|row| is_group(row) == Some(true)) {
            let name = differences::named(&[set]);
            return Err(format!("{name} grouped its rows, although it was not asked to"));
        }
    }
    Ok(())
}

/// The result of all.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<RowPlace>,
    /// Number of each row's group; empty where rows are not grouped.
    pub(crate) groups: Vec<u32>,
    /// What was computed for groups.
    pub(crate) computed: Vec<Computed>,
    pub(crate) total: u64,
    pub(crate) total_found: u64,
    pub(crate) time_ms: u64,
    pub(crate) words: Vec<Word>,
    /// Words beyond [`WORDS_MAX`](crate::limits::WORDS_MAX).
    pub(crate) words_left_out: usize,
    /// Words that a set lacks although one before it has them, as a part of a line.
    pub(crate) word_mismatches: Vec<String>,
    /// What the result lacks of what was asked for, or of what single agents sent.
    pub(crate) remarks: Vec<Remark>,
}

/// Something that a result lacks, though no agent failed.
#[derive(Debug)]
pub(crate) enum Remark {
    /// More rows were asked for than a result may have.
    BeyondMaxMatches { max_matches: usize, total_found: u64, offset: usize, limit: usize },
    /// Sources that stopped at the cutoff.
    Cutoff { cutoff: u32, sources: String, total_found: u64 },
    /// A column that not all sources have, or not of one type: its quoted name, and where it has
    /// which type.
    ColumnLeftOut { name: String, kinds: String },
    /// Agents had more groups than they sent: what is known of the others may be too low, and
    /// between so many groups there are.
    GroupsCut { max_matches: usize, sources: String, at_least: usize, at_most: u64 },
    /// More different values of an attribute than these sources sent.
    ValuesCut { attribute: String, values: usize, sources: String },
    /// Numbers of different values that are a guess from the numbers of these sources.
    ValuesUnknown { attribute: String, sources: String, why: Option<String> },
    /// Documents of these sources count for each of them, whoever else holds them.
    DocumentsUnknown { sources: String, why: String },
    /// Number of further columns that were left out.
    MoreColumnsLeftOut(usize),
}

/// A row of one of the sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowPlace {
    pub(crate) set: u32,
    pub(crate) row: u32,
}

/// The sort mode of a clause with several keys.
const EXTENDED: u32 = 4;

/// The column that agents sort by in sort mode expression.
const EXPR: &str = "@expr";

/// The document id in select lists.
const ID: &str = "id";

/// For each set, the number of its first row among those of all.
fn starts(sets: &[Set<'_>]) -> Result<Vec<u32>, Unmerged> {
    let mut next = 0_u32;
    let start = |set: &Set<'_>| {
        let start = next;
        next = next.checked_add(u32::try_from(set.result.rows.len()).ok()?)?;
        Some(start)
    };
    sets.iter().map(start).collect::<Option<_>>().ok_or(Unmerged::OutOfMemory)
}

fn first_rows(count: usize) -> Result<Vec<RowPlace>, TryReserveError> {
    let mut rows = Vec::new();
    rows.try_reserve_exact(count)?;
    rows.extend((0..count as u32).map(|row| RowPlace { set: 0, row }));
    Ok(rows)
}
