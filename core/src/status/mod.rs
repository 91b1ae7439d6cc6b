//! What is known of every host: typed, as rows of SHOW AGENT STATUS and SHOW STATUS
//! (core/docs/spec/distributed.md 7), and as text for Prometheus.
//!
//! A picture is taken host by host, each under its own lock for as long as some sums take; no
//! query waits for the whole, and nothing in it changes afterwards.

mod agent;
mod counters;
mod host;
mod like;
mod prometheus;
mod rows;
mod show;

use std::collections::HashSet;
use std::time::{Duration, Instant};

pub use agent::{AgentStatus, IndexStatus, MirrorStatus};
pub use counters::Traffic;
pub use host::{HostState, HostStatus, WINDOWS};
pub(crate) use like::matches as matches_like;
pub use show::{Flavour, Show, ShowTarget};

pub use crate::karma::{Counter, Latencies, Window};
use crate::topology::Topology;

/// A picture of all hosts at one time.
#[derive(Clone, Debug)]
pub struct Status {
    /// `ha_period_karma`.
    pub period: Duration,
    /// Hosts in the order in which the configuration names them first.
    pub hosts: Vec<HostStatus>,
    /// Distributed indexes by name.
    pub indexes: Vec<IndexStatus>,
    /// Agents in the order of their indexes, blackholes left out.
    pub agents: Vec<AgentStatus>,
    /// Blackholes in the order of their indexes.
    pub blackholes: Vec<AgentStatus>,
    /// Requests to blackholes that were not sent.
    pub blackhole_drops: u64,
    /// Counters of the whole client.
    pub traffic: Traffic,
}

impl Status {
    /// The picture at `now`.
    pub(crate) fn new(topology: &Topology, blackhole_drops: u64, now: Instant) -> Self {
        let mut indexes: Vec<_> = topology.indexes.values().collect();
        indexes.sort_by(|one, other| one.name.cmp(&other.name));
        let agents = indexes.iter().flat_map(|index| &index.agents);
        let blackholes = indexes.iter().flat_map(|index| &index.blackholes);
        let keep_connections: HashSet<usize> = agents
            .clone()
            .chain(blackholes.clone())
            .filter(|agent| agent.keeps_connections)
            .flat_map(|agent| agent.mirrors.iter().map(|mirror| mirror.host.number))
            .collect();
        let host = |host: &std::sync::Arc<crate::host::Host>| {
            let mut status = HostStatus::new(host, now);
            status.keeps_connections = keep_connections.contains(&host.number);
            status.is_pinged &= !topology.ping_interval.is_zero();
            status
        };
        Self {
            period: topology.clock.period(),
            hosts: topology.hosts.iter().map(host).collect(),
            agents: agents.map(|agent| AgentStatus::new(agent, false, now)).collect(),
            blackholes: blackholes.map(|agent| AgentStatus::new(agent, true, now)).collect(),
            indexes: indexes.iter().map(|index| IndexStatus::new(index)).collect(),
            blackhole_drops,
            traffic: Traffic::new(&topology.traffic),
        }
    }

    /// Rows as `SHOW AGENT STATUS` of 2.2.11 prints them: its keys, order, formats and units.
    pub fn rows(&self) -> Vec<(String, String)> {
        self.show(&Show::new(ShowTarget::Hosts))
    }

    /// Answers a SHOW statement: rows of key and value under the names of
    /// [`Show::columns`]. A name that is neither an index nor a host gives the row
    /// `status_error`, as it does in a daemon.
    pub fn show(&self, show: &Show) -> Vec<(String, String)> {
        let mut rows = match &show.target {
            ShowTarget::Hosts => rows::hosts(self, show.flavour),
            ShowTarget::Named(name) => rows::named(self, name, show.flavour),
            ShowTarget::Counters => counters::rows(self, show.flavour),
        };
        if let Some(pattern) = &show.like {
            rows.retain(|(key, _)| like::matches(pattern, key));
        }
        rows
    }

    /// The picture in the text format of Prometheus, version 0.0.4. It is of this client in this
    /// process alone: each process of a prefork server has its own, to be scraped or labelled one
    /// by one.
    pub fn prometheus(&self) -> String {
        prometheus::text(self)
    }

    /// A host by its name.
    pub fn host(&self, name: &str) -> Option<&HostStatus> {
        self.hosts.iter().find(|host| host.name == name)
    }

    /// A distributed index by its name.
    pub fn index(&self, name: &str) -> Option<&IndexStatus> {
        self.indexes.iter().find(|index| index.name == name)
    }

    /// All agents of an index in the order of its lines, blackholes included.
    pub(crate) fn lines_of(&self, index: &str) -> Vec<&AgentStatus> {
        let all = self.agents.iter().chain(&self.blackholes);
        let mut lines: Vec<&AgentStatus> = all.filter(|agent| agent.index == index).collect();
        lines.sort_by_key(|agent| agent.number);
        lines
    }
}
