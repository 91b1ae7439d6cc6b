//! Result sets of many agents made one, exactly as a 2.2.11 master does it
//! (core/docs/spec/distributed.md 5.4, 5.5), without grouping.

mod differences;
mod duplicates;
mod keys;
mod order;
mod schema;
mod select;
mod sort;
mod wish;
mod words;

use std::collections::TryReserveError;

use duplicates::Duplicates;
use order::Order;
use select::{Item, Unresolved};
use sort::Wanted;
use words::Words;

pub(crate) use schema::Column;
pub use wish::MergeMode;
pub(crate) use wish::{OuterSelect, Wish};
pub use words::Word;

use crate::wire::search::{Dialect, Kind, Query, ResultSet, Row};

/// What the merge must know of the query.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    items: Vec<Item>,
    order: Order,
    wish: Wish,
    /// Matches after which an agent stops; 0 is no end.
    cutoff: u32,
}

/// Which rows of the merged set the caller wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) offset: usize,
    pub(crate) limit: usize,
    pub(crate) max_matches: usize,
}

impl Plan {
    /// Reads select list and order of the query that the agents get.
    ///
    /// The error says what of it this version does not merge.
    pub(crate) fn new(query: &Query, wish: Wish) -> Result<Plan, String> {
        wish.check(query)?;
        let items = select::parse(&query.select);
        let order = Order::parse(query.sort_mode, &query.sort_clause);
        let cutoff = u32::try_from(query.cutoff).unwrap_or(0);
        Ok(Plan { items, order, wish, cutoff })
    }

    /// The expression that the select list gives a column's name to.
    pub(crate) fn expression_of<'a>(&'a self, column: &'a str) -> &'a str {
        select::expression_of(&self.items, column).unwrap_or(column)
    }

    /// Merges the sets of the agents that answered, in the agents' order; at least one.
    ///
    /// The error says which results do not fit together, and where they are from.
    pub(crate) fn merge(&self, sets: &[Set<'_>]) -> Result<Merged, Unmerged> {
        refuse_groups(sets)?;
        let columns = schema::merge(sets);
        let seed = self.wish.now.as_nanos() as u64;
        let starts = starts(sets)?;
        let row_count: usize = sets.iter().map(|set| set.result.rows.len()).sum();
        let total_found: u64 = sets.iter().map(|set| u64::from(set.result.total_found)).sum();
        let Window { offset, limit, max_matches } = self.wish.window;
        let end = offset.saturating_add(limit).min(max_matches);
        // A master sorts nothing and drops nothing where only one set arrived.
        let duplicates = match sets {
            [_, _, ..] => Duplicates::find(sets, &starts, seed)?,
            _ => Duplicates::default(),
        };
        let total = (row_count - duplicates.count).min(max_matches);
        let mut rows = match sets {
            [_, _, ..] if total > 0 => {
                let now_s = self.wish.now.as_secs();
                let keys = self.order.locate(sets, &columns)?;
                let (starts, duplicates) = (&starts, &duplicates);
                sort::sort(sets, &keys, &Wanted { starts, duplicates, count: end, now_s })?
            }
            _ => first_rows(end.min(row_count))?,
        };
        rows.drain(..offset.min(rows.len()));
        let total_found = total_found.saturating_sub(duplicates.count as u64);
        let mut remarks = self.what_is_short(sets, total as u64, total_found);
        if self.items.contains(&Item::Everything) {
            remarks.extend(differences::of_all(sets, &columns));
        }
        // Sphinx answers a search without matches with all its attributes, whatever was selected.
        let is_raw = total == 0 && sets.iter().any(|set| set.dialect == Dialect::Sphinx);
        let columns = match is_raw {
            true => schema::of_nothing(sets),
            false => self.project(columns, sets).map_err(|entry| unmerged(sets, &entry))?,
        };
        let Words { words, left_out: words_left_out, mismatches: word_mismatches } =
            words::merge(sets, seed)?;
        Ok(Merged {
            columns,
            rows,
            total: total as u64,
            total_found,
            time_ms: sets.iter().map(|set| u64::from(set.result.time_ms)).sum(),
            words,
            words_left_out,
            word_mismatches,
            remarks,
        })
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

    fn project(&self, columns: Vec<Column>, sets: &[Set<'_>]) -> Result<Vec<Column>, Unresolved> {
        let dialect = if is_manticore(sets) { Dialect::Manticore } else { Dialect::Sphinx };
        let mut columns = select::project(&self.items, columns, dialect)?;
        if dialect == Dialect::Sphinx && self.expression_of(ID) == ID {
            // Ids travel signed, and only Manticore prints them so.
            let ids = columns.iter_mut().filter(|column| column.name == ID);
            ids.filter(|id| id.kind == Kind::Bigint).for_each(|id| id.kind = Kind::Uint64);
        }
        Ok(columns)
    }
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
    /// The host that was asked, or the local index.
    pub(crate) name: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) dialect: Dialect,
    pub(crate) result: &'a ResultSet,
}

impl Set<'_> {
    /// Document id of a row.
    fn id(&self, row: usize) -> u64 {
        self.head(row).id
    }

    fn head(&self, row: usize) -> Row {
        self.result.rows.get(self.body, row).unwrap_or(Row { id: 0, weight: 0 })
    }
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
    /// Number of further columns that were left out.
    MoreColumnsLeftOut(usize),
}

/// A row of one of the sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowPlace {
    pub(crate) set: u32,
    pub(crate) row: u32,
}

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
