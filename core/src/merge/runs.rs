//! Rows that each source sent in the order of the merge. They are merged as they lie, and next to
//! nothing is kept of them but the rows of the result.

use std::cmp::Ordering;
use std::collections::TryReserveError;

use super::keys::{SortKey, Source, weight_rank};
use super::sort::Wanted;
use super::{RowPlace, Set};

/// Sources of rows, each in order.
pub(super) struct Runs<'a> {
    sets: &'a [Set<'a>],
    /// The first key, if it has numbers.
    first: Option<&'a SortKey<'a>>,
    /// The keys behind the first, and that as well if it has no numbers.
    rest: &'a [SortKey<'a>],
    wanted: &'a Wanted<'a>,
}

/// A row with what decides mostly.
#[derive(Clone, Copy)]
struct Head {
    place: RowPlace,
    /// Of the first key; the lowest comes first.
    rank: u64,
    id: u64,
}

impl<'a> Runs<'a> {
    /// Looks through all rows: no agent is believed. `None` if a source has another order.
    pub(super) fn find(
        sets: &'a [Set<'a>],
        keys: &'a [SortKey<'a>],
        wanted: &'a Wanted<'a>,
    ) -> Option<Self> {
        // Texts of JSON are not there before they are printed.
        if !keys.iter().all(SortKey::is_readable) {
            return None;
        }
        let first = keys.first().filter(|key| key.has_numbers());
        let rest = &keys[usize::from(first.is_some())..];
        let runs = Runs { sets, first, rest, wanted };
        (0..sets.len() as u32).all(|set| runs.is_in_order(set)).then_some(runs)
    }

    fn is_in_order(&self, set: u32) -> bool {
        let count = self.sets[set as usize].result.rows.len() as u32;
        let mut heads = (0..count).map(|row| self.head(RowPlace { set, row }));
        let Some(mut last) = heads.next() else { return true };
        heads.all(|head| self.compare(&std::mem::replace(&mut last, head), &head).is_le())
    }

    /// The first rows of all.
    pub(super) fn merge(&self) -> Result<Vec<RowPlace>, TryReserveError> {
        let row_count: usize = self.sets.iter().map(|set| set.result.rows.len()).sum();
        let count = self.wanted.count.min(row_count - self.wanted.duplicates.count);
        let mut rows = Vec::new();
        rows.try_reserve_exact(count)?;
        let mut heads = Vec::new();
        heads.try_reserve_exact(self.sets.len())?;
        let places = (0..self.sets.len() as u32).map(|set| RowPlace { set, row: 0 });
        heads.extend(places.filter_map(|place| self.next(place)));
        for parent in (0..heads.len() / 2).rev() {
            self.sink(&mut heads, parent);
        }
        while rows.len() < count
            && let Some(head) = heads.first_mut()
        {
            let RowPlace { set, row } = head.place;
            rows.push(head.place);
            match self.next(RowPlace { set, row: row + 1 }) {
                Some(next) => *head = next,
                None => drop(heads.swap_remove(0)),
            }
            self.sink(&mut heads, 0);
        }
        Ok(rows)
    }

    /// The row at that place, or the next of its set that is no duplicate.
    fn next(&self, mut place: RowPlace) -> Option<Head> {
        let set = place.set as usize;
        let count = self.sets[set].result.rows.len() as u32;
        while place.row < count && self.wanted.duplicates.has(self.wanted.starts[set] + place.row)
        {
            place.row += 1;
        }
        (place.row < count).then(|| self.head(place))
    }

    fn head(&self, place: RowPlace) -> Head {
        let (number, row) = (place.set as usize, place.row as usize);
        let set = &self.sets[number];
        let head = set.head(row);
        let rank = self.first.map_or(0, |key| {
            let rank = match key.source {
                Source::Weight => weight_rank(head.weight).into(),
                _ => key.number(number, set, row, self.wanted.now_s),
            };
            if key.is_descending { !rank } else { rank }
        });
        Head { place, rank, id: head.id }
    }

    /// Restores the heap below a head that was replaced.
    fn sink(&self, heads: &mut [Head], mut parent: usize) {
        loop {
            let mut least = parent;
            for child in [2 * parent + 1, 2 * parent + 2] {
                if child < heads.len() && self.compare(&heads[child], &heads[least]).is_lt() {
                    least = child;
                }
            }
            if least == parent {
                return;
            }
            heads.swap(parent, least);
            parent = least;
        }
    }

    fn compare(&self, one: &Head, other: &Head) -> Ordering {
        if one.rank != other.rank {
            return one.rank.cmp(&other.rank);
        }
        for key in self.rest {
            let order = key.compare(self.sets, one.place, other.place, self.wanted.now_s);
            if order.is_ne() {
                return if key.is_descending { order.reverse() } else { order };
            }
        }
        one.id.cmp(&other.id)
    }
}
