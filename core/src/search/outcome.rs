//! What became of each agent of a search, and how much of the index its answers cover.

use std::time::Duration;

use super::SearchResult;
use crate::error::AgentFailure;
use crate::request::Reply;

/// What became of one agent of a search, or of one local index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentOutcome {
    /// Distributed index that the agent belongs to.
    pub index: String,
    /// Number of the agent in its index, from 0; 0 for a local index.
    pub agent: usize,
    /// Name of the local index, where it is one and no agent.
    pub local: Option<String>,
    /// Mirror whose answer is in the result, as the configuration names its host; `None` without
    /// an answer, and for a local index.
    pub host: Option<String>,
    /// Number of the failure in [`SearchResult::failures`]; `None` if it answered in full.
    pub failure: Option<usize>,
    /// Time from the start of the search to the agent's answer or failure; zero for a local index.
    pub elapsed: Duration,
    /// Number of attempts on its mirrors, those made beside a silent one included.
    pub attempts: u32,
    /// True if the mirror of the call's key has answered, false if another one has; `None` without
    /// a key ([`CallOptions::mirror_key`](crate::CallOptions::mirror_key)) or an answer.
    pub kept_mirror: Option<bool>,
}

impl AgentOutcome {
    /// True if it answered in full.
    pub fn is_complete(&self) -> bool {
        self.failure.is_none()
    }

    /// True if its rows are in the result though agents of its own are missing from them.
    pub fn is_partial(&self) -> bool {
        self.failure.is_some() && self.host.is_some()
    }
}

/// Part of the searched indexes that a result covers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Coverage {
    /// Number of agents that answered in full, searched local indexes included.
    pub complete: usize,
    /// Number of agents that answered, while agents of their own did not.
    pub partial: usize,
    /// Number of agents and local indexes that were asked or should have been.
    pub agents: usize,
    /// Share of the documents that were searched, from 0 to 1. `None` if it is not known: agents
    /// that do not answer, or that a warning says were cut short, do not say how many they hold.
    pub documents: Option<f64>,
}

impl SearchResult {
    /// Returns the part of the searched indexes that the result covers.
    pub fn coverage(&self) -> Coverage {
        let partial = self.outcomes.iter().filter(|outcome| outcome.is_partial()).count();
        let is_whole = self.agents_answered == self.agents && !self.has_unsearched;
        Coverage {
            complete: self.agents_answered,
            partial,
            agents: self.agents,
            documents: (is_whole && self.warning.is_none()).then_some(1.0),
        }
    }

    /// Returns why that agent did not answer, or not in full; `None` if it did.
    pub fn failure_of(&self, outcome: &AgentOutcome) -> Option<&AgentFailure> {
        self.failures.get(outcome.failure?)
    }
}

/// What the answer or the failure of a part has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effort {
    pub(crate) elapsed: Duration,
    pub(crate) attempts: u32,
    pub(crate) kept_mirror: Option<bool>,
}

impl Effort {
    /// What the outcome itself tells, where nobody saw the call.
    pub(super) fn of(outcome: &Result<Reply, AgentFailure>) -> Self {
        match outcome {
            Ok(Reply { elapsed, attempts, .. }) => {
                Self { elapsed: *elapsed, attempts: *attempts, kept_mirror: None }
            }
            Err(failure) => Self {
                elapsed: failure.attempts.iter().map(|attempt| attempt.elapsed).sum(),
                attempts: u32::try_from(failure.attempts.len()).unwrap_or(u32::MAX),
                kept_mirror: None,
            },
        }
    }
}
