//! Rows of many sets in one order (core/docs/spec/distributed.md 5.4): agents send theirs in
//! order, and no agent is believed.

use std::cmp::Ordering;
use std::collections::TryReserveError;

use super::duplicates::Duplicates;
use super::keys::{SortKey, Source, Values, weight_rank};
use super::runs::Runs;
use super::{RowPlace, Set};

/// Which rows a result may hold.
pub(super) struct Wanted<'a> {
    /// For each set, the number of its first row among those of all.
    pub(super) starts: &'a [u32],
    pub(super) duplicates: &'a Duplicates,
    /// Number of rows to keep, from the first on.
    pub(super) count: usize,
    /// Seconds since the epoch.
    pub(super) now_s: u64,
}

/// The first rows of these sets in the order of the keys, then of their document ids.
pub(super) fn sort(
    sets: &[Set<'_>],
    keys: &[SortKey<'_>],
    wanted: &Wanted<'_>,
) -> Result<Vec<RowPlace>, TryReserveError> {
    if let Some(runs) = Runs::find(sets, keys, wanted) {
        return runs.merge();
    }
    let keys = Keys::new(sets, keys, wanted.now_s)?;
    let mut entries = keys.entries(sets, wanted)?;
    if entries.len() <= RUNS_LENGTH_MAX {
        // What the sort takes for itself, and would abort without.
        Vec::<Entry>::new().try_reserve_exact(entries.len())?;
    }
    sort_entries(&mut entries, |one, other| one.bits().cmp(&other.bits()));
    if !keys.rest.is_empty() {
        for equal in entries.chunk_by_mut(|one, other| one.rank == other.rank) {
            sort_entries(equal, |one, other| keys.compare(one, other));
        }
    }
    entries.truncate(wanted.count);
    // Entries and places consist of 32-bit numbers: the ones take the room of the others.
    Ok(entries.into_iter().map(|entry| wanted.place(entry.number)).collect())
}

/// The sort that is quick with runs in order takes as much memory again, which large numbers of
/// rows go without.
fn sort_entries(entries: &mut [Entry], compare: impl Fn(&Entry, &Entry) -> Ordering) {
    match entries.len() {
        0..=RUNS_LENGTH_MAX => entries.sort_by(compare),
        _ => entries.sort_unstable_by(compare),
    }
}

impl Wanted<'_> {
    fn place(&self, number: u32) -> RowPlace {
        let set = self.starts.partition_point(|start| *start <= number) - 1;
        RowPlace { set: set as u32, row: number - self.starts[set] }
    }
}

/// A row while it is sorted.
#[derive(Clone, Copy)]
struct Entry {
    /// Of the first key, as far as 32 bits tell.
    rank: u32,
    /// High and low half of the document id.
    id: [u32; 2],
    /// Among the rows of all sets.
    number: u32,
}

impl Entry {
    /// Rank and id in one number.
    fn bits(self) -> u128 {
        let [high, low] = self.id.map(u128::from);
        u128::from(self.rank) << 64 | high << 32 | low
    }
}

/// The keys of all rows.
struct Keys<'a> {
    first: Option<&'a SortKey<'a>>,
    /// Values of the keys that ranks do not tell in full, and whether they descend.
    rest: Vec<(Values<'a>, bool)>,
    now_s: u64,
}

impl<'a> Keys<'a> {
    fn new(
        sets: &[Set<'a>],
        keys: &'a [SortKey<'a>],
        now_s: u64,
    ) -> Result<Self, TryReserveError> {
        let first = keys.first();
        let told = usize::from(first.is_some_and(SortKey::fits_rank));
        let mut rest = Vec::with_capacity(keys.len() - told);
        for key in &keys[told..] {
            rest.push((key.values(sets, now_s)?, key.is_descending));
        }
        Ok(Keys { first, rest, now_s })
    }

    /// The rows that may be among those that are wanted.
    fn entries(
        &self,
        sets: &[Set<'_>],
        wanted: &Wanted<'_>,
    ) -> Result<Vec<Entry>, TryReserveError> {
        let mut entries: Vec<Entry> = Vec::new();
        let sizes = sets.iter().map(|set| set.result.rows.len().min(wanted.count));
        entries.try_reserve_exact(sizes.sum())?;
        for (set_number, set) in sets.iter().enumerate() {
            let begin = entries.len();
            let mut last: Option<Entry> = None;
            for row in 0..set.result.rows.len() {
                let number = wanted.starts[set_number] + row as u32;
                if wanted.duplicates.has(number) {
                    continue;
                }
                let entry = self.entry(set_number, set, row, number);
                let is_behind = last.is_none_or(|last| self.compare(&last, &entry).is_lt());
                // As many of the same set come before it: agents send most rows in order.
                if is_behind && entries.len() - begin >= wanted.count {
                    continue;
                }
                if is_behind {
                    last = Some(entry);
                }
                entries.try_reserve(1)?;
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    fn entry(&self, set_number: usize, set: &Set<'_>, row: usize, number: u32) -> Entry {
        let head = set.head(row);
        let rank = self.first.map_or(0, |key| {
            let rank = match (&key.source, self.rest.first()) {
                (Source::Weight, _) => weight_rank(head.weight),
                (_, Some((values, _))) if !key.fits_rank() => {
                    values.rank(number as usize, head.id)
                }
                _ => key.number(set_number, set, row, self.now_s) as u32,
            };
            if key.is_descending { !rank } else { rank }
        });
        Entry { rank, id: [(head.id >> 32) as u32, head.id as u32], number }
    }

    fn compare(&self, one: &Entry, other: &Entry) -> Ordering {
        if one.rank != other.rank {
            return one.rank.cmp(&other.rank);
        }
        for (values, is_descending) in &self.rest {
            let order = match values {
                Values::Ids => one.id.cmp(&other.id),
                _ => values.compare(one.number as usize, other.number as usize),
            };
            if order.is_ne() {
                return if *is_descending { order.reverse() } else { order };
            }
        }
        one.id.cmp(&other.id)
    }
}

/// Rows up to this are sorted as runs: 256 KiB.
const RUNS_LENGTH_MAX: usize = 16_384;
