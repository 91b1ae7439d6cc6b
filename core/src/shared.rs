//! What a client, its batches and its upkeep share.

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::agent::Index;
use crate::config::Config;
use crate::error::{Error, UnknownName};
use crate::mirror::index_names;
use crate::net::{Background, Pool, clock, process, seed};
use crate::options::{CallOptions, ClientOptions};
use crate::search::{LocalVersion, Search, SearchRequest};
use crate::topology::Topology;

/// A client as one process has it.
pub(crate) struct Shared {
    pub(crate) topology: ArcSwap<Topology>,
    pub(crate) background: Arc<Background>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) reloading: Mutex<()>,
    pub(crate) options: ClientOptions,
    /// Of the program's own answers.
    pub(crate) local_version: LocalVersion,
    /// Agent that cuts the next excerpts, before it is taken modulo their number.
    pub(crate) turn: AtomicUsize,
    process: process::Id,
    /// The client of a forked child, which nobody but the child ever makes. It may touch no lock
    /// that a thread of the parent held when it forked.
    pub(crate) of_child: OnceLock<Arc<Shared>>,
}

impl Shared {
    pub(crate) fn new(config: &Config, options: ClientOptions) -> Self {
        let topology = Topology::new(config, &options, clock::now());
        let pool = Arc::new(Pool::new(options.seed.unwrap_or_else(seed)));
        let background = Arc::new(Background::new(options.background, &pool));
        background.ping(topology.pinged.clone(), topology.ping_interval);
        Self {
            topology: ArcSwap::from_pointee(topology),
            background,
            pool,
            reloading: Mutex::default(),
            options,
            local_version: LocalVersion::default(),
            turn: AtomicUsize::default(),
            process: process::id(),
            of_child: OnceLock::new(),
        }
    }

    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == process::id()
    }

    /// A client of its own for a forked child.
    pub(crate) fn inherit(&self) -> Arc<Shared> {
        self.pool.abandon();
        let topology = self.topology.load();
        let shared = Shared::new(&topology.config, self.options);
        let own = shared.topology.load();
        for (host, own) in topology.hosts.iter().zip(&own.hosts) {
            own.inherit(host);
        }
        // The parent has told of those without a living mirror.
        own.agents().for_each(|agent| agent.living.take_as_told());
        own.log.inherit(&topology.log);
        drop(own);
        Arc::new(shared)
    }

    pub(crate) fn index(&self, name: &str) -> Result<Arc<Index>, Error> {
        let topology = self.topology.load();
        topology.indexes.get(name).cloned().ok_or_else(|| {
            let text = format!("no distributed index '{name}' in the configuration");
            let mut known: Vec<&String> = topology.indexes.keys().collect();
            known.sort_unstable();
            Error::Unknown(UnknownName::new(text, name, known))
        })
    }

    /// The indexes that a list names, each once: by commas or blanks, unless one has the whole as
    /// its name.
    pub(crate) fn indexes(&self, list: &str) -> Result<Vec<Arc<Index>>, Error> {
        if let Some(index) = self.topology.load().indexes.get(list) {
            return Ok(vec![index.clone()]);
        }
        let mut known = HashSet::new();
        let names = index_names(list).filter(|name| known.insert(*name));
        let indexes = names.map(|name| self.index(name));
        match indexes.collect::<Result<Vec<_>, _>>()? {
            none if none.is_empty() => self.index(list).map(|index| vec![index]),
            indexes => Ok(indexes),
        }
    }

    /// Checks and encodes searches of these indexes, within the limits of the configuration. Each
    /// index has a request of its own, as weights of indexes go to its agents; those of the same
    /// weights share what is sent.
    pub(crate) fn search_requests(
        &self,
        list: &str,
        indexes: &[Arc<Index>],
        searches: &[Search],
    ) -> Result<Vec<Arc<SearchRequest>>, Error> {
        let searchd = &self.topology.load().config.searchd;
        let names = indexes.iter().map(|index| index.name.as_str());
        let requests = SearchRequest::of_list(list, names, searches, searchd, clock::wall())?;
        Ok(requests.into_iter().map(Arc::new).collect())
    }

    /// A request to the agents of an index begins.
    pub(crate) fn handle_query(&self) {
        self.topology.load().traffic.handle_query();
    }

    /// True if another mirror or agent is asked after a failure, by these options of a call.
    pub(crate) fn fails_over(&self, options: &CallOptions) -> bool {
        options.failover && self.options.failover
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // In a forked child a lock may be held by a thread that is not there.
        if self.is_of_this_process() {
            self.topology.load().log.close();
            self.background.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_a_list_names_again_is_there_once() {
        let index = |name| format!("index {name}\n{{\ntype = distributed\nagent = h:1:x\n}}\n");
        let text = [index("d"), index("e")].concat();
        let config = Config::parse(&text, "text").expect("a configuration");
        let shared = Shared::new(&config, ClientOptions::default().background(false));
        let names = |list: &str| -> Vec<String> {
            let indexes = shared.indexes(list).expect("known indexes");
            indexes.iter().map(|index| index.name.clone()).collect()
        };
        assert_eq!(names("e, d d,e"), ["e", "d"]);
        assert_eq!(names(&"d ".repeat(100_000)), ["d"]);
        assert!(shared.indexes("d d nope").is_err());
    }
}
