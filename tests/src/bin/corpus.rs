//! `cargo corpus`: queries of all kinds to hamirror and to a master over the same agents, in one
//! table of what is equal and what differs for which documented reason.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use hamirror_tests::differential::Outcome;
use hamirror_tests::differential::deviation::LIST;
use hamirror_tests::differential::parties::{Listener, Parties};
use hamirror_tests::differential::question::Kind;

/// Asks generated queries, and fails if an answer differs for no documented reason. Without
/// `--master` it starts 2.2.11 daemons of its own over synthetic documents.
#[derive(Parser)]
struct Options {
    /// A listener of another master: IP:PORT, IP:PORT:sphinx or IP:PORT:mysql; may be given twice.
    /// It has the distributed index `packages`, and `part0`, `part1` and so on over an agent each.
    #[arg(long, requires = "agents")]
    master: Vec<Listener>,
    /// An agent of that master, as its configuration names it: HOST:PORT|HOST:PORT:INDEX; one
    /// each, in their order.
    #[arg(long, requires = "master")]
    agents: Vec<String>,
    /// Makes the queries.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of queries.
    #[arg(long, default_value_t = 3_200)]
    queries: usize,
    /// Kinds of queries; all where none is named.
    #[arg(long, value_enum)]
    kind: Vec<Kind>,
    /// Number of documents of the own daemons.
    #[arg(long, default_value_t = 3_000)]
    documents: u64,
    /// Most unexplained answers to print.
    #[arg(long, default_value_t = 20)]
    faults: usize,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<bool> {
    let mut parties = match options.master.as_slice() {
        [] => Parties::start(options.documents, DOCUMENTS_SEED)?,
        listeners => Parties::connect(listeners, &options.agents)?,
    };
    let kinds = match options.kind.as_slice() {
        [] => Kind::value_variants(),
        kinds => kinds,
    };
    let outcome = Outcome::of(&mut parties, kinds, options.seed, options.queries)?;
    for fault in outcome.faults.iter().take(options.faults) {
        eprintln!("{fault}\n");
    }
    println!("{}\n", outcome.table());
    for deviation in &LIST {
        println!("{}: {}, \"{} ..\"", deviation.name, deviation.page, deviation.words);
    }
    let (asked, unexplained) = (outcome.asked(), outcome.faults.len());
    println!("\n{asked} queries by seed {}, {unexplained} unexplained", options.seed);
    Ok(outcome.faults.is_empty())
}

/// Documents are the same for every seed of queries.
const DOCUMENTS_SEED: u64 = 1;
