//! The client: a configuration at work, shared by any number of threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::agent::Index;
use crate::batch::Batch;
use crate::config::Config;
use crate::error::{AgentFailure, Error};
use crate::net::{Background, Driver, clock, process, seed};
use crate::options::{CallOptions, ClientOptions};
use crate::search::{Search, SearchResult};
use crate::status::Status;
use crate::topology::Topology;
use crate::wire::request::{Reply, Request};

/// Asks distributed indexes; cheap to clone, and every clone is the same client.
///
/// All methods may be called from any thread at any time. Connections, records of hosts and the
/// background thread belong to the client and end with its last clone and its last batch.
///
/// After `fork` it works in the child too: there it begins anew, with empty records, and leaves
/// the parent's sockets alone. A batch that was under way answers [`Error::Forked`] there.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

/// A client as one process has it.
pub(crate) struct Shared {
    topology: ArcSwap<Topology>,
    pub(crate) background: Arc<Background>,
    reloading: Mutex<()>,
    reloads: AtomicU64,
    options: ClientOptions,
    drivers: Mutex<Vec<Driver>>,
    drivers_made: AtomicU64,
    seed: u64,
    process: process::Id,
    /// The client of a forked child, which nobody but the child ever makes: it may touch no lock
    /// that a thread of the parent held when it forked.
    of_child: OnceLock<Arc<Shared>>,
}

impl Client {
    /// A client with the default options.
    pub fn new(config: &Config) -> Result<Client, Error> {
        Self::with_options(config, ClientOptions::default())
    }

    /// A client. Nothing is connected or looked up before the first call.
    pub fn with_options(config: &Config, options: ClientOptions) -> Result<Client, Error> {
        Ok(Client { shared: Arc::new(Shared::new(config, options)) })
    }

    /// Takes over a new configuration. Calls under way end as they began; hosts that stay keep
    /// their record and connections (their record only with the same `ha_period_karma`).
    pub fn reload(&self, config: &Config) {
        let shared = self.shared();
        let _one_at_a_time = shared.reloading.lock();
        let topology = shared.topology.load();
        let next = topology.reload(config, &shared.options, clock::now());
        shared.background.ping(next.pinged.clone(), next.ping_interval);
        shared.topology.store(Arc::new(next));
        shared.reloads.fetch_add(1, Ordering::Release);
    }

    /// Names of the distributed indexes, sorted.
    pub fn indexes(&self) -> Vec<String> {
        let topology = self.shared().topology.load();
        let mut names: Vec<String> = topology.indexes.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Searches all agents of an index and merges their answers as a master does.
    pub fn search(
        &self,
        index: &str,
        search: &Search,
        options: &CallOptions,
    ) -> Result<SearchResult, Error> {
        let mut batch = self.batch()?;
        let id = batch.add_search(index, search, options)?;
        while !batch.wait_all(None)? {}
        batch.take_search(id)
    }

    /// Asks one agent of an index, by its number from 0.
    pub fn call(
        &self,
        index: &str,
        agent: usize,
        request: &Arc<dyn Request>,
        options: &CallOptions,
    ) -> Result<Result<Reply, AgentFailure>, Error> {
        let mut batch = self.batch()?;
        let call = batch.add_agent(index, agent, request, options)?;
        while !batch.wait_all(None)? {}
        batch.take_reply(call)
    }

    /// An empty batch.
    pub fn batch(&self) -> Result<Batch, Error> {
        let shared = self.shared();
        shared.background.start_pings();
        Ok(Batch::new(shared.clone(), shared.take_driver()?))
    }

    /// The record of every host, as it is now; blocks no query.
    pub fn status(&self) -> Status {
        let shared = self.shared();
        Status::new(&shared.topology.load(), shared.background.dropped(), clock::now())
    }

    /// The client as this process has it.
    fn shared(&self) -> &Arc<Shared> {
        let mut shared = &self.shared;
        while !shared.is_of_this_process() {
            shared = shared.of_child.get_or_init(|| shared.inherit());
        }
        shared
    }
}

impl Shared {
    fn new(config: &Config, options: ClientOptions) -> Self {
        let topology = Topology::new(config, &options, clock::now());
        let background = Arc::new(Background::new(options.background));
        background.ping(topology.pinged.clone(), topology.ping_interval);
        Self {
            topology: ArcSwap::from_pointee(topology),
            background,
            reloading: Mutex::default(),
            reloads: AtomicU64::new(0),
            options,
            drivers: Mutex::default(),
            drivers_made: AtomicU64::new(0),
            seed: options.seed.unwrap_or_else(seed),
            process: process::id(),
            of_child: OnceLock::new(),
        }
    }

    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == process::id()
    }

    /// A client of its own for a forked child.
    fn inherit(&self) -> Arc<Shared> {
        if let Some(mut drivers) = self.drivers.try_lock() {
            drivers.drain(..).for_each(Driver::abandon);
        }
        Arc::new(Shared::new(&self.topology.load().config, self.options))
    }

    pub(crate) fn index(&self, name: &str) -> Result<Arc<Index>, Error> {
        self.topology.load().indexes.get(name).cloned().ok_or_else(|| {
            Error::Unknown(format!("no distributed index '{name}' in the configuration"))
        })
    }

    /// A request to the agents of an index begins.
    pub(crate) fn handle_query(&self) {
        self.topology.load().traffic.handle_query();
    }

    pub(crate) fn options(&self) -> &ClientOptions {
        &self.options
    }

    fn take_driver(&self) -> Result<Driver, Error> {
        // The last one used has the warmest connections.
        let idle = self.drivers.lock().pop();
        let refused =
            |error| Error::System(format!("no event queue from the operating system: {error}"));
        if let Some(mut driver) = idle {
            let reloads = self.reloads.load(Ordering::Acquire);
            if std::mem::replace(&mut driver.reloads_seen, reloads) != reloads {
                driver.engine().close_removed();
                driver.perform(clock::now());
            }
            // What happened to its kept connections in the meantime.
            driver.turn(Some(std::time::Duration::ZERO)).map_err(refused)?;
            return Ok(driver);
        }
        let number = self.drivers_made.fetch_add(1, Ordering::Relaxed);
        let seed = self.seed.wrapping_add(number.wrapping_mul(SEED_STEP));
        Driver::new(seed, self.background.clone()).map_err(refused)
    }

    /// Keeps a driver for the next batch.
    pub(crate) fn return_driver(&self, driver: Driver) {
        if driver.is_broken() {
            return;
        }
        let mut drivers = self.drivers.lock();
        if drivers.len() < DRIVERS_IDLE_MAX {
            drivers.push(driver);
        }
    }
}

/// Odd, so that drivers of one client never share a seed (the golden ratio in 64 bits).
const SEED_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Drivers kept for the next batch: as many as threads use one client at the same time.
const DRIVERS_IDLE_MAX: usize = 256;

impl Drop for Shared {
    fn drop(&mut self) {
        if !self.is_of_this_process() {
            self.drivers.get_mut().drain(..).for_each(Driver::abandon);
        }
    }
}
