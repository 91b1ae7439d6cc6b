//! What a search chooses among: orders, rankers, match modes, collations.

use crate::wire::search::{Override, OverrideValue};

/// The order of rows. Ties go to the lower document id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sort {
    /// Weight, best first.
    #[default]
    Relevance,
    /// By a number or string attribute of the select list, highest first, then by weight. Floats
    /// go by their bits, as daemons do it.
    Descending(String),
    /// By a number or string attribute of the select list, lowest first, then by weight. Floats go
    /// by their bits, as daemons do it.
    Ascending(String),
    /// Age by this attribute of the select list in steps (hour, day, week, month, three months,
    /// older), newest first, then weight.
    TimeSegments(String),
    /// Up to five keys, such as `price asc, @weight desc`.
    Extended(String),
    /// Value of this expression, highest first.
    Expression(String),
}

/// Ranker of a search: by what matches are weighed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ranker {
    /// Phrase proximity and BM25.
    #[default]
    ProximityBm25,
    /// BM25 only.
    Bm25,
    /// Every match weighs 1.
    None,
    /// Number of hits.
    WordCount,
    /// Phrase proximity only.
    Proximity,
    /// As match mode "any" weighs.
    MatchAny,
    /// A bit for each field that matched.
    FieldMask,
    /// Proximity and BM25 with more for exact and leading hits.
    Sph04,
    /// By an expression.
    Expression(String),
    /// By an expression; the factors are kept for the select list.
    Export(String),
    /// The ranker plugin of that name, which each agent has, with these options.
    Plugin {
        /// Name of the plugin.
        name: String,
        /// Options of the plugin; may be empty.
        options: String,
    },
}

/// Ways in which a query text is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MatchMode {
    /// All words.
    All,
    /// Any word.
    Any,
    /// A phrase.
    Phrase,
    /// Words with `&`, `|`, `-` and brackets.
    Boolean,
    /// The extended language, old engine.
    Extended,
    /// The text is passed over.
    FullScan,
    /// The extended language.
    #[default]
    Extended2,
}

/// Ways in which strings compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Collation {
    /// By bytes, with Latin letters of either case as one.
    #[default]
    LibcCi = 0,
    /// By bytes, as the locale of the daemon orders them.
    LibcCs = 1,
    /// By letters of UTF-8, without case and accents.
    Utf8GeneralCi = 2,
    /// By bytes.
    Binary = 3,
}

/// Ways in which an agent keeps its best rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SortMethod {
    /// In a priority queue (`pq`).
    #[default]
    PriorityQueue,
    /// In a buffer that is sorted when it is full (`kbuffer`): faster where rows come sorted.
    KeepBuffer,
}

/// Ways in which the weight of a word follows from its number of documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Idf {
    /// Words in more than half of the documents weigh less than nothing.
    #[default]
    Normalized,
    /// No word weighs less than nothing.
    Plain,
}

/// Values of an attribute for some documents, by their ids, in the attribute's own type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Overrides {
    /// Whole numbers of 32 bits.
    Uint(Vec<(u64, u32)>),
    /// Seconds since the epoch.
    Timestamp(Vec<(u64, u32)>),
    /// True or false.
    Bool(Vec<(u64, bool)>),
    /// Floats.
    Float(Vec<(u64, f32)>),
    /// Whole numbers of 64 bits.
    Bigint(Vec<(u64, i64)>),
}

impl Overrides {
    pub(super) fn into_override(self, attribute: Vec<u8>) -> Override {
        fn each<T>(
            values: Vec<(u64, T)>,
            value: impl Fn(T) -> OverrideValue,
        ) -> Vec<(u64, OverrideValue)> {
            values.into_iter().map(|(id, number)| (id, value(number))).collect()
        }
        let (kind, values) = match self {
            Overrides::Uint(values) => (1, each(values, OverrideValue::Uint)),
            Overrides::Timestamp(values) => (2, each(values, OverrideValue::Uint)),
            Overrides::Bool(values) => {
                (4, each(values, |value| OverrideValue::Uint(u32::from(value))))
            }
            Overrides::Float(values) => (5, each(values, OverrideValue::Float)),
            Overrides::Bigint(values) => (6, each(values, OverrideValue::Bigint)),
        };
        Override { attribute, kind, values }
    }
}
