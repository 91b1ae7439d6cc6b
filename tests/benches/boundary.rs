//! What the C ABI costs on top of Rust, and an event loop on top of a blocking wait: the same warm
//! search by turns, of one real daemon that finds nothing, so that what is left is the way there
//! and back, and no choice of a mirror, no ping and no second agent makes one search differ from
//! the next.
//!
//! `cargo bench -p hamirror-tests --bench boundary`; instructions are those of the program, as
//! callgrind counts them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Parser;
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::{corpus, process, report, workspace};

#[derive(Parser)]
struct Options {
    /// Runs of each contestant.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Searches a run.
    #[arg(long, default_value_t = 2_000)]
    searches: usize,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A program that makes searches and prints their median.
struct Contestant {
    name: &'static str,
    program: PathBuf,
    mode: Option<&'static str>,
    medians_ns: Vec<u64>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    packages::ensure(&[Tool::Searchd, Tool::CCompiler, Tool::Valgrind])?;
    let cluster = Cluster::start(corpus::synthetic(2_000, 61), |_| {})?;
    let config = cluster.folder().join("one.conf");
    let address = cluster.daemons()[0][0].address();
    let agent = format!("agent_persistent = {address}:packages0");
    fs::write(&config, format!("index {INDEX}\n{{\n type = distributed\n {agent}\n}}\n"))?;
    let c = cluster.folder().join("bench_boundary");
    let linkage = Linkage::Shared(library::build(Profile::Release)?);
    Compiler::new(Standard::C("c99"), linkage)
        .flag("-O2")
        .program(&[&workspace::tests().join("c/bench_boundary.c")], &c)?;
    let contestant = |name, program: &Path, mode| Contestant {
        name,
        program: program.to_owned(),
        mode,
        medians_ns: Vec::new(),
    };
    let mut contestants = [
        contestant("Rust, blocking call", Path::new(env!("CARGO_BIN_EXE_timed_calls")), None),
        contestant("C, blocking call", &c, Some("call")),
        contestant("C, batch, blocking wait", &c, Some("wait")),
        contestant("C, batch, drive in an epoll", &c, Some("drive")),
    ];
    for round in 0..options.rounds {
        for turn in 0..contestants.len() {
            // Everyone comes after everyone else in turn.
            let contestant = &mut contestants[(turn + round) % 4];
            let printed = contestant.run(&[], &config, options.searches)?;
            contestant.medians_ns.push(printed.trim().parse()?);
        }
    }
    let mut rows = Vec::new();
    for contestant in &mut contestants {
        let instructions = contestant.instructions(&config)?;
        contestant.medians_ns.sort_unstable();
        let median_ns = contestant.medians_ns[options.rounds / 2];
        rows.push((contestant.name, median_ns as f64 / 1e3, instructions));
    }
    let (_, first_us, first_instructions) = rows[0];
    let cells = rows.iter().map(|(name, us, instructions)| {
        vec![
            (*name).to_owned(),
            format!("{us:.1}"),
            format!("{:+.1}", us - first_us),
            format!("{instructions}"),
            format!("{:+}", instructions.cast_signed() - first_instructions.cast_signed()),
        ]
    });
    let heading = ["search by", "p50 us", "over Rust", "instructions", "over Rust"];
    println!("{}", report::table(&heading, cells));
    Ok(())
}

impl Contestant {
    /// What it prints, under the tool whose words stand before it.
    fn run(&self, tool: &[&str], config: &Path, searches: usize) -> Result<String> {
        let mut command = match tool {
            [] => Command::new(&self.program),
            [tool, words @ ..] => {
                let mut command = Command::new(tool);
                command.args(words).arg(&self.program);
                command
            }
        };
        command.arg(config).arg(INDEX).args(self.mode).arg(searches.to_string());
        process::run(&mut command)
    }

    /// Of one search, set-up left out.
    fn instructions(&self, config: &Path) -> Result<u64> {
        let count = |searches: usize| -> Result<u64> {
            let out = config.with_file_name("callgrind.out");
            let file = format!("--callgrind-out-file={}", out.display());
            self.run(&["valgrind", "--quiet", "--tool=callgrind", &file], config, searches)?;
            let text = fs::read_to_string(&out)?;
            let line = text.lines().find_map(|line| line.strip_prefix("totals: "));
            Ok(line.context("the total of callgrind")?.trim().parse()?)
        };
        let (once, twice) = (count(COUNTED)?, count(2 * COUNTED)?);
        Ok(twice.saturating_sub(once) / COUNTED as u64)
    }
}

const COUNTED: usize = 1_000;
