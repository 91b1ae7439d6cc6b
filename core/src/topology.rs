//! A configuration made ready for calls: every host once, agents and indexes on top.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::agent::{Agent, Index, Mirror};
use crate::call::SpeculationBudget;
use crate::config::{self, CallSettings, Config, HostAddress};
use crate::deadline;
use crate::host::Host;
use crate::karma::BlockClock;
use crate::limits;
use crate::options::{ClientOptions, KeepConnections};
use crate::strategy::Selector;

/// All hosts and indexes of a client.
pub struct Topology {
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
}

impl Topology {
    /// Joins the levels of the configuration; periods are counted from `now`.
    pub fn new(config: &Config, options: &ClientOptions, now: Instant) -> Self {
        let period = config.searchd.ha_period_karma.unwrap_or(limits::HA_PERIOD_KARMA);
        let clock = BlockClock::new(now, period);
        let mut builder = Builder {
            config,
            options,
            clock,
            health_changes: Arc::default(),
            hosts: Vec::new(),
            by_address: HashMap::new(),
        };
        let indexes = config.indexes.iter().map(|index| builder.index(index));
        let indexes = indexes.map(|index| (index.name.clone(), Arc::new(index))).collect();
        let ping_interval = config.searchd.ha_ping_interval.unwrap_or(limits::HA_PING_INTERVAL);
        let pinged = builder.pinged(ping_interval);
        Self { hosts: builder.hosts, indexes, pinged, ping_interval, clock }
    }
}

struct Builder<'a> {
    config: &'a Config,
    options: &'a ClientOptions,
    clock: BlockClock,
    health_changes: Arc<AtomicU64>,
    hosts: Vec<Arc<Host>>,
    by_address: HashMap<HostAddress, usize>,
}

impl Builder<'_> {
    fn index(&mut self, index: &config::DistributedIndex) -> Index {
        let mut built = Index {
            name: index.name.clone(),
            agents: Vec::new(),
            blackholes: Vec::new(),
            locals: index.locals.clone(),
        };
        for (number, agent) in index.agents.iter().enumerate() {
            let ready = Arc::new(self.agent(index, number, agent));
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
    ) -> Agent {
        let mirrors: Vec<Mirror> = agent
            .mirrors
            .iter()
            .map(|mirror| Mirror {
                host: self.host(&mirror.host),
                index_list: mirror.index_list.clone(),
            })
            .collect();
        if mirrors.len() > 1 && !agent.blackhole {
            for mirror in &mirrors {
                mirror.host.pinged.store(true, Ordering::Relaxed);
            }
        }
        let searchd = &self.config.searchd;
        let strategy = agent.ha_strategy.or(index.ha_strategy).or(searchd.ha_strategy);
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
            keeps_connections,
            settings: deadline::join(index.calls, searchd.calls),
            attempts_max: agent.retry_count.map(|count| count.saturating_add(1)),
            max_packet_size: searchd.max_packet_size.unwrap_or(limits::MAX_PACKET_SIZE),
            speculation: SpeculationBudget::default(),
        }
    }

    fn host(&mut self, address: &HostAddress) -> Arc<Host> {
        let limit = self.config.searchd.persistent_connections_limit;
        let number = *self.by_address.entry(address.clone()).or_insert_with(|| {
            let host = Host::new(
                address.clone(),
                self.hosts.len(),
                limit.unwrap_or(limits::PERSISTENT_CONNECTIONS_LIMIT),
                self.clock,
                self.health_changes.clone(),
            );
            self.hosts.push(Arc::new(host));
            self.hosts.len() - 1
        });
        let host = self.hosts[number].clone();
        host.references.fetch_add(1, Ordering::Relaxed);
        host
    }

    /// Pings have the interval itself for both of their timeouts (distributed.md 6.7).
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
            mirrors: vec![Mirror { host: host.clone(), index_list: String::new() }],
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
            speculation: SpeculationBudget::default(),
        };
        pinged.map(|host| Arc::new(agent(host))).collect()
    }
}
