//! What a search chooses among: orders, rankers, match modes.

/// The order of rows. Ties go to the lower document id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sort {
    /// Weight, best first.
    #[default]
    Relevance,
    /// This number or string attribute of the select list, highest first, then weight; floats by
    /// their bits, as daemons do it.
    Descending(String),
    /// This number or string attribute of the select list, lowest first, then weight; floats by
    /// their bits, as daemons do it.
    Ascending(String),
    /// Age by this attribute of the select list in steps (hour, day, week, month, three months,
    /// older), newest first, then weight.
    TimeSegments(String),
    /// Up to five keys, such as `price asc, @weight desc`.
    Extended(String),
    /// Value of this expression, highest first.
    Expression(String),
}

/// How matches are weighed.
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
    /// This expression.
    Expression(String),
    /// This expression; the factors are kept for the select list.
    Export(String),
}

/// How the query text is read.
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
