//! `cargo demo`: two shards of this machine's package records on four real searchd, the same
//! search from Rust, C and Python, then a load during which mirrors die, hang and return.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Parser;
use hamirror::{Client, Config, Search};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::corpus::{self, Document};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::listing::listing;
use hamirror_tests::load::{Load, LoadReport};
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::python::Environment;
use hamirror_tests::{interrupt, process, report, workspace};

/// Shows distributed searches over real daemons, from three languages, through faults.
#[derive(Parser)]
struct Options {
    /// Full-text query of the search that every language makes.
    #[arg(long, default_value = "search server")]
    query: String,
    /// Searches of the load, about; more are made while a mirror hangs.
    #[arg(long, default_value_t = 6_000)]
    queries: usize,
    /// Threads of the load.
    #[arg(long, default_value_t = 4)]
    threads: usize,
    /// Leave indexes, configurations and logs where they are.
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = interrupt::listen().and_then(|()| run(&options));
    match outcome {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("error: {failed} searches failed");
            ExitCode::FAILURE
        }
        Err(_) if interrupt::came() => {
            eprintln!("interrupted: the daemons are ended");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Gives the number of failed searches.
fn run(options: &Options) -> Result<u64> {
    let progress = Progress { start: Instant::now() };
    progress.tell("installing what is missing");
    packages::ensure(&[Tool::Searchd, Tool::CCompiler, Tool::PythonVenv])?;
    progress.tell("reading the package records");
    let documents = corpus::of_this_machine()?;
    progress.tell(&format!("{} documents", documents.len()));
    let searches = searches(&documents, SEARCHES);
    let mut cluster = Cluster::start(documents, |step| progress.tell(step))?;
    if options.keep {
        cluster.keep();
        progress.tell(&format!("keeping {}", cluster.folder().display()));
    }
    interrupt::check()?;
    compare_languages(&cluster, &options.query, &progress)?;

    let client = Client::new(&Config::read(cluster.config())?)?;
    let load = run_load(&mut cluster, &client, searches, options, &progress)?;
    println!("\n{}", load.table());
    for text in load.failures() {
        println!("failed: {text}");
    }
    println!("\n{}", status_table(&client));
    println!("\n{} queries, {} failed", load.searches(), load.failed());
    Ok(load.failed())
}

/// Prints the listing of the search from each language; all must be equal.
fn compare_languages(cluster: &Cluster, query: &str, progress: &Progress) -> Result<()> {
    let config = cluster.config();
    let of_rust = listing(&config, INDEX, query)?;
    println!("search '{query}' from Rust:\n{of_rust}");

    progress.tell("building the C library and program, which takes up to a minute");
    let of_c = c_program(cluster.folder())?;
    compare("C", of_c, &config, query, &of_rust)?;
    interrupt::check()?;

    progress.tell("making a Python environment");
    let environment = Environment::create(&cluster.folder().join("python"))?;
    progress.tell("building the Python package, which takes up to a minute");
    environment.install_hamirror(Profile::Release)?;
    let mut of_python = environment.python();
    of_python.arg(workspace::source("python/demo_search.py"));
    compare("Python", of_python, &config, query, &of_rust)?;
    interrupt::check()
}

fn c_program(folder: &Path) -> Result<Command> {
    let program = folder.join("demo_search");
    let library = library::build(Profile::Release)?;
    let source = workspace::source("c/demo_search.c");
    Compiler::new(Standard::C("c11"), Linkage::Shared(library)).program(&[&source], &program)?;
    Ok(Command::new(program))
}

fn compare(
    language: &str,
    mut program: Command,
    config: &Path,
    query: &str,
    expected: &str,
) -> Result<()> {
    let printed = process::run(program.arg(config).args([INDEX, query]))?;
    ensure!(printed == expected, "from {language} the search gives something else:\n{printed}");
    println!("search '{query}' from {language}, equal:\n{printed}");
    Ok(())
}

/// Calm, a mirror killed and started again, another one stopped and continued.
fn run_load(
    cluster: &mut Cluster,
    client: &Client,
    searches: Vec<Search>,
    options: &Options,
    progress: &Progress,
) -> Result<LoadReport> {
    let share = (options.queries / PHASES_BY_COUNT).max(1);
    progress.tell(&format!("load of {} threads: calm", options.threads));
    let mut load = Load::start(client, INDEX, searches, options.threads, "calm")?;
    load.run_searches(share)?;

    progress.tell("killing shard 0 mirror 0 (SIGKILL)");
    load.phase("0/0 killed");
    cluster.daemon(0, 0).kill()?;
    load.run_searches(share)?;

    progress.tell("starting shard 0 mirror 0 again");
    load.phase("0/0 back");
    cluster.daemon(0, 0).restart()?;
    load.run_until_all_live()?;
    load.run_searches(share)?;

    progress.tell("stopping shard 1 mirror 1 for 2 s (SIGSTOP)");
    load.phase("1/1 stopped");
    cluster.daemon(1, 1).pause()?;
    load.run_for(STOP_TIME)?;

    progress.tell("continuing shard 1 mirror 1 (SIGCONT)");
    load.phase("1/1 goes on");
    cluster.daemon(1, 1).resume()?;
    load.run_until_all_live()?;
    load.run_searches(share)?;
    load.finish()
}

/// Searches for words of documents from all over the corpus, so that each finds something.
fn searches(documents: &[Document], count: usize) -> Vec<Search> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut searches = Vec::with_capacity(count);
    while searches.len() < count {
        let Some(document) = random.choice(documents) else { break };
        let words: Vec<&str> = document
            .body
            .split(|symbol: char| !symbol.is_ascii_alphabetic())
            .filter(|word| word.len() > 3)
            .collect();
        if let Some(word) = random.choice(&words) {
            searches.push(Search::new(*word).select("name, section").limit(20));
        }
    }
    searches
}

/// The rows of SHOW AGENT STATUS with a column a host.
fn status_table(client: &Client) -> String {
    let mut heading = vec!["status".to_owned()];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (key, value) in client.status().rows() {
        let Some((host, key)) = key.strip_prefix("ag_").and_then(|key| key.split_once('_')) else {
            println!("{key} {value}");
            continue;
        };
        if key == "hostname" {
            heading.push(value);
        } else if host == "0" {
            rows.push(vec![key.to_owned(), value]);
        } else if let Some(row) = rows.iter_mut().find(|row| row[0] == key) {
            row.push(value);
        }
    }
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    report::table(&heading, rows).to_string()
}

/// What is under way, on stderr.
struct Progress {
    start: Instant,
}

impl Progress {
    fn tell(&self, step: &str) {
        eprintln!("[{:6.1} s] {step}", self.start.elapsed().as_secs_f64());
    }
}

const SEARCHES: usize = 200;
const PHASES_BY_COUNT: usize = 4;
const STOP_TIME: Duration = Duration::from_secs(2);
