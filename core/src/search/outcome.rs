//! What became of each agent of a search, and how much of the index its answers cover.

use std::time::Duration;

use super::SearchResult;
use crate::error::{AgentFailure, AttemptFailure};
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
    /// Time of the attempt that answered; `None` without an answer, and for a local index.
    pub answer_elapsed: Option<Duration>,
    /// Attempts that failed or were overtaken before another one answered, oldest first. Those of
    /// an agent without an answer are in its failure.
    pub failed_attempts: Vec<AttemptFailure>,
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

/// One attempt of a search on one mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchAttempt<'a> {
    /// Agent that was asked by it.
    pub outcome: &'a AgentOutcome,
    /// Host of the mirror, as the configuration names it.
    pub host: &'a str,
    /// Time from the start of the search to that of the attempt.
    pub began: Duration,
    /// Time from the start of the attempt to its end.
    pub elapsed: Duration,
    /// Why it brought no answer; `None` if it did.
    pub failure: Option<&'a AttemptFailure>,
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

    /// Returns the attempts on all mirrors, agent by agent, oldest first. The one that answered is
    /// the last of its agent.
    pub fn attempts(&self) -> impl Iterator<Item = SearchAttempt<'_>> {
        self.outcomes.iter().flat_map(|outcome| {
            let answered = outcome.host.as_deref().zip(outcome.answer_elapsed);
            let answered = answered.map(|(host, elapsed)| {
                let began = outcome.elapsed.saturating_sub(elapsed);
                SearchAttempt { outcome, host, began, elapsed, failure: None }
            });
            // What failed below a master that answered is no attempt of this search.
            let unanswered = self.failure_of(outcome).filter(|_| outcome.host.is_none());
            let unanswered = unanswered.into_iter().flat_map(|failure| &failure.attempts);
            let failed = outcome.failed_attempts.iter().chain(unanswered);
            let failed = failed.map(move |failure| SearchAttempt {
                outcome,
                host: &failure.host,
                began: failure.began,
                elapsed: failure.elapsed,
                failure: Some(failure),
            });
            failed.chain(answered)
        })
    }

    /// Returns why that agent did not answer, or not in full; `None` if it did.
    pub fn failure_of(&self, outcome: &AgentOutcome) -> Option<&AgentFailure> {
        self.failures.get(outcome.failure?)
    }
}

/// What the answer or the failure of a part has cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effort {
    pub(crate) elapsed: Duration,
    pub(crate) attempts: u32,
    pub(crate) kept_mirror: Option<bool>,
    pub(crate) answer_elapsed: Option<Duration>,
    pub(crate) failed_attempts: Vec<AttemptFailure>,
}

impl Effort {
    /// What the outcome itself tells, where nobody saw the call.
    pub(super) fn of(outcome: &Result<Reply, AgentFailure>) -> Self {
        match outcome {
            Ok(Reply { elapsed, attempts, .. }) => {
                let (elapsed, attempts) = (*elapsed, *attempts);
                Self { elapsed, attempts, answer_elapsed: Some(elapsed), ..Self::default() }
            }
            Err(failure) => Self {
                elapsed: failure.attempts.iter().map(|attempt| attempt.elapsed).sum(),
                attempts: u32::try_from(failure.attempts.len()).unwrap_or(u32::MAX),
                ..Self::default()
            },
        }
    }
}
