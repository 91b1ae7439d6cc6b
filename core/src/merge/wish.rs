//! What a search wants of the merge beside what its agents are sent.

use std::time::Duration;

use super::Window;
use crate::wire::search::Filter;

/// What the merge does that agents are not asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Rows of the result; of the inner select where there is an enclosing one.
    pub(crate) window: Window,
    /// Condition on merged groups, by the alias or the expression of an item of the select list.
    pub(crate) having: Option<Filter>,
    /// The enclosing select.
    pub(crate) outer: Option<OuterSelect>,
    /// Whose answer to give.
    pub(crate) mode: MergeMode,
    /// Since the epoch.
    pub(crate) now: Duration,
}

/// The enclosing select of a nested one: another order of the inner rows, and a part of those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OuterSelect {
    /// An extended sort clause.
    pub(crate) order: String,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

/// Whose answer a merge gives where masters are not right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MergeMode {
    /// What one index with all documents would answer.
    #[default]
    Exact,
    /// As [`MergeMode::Exact`], and a document that several agents hold counts once in groups,
    /// too. Each agent sends a row for every document that matches, up to 50,000; where there are
    /// more, the result warns, and documents count for each agent.
    Unique,
    /// What a master answers, to the number, so that results can be compared. An enclosing select
    /// alone is that of [`MergeMode::Exact`].
    Master,
}
