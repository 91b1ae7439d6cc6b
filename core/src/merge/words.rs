//! Statistics of the query's words over all sets (core/docs/spec/distributed.md 5.4).

use std::collections::{HashMap, TryReserveError};

use foldhash::fast::FixedState;

use super::{Set, is_manticore};
use crate::limits::{REMOTE_TEXT_MAX, WORDS_MAX};
use crate::wire::text;

/// Statistics of a query word over all agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word as the daemons looked it up.
    pub word: String,
    /// Documents that have it; one on two agents counts twice.
    pub docs: u64,
    /// Number of times that the documents have the word.
    pub hits: u64,
}

/// The words of all sets.
pub(super) struct Words {
    /// In the order of the sets, each word once.
    pub(super) words: Vec<Word>,
    /// Words beyond [`WORDS_MAX`], as often as agents have them.
    pub(super) left_out: usize,
    /// For each set, the words of those before that it does not know.
    pub(super) mismatches: Vec<String>,
}

/// Sums the words, and lists for each set those of the sets before that it does not know. The seed
/// keeps agents from choosing words that fall together.
pub(super) fn merge(sets: &[Set<'_>], seed: u64) -> Result<Words, TryReserveError> {
    let mut words: Vec<Word> = Vec::new();
    let mut places: HashMap<&[u8], usize, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(seed));
    let mut left_out = 0;
    let mut mismatches = Vec::new();
    // Masters of Manticore see no fault in words that differ.
    let tells_mismatches = !is_manticore(sets);
    for set in sets {
        left_out += set.result.words_left_out;
        let mut is_missing = vec![true; words.len()];
        for span in &set.result.words {
            let bytes = span.word.of(set.body);
            let known = places.get(bytes).copied();
            if known.is_none() && words.len() == WORDS_MAX {
                left_out += 1;
                continue;
            }
            let place = known.unwrap_or(words.len());
            if known.is_none() {
                words.try_reserve(1)?;
                places.try_reserve(1)?;
                let word = String::from_utf8_lossy(bytes).into_owned();
                words.push(Word { word, docs: 0, hits: 0 });
                places.insert(bytes, place);
            }
            words[place].docs += u64::from(span.docs);
            words[place].hits += u64::from(span.hits);
            if let Some(is_missing) = is_missing.get_mut(place) {
                *is_missing = false;
            }
        }
        // What was left out of a set can't be told from what it lacks.
        if tells_mismatches && set.result.words_left_out == 0 {
            let missing = words.iter().zip(is_missing).filter(|(_, is_missing)| *is_missing);
            let text = list(missing.map(|(word, _)| word.word.as_str()));
            if !text.is_empty() {
                mismatches.push(text);
            }
        }
    }
    Ok(Words { words, left_out, mismatches })
}

/// As many of the words, with commas, as a line may hold.
fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut list = String::new();
    for word in words {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(word);
        if list.len() > REMOTE_TEXT_MAX {
            break;
        }
    }
    text::quote(list.as_bytes())
}
