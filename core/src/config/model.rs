//! The validated configuration: what remains of a `sphinx.conf` for this library.
//!
//! A setting is `None` where the text does not give it: "unset" is not "set to the default", and
//! only [`crate::deadline`] joins the levels.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::Diagnostic;

/// The `searchd` section and every distributed index of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Settings of the `searchd` section.
    pub searchd: Searchd,
    /// Distributed indexes in the order of the text.
    pub indexes: Vec<DistributedIndex>,
    /// Oddities that do not stop anything, each with its place.
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// The distributed index of that name (names are case-sensitive).
    pub fn index(&self, name: &str) -> Option<&DistributedIndex> {
        self.indexes.iter().find(|index| index.name == name)
    }
}

/// Settings of the `searchd` section that concern agents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Searchd {
    /// Timeouts and retries for every index.
    pub calls: CallSettings,
    /// Strategy for every index (Manticore).
    pub ha_strategy: Option<HaStrategy>,
    /// Length of a karma block.
    pub ha_period_karma: Option<Duration>,
    /// Time between pings of an idle host; zero turns them off.
    pub ha_ping_interval: Option<Duration>,
    /// Kept connections a host.
    pub persistent_connections_limit: Option<u32>,
    /// Largest reply body in bytes.
    pub max_packet_size: Option<usize>,
    /// When names are looked up.
    pub hostname_lookup: Option<HostnameLookup>,
    /// Filters that a query may have.
    pub max_filters: Option<u32>,
    /// Values that a filter may have.
    pub max_filter_values: Option<u32>,
}

/// Timeouts and retries: the same four settings on every level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallSettings {
    /// `agent_connect_timeout`: reaching a mirror, handshake included.
    pub agent_connect_timeout: Option<Duration>,
    /// `agent_query_timeout`: a mirror's answer.
    pub agent_query_timeout: Option<Duration>,
    /// `agent_retry_count` or `mirror_retry_count`: further rounds over all mirrors.
    pub agent_retry_count: Option<u32>,
    /// `agent_retry_delay`: pause before each further round.
    pub agent_retry_delay: Option<Duration>,
}

/// A named set of agents, `type = distributed`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DistributedIndex {
    /// Section name.
    pub name: String,
    /// Agents in a master's order: `agent`, `agent_persistent`, `agent_blackhole` lines.
    pub agents: Vec<Agent>,
    /// `local` indexes, which the program searches; a result names those that it did not.
    pub locals: Vec<String>,
    /// Strategy for this index.
    pub ha_strategy: Option<HaStrategy>,
    /// Timeouts and retries for this index.
    pub calls: CallSettings,
}

impl DistributedIndex {
    /// Returns the agents that answers are awaited from, so no blackholes, in a master's order.
    /// The numbers of agents in calls, errors and status count these.
    pub fn awaited_agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.iter().filter(|agent| !agent.blackhole)
    }
}

/// One `agent` line: interchangeable mirrors of one shard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agent {
    /// The directive's value as written.
    pub line: String,
    /// At least one.
    pub mirrors: Vec<Mirror>,
    /// `agent_persistent`, or `conn=pconn` / `conn=persistent`.
    pub persistent: bool,
    /// `agent_blackhole`, or `blackhole=1`: sent to, never waited for.
    pub blackhole: bool,
    /// Strategy for this agent.
    pub ha_strategy: Option<HaStrategy>,
    /// `retry_count=K` of the line: 1+K attempts, over its mirrors first, then in further rounds.
    pub retry_count: Option<u32>,
}

/// The directive in full: every port, index list and option.
impl fmt::Display for Agent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, mirror) in self.mirrors.iter().enumerate() {
            let separator = if number > 0 { "|" } else { "" };
            write!(out, "{separator}{mirror}")?;
        }
        let strategy = self.ha_strategy.map(|strategy| format!("ha_strategy={}", strategy.name()));
        let options = [
            strategy,
            self.persistent.then(|| "conn=persistent".to_owned()),
            self.blackhole.then(|| "blackhole=1".to_owned()),
            self.retry_count.map(|count| format!("retry_count={count}")),
        ];
        let options: Vec<_> = options.into_iter().flatten().collect();
        if options.is_empty() { Ok(()) } else { write!(out, "[{}]", options.join(",")) }
    }
}

/// One host plus the index list to ask it for.
#[derive(Clone, Debug, PartialEq)]
pub struct Mirror {
    /// Where it listens.
    pub host: HostAddress,
    /// Never empty; as written, inner spaces kept.
    pub index_list: String,
}

/// As SHOW AGENT names a mirror: `host:port:index-list` (core/docs/spec/distributed.md 7.2).
impl fmt::Display for Mirror {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.host, self.index_list)
    }
}

/// Where a daemon listens; its text is the name of the host in status and errors.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostAddress {
    /// A host name or address (IPv6 without its brackets), and a port.
    Tcp {
        /// Name or address.
        name: String,
        /// Port, never 0.
        port: u16,
    },
    /// Path of a unix socket.
    Unix(PathBuf),
}

impl fmt::Display for HostAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostAddress::Tcp { name, port } if name.contains(':') => {
                write!(out, "[{name}]:{port}")
            }
            HostAddress::Tcp { name, port } => write!(out, "{name}:{port}"),
            HostAddress::Unix(path) => write!(out, "{}", path.display()),
        }
    }
}

/// `ha_strategy`: how a mirror is picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HaStrategy {
    /// Any, evenly.
    #[default]
    Random,
    /// One after the other.
    RoundRobin,
    /// Picks among mirrors that are not dead, by their latency.
    NoDeads,
    /// Picks among mirrors with the fewest errors, by their latency.
    NoErrors,
}

impl HaStrategy {
    /// The strategy of that name, in any case.
    pub fn parse(text: &str) -> Option<HaStrategy> {
        Self::ALL.into_iter().find(|strategy| strategy.name().eq_ignore_ascii_case(text))
    }

    /// The strategy whose name a text begins with, as searchd 2.2.11 reads it.
    pub(super) fn parse_start(text: &str) -> Option<HaStrategy> {
        Self::ALL.into_iter().find(|strategy| text.starts_with(strategy.name()))
    }

    const ALL: [Self; 4] = [Self::Random, Self::RoundRobin, Self::NoDeads, Self::NoErrors];

    /// The name as a configuration writes it.
    pub fn name(self) -> &'static str {
        match self {
            HaStrategy::Random => "random",
            HaStrategy::RoundRobin => "roundrobin",
            HaStrategy::NoDeads => "nodeads",
            HaStrategy::NoErrors => "noerrors",
        }
    }
}

/// Values of `ha_strategy`.
pub(super) const STRATEGY_EXPECTED: &str = "random, roundrobin, nodeads or noerrors is expected";

/// `hostname_lookup`: when names are looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HostnameLookup {
    /// Once, and again after failures.
    #[default]
    ConfigLoad,
    /// For every new connection.
    Request,
}
