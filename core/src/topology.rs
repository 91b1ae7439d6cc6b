//! A configuration made ready for calls: every host once, agents and indexes on top.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::agent::{Agent, Index};
use crate::config::{self, CallSettings, Config, HostAddress, HostnameLookup};
use crate::deadline;
use crate::hedge_budget::HedgeBudget;
use crate::host::{Host, LivingMirrors};
use crate::karma::BlockClock;
use crate::limits;
use crate::log::Log;
use crate::mirror::Mirror;
use crate::options::{ClientOptions, KeepConnections};
use crate::strategy::Selector;
use crate::traffic::TrafficCounters;

/// All hosts and indexes of a client.
pub struct Topology {
    /// What it was made from.
    pub config: Config,
    /// In the order in which the configuration names them first.
    pub hosts: Vec<Arc<Host>>,
    /// Distributed indexes by name.
    pub indexes: HashMap<String, Arc<Index>>,
    /// One agent of one mirror for each host that is worth a ping.
    pub pinged: Vec<Arc<Agent>>,
    /// Time between pings; zero turns them off.
    pub ping_interval: Duration,
    /// Cuts time into karma periods.
    pub clock: BlockClock,
    /// Counters of the client.
    pub traffic: Arc<TrafficCounters>,
    /// Where its hosts tell what happens.
    pub log: Arc<Log>,
    health_changes: Arc<AtomicU64>,
    /// Hosts of this and of all topologies before it.
    host_count: usize,
}

impl fmt::Debug for Topology {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (indexes, hosts) = (self.indexes.len(), self.hosts.len());
        let mut topology = out.debug_struct("Topology");
        topology.field("indexes", &indexes).field("hosts", &hosts).finish_non_exhaustive()
    }
}

impl Topology {
    /// Joins the levels of the configuration; periods are counted from `now`.
    pub fn new(config: &Config, options: &ClientOptions, now: Instant) -> Self {
        let clock = BlockClock::new(now, period(config));
        Self::build(config, options, clock, None)
    }

    /// The topology of a new configuration: hosts that stay keep their record and connections,
    /// those that go are marked so. With another `ha_period_karma` all windows begin anew.
    pub fn reload(&self, config: &Config, options: &ClientOptions, now: Instant) -> Self {
        let same_period = period(config) == self.clock.period();
        let clock = if same_period { self.clock } else { BlockClock::new(now, period(config)) };
        let next = Self::build(config, options, clock, Some(self));
        if !same_period {
            next.hosts.iter().for_each(|host| host.record(|karma| karma.change_clock(clock)));
        }
        let stays: HashSet<usize> = next.hosts.iter().map(|host| host.number).collect();
        for host in &self.hosts {
            host.removed.store(!stays.contains(&host.number), Ordering::Relaxed);
        }
        next
    }

    /// Agents of all indexes that are waited for.
    pub fn agents(&self) -> impl Iterator<Item = &Arc<Agent>> {
        self.indexes.values().flat_map(|index| &index.agents)
    }

    fn build(
        config: &Config,
        options: &ClientOptions,
        clock: BlockClock,
        before: Option<&Topology>,
    ) -> Self {
        let health_changes = before.map(|before| before.health_changes.clone());
        let mut builder = Builder {
            config,
            options,
            clock,
            health_changes: health_changes.unwrap_or_default(),
            traffic: before.map(|before| before.traffic.clone()).unwrap_or_default(),
            log: before.map(|before| before.log.clone()).unwrap_or_default(),
            before: before.map(Before::new),
            host_count: before.map_or(0, |before| before.host_count),
            hosts: Vec::new(),
            uses: Vec::new(),
            by_address: HashMap::new(),
        };
        let indexes = config.indexes.iter().map(|index| builder.index(index));
        let indexes = indexes.map(|index| (index.name.clone(), Arc::new(index))).collect();
        let ping_interval = config.searchd.ha_ping_interval.unwrap_or(limits::HA_PING_INTERVAL);
        let pinged = builder.pinged(ping_interval);
        let Builder { hosts, host_count, health_changes, traffic, log, .. } = builder;
        let config = config.clone();
        Self {
            config,
            hosts,
            indexes,
            pinged,
            ping_interval,
            clock,
            traffic,
            log,
            health_changes,
            host_count,
        }
    }
}

fn period(config: &Config) -> Duration {
    config.searchd.ha_period_karma.unwrap_or(limits::HA_PERIOD_KARMA)
}

struct Builder<'a> {
    config: &'a Config,
    options: &'a ClientOptions,
    clock: BlockClock,
    health_changes: Arc<AtomicU64>,
    traffic: Arc<TrafficCounters>,
    log: Arc<Log>,
    before: Option<Before<'a>>,
    host_count: usize,
    hosts: Vec<Arc<Host>>,
    uses: Vec<Use>,
    by_address: HashMap<HostAddress, usize>,
}

/// The topology before a reload, to find things in.
struct Before<'a> {
    topology: &'a Topology,
    hosts: HashMap<&'a HostAddress, &'a Arc<Host>>,
}

impl<'a> Before<'a> {
    fn new(topology: &'a Topology) -> Self {
        let hosts = topology.hosts.iter().map(|host| (&host.address, host)).collect();
        Self { topology, hosts }
    }

    /// The agents of an index, by number.
    fn agents(&self, index: &str) -> HashMap<usize, &'a Arc<Agent>> {
        let index = self.topology.indexes.get(index);
        let agents = index.iter().flat_map(|index| index.agents.iter().chain(&index.blackholes));
        agents.map(|agent| (agent.number, agent)).collect()
    }
}

/// Use that the mirrors of a configuration make of a host.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    references: u32,
    pinged: bool,
}

impl<'a> Builder<'a> {
    fn index(&mut self, index: &config::DistributedIndex) -> Index {
        let mut built = Index {
            name: index.name.clone(),
            agents: Vec::new(),
            blackholes: Vec::new(),
            locals: index.locals.clone(),
        };
        let known = self.before.as_ref().map(|before| before.agents(&index.name));
        let known = known.unwrap_or_default();
        for (number, agent) in index.agents.iter().enumerate() {
            let known = known.get(&number).copied();
            let ready = Arc::new(self.agent(index, number, agent, known));
            if agent.blackhole {
                built.blackholes.push(ready);
            } else {
                built.agents.push(ready);
            }
        }
        built
    }

    fn agent(
        &mut self,
        index: &config::DistributedIndex,
        number: usize,
        agent: &config::Agent,
        known: Option<&'a Arc<Agent>>,
    ) -> Agent {
        let pinged = agent.mirrors.len() > 1 && !agent.blackhole;
        let mirrors = agent.mirrors.iter().enumerate().map(|(position, mirror)| {
            let host = self.host(&mirror.host, pinged);
            // A mirror that stays where it is keeps its tally.
            let mirror_before = known.and_then(|known| known.mirrors.get(position));
            let mirror_before = mirror_before.filter(|before| Arc::ptr_eq(&before.host, &host));
            let tally = mirror_before.map(|before| before.tally.clone());
            let index_list = mirror.index_list.clone();
            Mirror { host, index_list, tally: tally.unwrap_or_default() }
        });
        let mirrors: Vec<Mirror> = mirrors.collect();
        let hosts = mirrors.iter().map(|mirror| mirror.host.clone()).collect();
        let living = match agent.blackhole {
            true => Arc::default(),
            false => {
                let before = known.map(|known| &known.living);
                LivingMirrors::watch(&index.name, number, hosts, before)
            }
        };
        let searchd = &self.config.searchd;
        let strategy = agent.ha_strategy.or(index.ha_strategy).or(searchd.ha_strategy);
        // 1+K attempts go over the mirrors first, then in further rounds.
        let mirror_count = u32::try_from(mirrors.len()).unwrap_or(u32::MAX).max(1);
        let agent_retry_count = agent.retry_count.map(|count| count / mirror_count);
        let of_line = CallSettings { agent_retry_count, ..CallSettings::default() };
        let keeps_connections = match self.options.keep_connections {
            KeepConnections::ByLine => agent.persistent,
            KeepConnections::Always => true,
            KeepConnections::Never => false,
        };
        Agent {
            index: index.name.clone(),
            number,
            selector: Selector::new(
                strategy.unwrap_or_default(),
                mirrors.len(),
                self.clock,
                self.health_changes.clone(),
            ),
            mirrors,
            living,
            keeps_connections,
            settings: deadline::join(of_line, deadline::join(index.calls, searchd.calls)),
            attempts_max: agent.retry_count.map(|count| count.saturating_add(1)),
            max_packet_size: searchd.max_packet_size.unwrap_or(limits::MAX_PACKET_SIZE),
            hedges: HedgeBudget::default(),
            traffic: self.traffic.clone(),
            unanswered: known.map(|known| known.unanswered.clone()).unwrap_or_default(),
        }
    }

    fn host(&mut self, address: &HostAddress, pinged: bool) -> Arc<Host> {
        let position = match self.by_address.get(address) {
            Some(&position) => position,
            None => {
                let host = self.known_host(address).unwrap_or_else(|| self.new_host(address));
                self.hosts.push(host);
                self.uses.push(Use::default());
                self.by_address.insert(address.clone(), self.hosts.len() - 1);
                self.hosts.len() - 1
            }
        };
        let (host, uses) = (&self.hosts[position], &mut self.uses[position]);
        let lookup = self.config.searchd.hostname_lookup;
        host.addresses.look_up_each(lookup == Some(HostnameLookup::Request));
        uses.references += 1;
        uses.pinged |= pinged;
        host.references.store(uses.references, Ordering::Relaxed);
        host.pinged.store(uses.pinged, Ordering::Relaxed);
        host.clone()
    }

    fn known_host(&self, address: &HostAddress) -> Option<Arc<Host>> {
        let host = *self.before.as_ref()?.hosts.get(address)?;
        host.kept.set_limit(self.kept_limit());
        Some(host.clone())
    }

    fn new_host(&mut self, address: &HostAddress) -> Arc<Host> {
        let number = self.host_count;
        self.host_count += 1;
        let (limit, changes) = (self.kept_limit(), self.health_changes.clone());
        let log = self.log.clone();
        Arc::new(Host::new(address.clone(), number, limit, self.clock, changes, log))
    }

    fn kept_limit(&self) -> u32 {
        let limit = self.config.searchd.persistent_connections_limit;
        limit.unwrap_or(limits::PERSISTENT_CONNECTIONS_LIMIT)
    }

    /// Pings have the interval itself for both of their timeouts (core/docs/spec/distributed.md
    /// 6.7).
    fn pinged(&self, interval: Duration) -> Vec<Arc<Agent>> {
        let settings = CallSettings {
            agent_connect_timeout: Some(interval),
            agent_query_timeout: Some(interval),
            agent_retry_count: Some(0),
            agent_retry_delay: None,
        };
        let pinged = self.hosts.iter().filter(|host| host.pinged.load(Ordering::Relaxed));
        let agent = |host: &Arc<Host>| Agent {
            index: String::new(),
            number: 0,
            mirrors: vec![Mirror {
                host: host.clone(),
                index_list: String::new(),
                tally: Arc::default(),
            }],
            living: Arc::default(),
            selector: Selector::new(
                config::HaStrategy::Random,
                1,
                self.clock,
                self.health_changes.clone(),
            ),
            keeps_connections: false,
            settings,
            attempts_max: None,
            max_packet_size: limits::MAX_PACKET_SIZE_MIN,
            hedges: HedgeBudget::default(),
            traffic: self.traffic.clone(),
            unanswered: Arc::default(),
        };
        pinged.map(|host| Arc::new(agent(host))).collect()
    }
}
