//! The parts of a result: agents and local indexes, and what each says of itself.

use std::time::Duration;

use crate::error::{AgentFailure, AttemptFailure, FailureKind, Phase};
use crate::merge::Set;
use crate::request::Reply;
use crate::wire::search::Status;
use crate::wire::text;

use super::SearchRequest;
use super::tree::missing_below;

/// Who gave a part of the result.
pub(crate) struct Part<H> {
    /// The distributed index that it belongs to.
    pub(crate) index: String,
    pub(crate) source: PartSource<H>,
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
        Part { index: request.own_index().to_owned(), source: PartSource::Local(name) }
    }

    pub(super) fn agents(
        request: &SearchRequest,
        outcomes: Vec<(H, Result<Reply, AgentFailure>)>,
    ) -> Vec<(Self, Result<Reply, AgentFailure>)> {
        let agent = |(number, (host, outcome))| {
            let source = PartSource::Agent(number, host);
            (Part { index: request.own_index().to_owned(), source }, outcome)
        };
        outcomes.into_iter().enumerate().map(agent).collect()
    }

    pub(super) fn is_local(&self) -> bool {
        matches!(self.source, PartSource::Local(_))
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
                let attempt = AttemptFailure {
                    host: host.as_ref().to_owned(),
                    kind: FailureKind::RemoteError,
                    phase: Phase::Read,
                    text,
                    code: None,
                    elapsed: Duration::from_millis(u64::from(set.result.time_ms)),
                };
                AgentFailure { agent: *number, attempts: vec![attempt], ..failure }
            }
        })
    }

    /// What an agent that is a master itself could not get, though it has answered.
    pub(super) fn incomplete(&self, reply: &Reply, query: usize) -> Option<AgentFailure> {
        let PartSource::Agent(number, host) = &self.source else { return None };
        let set = self.set_of(reply, query)?;
        let message = Some(set.result.message.of(set.body));
        let message = message.filter(|_| set.result.status == Status::Warning);
        let warning = reply.warning.as_deref().map(str::as_bytes);
        let missing = [message, warning].into_iter().flatten().find_map(missing_below)?;
        let attempt = AttemptFailure {
            host: host.as_ref().to_owned(),
            kind: FailureKind::RemoteError,
            phase: Phase::Read,
            text: format!("incomplete answer: {}", text::quote(missing)),
            code: None,
            elapsed: Duration::from_millis(u64::from(set.result.time_ms)),
        };
        Some(AgentFailure {
            index: self.index.clone(),
            agent: *number,
            attempts: vec![attempt],
            ..AgentFailure::default()
        })
    }
}
