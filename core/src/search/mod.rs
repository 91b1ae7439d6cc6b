//! A full-text search: what to ask ([`Search`]), and what all agents say together
//! ([`SearchResult`]).

mod check;
mod choices;
mod condition;
pub(crate) mod filters;
mod grouping;
mod local;
mod needs;
mod of_client;
mod outcome;
mod part;
mod query;
mod raw_merge;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod recorded_tests;
pub(crate) mod request;
pub(crate) mod result;
mod row;
mod settings;
mod shown;
mod tree;
mod warnings;

pub use choices::{Collation, Idf, MatchMode, Overrides, Ranker, Sort, SortMethod};
pub use condition::{Condition, Number};
pub(crate) use filters::is_id;
pub use grouping::{GroupBy, Grouping};
pub(crate) use local::{Local, LocalVersion};
pub(crate) use outcome::Effort;
pub use outcome::{AgentOutcome, Coverage, SearchAttempt};
pub(crate) use part::{Part, PartSource};
pub use raw_merge::RawMerge;
pub(crate) use request::SearchRequest;
pub(crate) use result::Outcomes;
pub use result::{SearchResult, Word};
pub use row::{Column, Row, Rows};
pub(crate) use shown::Names;

use std::time::Duration;

pub use crate::merge::MergeMode;
use crate::merge::OuterSelect;
use crate::wire::search::Query;
pub use crate::wire::search::{Floats, Json, Kind, Multi, Multi64, Value};

/// A search, built by value; every setting has the default of an API client.
///
/// Groups, aggregates of the select list and an enclosing select are merged as one index with all
/// documents would answer, or as a master does it ([`Self::merge_mode`]).
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
    retries: Option<(u32, Duration)>,
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
            retries: None,
        }
    }

    /// Columns, such as `gid, price*2 AS double_price, weight()`; the default is `*`.
    pub fn select(mut self, list: impl Into<Vec<u8>>) -> Self {
        self.query.select = list.into();
        self
    }

    /// Groups documents: one row a group.
    pub fn group(mut self, grouping: Grouping) -> Self {
        self.group = Some(grouping);
        self
    }

    /// Returns what [`Self::group`] set, if anything.
    pub fn grouping(&self) -> Option<&Grouping> {
        self.group.as_ref()
    }

    /// Encloses this search in another, with its own order, offset and limit. Of the rows (or
    /// groups) of this one it returns `limit` from `offset` on in the order of this extended sort
    /// clause.
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

    /// Sets the ranker, by which matches are weighed.
    pub fn ranker(mut self, ranker: Ranker) -> Self {
        self.ranker = ranker;
        self
    }

    /// Sets the match mode, in which the query text is read.
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
}
