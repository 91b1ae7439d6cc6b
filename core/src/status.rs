//! What is known of every host: typed, and as rows of SHOW AGENT STATUS (distributed.md 7.1).

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::error::AttemptFailure;
use crate::host::{Host, Lookup};
use crate::karma::{Counter, Window};
use crate::limits::KARMA_BLOCKS;
use crate::topology::Topology;

/// A picture of all hosts at one time.
#[derive(Clone, Debug)]
pub struct Status {
    /// `ha_period_karma`.
    pub period: Duration,
    /// Hosts in the order in which the configuration names them first.
    pub hosts: Vec<HostStatus>,
    /// Agents in the order of their indexes.
    pub agents: Vec<AgentStatus>,
    /// Requests to blackholes that were not sent.
    pub blackhole_drops: u64,
}

/// What is known of one host.
#[derive(Clone, Debug)]
pub struct HostStatus {
    /// Name in the configuration.
    pub name: String,
    /// Mirrors that name it.
    pub references: u32,
    /// It gets queries; a dead one gets a trial now and then.
    pub is_living: bool,
    /// How long it has been dead.
    pub dead_for: Option<Duration>,
    /// Failures since its last success.
    pub errors_in_row: u32,
    /// Since the start of its last query or ping.
    pub last_query: Option<Duration>,
    /// Since the end of its last query or ping.
    pub last_answer: Option<Duration>,
    /// From the start of the last query to the last end.
    pub last_period: Duration,
    /// Kept connections, idle and in use.
    pub kept_connections: u32,
    /// Addresses in use, or why there are none.
    pub addresses: Vec<String>,
    /// The last failure and how long ago it was.
    pub last_failure: Option<(AttemptFailure, Duration)>,
    /// Counters of the last 1, 5 and 15 periods.
    pub windows: [Window; 3],
    /// Counters since the client was made.
    pub since_start: Window,
}

/// What is known of the mirrors of one agent.
#[derive(Clone, Debug)]
pub struct AgentStatus {
    /// Its distributed index.
    pub index: String,
    /// Position in the index, from 0.
    pub number: usize,
    /// `ha_strategy`.
    pub strategy: &'static str,
    /// Its mirrors in order.
    pub mirrors: Vec<MirrorStatus>,
}

/// One mirror's part of its agent.
#[derive(Clone, Debug)]
pub struct MirrorStatus {
    /// `host:port:index list`.
    pub id: String,
    /// Weight by latency in percent.
    pub weight: f64,
    /// Percent of the next queries.
    pub share: f64,
}

impl Status {
    pub(crate) fn new(topology: &Topology, blackhole_drops: u64, now: Instant) -> Self {
        let mut indexes: Vec<_> = topology.indexes.values().collect();
        indexes.sort_by(|one, other| one.name.cmp(&other.name));
        let agents = indexes.iter().flat_map(|index| index.agents.iter());
        Self {
            period: topology.clock.period(),
            hosts: topology.hosts.iter().map(|host| HostStatus::new(host, now)).collect(),
            agents: agents.map(|agent| AgentStatus::new(agent, now)).collect(),
            blackhole_drops,
        }
    }

    /// Rows as `SHOW AGENT STATUS` of 2.2.11 prints them: its keys, order, formats and units.
    pub fn rows(&self) -> Vec<(String, String)> {
        let mut rows = vec![
            ("status_period_seconds".to_owned(), self.period.as_secs().to_string()),
            ("status_stored_periods".to_owned(), KARMA_BLOCKS.to_string()),
        ];
        for (number, host) in self.hosts.iter().enumerate() {
            host.put_rows(&format!("ag_{number}_"), &mut rows);
        }
        rows
    }

    /// A host by its name.
    pub fn host(&self, name: &str) -> Option<&HostStatus> {
        self.hosts.iter().find(|host| host.name == name)
    }
}

impl HostStatus {
    fn new(host: &Host, now: Instant) -> Self {
        let ago = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        host.read(|karma| {
            let (query, answer) = (karma.last_query(), karma.last_answer());
            let last_period = match (query, answer) {
                (Some(query), Some(answer)) => answer.saturating_duration_since(query),
                _ => Duration::ZERO,
            };
            Self {
                name: host.name.clone(),
                references: host.references.load(Ordering::Relaxed),
                is_living: karma.health().is_living(),
                dead_for: ago(karma.health().dead_since()),
                errors_in_row: karma.errors_in_row(),
                last_query: ago(query),
                last_answer: ago(answer),
                last_period,
                kept_connections: host.kept(),
                addresses: addresses(host),
                last_failure: host.last_failure(now),
                windows: WINDOWS.map(|periods| karma.window(periods, now)),
                since_start: karma.since_start(),
            }
        })
    }

    fn put_rows(&self, prefix: &str, rows: &mut Vec<(String, String)>) {
        let mut put = |key: &str, value: String| rows.push((format!("{prefix}{key}"), value));
        let seconds =
            |ago: Option<Duration>| format!("{:.2}", ago.unwrap_or_default().as_secs_f64());
        put("hostname", self.name.clone());
        put("references", self.references.to_string());
        put("lastquery", seconds(self.last_query));
        put("lastanswer", seconds(self.last_answer));
        put("lastperiodmsec", self.last_period.as_millis().to_string());
        put("errorsarow", self.errors_in_row.to_string());
        for (periods, window) in WINDOWS.iter().zip(&self.windows) {
            for counter in &Counter::ALL[..STATUS_COUNTERS] {
                put(
                    &format!("{periods}periods_{}", counter.name()),
                    window.get(*counter).to_string(),
                );
            }
            // The key is misspelt in the daemon, and monitoring reads it so.
            put(&format!("{periods}periods_msecsperqueryy"), msecs_per_query(window));
            put(&format!("{periods}periods_connect_count"), window.connect_count().to_string());
            put(&format!("{periods}periods_connect_avg"), window.connect_us_mean().to_string());
            put(&format!("{periods}periods_connect_max"), window.connect_us_max().to_string());
        }
    }
}

impl AgentStatus {
    fn new(agent: &crate::agent::Agent, now: Instant) -> Self {
        let weights = agent.selector.weights(&agent.mirrors, now);
        let shares = agent.selector.shares(&agent.mirrors, now);
        let mirrors = agent.mirrors.iter().zip(weights).zip(shares);
        Self {
            index: agent.index.clone(),
            number: agent.number,
            strategy: agent.selector.strategy().name(),
            mirrors: mirrors
                .map(|((mirror, weight), share)| MirrorStatus {
                    id: format!("{}:{}", mirror.host.name, mirror.index_list),
                    weight,
                    share,
                })
                .collect(),
        }
    }
}

fn addresses(host: &Host) -> Vec<String> {
    match host.lookup() {
        Lookup::Known(endpoints) => endpoints.iter().map(ToString::to_string).collect(),
        Lookup::Needed => Vec::new(),
        Lookup::Failed(text) => vec![format!("none: {text}")],
    }
}

fn msecs_per_query(window: &Window) -> String {
    match window.status_outcomes() {
        0 => "n/a".to_owned(),
        outcomes => format!("{:.2}", window.query_us() as f64 / 1e3 / outcomes as f64),
    }
}

const WINDOWS: [usize; 3] = [1, 5, 15];

/// The counters that a daemon shows; the rest are our own.
const STATUS_COUNTERS: usize = 8;
