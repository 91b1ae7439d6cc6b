//! The mirrors already tried in a round.

use smallvec::SmallVec;

/// A set of mirror positions.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    words: SmallVec<[u64; 2]>,
}

impl Tried {
    /// Adds a mirror.
    pub fn insert(&mut self, mirror: usize) {
        let word = mirror / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (mirror % 64);
    }

    /// Takes a mirror out.
    pub fn remove(&mut self, mirror: usize) {
        if let Some(word) = self.words.get_mut(mirror / 64) {
            *word &= !(1 << (mirror % 64));
        }
    }

    /// Whether it was tried.
    pub fn contains(&self, mirror: usize) -> bool {
        self.words.get(mirror / 64).is_some_and(|word| word & (1 << (mirror % 64)) != 0)
    }

    /// Nothing was tried.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Returns the number of mirrors that were tried.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Starts a new round.
    pub fn clear(&mut self) {
        self.words.clear();
    }
}
