//! `cargo chaos`: frozen mirrors, forgotten connections, stopped programs and bad networks, on
//! real daemons, in one table of what was lost, who was blamed, and what it cost.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use hamirror_tests::cluster::{Agents, Cluster};
use hamirror_tests::corpus;
use hamirror_tests::drills::bursts::{Bench, Burst};
use hamirror_tests::drills::{self, Outcome, forgotten, link, stopped};
use hamirror_tests::{process, workspace};

/// Does to real daemons, and to programs that ask them, what goes wrong in clusters, and prints
/// one table. It takes some minutes, and fails if a search was lost though a mirror lives.
#[derive(Parser)]
struct Options {
    /// Most calls at once.
    #[arg(long, default_value_t = 1_000)]
    calls: usize,
    /// The one drill to do; all of them where none is named.
    #[arg(long)]
    drill: Option<Drill>,
}

/// What can go wrong.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Drill {
    /// Many calls at once beside frozen mirrors.
    Bursts,
    /// Kept connections that something on the way forgot.
    Forgotten,
    /// A program that is stopped and continued.
    Stopped,
    /// Networks that lose, delay, reorder, swallow or cut off.
    Network,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<bool> {
    let mut outcomes = Vec::new();
    let mut note = |outcome: Outcome| {
        eprintln!("{}: {} of {} lost", outcome.name, outcome.lost, outcome.calls);
        for failure in &outcome.failures {
            eprintln!("    {failure}");
        }
        outcomes.push(outcome);
    };
    let does = |drill| options.drill.is_none_or(|only| only == drill);
    if does(Drill::Bursts) {
        bursts(options.calls, &mut note)?;
    }
    if does(Drill::Forgotten) {
        for (mirrors, threads) in [(1, 1), (1, 32), (2, 1), (2, 32)] {
            note(forgotten::forget(mirrors, threads)?);
        }
    }
    if does(Drill::Stopped) {
        stop_programs(&mut note)?;
    }
    if does(Drill::Network) {
        match link::Bench::start()? {
            Ok(bench) => {
                let faults = [&link::FAULTS[..], &[link::RESTARTS]].concat();
                bench.run(&faults, CALLS_OVER_NETWORKS, &mut note)?;
            }
            Err(refusal) => eprintln!("not run: network: no network namespace: {refusal}"),
        }
    }
    println!("{}", drills::table(&outcomes));
    Ok(outcomes.iter().all(Outcome::is_well))
}

fn bursts(calls_max: usize, note: &mut impl FnMut(Outcome)) -> Result<()> {
    let bench = Bench::start(4)?;
    for calls in [1, 10, 100, 500, 1_000].into_iter().filter(|calls| *calls <= calls_max) {
        // One mirror alone shows what it can carry in that time.
        for (mirrors, frozen) in [(1, 0), (2, 1), (3, 2), (4, 3)] {
            for deadline_ms in [500, 1_000, 3_000, 0] {
                for keeps in [false, true] {
                    let burst = Burst { calls, mirrors, frozen, deadline_ms, keeps };
                    note(bench.burst(burst)?);
                }
            }
        }
    }
    Ok(())
}

fn stop_programs(note: &mut impl FnMut(Outcome)) -> Result<()> {
    let program = searching_client()?;
    let cluster = Cluster::start(corpus::synthetic(2_000, 3), |_| {})?;
    for agents in [Agents::Persistent, Agents::Plain] {
        for sleep_ms in [200, 1_200, 5_000] {
            let time = Duration::from_millis(sleep_ms);
            stopped::stop(&program, &cluster, agents, time)?.into_iter().for_each(&mut *note);
        }
    }
    Ok(())
}

/// The program that is stopped lies beside this one.
fn searching_client() -> Result<PathBuf> {
    let arguments = ["build", "--release", "-p", "hamirror-tests", "--bin", "searching_client"];
    process::run_long(&mut workspace::cargo(&arguments))?;
    let own = std::env::current_exe()?;
    let folder = own.parent().map(Path::to_owned).context("a folder of this program")?;
    Ok(folder.join("searching_client"))
}

/// Calls under each fault of a network.
const CALLS_OVER_NETWORKS: usize = 2_000;
