//! A search of two agents, over the same four daemons in one run, interleaved: a bare blocking
//! send/receive loop on kept sockets (the floor), hamirror from Rust, C and Python, and a real
//! master with `agent_persistent` and with `agent`, asked over the API on a kept connection.
//!
//! `cargo bench -p hamirror-tests --bench fanout`; times differ from machine to machine, so what
//! counts is each row's ratio to the floor of the same run.

mod contestant;
mod floor;
mod inside;
mod master;
mod warm;
mod worker;

use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use hamirror_tests::cluster::{Agents, Cluster};
use hamirror_tests::{corpus, packages, report};
use hdrhistogram::Histogram;

use contestant::{Contestant, Slice};

/// Words to search, and what that means.
const QUERIES: [(&str, &str); 2] =
    [("htdig", "a single match"), ("library", "up to 1,000 rows from each agent")];

#[derive(Parser)]
struct Options {
    /// Slices a contestant and number of threads.
    #[arg(long, default_value_t = 12)]
    rounds: usize,
    /// Searches a thread and slice.
    #[arg(long, default_value_t = 150)]
    searches: usize,
    /// Only contestants with this in their name, and the floor.
    #[arg(long)]
    only: Option<String>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What one contestant did with one number of threads.
struct Score {
    name: &'static str,
    latency_ns: Histogram<u64>,
    cpu: Duration,
    wall: Duration,
}

fn main() -> Result<()> {
    let options = Options::parse();
    packages::ensure(&[packages::Tool::Searchd, packages::Tool::CCompiler])?;
    let mut cluster = Cluster::start(corpus::of_this_machine()?, |text| eprintln!("{text}"))?;
    let persistent = cluster.start_master(Agents::Persistent)?;
    let plain = cluster.start_master(Agents::Plain)?;
    let wanted = |name: &str| options.only.as_ref().is_none_or(|part| name.contains(part));
    let programs = worker::Programs::build(&cluster, wanted)?;
    for (query, meaning) in QUERIES {
        let mut contestants: Vec<Box<dyn Contestant>> = vec![
            Box::new(floor::Floor::new(&cluster, query)),
            Box::new(inside::FanOut::new(&cluster, query)?),
            Box::new(inside::Search::new(&cluster, query)?),
        ];
        for worker in programs.start(&cluster, query)? {
            contestants.push(Box::new(worker));
        }
        for (name, master) in
            [("master, agent_persistent", &persistent), ("master, agent", &plain)]
        {
            contestants.push(Box::new(master::Master::new(name, master, query)));
        }
        // The floor stays: the others are compared with it.
        let mut number = 0;
        contestants.retain(|contestant| {
            number += 1;
            number == 1 || wanted(contestant.name())
        });
        for threads in [1, 8] {
            let scores = race(&mut contestants, threads, &options)?;
            println!("'{query}' ({meaning}), {threads} client thread(s)\n");
            println!("{}\n", table(&scores));
        }
    }
    println!("{}", warm::table(&cluster, QUERIES[1].0)?);
    Ok(())
}

/// Slices in turn, so that whatever else the machine does hits everyone alike.
fn race(
    contestants: &mut [Box<dyn Contestant>],
    threads: usize,
    options: &Options,
) -> Result<Vec<Score>> {
    let mut scores: Vec<Score> = Vec::new();
    for contestant in contestants.iter_mut() {
        contestant.run(threads, WARM_UP)?;
        scores.push(Score {
            name: contestant.name(),
            latency_ns: Histogram::new(3)?,
            cpu: Duration::ZERO,
            wall: Duration::ZERO,
        });
    }
    for round in 0..options.rounds {
        eprintln!("{threads} thread(s), round {} of {}", round + 1, options.rounds);
        for turn in 0..contestants.len() {
            // Everyone comes after everyone else in turn.
            let number = (turn + round) % contestants.len();
            let (contestant, score) = (&mut contestants[number], &mut scores[number]);
            let Slice { latencies_ns, cpu, wall } = contestant.run(threads, options.searches)?;
            for latency_ns in latencies_ns {
                score.latency_ns.record(latency_ns)?;
            }
            score.cpu += cpu;
            score.wall += wall;
        }
    }
    Ok(scores)
}

fn table(scores: &[Score]) -> comfy_table::Table {
    let heading = [
        "asked by",
        "p50 us",
        "p99 us",
        "searches/s",
        "CPU us",
        "p50/floor",
        "rate/floor",
        "CPU/floor",
    ];
    let measure = |score: &Score| {
        let searches = score.latency_ns.len() as f64;
        let p50 = score.latency_ns.value_at_quantile(0.5) as f64 / 1e3;
        let p99 = score.latency_ns.value_at_quantile(0.99) as f64 / 1e3;
        let rate = searches / score.wall.as_secs_f64();
        let cpu = score.cpu.as_secs_f64() * 1e6 / searches;
        [p50, p99, rate, cpu]
    };
    let [floor_p50, _, floor_rate, floor_cpu] = measure(&scores[0]);
    let rows = scores.iter().map(|score| {
        let [p50, p99, rate, cpu] = measure(score);
        vec![
            score.name.to_owned(),
            format!("{p50:.0}"),
            format!("{p99:.0}"),
            format!("{rate:.0}"),
            format!("{cpu:.0}"),
            format!("{:.2}", p50 / floor_p50),
            format!("{:.2}", rate / floor_rate),
            format!("{:.2}", cpu / floor_cpu),
        ]
    });
    report::table(&heading, rows)
}

/// Searches a thread before the first slice: connections are made, caches filled.
const WARM_UP: usize = 20;
