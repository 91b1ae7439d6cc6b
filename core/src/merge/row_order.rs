//! Which of two rows comes first: within a group, among groups, and in an enclosing select.

use std::cmp::Ordering;
use std::collections::TryReserveError;

use super::Set;
use super::computed::Computed;
use super::keys::{SortKey, Source, Values, real_rank};
use super::schema::Column;
use crate::wire::search::{Kind, Value};

/// A row and its group; where there are no groups, the row alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    pub(super) row: u32,
    pub(super) group: u32,
}

/// An order of rows by keys.
pub(super) struct RowOrder<'a> {
    keys: Vec<(KeyValues<'a>, bool)>,
    /// Document ids of all rows.
    ids: Vec<u64>,
    ties: Ties,
}

/// What decides between rows whose keys are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ties {
    /// The lower document id, then what arrived first.
    Id,
    /// What arrived first.
    Arrival,
}

enum KeyValues<'a> {
    OfRows(Values<'a>),
    /// In the order of their ranks, one for each group.
    OfGroups(Vec<u64>),
    Texts(&'a Computed),
}

impl<'a> RowOrder<'a> {
    pub(super) fn new(
        sets: &[Set<'a>],
        keys: &[SortKey<'_>],
        computed: &'a [Computed],
        ties: Ties,
        now_s: u64,
    ) -> Result<Self, TryReserveError> {
        let mut ids = Vec::new();
        ids.try_reserve_exact(sets.iter().map(|set| set.result.rows.len()).sum())?;
        for set in sets {
            ids.extend((0..set.result.rows.len()).map(|row| set.id(row)));
        }
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            let of_key = match computed_of(&key.source, computed) {
                Some((column, computed)) => KeyValues::of_groups(computed, column.kind)?,
                None => KeyValues::OfRows(key.values(sets, now_s)?),
            };
            values.push((of_key, key.is_descending));
        }
        Ok(RowOrder { keys: values, ids, ties })
    }

    pub(super) fn compare(&self, one: Pick, other: Pick) -> Ordering {
        let ids = || self.ids[one.row as usize].cmp(&self.ids[other.row as usize]);
        for (values, is_descending) in &self.keys {
            let order = match values {
                KeyValues::OfRows(Values::Ids) => ids(),
                KeyValues::OfRows(values) => values.compare(one.row as usize, other.row as usize),
                KeyValues::OfGroups(ranks) => {
                    ranks[one.group as usize].cmp(&ranks[other.group as usize])
                }
                KeyValues::Texts(texts) => text(texts, one).cmp(text(texts, other)),
            };
            if order.is_ne() {
                return if *is_descending { order.reverse() } else { order };
            }
        }
        let by_id = if self.ties == Ties::Id { ids() } else { Ordering::Equal };
        by_id.then(one.row.cmp(&other.row))
    }

    /// Sorts rows; those of the same first key are told apart by the others.
    pub(super) fn sort(&self, picks: &mut [Pick]) {
        picks.sort_unstable_by(|one, other| self.compare(*one, *other));
    }
}

impl<'a> KeyValues<'a> {
    fn of_groups(computed: &'a Computed, kind: Kind) -> Result<Self, TryReserveError> {
        let mut ranks = Vec::new();
        match computed {
            Computed::Texts { .. } => return Ok(KeyValues::Texts(computed)),
            Computed::Ints(ints) => {
                ranks.try_reserve_exact(ints.len())?;
                let rank = |int: &i64| match kind {
                    Kind::Uint64 => *int as u64,
                    Kind::Bigint => (*int as u64) ^ 1 << 63,
                    _ => u64::from(*int as u32),
                };
                ranks.extend(ints.iter().map(rank));
            }
            Computed::Reals(reals) => {
                ranks.try_reserve_exact(reals.len())?;
                // As they are shown.
                let shown = |real: f64| match kind {
                    Kind::Double => real,
                    _ => f64::from(real as f32),
                };
                ranks.extend(reals.iter().map(|real| real_rank(shown(*real))));
            }
        }
        Ok(KeyValues::OfGroups(ranks))
    }
}

fn computed_of<'a, 'c>(
    source: &Source<'c>,
    computed: &'a [Computed],
) -> Option<(&'c Column, &'a Computed)> {
    let (Source::Column(column) | Source::Bits(column) | Source::Segment(column)) = *source else {
        return None;
    };
    Some((column, computed.get(column.computed?)?))
}

fn text(texts: &Computed, pick: Pick) -> &[u8] {
    match texts.value(pick.group as usize, Kind::String) {
        Some(Value::String(text)) => text,
        _ => b"",
    }
}
