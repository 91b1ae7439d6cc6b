//! Which rows are of one group, and which of them stand for it (core/docs/spec/distributed.md
//! 5.6).

use std::cmp::Ordering;
use std::collections::{HashMap, TryReserveError};

use foldhash::fast::FixedState;

use super::computed::filled;
use super::row_order::{Pick, RowOrder};
use super::schema::Column;
use super::{RowPlace, Set};
use crate::wire::search::Value;

/// The rows of all sets by group. Rows are numbered as they arrive.
pub(super) struct Groups {
    /// One for each row.
    pub(super) members: Vec<Member>,
    pub(super) count: usize,
}

/// A row of a group.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub(super) place: RowPlace,
    pub(super) group: u32,
    /// The first of its set in its group. Where agents send several rows of a group, each has the
    /// aggregates of all.
    pub(super) is_head: bool,
}

impl Groups {
    /// Puts rows with the same key together. The seed keeps agents from choosing keys that fall
    /// together.
    pub(super) fn find(
        sets: &[Set<'_>],
        key: &Column,
        seed: u64,
    ) -> Result<Groups, TryReserveError> {
        let row_count = sets.iter().map(|set| set.result.rows.len()).sum();
        let mut members = Vec::new();
        members.try_reserve_exact(row_count)?;
        let mut keys = Keys::new(seed);
        // For each group the set of its latest row.
        let mut latest: Vec<u32> = Vec::new();
        for (set_number, set) in sets.iter().enumerate() {
            let source = key.sources[set_number] as usize;
            let mut next = 0;
            for row in 0..set.result.rows.len() {
                let value = set.result.value(set.body, set.dialect, row, source);
                let bits = key_bits(value.unwrap_or(Value::Null));
                let known = keys.find(bits, next)?;
                let group = known.unwrap_or(latest.len() as u32);
                next = group as usize + 1;
                let place = RowPlace { set: set_number as u32, row: row as u32 };
                let is_head = match known {
                    Some(group) => latest[group as usize] != place.set,
                    None => {
                        latest.try_reserve(1)?;
                        latest.push(place.set);
                        keys.push(bits)?;
                        true
                    }
                };
                latest[group as usize] = place.set;
                members.push(Member { place, group, is_head });
            }
        }
        Ok(Groups { members, count: latest.len() })
    }

    /// Where rows of a group begin: a group's rows are those from its number's place on.
    pub(super) fn best(
        &self,
        order: &RowOrder<'_>,
        rows_per_group: usize,
    ) -> Result<Best, TryReserveError> {
        if rows_per_group > 1 {
            return self.best_of_many(order, rows_per_group);
        }
        let mut rows = filled(u32::MAX, self.count)?;
        for (row, member) in (0..).zip(&self.members) {
            let best = &mut rows[member.group as usize];
            let is_better = |best: u32| {
                let (one, other) = (self.pick(row), self.pick(best));
                order.compare(one, other) == Ordering::Less
            };
            if *best == u32::MAX || is_better(*best) {
                *best = row;
            }
        }
        Ok(Best { rows, starts: None })
    }

    fn best_of_many(
        &self,
        order: &RowOrder<'_>,
        rows_per_group: usize,
    ) -> Result<Best, TryReserveError> {
        let mut rows: Vec<u32> = Vec::new();
        rows.try_reserve_exact(self.members.len())?;
        rows.extend(0..self.members.len() as u32);
        let group = |row: u32| self.members[row as usize].group;
        rows.sort_unstable_by(|one, other| {
            let by_group = group(*one).cmp(&group(*other));
            by_group.then_with(|| order.compare(self.pick(*one), self.pick(*other)))
        });
        let mut starts = Vec::new();
        starts.try_reserve_exact(self.count + 1)?;
        let (mut kept, mut of_group) = (0, 0);
        for place in 0..rows.len() {
            let is_first = place == 0 || group(rows[place]) != group(rows[place - 1]);
            if is_first {
                starts.push(kept as u32);
                of_group = 0;
            }
            of_group += 1;
            if of_group <= rows_per_group {
                rows[kept] = rows[place];
                kept += 1;
            }
        }
        starts.push(kept as u32);
        rows.truncate(kept);
        Ok(Best { rows, starts: Some(starts) })
    }

    pub(super) fn pick(&self, row: u32) -> Pick {
        Pick { row, group: self.members[row as usize].group }
    }
}

/// The keys of the groups so far. Agents mostly have the same groups in the same order, by which
/// these are found; there is a table of the others alone.
struct Keys {
    /// One for each group.
    keys: Vec<u64>,
    least: u64,
    greatest: u64,
    numbers: HashMap<u64, u32, FixedState>,
}

impl Keys {
    fn new(seed: u64) -> Self {
        let numbers = HashMap::with_hasher(FixedState::with_seed(seed));
        Keys { keys: Vec::new(), least: u64::MAX, greatest: 0, numbers }
    }

    /// The group with that key, which is likely to be the one of that number.
    fn find(&mut self, key: u64, likely: usize) -> Result<Option<u32>, TryReserveError> {
        if self.keys.get(likely) == Some(&key) {
            return Ok(Some(likely as u32));
        }
        if key < self.least || key > self.greatest || self.keys.is_empty() {
            return Ok(None);
        }
        let known = self.numbers.len();
        self.numbers.try_reserve(self.keys.len() - known)?;
        self.numbers.extend(self.keys[known..].iter().copied().zip(known as u32..));
        Ok(self.numbers.get(&key).copied())
    }

    /// Adds a group with a key that none has.
    fn push(&mut self, key: u64) -> Result<(), TryReserveError> {
        self.keys.try_reserve(1)?;
        self.keys.push(key);
        (self.least, self.greatest) = (self.least.min(key), self.greatest.max(key));
        Ok(())
    }
}

/// The rows that stand for their groups.
pub(super) struct Best {
    /// Group by group, the best first.
    rows: Vec<u32>,
    /// Where each group's begin, and an end; `None` if each has one.
    starts: Option<Vec<u32>>,
}

impl Best {
    pub(super) fn of(&self, group: u32) -> &[u32] {
        let group = group as usize;
        match &self.starts {
            Some(starts) => &self.rows[starts[group] as usize..starts[group + 1] as usize],
            None => &self.rows[group..=group],
        }
    }

    pub(super) fn row_count(&self) -> usize {
        self.rows.len()
    }
}

/// The bits that keys are compared by.
fn key_bits(value: Value<'_>) -> u64 {
    match value {
        Value::Uint(value) => value.into(),
        Value::Bool(value) => value.into(),
        Value::Bigint(value) => value as u64,
        Value::Uint64(value) => value,
        Value::Float(value) => value.to_bits().into(),
        Value::Double(value) => value.to_bits(),
        _ => 0,
    }
}
