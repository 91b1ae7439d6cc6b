//! Real daemons for tests that are not written in Rust, driven by lines on stdin.
//!
//! The first line of stdout is a JSON object: `config` (path of a `sphinx.conf`), `index`,
//! `shards` (addresses by shard and mirror), `master` (address of a real master, or null). Then
//! each line `kill|start|pause|resume SHARD MIRROR` is answered by `ok` or `error TEXT`. The end
//! of stdin ends all daemons.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use clap::Parser;
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::{corpus, daemon::Daemon};
use serde_json::json;

/// Starts 2 shards x 2 mirrors of real searchd over synthetic documents.
#[derive(Parser)]
struct Options {
    /// How many documents.
    #[arg(long, default_value_t = 2_000)]
    documents: u64,
    /// Also start a real master over them.
    #[arg(long)]
    master: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let documents = corpus::synthetic(options.documents, 1);
    let mut cluster = Cluster::start(documents, |step| eprintln!("{step}"))?;
    let master = options.master.then(|| cluster.start_master(Agents::Persistent)).transpose()?;
    println!("{}", description(&cluster, master.as_ref()));
    for line in io::stdin().lines() {
        match obey(&mut cluster, &line?) {
            Ok(()) => println!("ok"),
            Err(error) => println!("error {error:#}"),
        }
        io::stdout().flush()?;
    }
    Ok(())
}

fn description(cluster: &Cluster, master: Option<&Daemon>) -> serde_json::Value {
    let addresses = |mirrors: &Vec<Daemon>| -> Vec<String> {
        mirrors.iter().map(|daemon| daemon.address().to_string()).collect()
    };
    json!({
        "config": cluster.config(),
        "index": INDEX,
        "shards": cluster.daemons().iter().map(addresses).collect::<Vec<_>>(),
        "master": master.map(|daemon| daemon.address().to_string()),
    })
}

fn obey(cluster: &mut Cluster, line: &str) -> Result<()> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [verb, shard, mirror] = words[..] else {
        bail!("'{line}' is not VERB SHARD MIRROR");
    };
    let shard: usize = shard.parse().context("the shard's number")?;
    let mirror: usize = mirror.parse().context("the mirror's number")?;
    if cluster.daemons().get(shard).is_none_or(|mirrors| mirror >= mirrors.len()) {
        bail!("there is no shard {shard} mirror {mirror}");
    }
    let daemon = cluster.daemon(shard, mirror);
    match verb {
        "kill" => daemon.kill(),
        "start" => daemon.restart(),
        "pause" => daemon.pause(),
        "resume" => daemon.resume(),
        _ => bail!("'{verb}' is none of kill, start, pause, resume"),
    }
}
