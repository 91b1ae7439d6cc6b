//! The client: a configuration at work, shared by any number of threads.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::agent::Index;
use crate::batch::{Batch, BatchHandle};
use crate::config::{Config, HostAddress};
use crate::error::{Error, SystemError, UnknownName};
use crate::limits::LOCAL_SEARCH_DELAY_MAX;
use crate::log::{Level, LogSink};
use crate::net::clock;
use crate::options::{CallOptions, ClientOptions};
use crate::request::{Reply, Request};
use crate::search::{Search, SearchResult};
use crate::shared::Shared;
use crate::status::Status;
use crate::upkeep::Upkeep;

/// Asks distributed indexes; cheap to clone, and every clone is the same client.
///
/// All methods may be called from any thread at any time. Connections, records of hosts and the
/// background threads belong to the client and end with its last clone and its last batch.
///
/// After `fork` it works in the child too: there it begins with what the parent knew of its hosts
/// (latency, health, addresses), with counters of its own, and leaves the parent's sockets alone.
/// A batch that was under way answers [`Error::Forked`] there.
///
/// The child closes its copies of idle connections when it first uses the client, and those of a
/// batch or [`Upkeep`] when it drops that. Event queues stay open until it ends. So do connections
/// that a thread of the parent was at, as are all of a batch that runs ([`Batch::run`]): fork
/// before that, or after the join. A child may also close all descriptors itself: a number that
/// means another file by then is left alone.
///
/// It begins with the addresses that its parent knew. A look-up in the child hangs if a thread of
/// the parent was at one when it forked: glibc never releases that lock there. With
/// `hostname_lookup = request`, which looks up for each connection, fork before the first call, or
/// push addresses ([`Client::set_addresses`]).
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
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
    /// their record and connections; with another `ha_period_karma` their windows begin anew.
    pub fn reload(&self, config: &Config) {
        let shared = self.shared();
        let one_at_a_time = shared.reloading.lock();
        let topology = shared.topology.load();
        let next = topology.reload(config, &shared.options, clock::now());
        shared.background.ping(next.pinged.clone(), next.ping_interval);
        let (hosts, indexes) = (next.hosts.len(), next.indexes.len());
        let next = Arc::new(next);
        shared.topology.store(next.clone());
        shared.pool.tend();
        drop(one_at_a_time);
        let line = || format!("configuration taken over: {indexes} indexes, {hosts} hosts");
        next.log.put(Level::Info, line);
        // Of the hosts that it names, some may have been dead before.
        next.agents().for_each(|agent| agent.living.tell(&next.log));
    }

    /// Tells what happens to hosts and configuration, up to that level, to a sink from now on;
    /// `None` ends it. A forked child begins without a sink, unless that outlives it
    /// ([`LogSink::outlives_fork`]).
    pub fn set_log(&self, sink: Option<(Level, Box<dyn LogSink>)>) {
        self.shared().topology.load().log.set(sink);
    }

    /// Names of the distributed indexes, sorted.
    pub fn indexes(&self) -> Vec<String> {
        let topology = self.shared().topology.load();
        let mut names: Vec<String> = topology.indexes.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Searches all agents of an index, or of several (`"shop, archive"`), and merges their
    /// answers as a master does.
    pub fn search(&self, index: &str, search: &Search) -> Result<SearchResult, Error> {
        self.search_with(index, search, &CallOptions::default())
    }

    /// Searches as [`Self::search`] does, by those options.
    pub fn search_with(
        &self,
        index: &str,
        search: &Search,
        options: &CallOptions,
    ) -> Result<SearchResult, Error> {
        let mut batch = self.batch()?;
        let id = batch.add_search_with(index, search, options)?;
        while !batch.wait_all(None)? {}
        batch.take_search(id)
    }

    /// Runs several searches of the same agents, 32 at most, in one request to each agent. A
    /// daemon does once what they have in common (facets). Each has a result of its own, in order.
    ///
    /// A search that agents refuse leaves the others alone, where a daemon lacks a setting that it
    /// has, too. One that a daemon can't read fails them all. Retries are those of
    /// [`Batch::add_searches`].
    pub fn search_all(
        &self,
        index: &str,
        searches: &[Search],
    ) -> Result<Vec<Result<SearchResult, Error>>, Error> {
        self.search_all_with(index, searches, &CallOptions::default())
    }

    /// Searches as [`Self::search_all`] does, by those options.
    pub fn search_all_with(
        &self,
        index: &str,
        searches: &[Search],
        options: &CallOptions,
    ) -> Result<Vec<Result<SearchResult, Error>>, Error> {
        let mut batch = self.batch()?;
        let id = batch.add_searches_with(index, searches, options)?;
        while !batch.wait_all(None)? {}
        batch.take_searches(id)
    }

    /// Searches all agents of an index, and its local indexes by a function of the program, while
    /// the agents work. The function gets the name of a local index and the body of a SEARCH
    /// request as an agent would get it. It returns the reply ([`Reply::new`]) or why there is
    /// none.
    ///
    /// The function is called on this thread. Meanwhile another one fails over, hedges and keeps
    /// deadlines ([`Batch::run`]); where the system gives no thread, that is done between two
    /// local indexes.
    pub fn search_locals(
        &self,
        index: &str,
        search: &Search,
        search_local: impl FnMut(&str, &[u8]) -> Result<Reply, String>,
    ) -> Result<SearchResult, Error> {
        self.search_locals_with(index, search, &CallOptions::default(), search_local)
    }

    /// Searches as [`Self::search_locals`] does, by those options.
    pub fn search_locals_with(
        &self,
        index: &str,
        search: &Search,
        options: &CallOptions,
        mut search_local: impl FnMut(&str, &[u8]) -> Result<Reply, String>,
    ) -> Result<SearchResult, Error> {
        let mut batch = BatchHandle::from(self.batch()?);
        let id = batch.get()?.add_search_with(index, search, options)?;
        batch.get()?.wait_sent(Some(LOCAL_SEARCH_DELAY_MAX))?;
        let locals: Vec<String> = batch.locals(id).map(str::to_owned).collect();
        let runs = !locals.is_empty() && batch.run().is_ok();
        for local in locals {
            let request = batch.local_request(id, &local)?;
            let answer = search_local(&local, &request);
            if let Err(error) = batch.add_local(id, &local, answer) {
                let reworded = batch.local_request(id, &local)?;
                if reworded == request {
                    return Err(error);
                }
                let answer = search_local(&local, &reworded);
                batch.add_local(id, &local, answer)?;
            }
            if !runs {
                batch.get()?.drive()?;
            }
        }
        if runs {
            batch.join(Some(Duration::ZERO))?;
        }
        let batch = batch.get()?;
        while !batch.wait_all(None)? {}
        batch.take_search(id)
    }

    /// Asks one agent of an index, by its number from 0; the errors are those of
    /// [`Batch::add_agent`] and [`Batch::take_reply`].
    pub fn call(
        &self,
        index: &str,
        agent: usize,
        request: &Arc<dyn Request>,
    ) -> Result<Reply, Error> {
        self.call_with(index, agent, request, &CallOptions::default())
    }

    /// Asks one agent as [`Self::call`] does, by those options.
    pub fn call_with(
        &self,
        index: &str,
        agent: usize,
        request: &Arc<dyn Request>,
        options: &CallOptions,
    ) -> Result<Reply, Error> {
        let mut batch = self.batch()?;
        let call = batch.add_agent_with(index, agent, request, options)?;
        while !batch.wait_all(None)? {}
        batch.take_reply(call)
    }

    /// An empty batch.
    pub fn batch(&self) -> Result<Batch, Error> {
        let shared = self.shared();
        shared.background.start_pings();
        let driver = shared.pool.take().map_err(no_queue)?;
        Ok(Batch::new(shared.clone(), driver))
    }

    /// Pings and sends to blackholes, for a program that does without the background thread
    /// ([`ClientOptions::background`]) and drives them itself.
    pub fn upkeep(&self) -> Result<Upkeep, Error> {
        let shared = self.shared();
        if shared.background.is_allowed() {
            let text = "the background thread does the upkeep: turn it off to drive it";
            return Err(Error::Misuse(text.to_owned()));
        }
        let driven = shared.background.drive().ok_or_else(|| {
            Error::Misuse("the upkeep of this client is driven already".to_owned())
        })?;
        Ok(Upkeep::new(shared.clone(), driven.map_err(no_queue)?))
    }

    /// The record of every host, as it is now; blocks no query.
    pub fn status(&self) -> Status {
        let shared = self.shared();
        shared.pool.tend_if_due();
        Status::new(&shared.topology.load(), shared.background.dropped(), clock::now())
    }

    /// Looks all host names up again in the background, as `FLUSH HOSTNAMES` of a daemon does, and
    /// returns the number of those hosts.
    ///
    /// Connections to addresses that a name has left are not used again; while a look-up fails,
    /// the last good addresses serve.
    pub fn flush_hostnames(&self) -> usize {
        let shared = self.shared();
        let topology = shared.topology.load();
        let named = topology.hosts.iter().filter(|host| host.lookup_name().is_some());
        named.map(|host| shared.background.refresh(host)).count()
    }

    /// Says where a host of the configuration listens, by the name it has there (`box1:9312`), in
    /// place of what look-ups say. This is for programs that know better, from a service registry
    /// for instance. Addresses are tried in this order. An empty list returns to look-ups.
    ///
    /// It holds until the next call of this, for as long as the configuration names the host.
    pub fn set_addresses(&self, host: &str, addresses: &[SocketAddr]) -> Result<(), Error> {
        let topology = self.shared().topology.load();
        let Some(host) = topology.hosts.iter().find(|known| known.name == host) else {
            let text = format!("no host '{host}' in the configuration");
            let known = topology.hosts.iter().map(|known| &known.name);
            return Err(Error::Unknown(UnknownName::new(text, host, known)));
        };
        if matches!(host.address, HostAddress::Unix(_)) {
            let text = format!("host '{}' is a unix socket: it has no addresses", host.name);
            return Err(Error::Misuse(text));
        }
        host.push_addresses(addresses.to_vec());
        Ok(())
    }

    /// Sets addresses as [`Self::set_addresses`] does, given as text: `10.0.0.1:9312`,
    /// `[::1]:9312`. Without a port the host's own is taken.
    pub fn set_address_texts<T: AsRef<str>>(&self, host: &str, texts: &[T]) -> Result<(), Error> {
        let topology = self.shared().topology.load();
        let known = topology.hosts.iter().find(|known| known.name == host);
        let port = match known.map(|known| &known.address) {
            Some(HostAddress::Tcp { port, .. }) => *port,
            _ => 0,
        };
        let parse = |text: &T| {
            endpoint(text.as_ref(), port).ok_or_else(|| {
                let text = text.as_ref();
                Error::Request(format!("address '{text}' of host '{host}' is no IP address"))
            })
        };
        let addresses: Vec<SocketAddr> = texts.iter().map(parse).collect::<Result<_, _>>()?;
        self.set_addresses(host, &addresses)
    }

    /// A distributed index by its name.
    pub(crate) fn index(&self, name: &str) -> Result<Arc<Index>, Error> {
        self.shared().index(name)
    }

    /// The indexes that a list names, each once.
    pub(crate) fn indexes_once(&self, list: &str) -> Result<Vec<Arc<Index>>, Error> {
        self.shared().indexes(list)
    }

    /// All distributed indexes, by their names.
    pub(crate) fn all_indexes(&self) -> Vec<Arc<Index>> {
        let topology = self.shared().topology.load();
        let mut indexes: Vec<Arc<Index>> = topology.indexes.values().cloned().collect();
        indexes.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        indexes
    }

    /// True if another mirror or agent is asked after a failure, by these options.
    pub(crate) fn fails_over(&self, options: &CallOptions) -> bool {
        self.shared().fails_over(options)
    }

    /// A number that is another one with each call: whose turn it is.
    pub(crate) fn next_turn(&self) -> usize {
        self.shared().turn.fetch_add(1, Ordering::Relaxed)
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

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topology = self.shared.topology.load();
        let (indexes, hosts) = (topology.indexes.len(), topology.hosts.len());
        let mut client = out.debug_struct("Client");
        client.field("indexes", &indexes).field("hosts", &hosts).finish_non_exhaustive()
    }
}

fn endpoint(text: &str, port: u16) -> Option<SocketAddr> {
    let bare = || -> Option<IpAddr> { text.strip_prefix('[')?.strip_suffix(']')?.parse().ok() };
    let address = || text.parse().ok().or_else(bare);
    text.parse().ok().or_else(|| Some(SocketAddr::new(address()?, port)))
}

fn no_queue(error: std::io::Error) -> Error {
    Error::System(SystemError::new("no event queue from the operating system", error))
}
