//! Sections with what they inherit.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::diagnostic::Diagnostics;
use super::placed::PlacedText;
use super::reading::Reading;

/// A section as it is written.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) kind: SectionKind,
    /// The kind's word where a section of its kind exists once.
    pub(super) name: PlacedText,
    pub(super) parent: Option<PlacedText>,
    pub(super) entries: Vec<Entry>,
}

/// `key = value`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: PlacedText,
    pub(super) value: PlacedText,
}

/// What a section is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SectionKind {
    Searchd,
    /// `index`, `table`.
    Index,
    /// `source`.
    Source,
    /// Settings of programs and libraries that this one has nothing to do with.
    Other,
}

impl SectionKind {
    /// Words that a section begins with; Sphinx knows no tables.
    pub(super) fn words(reading: Reading) -> impl Iterator<Item = &'static str> {
        let words = ["source", "index", "table", "indexer", "searchd", "common"];
        words.into_iter().filter(move |word| reading != Reading::Sphinx || *word != "table")
    }

    /// The kind that begins with this word.
    pub(super) fn from_word(word: &str, reading: Reading) -> Option<Self> {
        match word {
            "table" if reading == Reading::Sphinx => None,
            "searchd" => Some(Self::Searchd),
            "index" | "table" => Some(Self::Index),
            "source" => Some(Self::Source),
            "indexer" | "common" => Some(Self::Other),
            _ => None,
        }
    }

    /// A name follows the word.
    pub(super) fn is_named(self) -> bool {
        matches!(self, Self::Index | Self::Source)
    }
}

/// The `searchd` section, if there is one, and all index sections in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) searchd: Option<ResolvedSection>,
    pub(super) indexes: Vec<ResolvedSection>,
}

/// A section with its own and its inherited values.
#[derive(Debug)]
pub(super) struct ResolvedSection {
    pub(super) name: PlacedText,
    /// Values of the keys in use, in the order of the text.
    values: BTreeMap<&'static str, Arc<Vec<PlacedText>>>,
    /// Its own keys.
    pub(super) keys: Vec<PlacedText>,
    /// Its parent is missing: what it would hold is not known.
    is_broken: bool,
}

impl Sections {
    /// Joins each section with its parent, which must stand before it. A key that the child has
    /// replaces all values of that key (2.2.11 does so for `agent`, `agent_persistent`, `local`
    /// each on their own).
    pub(super) fn resolve(
        sections: Vec<Section>,
        reading: Reading,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut resolved = Self::default();
        let mut numbers = BTreeMap::new();
        for section in sections {
            if reading.is_lenient() && section.name.text.contains('.') {
                diagnostics.error_whole(&section.name, "a name without '.' is expected");
            }
            match section.kind {
                SectionKind::Searchd if resolved.searchd.is_some() => {
                    diagnostics.error_whole(&section.name, "one searchd section is expected");
                }
                SectionKind::Searchd => {
                    let keys = SEARCHD_KEYS;
                    let new = ResolvedSection::new(section, keys, None, diagnostics);
                    resolved.searchd = Some(new);
                }
                SectionKind::Index => {
                    resolved.add_index(section, &mut numbers, diagnostics);
                }
                SectionKind::Source | SectionKind::Other => {}
            }
        }
        resolved.indexes.retain(|index| !index.is_broken);
        resolved
    }

    fn add_index(
        &mut self,
        section: Section,
        numbers: &mut BTreeMap<String, usize>,
        diagnostics: &mut Diagnostics,
    ) {
        if numbers.contains_key(&section.name.text) {
            let expected = "a new name is expected; an index of this name stands before";
            diagnostics.error_whole(&section.name, expected);
            return;
        }
        let parent = section.parent.as_ref().map(|name| {
            let found = numbers.get(&name.text).map(|&number: &usize| &self.indexes[number]);
            if found.is_none() {
                let expected = "the name of an index above this one is expected";
                diagnostics.error_whole(name, expected);
            }
            found
        });
        let is_broken = match parent {
            Some(Some(parent)) => parent.is_broken,
            Some(None) => true,
            None => false,
        };
        let name = section.name.text.clone();
        let mut index = ResolvedSection::new(section, INDEX_KEYS, parent.flatten(), diagnostics);
        index.is_broken = is_broken;
        numbers.insert(name, self.indexes.len());
        self.indexes.push(index);
    }
}

impl ResolvedSection {
    fn new(
        section: Section,
        keys_in_use: &[&'static str],
        parent: Option<&Self>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut own: BTreeMap<&'static str, Vec<PlacedText>> = BTreeMap::new();
        let mut keys = Vec::with_capacity(section.entries.len());
        for Entry { key, value } in section.entries {
            if let Some(name) = keys_in_use.iter().find(|name| **name == key.text) {
                let values = own.entry(name).or_default();
                if values.is_empty() || MULTI_VALUE_KEYS.contains(name) {
                    values.push(value);
                } else {
                    let expected = format!("one value of '{name}' is expected; it is ignored");
                    diagnostics.warning_whole(&value, expected);
                }
            }
            keys.push(key);
        }
        let mut values = parent.map(|parent| parent.values.clone()).unwrap_or_default();
        values.extend(own.into_iter().map(|(name, list)| (name, Arc::new(list))));
        Self { name: section.name, values, keys, is_broken: false }
    }

    /// All values of a key, inherited or own.
    pub(super) fn values(&self, key: &str) -> &[PlacedText] {
        self.values.get(key).map_or(&[], |list| list.as_slice())
    }
}

/// Keys that may be given several times and add up; of any other the first value counts, as in
/// 2.2.11.
pub(super) const MULTI_VALUE_KEYS: &[&str] =
    &["agent", "agent_persistent", "agent_blackhole", "local"];

/// Keys of a searchd section that are used.
pub(super) const SEARCHD_KEYS: &[&str] = &[
    "agent_connect_timeout",
    "agent_query_timeout",
    "agent_retry_count",
    "agent_retry_delay",
    "ha_period_karma",
    "ha_ping_interval",
    "ha_strategy",
    "hostname_lookup",
    "max_filter_values",
    "max_filters",
    "max_packet_size",
    "mirror_retry_count",
    "persistent_connections_limit",
];

/// Keys of a distributed index that are used.
pub(super) const INDEX_KEYS: &[&str] = &[
    "agent",
    "agent_blackhole",
    "agent_connect_timeout",
    "agent_persistent",
    "agent_query_timeout",
    "agent_retry_count",
    "agent_retry_delay",
    "divide_remote_ranges",
    "ha_strategy",
    "local",
    "mirror_retry_count",
    "type",
];
