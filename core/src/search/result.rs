//! The merged result of a search, and how it is made of what the agents said.

use std::collections::HashSet;
use std::sync::Arc;

use crate::completeness::Completeness;
use crate::error::{AgentFailure, Error};
use crate::manticore_29::HIDES_STORED_FIELDS;
use crate::merge::{self, Computed, Merged, Plan, RowPlace, Set, Unmerged};
use crate::request::Reply;
use crate::wire::search::{Dialect, Kind, Value};
use crate::wire::text;

use super::SearchRequest;
use super::outcome::AgentOutcome;
use super::part::Part;
use super::row::{Column, Row, Rows, Source};
use super::warnings::Warnings;

pub use crate::merge::Word;

/// A merged search result. Rows borrow from it.
pub struct SearchResult {
    /// Columns of every row; `sources` has as many entries.
    pub(super) columns: Vec<Column>,
    /// Full-text fields.
    pub fields: Vec<String>,
    /// Rows that offset and limit chose from: at most `max_matches`.
    pub total: u64,
    /// Matching documents; one that two agents sent counts once.
    pub total_found: u64,
    /// Sum of the times that the agents took.
    pub time_ms: u64,
    /// Statistics of the query's words.
    pub words: Vec<Word>,
    /// Everything that went wrong without ending the search, as a master words it, and what the
    /// result lacks. That is columns that not all agents have, rows beyond max_matches or a
    /// cutoff.
    pub warning: Option<String>,
    /// Agents that answered in full, and local indexes that the program has searched. An agent
    /// that is a master itself and warns of agents that it could not get is not one of them,
    /// though its rows are here.
    pub agents_answered: usize,
    /// Agents that were asked, and local indexes that the program searched or, by the demanded
    /// completeness, should have.
    pub agents: usize,
    /// Why the others did not answer, or not in full.
    pub failures: Vec<AgentFailure>,
    /// What became of each agent and local index: the local ones first, then the agents in order.
    pub outcomes: Vec<AgentOutcome>,
    /// True if there are local indexes that nobody has searched or had to.
    pub(super) has_unsearched: bool,
    /// Number of its query within the request, and so of its set within each reply.
    pub(super) query: usize,
    pub(super) sources: Vec<Source>,
    pub(super) rows: Vec<RowPlace>,
    /// Number of each row's group; empty where rows are not grouped.
    pub(super) groups: Vec<u32>,
    pub(super) computed: Vec<Computed>,
    pub(super) replies: Vec<Arc<Reply>>,
}

/// Merges what became of the agents, in the order of the index's agents. Each is the host that
/// was asked last, and its reply as [`SearchRequest`] accepted it, or the failure.
///
/// An answer that warns of missing agents of its own counts for [`Completeness::BestEffort`]
/// alone.
///
/// [`Error::Unanswered`] if fewer agents answered than `completeness` demands,
/// [`Error::Merge`] if their answers do not fit together (core/docs/spec/distributed.md 5.5).
pub fn merge<H: AsRef<str>>(
    request: &SearchRequest,
    outcomes: Vec<(H, Result<Reply, AgentFailure>)>,
    completeness: Completeness,
) -> Result<SearchResult, Error> {
    merge_with_locals(request, Vec::new(), outcomes, completeness)
}

/// Merges as `merge` does, with the answers of local indexes by their names. These
/// come before the agents, and of a document that both have theirs is taken.
pub fn merge_with_locals<H: AsRef<str>>(
    request: &SearchRequest,
    locals: Vec<(String, Result<Reply, AgentFailure>)>,
    outcomes: Vec<(H, Result<Reply, AgentFailure>)>,
    completeness: Completeness,
) -> Result<SearchResult, Error> {
    let locals = locals.into_iter();
    let locals = locals.map(|(name, outcome)| (Part::local(request, name), outcome)).collect();
    let agents = Part::agents(request, outcomes);
    Outcomes { locals, unsearched: Vec::new(), agents }.merge(request, completeness)
}

/// Merges what became of the agents, as `merge` does: one result for each query of the
/// request, in their order.
pub fn merge_all<H: AsRef<str>>(
    request: &SearchRequest,
    outcomes: Vec<(H, Result<Reply, AgentFailure>)>,
    completeness: Completeness,
) -> Vec<Result<SearchResult, Error>> {
    let agents = Part::agents(request, outcomes);
    let outcomes = Outcomes { locals: Vec::new(), unsearched: Vec::new(), agents };
    outcomes.merge_all(request, completeness)
}

impl SearchResult {
    /// Merges the answers to one query.
    fn merge_query<H: AsRef<str>>(
        request: &SearchRequest,
        query: usize,
        outcomes: &Shared<H>,
        completeness: Completeness,
    ) -> Result<SearchResult, Error> {
        let agents = outcomes.parts.len();
        let Heard { parts, replies, failures, outcomes: told, mut warnings } =
            Heard::new(request, query, outcomes)?;
        let answered = agents - failures.len();
        let counted = match completeness {
            Completeness::BestEffort => replies.len(),
            Completeness::AtLeast { .. } | Completeness::All => answered,
        };
        if !completeness.is_met(counted, agents) {
            return Err(Error::Unanswered { answered, agents, failures });
        }
        let sets = parts.iter().zip(&replies);
        let sets = sets.filter_map(|(part, reply)| {
            let values = request.values(query);
            let values = values.and_then(|values| reply.search.as_ref()?.sets.get(values));
            Some(Set { values, ..part.set_of(reply, query)? })
        });
        let sets: Vec<Set<'_>> = sets.collect();
        let merged = merge_sets(request, query, &sets)?;
        for (number, part) in parts.iter().enumerate() {
            warnings.add_answer(part, &replies[number], &sets[number]);
            let plan = request.plan(query);
            let stored = stored_fields(plan, &sets[number], &merged.columns, number);
            warnings.add_stored_fields(part, &stored);
        }
        warnings.add_merged(&merged);
        let fields = sets.last().map_or_else(Vec::new, |set| {
            set.result.fields.iter().map(|field| field.text(set.body)).collect()
        });
        let Merged { columns, rows, groups, computed, total, total_found, time_ms, words, .. } =
            merged;
        let column = |merge::Column { name, kind, sources, computed }| {
            let source = computed.map_or(Source::Sent(sources), Source::Computed);
            (Column::new(name, kind), source)
        };
        let (columns, sources) = columns.into_iter().map(column).unzip();
        Ok(SearchResult {
            columns,
            fields,
            total,
            total_found,
            time_ms,
            words,
            warning: warnings.join(request.index(), &outcomes.unsearched),
            agents_answered: answered,
            agents,
            failures,
            outcomes: told,
            has_unsearched: !outcomes.unsearched.is_empty(),
            query,
            sources,
            rows,
            groups,
            computed,
            replies,
        })
    }

    /// Rows in the result.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// No row at all.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A row by its number from 0.
    pub fn row(&self, number: usize) -> Option<Row<'_>> {
        Row::new(self, number)
    }

    /// Every row in order.
    pub fn rows(&self) -> Rows<'_> {
        Rows::new(self)
    }

    /// Columns of every row: what the select list asks for, in its order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of the first column with that name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

impl<'a> IntoIterator for &'a SearchResult {
    type Item = Row<'a>;
    type IntoIter = Rows<'a>;

    fn into_iter(self) -> Rows<'a> {
        self.rows()
    }
}

/// What became of the agents and the local indexes.
pub(crate) struct Outcomes<H> {
    /// Of local indexes.
    pub(crate) locals: Vec<(Part<H>, Result<Reply, AgentFailure>)>,
    /// Local indexes that nobody has searched or had to.
    pub(crate) unsearched: Vec<String>,
    /// Of the agents.
    pub(crate) agents: Vec<(Part<H>, Result<Reply, AgentFailure>)>,
}

impl<H: AsRef<str>> Outcomes<H> {
    /// The result of a request with one query.
    pub(crate) fn merge(
        self,
        request: &SearchRequest,
        completeness: Completeness,
    ) -> Result<SearchResult, Error> {
        if request.queries() != 1 {
            let count = request.queries();
            let text = format!("the request has {count} queries: take all of their results");
            return Err(Error::Misuse(text));
        }
        SearchResult::merge_query(request, 0, &self.share(), completeness)
    }

    /// The result of each query.
    pub(crate) fn merge_all(
        self,
        request: &SearchRequest,
        completeness: Completeness,
    ) -> Vec<Result<SearchResult, Error>> {
        let shared = self.share();
        let merge = |query| SearchResult::merge_query(request, query, &shared, completeness);
        (0..request.queries()).map(merge).collect()
    }

    fn share(self) -> Shared<H> {
        let parts = self.locals.into_iter().chain(self.agents);
        let parts = parts.map(|(part, outcome)| (part, outcome.map(Arc::new)));
        Shared { parts: parts.collect(), unsearched: self.unsearched }
    }
}

/// What became of one part; several queries share its reply.
type SharedOutcome = Result<Arc<Reply>, AgentFailure>;

/// Outcomes whose replies the results of several queries share.
struct Shared<H> {
    parts: Vec<(Part<H>, SharedOutcome)>,
    unsearched: Vec<String>,
}

/// The answers to one query, and what is missing.
struct Heard<'a, H> {
    parts: Vec<&'a Part<H>>,
    /// One for each part.
    replies: Vec<Arc<Reply>>,
    failures: Vec<AgentFailure>,
    /// One for each part that was asked.
    outcomes: Vec<AgentOutcome>,
    /// What is said of those that gave no answer.
    warnings: Warnings,
}

impl<'a, H: AsRef<str>> Heard<'a, H> {
    fn new(request: &SearchRequest, query: usize, outcomes: &'a Shared<H>) -> Result<Self, Error> {
        let (mut parts, mut replies) = (Vec::new(), Vec::new());
        let (mut failures, mut warnings) = (Vec::new(), Warnings::default());
        let mut told = Vec::with_capacity(outcomes.parts.len());
        for (part, outcome) in &outcomes.parts {
            let reply = match outcome {
                Ok(reply) if reply.search.is_none() => {
                    let text = "a reply that the search did not judge can't be merged";
                    return Err(Error::Misuse(text.to_owned()));
                }
                Ok(reply) => part.refused(request, reply, query).map_or(Ok(reply), Err),
                Err(failure) => Err(failure.of_query(query)),
            };
            let (is_heard, number) = (reply.is_ok(), failures.len());
            match reply {
                Ok(reply) => {
                    failures.extend(part.incomplete(reply, query));
                    parts.push(part);
                    replies.push(reply.clone());
                }
                Err(failure) => {
                    warnings.add_failure(part, &failure);
                    failures.push(failure);
                }
            }
            told.push(part.outcome(is_heard, (failures.len() > number).then_some(number)));
        }
        Ok(Heard { parts, replies, failures, outcomes: told, warnings })
    }
}

fn merge_sets(request: &SearchRequest, query: usize, sets: &[Set<'_>]) -> Result<Merged, Error> {
    request.plan(query).merge(sets).map_err(|unmerged| match unmerged {
        // Names are of the select list, in which anything may be.
        Unmerged::Misfit(text) => {
            Error::Merge(text::escape(format!("index {}: {text}", request.index())))
        }
        Unmerged::OutOfMemory => {
            let rows: usize = sets.iter().map(|set| set.result.rows.len()).sum();
            let text = format!("index {}: out of memory to merge {rows} rows", request.index());
            Error::System(text.into())
        }
    })
}

/// Columns that Manticore sends empty to masters, whatever they hold (core/docs/spec/protocol.md
/// 4.4).
fn stored_fields<'a>(
    plan: &Plan,
    set: &Set<'_>,
    columns: &'a [merge::Column],
    number: usize,
) -> Vec<&'a str> {
    let Set { body, dialect, result, .. } = *set;
    let hides_fields = dialect == Dialect::Manticore && HIDES_STORED_FIELDS;
    if !hides_fields || result.rows.is_empty() {
        return Vec::new();
    }
    let fields = result.fields.iter().map(|field| field.of(body).to_ascii_lowercase());
    let fields: HashSet<Vec<u8>> = fields.collect();
    let expressions = plan.expressions();
    let is_field = |column: &&merge::Column| {
        let name = column.name.as_str();
        let name = || expressions.get(name).unwrap_or(&name).to_ascii_lowercase();
        column.kind == Kind::String && fields.contains(name().as_bytes())
    };
    // A string attribute may have a field's name, and then its texts do travel.
    let is_empty = |column: &&merge::Column| {
        let source = column.sources.get(number).map_or(usize::MAX, |source| *source as usize);
        let value = |row| result.value(body, dialect, row, source);
        (0..result.rows.len()).all(|row| value(row) == Some(Value::String(b"")))
    };
    columns.iter().filter(is_field).filter(is_empty).map(|column| column.name.as_str()).collect()
}
