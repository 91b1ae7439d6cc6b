//! What a search wants of the merge beside what its agents are sent, and what no merge does yet.

use std::time::Duration;

use super::Window;
use crate::wire::guard::aggregate;
use crate::wire::search::{Filter, Query};
use crate::wire::text;

/// What the merge does that agents are not asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Rows of the result; of the inner select where there is an enclosing one.
    pub(crate) window: Window,
    /// Condition on merged groups, by the alias or the expression of an item of the select list.
    #[expect(dead_code, reason = "read by the merge of groups, which is not there yet")]
    pub(crate) having: Option<Filter>,
    /// The enclosing select.
    pub(crate) outer: Option<OuterSelect>,
    /// Whose answer to give.
    #[expect(dead_code, reason = "read by the merge of groups, which is not there yet")]
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
    /// What a master answers, to the number, so that results can be compared.
    Master,
}

impl Wish {
    /// Refuses what this version cannot merge: rows of each agent would be a wrong answer.
    ///
    /// The one place that lets groups, aggregates and enclosing selects through.
    pub(crate) fn check(&self, query: &Query) -> Result<(), String> {
        let subject = if !query.group_by.is_empty() {
            format!("group-by attribute '{}'", text::quote_name(&query.group_by))
        } else if let Some(item) = aggregate(&query.select) {
            format!("select item '{}' is an aggregate", text::quote_name(item))
        } else if self.outer.is_some() {
            "an enclosing select".to_owned()
        } else {
            return Ok(());
        };
        Err(format!(
            "{subject}: merging groups of many agents is not in this version: ask agents one by \
             one, or leave it out"
        ))
    }
}
