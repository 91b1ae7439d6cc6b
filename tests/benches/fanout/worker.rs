//! Programs in other languages: they live through the bench, and take their orders by lines.
//!
//! A worker is started with `CONF INDEX QUERY`. For each line `THREADS SEARCHES` it makes so
//! many searches on each thread and prints one line: CPU and wall time in microseconds, then
//! every latency in nanoseconds.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::process;
use hamirror_tests::python::Environment;
use hamirror_tests::workspace;

use crate::contestant::{Contestant, Slice};

/// Name of the C contestant.
const C_SEARCH: &str = "hamirror, C, search";

/// Name of the Python contestant.
const PYTHON_SEARCH: &str = "hamirror, Python, search";

pub(crate) struct Worker {
    name: &'static str,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What workers are started from.
pub(crate) struct Programs {
    c: Option<PathBuf>,
    python: Option<Environment>,
}

impl Programs {
    /// Builds the C program with the release build of the library, and the wheel in an
    /// environment of its own; those that are wanted.
    pub(crate) fn build(cluster: &Cluster, wanted: impl Fn(&str) -> bool) -> Result<Programs> {
        eprintln!("building the programs in other languages");
        let mut programs = Programs { c: None, python: None };
        if wanted(C_SEARCH) {
            let program = cluster.folder().join("bench_search");
            let source = workspace::tests().join("c/bench_search.c");
            let folder = library::build(Profile::Release)?;
            Compiler::new(Standard::C("c11"), Linkage::Shared(folder))
                .flag("-O2")
                .flag("-pthread")
                .program(&[&source], &program)?;
            programs.c = Some(program);
        }
        if wanted(PYTHON_SEARCH) {
            let environment = Environment::create(&cluster.folder().join("venv"))?;
            environment.install_hamirror(Profile::Release)?;
            programs.python = Some(environment);
        }
        Ok(programs)
    }

    /// Starts them for a query.
    pub(crate) fn start(&self, cluster: &Cluster, query: &str) -> Result<Vec<Worker>> {
        let mut workers = Vec::new();
        if let Some(program) = &self.c {
            workers.push(Worker::start(C_SEARCH, Command::new(program), cluster, query)?);
        }
        if let Some(environment) = &self.python {
            let mut command = environment.python();
            command.arg(workspace::tests().join("python/bench_search.py"));
            workers.push(Worker::start(PYTHON_SEARCH, command, cluster, query)?);
        }
        Ok(workers)
    }
}

impl Worker {
    fn start(
        name: &'static str,
        mut command: Command,
        cluster: &Cluster,
        query: &str,
    ) -> Result<Worker> {
        command.arg(cluster.config()).args([INDEX, query]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = process::spawn_bound(command).with_context(|| name.to_owned())?;
        let orders = child.stdin.take().context("no stdin")?;
        let answers = BufReader::new(child.stdout.take().context("no stdout")?);
        Ok(Worker { name, child, orders, answers })
    }
}

impl Contestant for Worker {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, threads: usize, searches: usize) -> Result<Slice> {
        writeln!(self.orders, "{threads} {searches}")?;
        self.orders.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let mut next = || numbers.next().with_context(|| format!("{} is gone", self.name));
        let (cpu_us, wall_us) = (next()??, next()??);
        let latencies_ns = numbers.collect::<Result<Vec<u64>, _>>()?;
        ensure!(latencies_ns.len() == threads * searches, "{} lost searches", self.name);
        let (cpu, wall) = (Duration::from_micros(cpu_us), Duration::from_micros(wall_us));
        Ok(Slice { latencies_ns, cpu, wall })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
