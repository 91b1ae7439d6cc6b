//! Documents that more than one row stands for.

use std::collections::{HashSet, TryReserveError};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::Set;

/// The rows that give way to another one of the same document, by their numbers over all sets.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    rows: Bits,
    pub(super) count: usize,
}

impl Duplicates {
    /// Finds them: a local row stays, or that of the latest agent. `starts` are the numbers of the
    /// sets' first rows. The seed keeps agents from choosing ids that fall together.
    pub(super) fn find(
        sets: &[Set<'_>],
        starts: &[u32],
        seed: u64,
    ) -> Result<Duplicates, TryReserveError> {
        let hasher = FixedState::with_seed(seed);
        let row_count: usize = sets.iter().map(|set| set.result.rows.len()).sum();
        let slots = (row_count * SLOTS_A_ROW).next_power_of_two();
        let slot = |id: u64| hasher.hash_one(id) as usize & (slots - 1);
        // Most ids have a slot to themselves: only the others are worth a set of their own.
        let mut taken = Bits::new(slots)?;
        let mut shared = Bits::new(slots)?;
        for set in sets {
            for row in 0..set.result.rows.len() {
                let slot = slot(set.id(row));
                if taken.set(slot) {
                    shared.set(slot);
                }
            }
        }
        drop(taken);
        let mut duplicates = Duplicates::default();
        let mut seen = HashSet::with_hasher(hasher.clone());
        let of_locals = sets.partition_point(|set| set.is_local);
        for number in (0..of_locals).rev().chain((of_locals..sets.len()).rev()) {
            for row in (0..sets[number].result.rows.len()).rev() {
                let id = sets[number].id(row);
                if !shared.has(slot(id)) {
                    continue;
                }
                seen.try_reserve(1)?;
                if !seen.insert(id) {
                    if duplicates.count == 0 {
                        duplicates.rows = Bits::new(row_count)?;
                    }
                    duplicates.rows.set(starts[number] as usize + row);
                    duplicates.count += 1;
                }
            }
        }
        Ok(duplicates)
    }

    /// Whether the row of that number is one.
    pub(super) fn has(&self, number: u32) -> bool {
        self.rows.has(number as usize)
    }
}

/// Numbers below a bound.
#[derive(Debug, Default)]
struct Bits {
    words: Vec<u64>,
}

impl Bits {
    fn new(bound: usize) -> Result<Bits, TryReserveError> {
        let count = bound.div_ceil(64);
        let mut words = Vec::new();
        words.try_reserve_exact(count)?;
        words.resize(count, 0);
        Ok(Bits { words })
    }

    /// Adds a number. Returns whether it was there.
    fn set(&mut self, number: usize) -> bool {
        let word = &mut self.words[number / 64];
        let was = *word >> (number % 64) & 1 == 1;
        *word |= 1 << (number % 64);
        was
    }

    fn has(&self, number: usize) -> bool {
        self.words.get(number / 64).is_some_and(|word| *word >> (number % 64) & 1 == 1)
    }
}

/// One row in so many shares its slot with another one by chance.
const SLOTS_A_ROW: usize = 16;
