//! Questions that daemons answer for one index at a time: each agent is asked once for every name
//! of its index list.

use std::sync::Arc;

use super::pending::Pending;
use crate::batch::{Batch, CallId};
use crate::client::Client;
use crate::completeness::Completeness;
use crate::error::{AgentFailure, Error};
use crate::mirror::index_names;
use crate::options::CallOptions;
use crate::request::{Reply, Request, Target};

/// Which name of an index list is asked for, of how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartNumber {
    /// From 0.
    pub(super) part: usize,
    /// Names that the list of every mirror has.
    pub(super) parts: usize,
}

impl PartNumber {
    /// The name in the list of a mirror.
    pub(super) fn name<'a>(self, target: &Target<'a>) -> Result<&'a str, Error> {
        let PartNumber { part, parts } = self;
        let (host, list) = (target.host, target.index_list);
        let name = index_names(list).nth(part);
        name.filter(|_| index_names(list).count() == parts).ok_or_else(|| {
            Error::Request(format!(
                "index list '{list}' of mirror {host} has not {parts} names as another mirror's: \
                 give all mirrors of an agent as many"
            ))
        })
    }
}

/// What became of all agents.
pub(super) struct Answers {
    pub(super) replies: Vec<Reply>,
    /// Agents that answered for all of their names.
    pub(super) agents_answered: usize,
    pub(super) agents: usize,
    /// Local indexes, which nobody asked, are among them.
    pub(super) failures: Vec<AgentFailure>,
}

/// Asks every agent of an index, or of a list, for each of its names. What comes is handed on if
/// it is as complete as the options demand.
pub(super) fn ask_parts<T: 'static>(
    client: &Client,
    index: &str,
    options: &CallOptions,
    request: impl Fn(PartNumber) -> Arc<dyn Request>,
    read: impl Fn(Answers) -> T + Send + Sync + 'static,
) -> Result<Pending<T>, Error> {
    options.check()?;
    let indexes = client.indexes_once(index)?;
    let mut batch = client.batch()?;
    batch.begin_command();
    let (mut asked, mut locals) = (Vec::new(), Vec::new());
    for index in &indexes {
        for agent in &index.agents {
            let first = agent.mirrors.first();
            let parts = first.map_or(0, |mirror| index_names(&mirror.index_list).count());
            let mut calls = Vec::with_capacity(parts);
            for part in 0..parts {
                let request = request(PartNumber { part, parts });
                calls.push(batch.add_to_agent(agent, &request, options)?);
            }
            asked.push(calls);
        }
        let local = |local: &String| AgentFailure::of_local(&index.name, local);
        locals.extend(index.locals.iter().map(local));
    }
    let completeness = options.completeness;
    Ok(Pending::of_batch(batch, move |batch: &mut Batch| {
        collect(batch, &asked, &locals, completeness).map(&read)
    }))
}

fn collect(
    batch: &mut Batch,
    asked: &[Vec<CallId>],
    locals: &[AgentFailure],
    completeness: Completeness,
) -> Result<Answers, Error> {
    let (mut replies, mut failures, mut answered) = (Vec::new(), Vec::new(), 0);
    for calls in asked {
        let failures_before = failures.len();
        for call in calls {
            match batch.take_outcome(*call) {
                Ok(reply) => replies.push(reply),
                Err(failure) => failures.push(failure),
            }
        }
        answered += usize::from(failures.len() == failures_before);
    }
    let mut agents = asked.len();
    if completeness != Completeness::BestEffort {
        agents += locals.len();
    }
    failures.extend_from_slice(locals);
    if completeness.is_met(answered, agents) {
        return Ok(Answers { replies, agents_answered: answered, agents, failures });
    }
    Err(Error::Unanswered { answered, agents, failures })
}
