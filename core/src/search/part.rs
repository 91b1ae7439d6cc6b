//! The parts of a result: agents and local indexes, and what each says of itself.

use std::time::Duration;

use crate::error::{AgentFailure, AttemptFailure, FailureKind, Phase};
use crate::merge::Set;
use crate::request::Reply;
use crate::wire::search::{ResultSet, Status};
use crate::wire::text;

use super::SearchRequest;
use super::outcome::{AgentOutcome, Effort};
use super::tree::missing_below;

/// Who gave a part of the result.
pub(crate) struct Part<H> {
    /// The distributed index that it belongs to.
    pub(crate) index: String,
    pub(crate) source: PartSource<H>,
    pub(crate) effort: Effort,
}

/// What a part is.
pub(crate) enum PartSource<H> {
    /// Number of the agent, and the host that was asked last.
    Agent(usize, H),
    /// The local index.
    Local(String),
}

impl<H: AsRef<str>> Part<H> {
    pub(super) fn local(request: &SearchRequest, name: String) -> Self {
        let source = PartSource::Local(name);
        Part { index: request.own_index().to_owned(), source, effort: Effort::default() }
    }

    pub(super) fn agents(
        request: &SearchRequest,
        outcomes: Vec<(H, Result<Reply, AgentFailure>)>,
    ) -> Vec<(Self, Result<Reply, AgentFailure>)> {
        let agent = |(number, (host, outcome))| {
            let (source, effort) = (PartSource::Agent(number, host), Effort::of(&outcome));
            (Part { index: request.own_index().to_owned(), source, effort }, outcome)
        };
        outcomes.into_iter().enumerate().map(agent).collect()
    }

    pub(super) fn is_local(&self) -> bool {
        matches!(self.source, PartSource::Local(_))
    }

    /// What became of it, with the number of its failure, if any.
    pub(super) fn outcome(&self, is_heard: bool, failure: Option<usize>) -> AgentOutcome {
        let (agent, host, local) = match &self.source {
            PartSource::Agent(number, host) => (*number, Some(host.as_ref().to_owned()), None),
            PartSource::Local(name) => (0, None, Some(name.clone())),
        };
        let (index, host) = (self.index.clone(), host.filter(|_| is_heard));
        let Effort { elapsed, attempts, .. } = self.effort;
        AgentOutcome {
            index,
            agent,
            local,
            host,
            failure,
            elapsed,
            attempts,
            kept_mirror: self.effort.kept_mirror.filter(|_| is_heard),
            answer_elapsed: self.effort.answer_elapsed.filter(|_| is_heard),
            failed_attempts: self.effort.failed_attempts.clone(),
        }
    }

    pub(super) fn set_of<'a>(&'a self, reply: &'a Reply, query: usize) -> Option<Set<'a>> {
        let search = reply.search.as_ref()?;
        let result = search.sets.get(query)?;
        Some(Set {
            is_local: self.is_local(),
            name: self.name(),
            body: &reply.body,
            dialect: search.dialect,
            result,
            values: None,
        })
    }

    fn name(&self) -> &str {
        match &self.source {
            PartSource::Agent(_, host) => host.as_ref(),
            PartSource::Local(name) => name,
        }
    }

    /// Why there is no answer to a query, though there are to others of its request.
    pub(super) fn refused(
        &self,
        request: &SearchRequest,
        reply: &Reply,
        query: usize,
    ) -> Option<AgentFailure> {
        let set = self.set_of(reply, query)?;
        let (text, is_proven) = match set.result.status {
            Status::Error => {
                (text::quote(set.result.message.of(set.body)), reply.are_refusals_proven)
            }
            _ => (request.unmet(query, reply)?, true),
        };
        let failure = AgentFailure {
            index: self.index.clone(),
            query_error: is_proven.then(|| text.clone()),
            ..AgentFailure::default()
        };
        Some(match &self.source {
            PartSource::Local(name) => AgentFailure { local: Some(name.clone()), ..failure },
            PartSource::Agent(number, host) => {
                let attempts = vec![attempt(host, text, set.result)];
                AgentFailure { agent: *number, attempts, ..failure }
            }
        })
    }

    /// What an agent that is a master itself could not get, though it has answered.
    pub(super) fn incomplete(&self, reply: &Reply, query: usize) -> Option<AgentFailure> {
        let PartSource::Agent(number, host) = &self.source else { return None };
        let set = self.set_of(reply, query)?;
        let missing = missing_of(reply, set.result)?;
        let text = format!("incomplete answer: {}", text::quote(missing));
        let (index, attempts) = (self.index.clone(), vec![attempt(host, text, set.result)]);
        Some(AgentFailure { index, agent: *number, attempts, ..AgentFailure::default() })
    }
}

/// Returns the failure with what each query of the request was refused with.
pub(super) fn refused(failure: AgentFailure, texts: Vec<Option<String>>) -> AgentFailure {
    let query_errors: Vec<String> = texts.into_iter().flatten().map(text::escape).collect();
    AgentFailure { query_error: query_errors.first().cloned(), query_errors, ..failure }
}

/// The attempt whose answer to a query is none, or is not whole.
fn attempt<H: AsRef<str>>(host: &H, text: String, result: &ResultSet) -> AttemptFailure {
    let (kind, phase) = (FailureKind::RemoteError, Phase::Read);
    let elapsed = Duration::from_millis(u64::from(result.time_ms));
    let (host, began) = (host.as_ref().to_owned(), Duration::ZERO);
    AttemptFailure { host, kind, phase, text, code: None, began, elapsed }
}

/// Returns what an answer to a query says of agents further down that gave none.
pub(super) fn missing_of<'a>(reply: &'a Reply, result: &ResultSet) -> Option<&'a [u8]> {
    let message = Some(result.message.of(&reply.body));
    let message = message.filter(|_| result.status == Status::Warning);
    let warning = reply.warning.as_deref().map(str::as_bytes);
    [message, warning].into_iter().flatten().find_map(missing_below)
}
