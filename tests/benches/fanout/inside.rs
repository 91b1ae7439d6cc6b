//! hamirror from Rust: the bare fan-out of request bytes, and a search with its merge.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use hamirror::internal::search::SearchRequest;
use hamirror::internal::wire::header::{self, Command};
use hamirror::request::Layout;
use hamirror::{Access, Client, Config, Product, Request, Target};
use hamirror_tests::cluster::{Cluster, INDEX};

use crate::contestant::{Contestant, Slice, run_threads};

/// Requests out, replies in, nothing decoded: the floor's own work, with mirrors.
pub(crate) struct FanOut {
    client: Client,
    request: Arc<dyn Request>,
}

/// A request whose body is ready for each index list.
struct Prepared {
    bodies: Vec<(String, Vec<u8>)>,
}

impl Request for Prepared {
    fn command(&self) -> Command {
        Command::SEARCH
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), hamirror::Error> {
        let found = self.bodies.iter().find(|(list, _)| list == target.index_list);
        let (_, prepared) = found
            .ok_or_else(|| hamirror::Error::Request(format!("no '{}'", target.index_list)))?;
        body.extend_from_slice(prepared);
        Ok(())
    }
}

impl FanOut {
    pub(crate) fn new(cluster: &Cluster, query: &str) -> Result<Self> {
        Ok(Self { client: client(cluster)?, request: prepared(cluster, query) })
    }

    /// One fan-out in a batch of its own.
    pub(crate) fn once(client: &Client, request: &Arc<dyn Request>) -> Result<()> {
        let mut batch = client.batch()?;
        let calls = batch.add_index(INDEX, request)?;
        batch.wait_all(None)?;
        for call in calls {
            let outcome = batch.reply(call).ok_or_else(|| anyhow!("{call:?} has no outcome"))?;
            outcome.map_err(|failure| anyhow!("{failure}"))?;
        }
        Ok(())
    }
}

/// The bodies of a query for every shard.
pub(crate) fn prepared(cluster: &Cluster, query: &str) -> Arc<dyn Request> {
    let body =
        |shard: usize| (index_list(shard), request_bytes(shard, query)[header::LENGTH..].to_vec());
    Arc::new(Prepared { bodies: (0..cluster.daemons().len()).map(body).collect() })
}

impl Contestant for FanOut {
    fn name(&self) -> &'static str {
        "hamirror, Rust, fan-out"
    }

    fn run(&mut self, threads: usize, searches: usize) -> Result<Slice> {
        let (client, request) = (&self.client, &self.request);
        run_threads(&mut vec![(); threads], searches, |()| Self::once(client, request))
    }
}

/// A search as programs make it.
pub(crate) struct Search {
    client: Client,
    search: hamirror::Search,
}

impl Search {
    pub(crate) fn new(cluster: &Cluster, query: &str) -> Result<Self> {
        Ok(Self { client: client(cluster)?, search: search(query) })
    }
}

impl Contestant for Search {
    fn name(&self) -> &'static str {
        "hamirror, Rust, search"
    }

    fn run(&mut self, threads: usize, searches: usize) -> Result<Slice> {
        let (client, search) = (&self.client, &self.search);
        run_threads(&mut vec![(); threads], searches, |()| {
            client.search(INDEX, search)?;
            Ok(())
        })
    }
}

pub(crate) fn client(cluster: &Cluster) -> Result<Client> {
    Ok(Client::new(&Config::read(cluster.config())?)?)
}

/// The search request for a shard, header included.
pub(crate) fn request_bytes(shard: usize, query: &str) -> Vec<u8> {
    let request = SearchRequest::new(INDEX, &search(query), std::time::SystemTime::now())
        .expect("the query is valid");
    let index_list = index_list(shard);
    let product = Product::Unknown;
    let (attempt, layout) = (0, Layout::default());
    let target = Target { host: "", index_list: &index_list, attempt, product, layout };
    let mut bytes = Vec::new();
    let start = header::begin_request(request.command(), &mut bytes);
    request.encode(&target, &mut bytes).expect("a checked query can be encoded");
    header::end_request(start, usize::MAX, &mut bytes).expect("it is small");
    bytes
}

fn search(query: &str) -> hamirror::Search {
    hamirror::Search::new(query).select("name, size")
}

fn index_list(shard: usize) -> String {
    format!("{INDEX}{shard}")
}
