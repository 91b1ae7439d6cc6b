//! `cargo chaos`: frozen, forgetful and vanished mirrors and stopped programs, on real daemons, in
//! one table of what was lost, who was blamed, and what it cost.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use hamirror_tests::cluster::{Agents, Cluster};
use hamirror_tests::corpus;
use hamirror_tests::drills::bursts::{Bench, Burst};
use hamirror_tests::drills::{self, Outcome, forgotten, stopped};
use hamirror_tests::{process, workspace};

/// Does to real daemons, and to programs that ask them, what goes wrong in clusters, and prints
/// one table. It takes some minutes, and fails if a search was lost though a mirror lives.
#[derive(Parser)]
struct Options {
    /// Most calls at once.
    #[arg(long, default_value_t = 1_000)]
    calls: usize,
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
    let bench = Bench::start(4)?;
    for calls in [1, 10, 100, 500, 1_000].into_iter().filter(|calls| *calls <= options.calls) {
        for (mirrors, frozen) in [(2, 1), (3, 2), (4, 3)] {
            for deadline_ms in [500, 1_000, 3_000, 0] {
                for keeps in [false, true] {
                    let burst = Burst { calls, mirrors, frozen, deadline_ms, keeps };
                    note(bench.burst(burst)?);
                }
            }
        }
    }
    drop(bench);
    for (mirrors, threads) in [(1, 1), (1, 32), (2, 1), (2, 32)] {
        note(forgotten::forget(mirrors, threads)?);
    }
    let program = searching_client()?;
    let cluster = Cluster::start(corpus::synthetic(2_000, 3), |_| {})?;
    for agents in [Agents::Persistent, Agents::Plain] {
        for sleep_ms in [200, 1_200, 5_000] {
            let time = Duration::from_millis(sleep_ms);
            stopped::stop(&program, &cluster, agents, time)?.into_iter().for_each(&mut note);
        }
    }
    println!("{}", drills::table(&outcomes));
    Ok(outcomes.iter().all(Outcome::is_well))
}

/// The program that is stopped lies beside this one.
fn searching_client() -> Result<PathBuf> {
    let arguments = ["build", "--release", "-p", "hamirror-tests", "--bin", "searching_client"];
    process::run_long(&mut workspace::cargo(&arguments))?;
    let own = std::env::current_exe()?;
    let folder = own.parent().map(Path::to_owned).context("a folder of this program")?;
    Ok(folder.join("searching_client"))
}
