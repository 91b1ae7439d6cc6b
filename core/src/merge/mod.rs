//! Result sets of many agents made one, exactly as a 2.2.11 master does it (distributed.md 5.4,
//! 5.5), without grouping.

mod order;
mod schema;
mod select;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use foldhash::fast::FixedState;

use order::Order;
use select::Item;

pub(crate) use schema::Column;

use crate::wire::search::{Dialect, Query, ResultSet};

/// What the merge must know of the query.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    items: Vec<Item>,
    order: Order,
    window: Window,
    /// Since the epoch.
    now: Duration,
}

/// Which rows of the merged set the caller wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) offset: usize,
    pub(crate) limit: usize,
    pub(crate) max_matches: usize,
}

impl Plan {
    /// Reads select list and order of the query that the agents got.
    pub(crate) fn new(query: &Query, window: Window, now: Duration) -> Plan {
        let items = select::parse(&query.select);
        let order = Order::parse(query.sort_mode, &query.sort_clause);
        Plan { items, order, window, now }
    }

    /// The expression that the select list gives a column's name to.
    pub(crate) fn expression_of<'a>(&'a self, column: &'a str) -> &'a str {
        select::expression_of(&self.items, column).unwrap_or(column)
    }

    /// Merges the sets of the agents that answered, in the agents' order; at least one.
    ///
    /// The error is the text that a master gives for a query whose results do not fit together.
    pub(crate) fn merge(&self, sets: &[Set<'_>]) -> Result<Merged, String> {
        refuse_groups(sets)?;
        let columns = schema::merge(sets);
        let mut rows = all_rows(sets);
        let total_found: u64 = sets.iter().map(|set| u64::from(set.result.total_found)).sum();
        let mut duplicates = 0;
        // A master sorts nothing and drops nothing where only one set arrived.
        if let [_, _, ..] = sets {
            let before = rows.len();
            drop_duplicates(sets, self.now.as_nanos() as u64, &mut rows);
            duplicates = (before - rows.len()) as u64;
            if !rows.is_empty() {
                self.order.sort(sets, &columns, self.now.as_secs(), &mut rows)?;
            }
        }
        rows.truncate(self.window.max_matches);
        let total = rows.len();
        // Sphinx answers a search without matches with all its attributes, whatever was selected.
        let is_raw = rows.is_empty() && sets.iter().any(|set| set.dialect == Dialect::Sphinx);
        let columns = if is_raw { schema::of_nothing(sets) } else { self.project(columns, sets)? };
        rows.drain(..self.window.offset.min(rows.len()));
        rows.truncate(self.window.limit);
        let (words, word_mismatches) = words(sets);
        Ok(Merged {
            columns,
            rows,
            total: total as u64,
            total_found: total_found.saturating_sub(duplicates),
            time_ms: sets.iter().map(|set| u64::from(set.result.time_ms)).sum(),
            words,
            word_mismatches,
        })
    }

    fn project(&self, columns: Vec<Column>, sets: &[Set<'_>]) -> Result<Vec<Column>, String> {
        let dialect = if is_manticore(sets) { Dialect::Manticore } else { Dialect::Sphinx };
        select::project(&self.items, columns, dialect)
    }
}

/// Whether the rules of Manticore's masters hold: for its agents among themselves.
fn is_manticore(sets: &[Set<'_>]) -> bool {
    sets.iter().all(|set| set.dialect == Dialect::Manticore)
}

/// Groups of many agents must be made one, which this merge does not do: rows of each would be
/// a wrong answer.
fn refuse_groups(sets: &[Set<'_>]) -> Result<(), String> {
    let mut columns = sets
        .iter()
        .flat_map(|set| set.result.columns.iter().map(|column| column.name.of(set.body)));
    if columns.any(|name| name == b"@groupby") {
        return Err("agents grouped their rows, and merging groups is not in this version: \
                    ask agents one by one, or leave the aggregates out"
            .to_owned());
    }
    Ok(())
}

/// The result of one agent, or of a local index; these come first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Set<'a> {
    pub(crate) is_local: bool,
    pub(crate) body: &'a [u8],
    pub(crate) dialect: Dialect,
    pub(crate) result: &'a ResultSet,
}

/// The result of all.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<RowPlace>,
    pub(crate) total: u64,
    pub(crate) total_found: u64,
    pub(crate) time_ms: u64,
    pub(crate) words: Vec<Word>,
    /// Words that a set lacks although one before it has them, joined a set.
    pub(crate) word_mismatches: Vec<String>,
}

/// A row of one of the sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowPlace {
    pub(crate) set: u32,
    pub(crate) row: u32,
}

impl RowPlace {
    /// Document id and weight.
    fn head(self, sets: &[Set<'_>]) -> (u64, i32) {
        let row = &sets[self.set as usize].result.rows[self.row as usize];
        (row.id, row.weight)
    }
}

/// Statistics of a query word over all agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word as the daemons looked it up.
    pub word: String,
    /// Documents that have it; one on two agents counts twice.
    pub docs: u64,
    /// How often they have it.
    pub hits: u64,
}

fn all_rows(sets: &[Set<'_>]) -> Vec<RowPlace> {
    let mut rows = Vec::with_capacity(sets.iter().map(|set| set.result.rows.len()).sum());
    for (set, number) in sets.iter().zip(0..) {
        rows.extend((0..set.result.rows.len() as u32).map(|row| RowPlace { set: number, row }));
    }
    rows
}

/// Of rows with the same document id a local one stays, or that of the latest agent. The seed
/// keeps agents from choosing ids that fall together.
fn drop_duplicates(sets: &[Set<'_>], seed: u64, rows: &mut Vec<RowPlace>) {
    let hasher = FixedState::with_seed(seed);
    let mut seen = HashSet::with_capacity_and_hasher(rows.len(), hasher);
    let mut duplicates = HashSet::new();
    let of_locals = rows.partition_point(|row| sets[row.set as usize].is_local);
    let (locals, agents) = rows.split_at(of_locals);
    for row in locals.iter().rev().chain(agents.iter().rev()) {
        if !seen.insert(row.head(sets).0) {
            duplicates.insert((row.set, row.row));
        }
    }
    if !duplicates.is_empty() {
        rows.retain(|row| !duplicates.contains(&(row.set, row.row)));
    }
}

/// Sums the words, and lists for each set those of the sets before that it does not know.
fn words(sets: &[Set<'_>]) -> (Vec<Word>, Vec<String>) {
    let mut words: Vec<Word> = Vec::new();
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    let mut mismatches = Vec::new();
    for set in sets {
        let mut is_missing = vec![true; words.len()];
        for span in &set.result.words {
            let bytes = span.word.of(set.body);
            let place = *places.entry(bytes).or_insert_with(|| {
                let word = String::from_utf8_lossy(bytes).into_owned();
                words.push(Word { word, docs: 0, hits: 0 });
                words.len() - 1
            });
            words[place].docs += u64::from(span.docs);
            words[place].hits += u64::from(span.hits);
            if let Some(is_missing) = is_missing.get_mut(place) {
                *is_missing = false;
            }
        }
        let missing = words.iter().zip(is_missing).filter(|(_, is_missing)| *is_missing);
        let missing: Vec<&str> = missing.map(|(word, _)| word.word.as_str()).collect();
        // Masters of Manticore see no fault in that.
        if !missing.is_empty() && !is_manticore(sets) {
            mismatches.push(missing.join(", "));
        }
    }
    (words, mismatches)
}
