//! A full-text search: what to ask ([`Search`]), how it travels ([`SearchRequest`]), and what all
//! agents say together ([`SearchResult`]).

mod condition;
mod grouping;
mod local;
mod request;
mod result;
mod tree;
mod warnings;

pub use condition::{Condition, Number};
pub use grouping::{GroupBy, Grouping};
pub(crate) use local::Local;
pub use request::SearchRequest;
pub use result::{Column, Row, SearchResult, Word};

pub use crate::merge::MergeMode;
use crate::merge::OuterSelect;
use crate::wire::search::{Filter, FilterTest, Query};
pub use crate::wire::search::{Floats, Json, Kind, Multi, Multi64, Value};

/// A search, built by value; every setting has the default of an API client.
///
/// Merging groups is not in this version: a grouped search and aggregates in the select list are
/// refused.
///
/// ```
/// use hamirror::search::{Search, Sort};
/// let search = Search::new("hello world")
///     .select("gid, weight() w")
///     .filter_values("gid", [1, 2])
///     .sort(Sort::Extended("gid desc, @id asc".into()))
///     .limit(10);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    query: Query,
    offset: u32,
    limit: u32,
    max_matches: u32,
    cutoff: u32,
    sort: Sort,
    ranker: Ranker,
    match_mode: MatchMode,
    group: Option<Grouping>,
    outer: Option<OuterSelect>,
    merge_mode: MergeMode,
}

impl Search {
    /// A search for that full-text query; an empty one matches every document.
    pub fn new(text: impl Into<Vec<u8>>) -> Self {
        Search {
            query: Query { text: text.into(), ..Query::default() },
            offset: 0,
            limit: 20,
            max_matches: 1_000,
            cutoff: 0,
            sort: Sort::Relevance,
            ranker: Ranker::ProximityBm25,
            match_mode: MatchMode::Extended2,
            group: None,
            outer: None,
            merge_mode: MergeMode::Exact,
        }
    }

    /// Columns, such as `gid, price*2 AS double_price, weight()`; the default is `*`.
    pub fn select(mut self, list: impl Into<Vec<u8>>) -> Self {
        self.query.select = list.into();
        self
    }

    /// Keeps documents whose attribute is one of these; `id` is the document id.
    pub fn filter_values(
        self,
        attribute: impl Into<Vec<u8>>,
        values: impl IntoIterator<Item = i64>,
    ) -> Self {
        self.condition(attribute, FilterTest::Values(values.into_iter().collect()), false)
    }

    /// Keeps documents whose attribute is none of these.
    pub fn exclude_values(
        self,
        attribute: impl Into<Vec<u8>>,
        values: impl IntoIterator<Item = i64>,
    ) -> Self {
        self.condition(attribute, FilterTest::Values(values.into_iter().collect()), true)
    }

    /// Keeps documents with one of these ids. [`Self::filter_values`] does, too, with an id from
    /// 2^63 on as the signed number of the same bits.
    pub fn filter_ids(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.filter_values(ID, ids.into_iter().map(u64::cast_signed))
    }

    /// Keeps documents with none of these ids.
    pub fn exclude_ids(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.exclude_values(ID, ids.into_iter().map(u64::cast_signed))
    }

    /// Keeps documents whose attribute is from `from` to `to`, both included.
    pub fn filter_range(self, attribute: impl Into<Vec<u8>>, from: i64, to: i64) -> Self {
        self.condition(attribute, FilterTest::Range(from, to), false)
    }

    /// Keeps documents whose attribute is below `from` or above `to`.
    pub fn exclude_range(self, attribute: impl Into<Vec<u8>>, from: i64, to: i64) -> Self {
        self.condition(attribute, FilterTest::Range(from, to), true)
    }

    /// Keeps documents whose float attribute is from `from` to `to`, both included.
    pub fn filter_float_range(self, attribute: impl Into<Vec<u8>>, from: f32, to: f32) -> Self {
        self.condition(attribute, FilterTest::FloatRange(from, to), false)
    }

    /// Keeps documents whose float attribute is below `from` or above `to`.
    pub fn exclude_float_range(self, attribute: impl Into<Vec<u8>>, from: f32, to: f32) -> Self {
        self.condition(attribute, FilterTest::FloatRange(from, to), true)
    }

    /// Keeps documents whose string attribute equals `text` by the daemon's collation.
    pub fn filter_string(self, attribute: impl Into<Vec<u8>>, text: impl Into<Vec<u8>>) -> Self {
        self.condition(attribute, FilterTest::String(text.into()), false)
    }

    /// Keeps documents whose string attribute differs from `text`.
    pub fn exclude_string(self, attribute: impl Into<Vec<u8>>, text: impl Into<Vec<u8>>) -> Self {
        self.condition(attribute, FilterTest::String(text.into()), true)
    }

    /// Keeps documents where that field of a JSON attribute is null or not there.
    pub fn filter_null(self, attribute: impl Into<Vec<u8>>) -> Self {
        self.condition(attribute, FilterTest::Null(true), false)
    }

    /// Keeps documents where that field of a JSON attribute is something.
    pub fn exclude_null(self, attribute: impl Into<Vec<u8>>) -> Self {
        self.condition(attribute, FilterTest::Null(false), false)
    }

    /// Keeps documents with an id from `from` to `to`, both included; `u64::MAX` is no end.
    pub fn id_range(self, from: u64, to: u64) -> Self {
        if from > to {
            return self.condition(ID, FilterTest::Range(1, 0), false);
        }
        // Ids are signed in Manticore: a range over the middle would be empty there, so what lies
        // outside of it is left out instead.
        if from < HIGH && to >= HIGH {
            let from_start = if from > 0 {
                self.condition(ID, FilterTest::Range(0, from as i64 - 1), true)
            } else {
                self
            };
            return match to.checked_add(1) {
                Some(above) => from_start.condition(ID, FilterTest::Range(above as i64, -1), true),
                None => from_start,
            };
        }
        self.condition(ID, FilterTest::Range(from as i64, to as i64), false)
    }

    /// Keeps documents with an id below `from` or above `to`.
    pub fn exclude_id_range(self, from: u64, to: u64) -> Self {
        if from > to {
            return self;
        }
        // In two parts, for the same reason.
        let parts = match from < HIGH && to >= HIGH {
            true => vec![(from, HIGH - 1), (HIGH, to)],
            false => vec![(from, to)],
        };
        parts.into_iter().fold(self, |search, (from, to)| {
            search.condition(ID, FilterTest::Range(from as i64, to as i64), true)
        })
    }

    /// Keeps documents of whose attribute `condition` holds.
    pub fn filter(mut self, attribute: impl Into<Vec<u8>>, condition: Condition) -> Self {
        let filter = condition.into_filter(attribute.into());
        self.query.filters.push(filter);
        self
    }

    /// Groups documents: one row a group.
    pub fn group(mut self, grouping: Grouping) -> Self {
        self.group = Some(grouping);
        self
    }

    /// Encloses this search in another: of its rows (or groups), with its own order, offset and
    /// limit, returns `limit` from `offset` on in the order of this extended sort clause.
    pub fn outer(mut self, order: impl Into<String>, offset: u32, limit: u32) -> Self {
        let [offset, limit] = [offset, limit].map(|number| number as usize);
        self.outer = Some(OuterSelect { order: order.into(), offset, limit });
        self
    }

    /// Whose answer the merge gives where masters are not right.
    pub fn merge_mode(mut self, mode: MergeMode) -> Self {
        self.merge_mode = mode;
        self
    }

    /// The order of rows; in a grouped search that of documents within a group, whose first is the
    /// row of the group.
    pub fn sort(mut self, sort: Sort) -> Self {
        self.sort = sort;
        self
    }

    /// Rows of the merged result to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = offset;
        self
    }

    /// Rows to return, 20 unless set.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Best rows that each agent sends and the merge keeps, 1000 unless set.
    pub fn max_matches(mut self, max_matches: u32) -> Self {
        self.max_matches = max_matches;
        self
    }

    /// How matches are weighed.
    pub fn ranker(mut self, ranker: Ranker) -> Self {
        self.ranker = ranker;
        self
    }

    /// How the query text is read.
    pub fn match_mode(mut self, match_mode: MatchMode) -> Self {
        self.match_mode = match_mode;
        self
    }

    /// Matches after which an agent stops looking; 0 is no end.
    pub fn cutoff(mut self, cutoff: u32) -> Self {
        self.cutoff = cutoff;
        self
    }

    /// Milliseconds after which an agent stops looking and answers with what it has; 0 is no end.
    pub fn max_query_time_ms(mut self, time_ms: u32) -> Self {
        self.query.max_query_time_ms = time_ms;
        self
    }

    /// Weight of a full-text field, 1 unless set.
    pub fn field_weight(mut self, field: impl Into<Vec<u8>>, weight: i32) -> Self {
        self.query.field_weights.push((field.into(), weight));
        self
    }

    /// Weight of an index: the distributed one or one on the agents; `*` is every index.
    pub fn index_weight(mut self, index: impl Into<Vec<u8>>, weight: i32) -> Self {
        self.query.index_weights.push((index.into(), weight));
        self
    }

    /// Gives each row a column `@geodist`: metres from this place to the one in two float
    /// attributes. All are in radians.
    pub fn geo_anchor(
        mut self,
        latitude_attribute: impl Into<Vec<u8>>,
        longitude_attribute: impl Into<Vec<u8>>,
        latitude: f32,
        longitude: f32,
    ) -> Self {
        let attributes = (latitude_attribute.into(), longitude_attribute.into());
        self.query.geo_anchor = Some((attributes.0, attributes.1, latitude, longitude));
        self
    }

    /// Text for the agents' query logs.
    pub fn comment(mut self, comment: impl Into<Vec<u8>>) -> Self {
        self.query.comment = comment.into();
        self
    }

    fn condition(
        mut self,
        attribute: impl Into<Vec<u8>>,
        test: FilterTest,
        exclude: bool,
    ) -> Self {
        let mut attribute = attribute.into();
        // 2.2.11 knows the document id in filters by its magic name only.
        if is_id(&attribute) {
            attribute = ID.to_vec();
        }
        // Asked by a master, 2.2.11 goes by this and not by the test's own byte.
        let has_equal = test != FilterTest::Null(false);
        let filter = Filter { attribute, test, exclude, has_equal, multi_function: 0 };
        self.query.filters.push(filter);
        self
    }
}

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

/// Whether a filter on that attribute is one on the document id.
pub fn is_id(attribute: &[u8]) -> bool {
    attribute.eq_ignore_ascii_case(b"id") || attribute.eq_ignore_ascii_case(ID)
}

/// The first id that has another sign where ids are signed.
const HIGH: u64 = 1 << 63;

/// The document id in filters and sort clauses.
const ID: &[u8] = b"@id";
