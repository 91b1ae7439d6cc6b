//! What every mirror of an index answered.

use std::sync::Arc;

use crate::agent::Index;
use crate::batch::{Batch, Calls};
use crate::completeness::Completeness;
use crate::error::{AgentFailure, Error};
use crate::request::Reply;

/// What every mirror of every agent answered, each for itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mirrored<T> {
    /// Agents in the order of their indexes; blackholes, which nobody waits for, are left out.
    pub agents: Vec<AgentAnswers<T>>,
    /// Local indexes, which only a daemon can reach: nobody was asked for these.
    pub locals: Vec<String>,
}

/// What the mirrors of one agent answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AgentAnswers<T> {
    /// Distributed index of the agent.
    pub index: String,
    /// Number of the agent in its index, from 0.
    pub number: usize,
    /// Mirrors in the order of the configuration; only those that were to be asked.
    pub mirrors: Vec<MirrorAnswer<T>>,
}

/// What one mirror answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MirrorAnswer<T> {
    /// Host as the configuration names it.
    pub host: String,
    /// The answer, or why there is none. After a change, [`AgentFailure::may_be_applied`] tells
    /// whether the mirror may have made it nevertheless.
    pub outcome: Result<T, AgentFailure>,
}

/// What a mirror tells of a change that it made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// Number of documents that were changed; 0 for what changes none.
    pub documents: u64,
    /// What the mirror could not do.
    pub warning: Option<String>,
}

impl<T> Mirrored<T> {
    /// True if every mirror answered, and no local index was left out.
    pub fn is_complete(&self) -> bool {
        self.locals.is_empty() && self.failures().next().is_none()
    }

    /// Returns why mirrors gave no answer, one failure for each.
    pub fn failures(&self) -> impl Iterator<Item = &AgentFailure> {
        let mirrors = self.agents.iter().flat_map(|agent| &agent.mirrors);
        mirrors.filter_map(|mirror| mirror.outcome.as_ref().err())
    }

    /// Reads what came of the calls; `read` takes what the request has accepted.
    pub(super) fn of_calls(
        batch: &Batch,
        calls: Calls,
        read: impl Fn(&Reply) -> Option<T>,
    ) -> Self {
        let mut agents: Vec<AgentAnswers<T>> = Vec::new();
        for call in calls {
            let Some(asked) = batch.asked(call) else { continue };
            let host = asked.host.unwrap_or_default().to_owned();
            let outcome = match batch.reply(call) {
                Some(Ok(reply)) => read(reply).ok_or_else(AgentFailure::default),
                Some(Err(failure)) => Err(failure.clone()),
                None => Err(AgentFailure::default()),
            };
            let answer = MirrorAnswer { host, outcome };
            match agents.last_mut() {
                Some(last) if last.number == asked.agent && last.index == asked.index => {
                    last.mirrors.push(answer);
                }
                _ => agents.push(AgentAnswers {
                    index: asked.index.to_owned(),
                    number: asked.agent,
                    mirrors: vec![answer],
                }),
            }
        }
        Mirrored { agents, locals: Vec::new() }
    }

    /// Adds the local indexes that the program has not the means to reach.
    pub(super) fn with_locals(mut self, indexes: &[Arc<Index>]) -> Self {
        self.locals = indexes.iter().flat_map(|index| index.locals.iter().cloned()).collect();
        self
    }

    /// Refuses what fewer agents answered than were demanded. An agent has answered with its first
    /// mirror; local indexes count unless best effort will do.
    pub(super) fn demand(self, completeness: Completeness) -> Result<Self, Error> {
        let answered = self.agents.iter().filter(|agent| agent.has_answered()).count();
        let locals = match completeness {
            Completeness::BestEffort => &[],
            _ => self.locals.as_slice(),
        };
        let agents = self.agents.len() + locals.len();
        if completeness.is_met(answered, agents) {
            return Ok(self);
        }
        let mut failures: Vec<AgentFailure> = self.failures().cloned().collect();
        let index = self.agents.first().map_or("", |agent| agent.index.as_str());
        failures.extend(locals.iter().map(|local| AgentFailure::of_local(index, local)));
        Err(Error::Unanswered { answered, agents, failures })
    }
}

impl<T> AgentAnswers<T> {
    /// True if at least one of its mirrors answered.
    pub fn has_answered(&self) -> bool {
        self.mirrors.iter().any(|mirror| mirror.outcome.is_ok())
    }

    /// True if all of its mirrors answered.
    pub fn is_complete(&self) -> bool {
        self.mirrors.iter().all(|mirror| mirror.outcome.is_ok())
    }

    fn answers(&self) -> impl Iterator<Item = &T> {
        self.mirrors.iter().filter_map(|mirror| mirror.outcome.as_ref().ok())
    }
}

impl Mirrored<Written> {
    /// Returns what was not changed, or may not have been, a line for each mirror or local index;
    /// and what mirrors warn of.
    pub fn warning(&self) -> Option<String> {
        let failures: Vec<AgentFailure> = self.failures().cloned().collect();
        let mut lines: Vec<String> = failure_lines(&failures).into_iter().collect();
        for agent in &self.agents {
            for mirror in &agent.mirrors {
                let warning = mirror.outcome.as_ref().ok().and_then(|told| told.warning.as_ref());
                let (index, host) = (&agent.index, &mirror.host);
                lines.extend(warning.map(|text| format!("index {index}: agent {host}: {text}")));
            }
        }
        lines.extend(self.locals.iter().map(|local| format!("local index {local} not changed")));
        (!lines.is_empty()).then(|| lines.join(";\n"))
    }

    /// Returns the number of documents that were changed: of each agent once, whatever the number
    /// of its mirrors.
    pub fn documents(&self) -> u64 {
        self.agents.iter().map(AgentAnswers::documents).fold(0, u64::saturating_add)
    }
}

impl AgentAnswers<Written> {
    /// Returns the number of documents that were changed: the largest that a mirror tells.
    pub fn documents(&self) -> u64 {
        self.answers().map(|written| written.documents).max().unwrap_or(0)
    }

    /// True if all mirrors changed the same number of documents. Otherwise they hold different
    /// documents now, or did before.
    pub fn is_alike(&self) -> bool {
        let documents = self.documents();
        let is_alike = |mirror: &MirrorAnswer<Written>| {
            mirror.outcome.as_ref().is_ok_and(|written| written.documents == documents)
        };
        self.mirrors.iter().all(is_alike)
    }
}

/// A line for each failure, as a master words it, which names the last attempt.
pub(crate) fn failure_lines(failures: &[AgentFailure]) -> Option<String> {
    let line = |failure: &AgentFailure| {
        let index = &failure.index;
        let rest = if failure.may_be_applied() { ": it may have done it" } else { "" };
        match (failure.attempts.last(), &failure.local) {
            (Some(attempt), _) => format!("index {index}: {}{rest}", attempt.master_text()),
            (None, Some(local)) => format!("index {index}: local index {local} not asked"),
            (None, None) => format!("index {index}: agent {} not asked", failure.agent),
        }
    };
    let lines: Vec<String> = failures.iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join(";\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(number: usize, told: &[Option<u64>]) -> AgentAnswers<Written> {
        let mirror = |documents: &Option<u64>| MirrorAnswer {
            host: "box".to_owned(),
            outcome: match documents {
                Some(documents) => Ok(Written { documents: *documents, warning: None }),
                None => Err(AgentFailure::default()),
            },
        };
        let mirrors = told.iter().map(mirror).collect();
        AgentAnswers { index: "d".to_owned(), number, mirrors }
    }

    #[test]
    fn documents_count_once_an_agent_and_differences_are_told() {
        let agents = vec![
            agent(0, &[Some(3), Some(3)]),
            agent(1, &[Some(2), Some(4)]),
            agent(2, &[None, Some(1)]),
        ];
        let result = Mirrored { agents, locals: Vec::new() };
        assert_eq!(result.documents(), 3 + 4 + 1);
        let alike: Vec<bool> = result.agents.iter().map(AgentAnswers::is_alike).collect();
        assert_eq!(alike, [true, false, false]);
        assert!(!result.is_complete() && result.failures().count() == 1);
    }

    #[test]
    fn an_agent_has_answered_with_one_mirror() {
        let result = |told: &[&[Option<u64>]], locals: &[&str]| Mirrored {
            agents: told.iter().enumerate().map(|(number, told)| agent(number, told)).collect(),
            locals: locals.iter().map(|local| (*local).to_owned()).collect(),
        };
        let one = || result(&[&[None, Some(1)], &[None]], &[]);
        assert!(one().demand(Completeness::BestEffort).is_ok());
        let Err(Error::Unanswered { answered, agents, failures }) =
            one().demand(Completeness::All)
        else {
            panic!()
        };
        assert_eq!((answered, agents, failures.len()), (1, 2, 2));
        assert!(result(&[&[None], &[None]], &[]).demand(Completeness::BestEffort).is_err());
        let local = || result(&[&[Some(1)]], &["own"]);
        assert!(local().demand(Completeness::BestEffort).is_ok() && !local().is_complete());
        let error = local().demand(Completeness::All).expect_err("own was left out");
        assert!(error.to_string().contains("local index own: not searched"), "{error}");
    }
}
