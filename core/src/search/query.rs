//! A search as the query that agents get (core/docs/spec/distributed.md 5.1).

use std::time::Duration;

use super::{MatchMode, Ranker, Search, Sort};
use crate::merge::{Window, Wish};
use crate::wire::guard::distinct;
use crate::wire::search::{FilterTest, Query};

impl Search {
    pub(super) fn order(&self) -> (&Sort, &str) {
        let clause = match &self.sort {
            Sort::Relevance => "",
            Sort::Descending(text)
            | Sort::Ascending(text)
            | Sort::TimeSegments(text)
            | Sort::Extended(text)
            | Sort::Expression(text) => text,
        };
        (&self.sort, clause)
    }

    pub(super) fn ranker_code(&self) -> (u32, &str) {
        match &self.ranker {
            Ranker::ProximityBm25 => (0, ""),
            Ranker::Bm25 => (1, ""),
            Ranker::None => (2, ""),
            Ranker::WordCount => (3, ""),
            Ranker::Proximity => (4, ""),
            Ranker::MatchAny => (5, ""),
            Ranker::FieldMask => (6, ""),
            Ranker::Sph04 => (7, ""),
            Ranker::Expression(text) => (8, text),
            Ranker::Export(text) => (9, text),
            Ranker::Plugin { .. } => (10, ""),
        }
    }

    pub(super) fn wish(&self, now: Duration) -> Wish {
        let [offset, limit, max_matches] =
            [self.offset, self.limit, self.max_matches].map(|number| number as usize);
        Wish {
            window: Window { offset, limit, max_matches },
            having: self.group.as_ref().and_then(|group| group.having.clone()),
            outer: self.outer.clone(),
            mode: self.merge_mode,
            now,
        }
    }
}

/// The query for the agents: every row that may be needed, from the first on.
pub(super) fn agent_query(index: &str, search: &Search) -> Query {
    let (ranker, ranker_expression) = search.ranker_code();
    let (sort, sort_clause) = search.order();
    let sort_mode = match sort {
        Sort::Relevance => 0,
        Sort::Descending(_) => 1,
        Sort::Ascending(_) => 2,
        Sort::TimeSegments(_) => 3,
        Sort::Extended(_) => 4,
        Sort::Expression(_) => 5,
    };
    let match_mode = match search.match_mode {
        MatchMode::All => 0,
        MatchMode::Any => 1,
        MatchMode::Phrase => 2,
        MatchMode::Boolean => 3,
        MatchMode::Extended => 4,
        MatchMode::FullScan => 5,
        MatchMode::Extended2 => 6,
    };
    let max_matches = i32::try_from(search.max_matches).unwrap_or(i32::MAX);
    let mut query = Query {
        offset: 0,
        limit: max_matches,
        max_matches,
        match_mode,
        ranker,
        ranker_expression: ranker_expression.as_bytes().to_vec(),
        sort_mode,
        sort_clause: sort_clause.as_bytes().to_vec(),
        cutoff: i32::try_from(search.cutoff).unwrap_or(i32::MAX),
        ..search.query.clone()
    };
    // What a blank list stands for.
    if query.select.trim_ascii().is_empty() {
        query.select = b"*".to_vec();
    }
    query.index_weights = agent_index_weights(index, query.index_weights);
    // Every daemon reads the attribute out of the list, too; masters send both.
    if let Some(attribute) = distinct(&query.select) {
        query.distinct = attribute.to_vec();
    }
    if let Some(group) = &search.group {
        group.put(&mut query);
    }
    if let Ranker::Plugin { name, options } = &search.ranker {
        query.ranker_plugin = [name, options].map(|text| text.as_bytes().to_vec());
    }
    if let Some((count, delay)) = search.retries {
        query.retry_count = i32::try_from(count).unwrap_or(i32::MAX);
        query.retry_delay_ms = i32::try_from(delay.as_millis()).unwrap_or(i32::MAX);
    }
    // As masters send it: 0 is no end for some daemons, and this is for all.
    query.id_max = u64::MAX;
    // What all masters send of queries that are not grouped.
    if search.group.is_none() {
        query.group_function = BY_ATTRIBUTE;
    }
    query
}

/// A weight of the distributed index, or of all, is every agent's weight; others go as they are.
fn agent_index_weights(index: &str, weights: Vec<(Vec<u8>, i32)>) -> Vec<(Vec<u8>, i32)> {
    match agent_weight(index, &weights) {
        Some(weight) => vec![(b"*".to_vec(), weight)],
        None => weights,
    }
}

/// The weight of all that the agents of an index have, if it has one.
pub(super) fn agent_weight(index: &str, weights: &[(Vec<u8>, i32)]) -> Option<i32> {
    let own = weights.iter().find(|(name, _)| name == index.as_bytes());
    let all = weights.last().filter(|(name, _)| name == b"*");
    own.or(all).map(|(_, weight)| *weight)
}

/// The query in the words of Sphinx, which reads each string of a list as an SQL literal.
pub(super) fn with_literals(query: &Query) -> Query {
    let mut query = query.clone();
    for filter in &mut query.filters {
        if let FilterTest::Strings(texts) = &mut filter.test {
            *texts = texts.iter().map(|text| literal(text)).collect();
        }
    }
    query
}

fn literal(text: &[u8]) -> Vec<u8> {
    let mut literal = Vec::with_capacity(text.len() + 2);
    literal.push(b'\'');
    for byte in text {
        if matches!(byte, b'\'' | b'\\') {
            literal.push(b'\\');
        }
        literal.push(*byte);
    }
    literal.push(b'\'');
    literal
}

/// The group function of an attribute's value.
const BY_ATTRIBUTE: u32 = 4;
