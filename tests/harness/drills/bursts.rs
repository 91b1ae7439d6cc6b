//! Many searches at once, of which a part meets mirrors that are frozen.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use hamirror::{CallOptions, Client, Config, Search};

use super::Outcome;
use crate::cluster::{Cluster, local_index};
use crate::corpus;
use crate::daemon::Daemon;

/// Calls at once, mirrors, frozen ones among them, milliseconds of the deadline (0: the default),
/// and whether connections are kept.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    /// Calls at once.
    pub calls: usize,
    /// Mirrors of the one agent.
    pub mirrors: usize,
    /// Mirrors that are frozen from before the first call on.
    pub frozen: usize,
    /// Deadline in milliseconds; 0 is the default.
    pub deadline_ms: u64,
    /// Connections are kept.
    pub keeps: bool,
}

/// One shard with mirrors to freeze.
#[derive(Debug)]
pub struct Bench {
    _cluster: Cluster,
    mirrors: Vec<Daemon>,
}

impl Bench {
    /// Starts so many mirrors.
    pub fn start(mirrors: usize) -> Result<Bench> {
        let mut cluster = Cluster::start(corpus::synthetic(400, 3), |_| {})?;
        let mirrors = (0..mirrors).map(|_| cluster.start_mirror(0, None));
        let mirrors = mirrors.collect::<Result<_>>()?;
        Ok(Bench { _cluster: cluster, mirrors })
    }

    /// Makes the burst by a client that knows nothing yet.
    pub fn burst(&self, burst: Burst) -> Result<Outcome> {
        let Burst { calls, mirrors, frozen, deadline_ms, keeps } = burst;
        let hosts: Vec<String> =
            self.mirrors[..mirrors].iter().map(|daemon| daemon.address().to_string()).collect();
        let key = if keeps { "agent_persistent" } else { "agent" };
        let text = format!(
            "searchd {{\n persistent_connections_limit = 1000\n}}\nindex d {{\n \
             type = distributed\n {key} = {}:{}\n}}\n",
            hosts.join("|"),
            local_index(0)
        );
        let client = Client::new(&Config::parse(&text, "bursts.conf")?)?;
        let frozen: Vec<Frozen> =
            self.mirrors[..frozen].iter().map(Frozen::new).collect::<Result<_>>()?;
        let deadline = (deadline_ms > 0).then(|| Duration::from_millis(deadline_ms));
        let options = CallOptions::default().deadline(deadline);
        let (slowest, failures) = at_once(&client, calls, &options)?;
        let name = format!(
            "burst: {} of {mirrors} mirrors frozen, {} deadline, {} connections",
            frozen.len(),
            if deadline_ms > 0 { format!("{deadline_ms} ms") } else { "default".to_owned() },
            if keeps { "kept" } else { "new" },
        );
        let status = client.status();
        let living = &hosts[frozen.len()..];
        let is_wrong = |host: &String| status.host(host).is_some_and(|host| !host.is_living);
        Ok(Outcome {
            name,
            calls,
            lost: failures.len(),
            slowest: Some(slowest),
            p99: None,
            quiet_p99: None,
            extra: Some(status.traffic.agent_retries),
            wrongly_dead: living.iter().filter(|host| is_wrong(host)).count(),
            failures: failures.into_iter().take(3).collect(),
        })
    }
}

/// A daemon that is frozen as long as this lives.
struct Frozen<'a>(&'a Daemon);

impl<'a> Frozen<'a> {
    fn new(daemon: &'a Daemon) -> Result<Self> {
        daemon.pause()?;
        Ok(Self(daemon))
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        let _ = self.0.resume();
    }
}

/// Calls from as many threads; returns the longest time and the failures.
fn at_once(
    client: &Client,
    calls: usize,
    options: &CallOptions,
) -> Result<(Duration, Vec<String>)> {
    let start = Arc::new(Barrier::new(calls));
    let threads: Vec<_> = (0..calls)
        .map(|_| {
            let (client, options, start) = (client.clone(), *options, start.clone());
            let builder = thread::Builder::new().stack_size(STACK);
            builder.spawn(move || {
                start.wait();
                let begun = Instant::now();
                let found = client.search_with("d", &Search::new("library"), &options);
                (begun.elapsed(), found.map(drop).map_err(|error| error.to_string()))
            })
        })
        .collect::<Result<_, _>>()?;
    let mut slowest = Duration::ZERO;
    let mut failures = Vec::new();
    for thread in threads {
        let (took, outcome) = thread.join().map_err(|_| anyhow!("a caller panicked"))?;
        slowest = slowest.max(took);
        failures.extend(outcome.err());
    }
    Ok((slowest, failures))
}

/// A thousand threads at once.
const STACK: usize = 256 << 10;
