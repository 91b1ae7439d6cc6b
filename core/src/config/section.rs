//! Sections with what they inherit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::diagnostics::Diagnostics;
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
    Source,
    Indexer,
    Common,
}

impl SectionKind {
    /// Words that a section begins with; Sphinx knows no tables.
    pub(super) fn words(reading: Reading) -> impl Iterator<Item = &'static str> {
        let words = ["source", "index", "table", "indexer", "searchd", "common"];
        words.into_iter().filter(move |word| reading != Reading::Sphinx || *word != "table")
    }

    /// The kind that begins with this word, in any case.
    pub(super) fn from_word(word: &str, reading: Reading) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "table" if reading == Reading::Sphinx => None,
            "searchd" => Some(Self::Searchd),
            "index" | "table" => Some(Self::Index),
            "source" => Some(Self::Source),
            "indexer" => Some(Self::Indexer),
            "common" => Some(Self::Common),
            _ => None,
        }
    }

    /// A name follows the word.
    pub(super) fn is_named(self) -> bool {
        matches!(self, Self::Index | Self::Source)
    }
}

/// All sections of a text, joined with their parents.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) searchd: Option<ResolvedSection>,
    /// In the order of the text.
    pub(super) indexes: Vec<ResolvedSection>,
    /// Sources, `indexer` and `common`, which this library only checks as a daemon would.
    pub(super) others: Vec<Section>,
}

/// A section with its own and its inherited values.
#[derive(Debug)]
pub(super) struct ResolvedSection {
    pub(super) name: PlacedText,
    /// Values of the keys in use, in the order of the text.
    values: BTreeMap<&'static str, Arc<Vec<PlacedText>>>,
    /// Keys of the section's own, without inherited ones.
    pub(super) keys: Vec<PlacedText>,
    pub(super) storage: Storage,
    /// True if the parent is missing: what the section would hold is not known.
    is_broken: bool,
}

/// What makes an index one that a daemon stores, inherited keys included.
#[derive(Clone, Debug, Default)]
pub(super) struct Storage {
    /// Value of `path`.
    pub(super) path: Option<Arc<str>>,
    pub(super) has_field: bool,
    pub(super) has_attribute: bool,
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
        let mut others = BTreeSet::new();
        for section in sections {
            if reading.is_lenient() && section.name.text.contains('.') {
                diagnostics.error_whole(&section.name, "a name without '.' is expected");
            }
            match section.kind {
                SectionKind::Searchd if resolved.searchd.is_some() => {
                    diagnostics.error_whole(&section.name, "one searchd section is expected");
                }
                SectionKind::Searchd => {
                    let checked: &[_] = if reading.is_lenient() { CHECKED_KEYS } else { &[] };
                    let keys = [SEARCHD_KEYS, checked].concat();
                    let new = ResolvedSection::new(section, &keys, None, diagnostics);
                    resolved.searchd = Some(new);
                }
                SectionKind::Index => {
                    resolved.add_index(section, &mut numbers, reading, diagnostics);
                }
                SectionKind::Source | SectionKind::Indexer | SectionKind::Common => {
                    resolved.add_other(section, &mut others, reading, diagnostics);
                }
            }
        }
        resolved.indexes.retain(|index| !index.is_broken);
        resolved
    }

    fn add_index(
        &mut self,
        section: Section,
        numbers: &mut BTreeMap<String, usize>,
        reading: Reading,
        diagnostics: &mut Diagnostics,
    ) {
        if numbers.contains_key(&section.name.text) {
            let expected = "a new name is expected; an index of this name stands before";
            diagnostics.error_whole(&section.name, expected);
            return;
        }
        // 2.2.11 takes a section for its own parent, and inherits nothing.
        let is_own =
            |name: &&PlacedText| reading == Reading::Sphinx && name.text == section.name.text;
        let parent = section.parent.as_ref().filter(|name| !is_own(name)).map(|name| {
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

    /// Nothing of it is used; 2.2.11 refuses one that stands twice or whose parent is missing.
    fn add_other(
        &mut self,
        section: Section,
        names: &mut BTreeSet<(u8, String)>,
        reading: Reading,
        diagnostics: &mut Diagnostics,
    ) {
        if reading != Reading::Sphinx {
            return;
        }
        let kind = section.kind as u8;
        if let Some(parent) = &section.parent
            && parent.text != section.name.text
            && !names.contains(&(kind, parent.text.clone()))
        {
            let expected = "the name of a source above this one is expected";
            diagnostics.error_whole(parent, expected);
        }
        if !names.insert((kind, section.name.text.clone())) {
            let expected = "a new name is expected; a section of this name stands before";
            diagnostics.error_whole(&section.name, expected);
        }
        self.others.push(section);
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
        let mut storage = parent.map(|parent| parent.storage.clone()).unwrap_or_default();
        let mut has_path = false;
        for Entry { key, value } in section.entries {
            if key.text == "path" && !has_path {
                has_path = true;
                storage.path = Some(Arc::from(value.text.as_str()));
            }
            storage.has_field |= key.text == "rt_field";
            storage.has_attribute |= key.text.starts_with("rt_attr_");
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
        Self { name: section.name, values, keys, storage, is_broken: false }
    }

    /// Value of `type`.
    pub(super) fn kind(&self) -> Option<&str> {
        self.values("type").first().map(|kind| kind.text.as_str())
    }

    /// Searchd 2.2.11 serves it from files of its own, as far as the text tells.
    pub(super) fn is_stored(&self) -> bool {
        let Storage { path, has_field, has_attribute } = &self.storage;
        match self.kind() {
            None | Some("plain") => path.is_some(),
            Some("rt") => path.is_some() && *has_field && *has_attribute,
            Some(_) => false,
        }
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

/// Keys of a searchd section whose values keep a daemon from starting, and are of no other use.
const CHECKED_KEYS: &[&str] = &["binlog_flush", "pid_file", "query_log", "workers"];

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
