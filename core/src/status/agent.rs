//! What is known of distributed indexes, their agents and mirrors.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::agent::{Agent, Index};
use crate::karma::Window;

/// A distributed index; its agents are in [`Status::agents`](super::Status::agents).
#[derive(Clone, Debug)]
pub struct IndexStatus {
    /// Name in the configuration.
    pub name: String,
    /// Local indexes that only a daemon can search.
    pub locals: Vec<String>,
}

/// What is known of the mirrors of one agent.
#[derive(Clone, Debug)]
pub struct AgentStatus {
    /// Distributed index of the agent.
    pub index: String,
    /// Position in the index, from 0.
    pub number: usize,
    /// `ha_strategy`.
    pub strategy: &'static str,
    /// True if the agent is sent to and never waited for.
    pub is_blackhole: bool,
    /// Connections are kept after use.
    pub is_persistent: bool,
    /// Requests since the start of the client that none of its mirrors answered. Errors of the
    /// query and calls that the program took back are left out.
    pub unanswered: u64,
    /// Mirrors of the agent in order.
    pub mirrors: Vec<MirrorStatus>,
}

/// One mirror's part of its agent.
#[derive(Clone, Debug)]
pub struct MirrorStatus {
    /// `host:port:index list`.
    pub id: String,
    /// Name of its host.
    pub host: String,
    /// Weight by latency in percent.
    pub weight: f64,
    /// Percent of the next queries.
    pub share: f64,
    /// Counters since the start of what this mirror was asked, pings left out.
    pub since_start: Window,
}

impl IndexStatus {
    pub(super) fn new(index: &Index) -> Self {
        Self { name: index.name.clone(), locals: index.locals.clone() }
    }
}

impl AgentStatus {
    pub(super) fn new(agent: &Agent, is_blackhole: bool, now: Instant) -> Self {
        let weights = agent.selector.weights(&agent.mirrors, now);
        let shares = agent.selector.shares(&agent.mirrors, now);
        let mirrors = agent.mirrors.iter().zip(weights).zip(shares);
        Self {
            index: agent.index.clone(),
            number: agent.number,
            strategy: agent.selector.strategy().name(),
            is_blackhole,
            is_persistent: agent.keeps_connections,
            unanswered: agent.unanswered.load(Ordering::Relaxed),
            mirrors: mirrors
                .map(|((mirror, weight), share)| MirrorStatus {
                    id: format!("{}:{}", mirror.host.name, mirror.index_list),
                    host: mirror.host.name.clone(),
                    weight,
                    share,
                    since_start: mirror.tally.since_start(),
                })
                .collect(),
        }
    }

    /// True if the agent has mirrors to choose from.
    pub fn is_ha(&self) -> bool {
        self.mirrors.len() > 1
    }
}
