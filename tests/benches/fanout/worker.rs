//! Programs in other languages: they live through the bench, and take their orders by lines.
//!
//! A worker is started with `CONF INDEX QUERY`. For each line `THREADS SEARCHES` it makes so
//! many searches on each thread and prints one line: CPU and wall time in microseconds, then
//! every latency in nanoseconds.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::process;
use hamirror_tests::python::Environment;
use hamirror_tests::workspace;

use crate::QUERY;
use crate::contestant::{Contestant, Slice};

/// Name of the C contestant.
pub(crate) const C_SEARCH: &str = "hamirror, C, search";

/// Name of the Python contestant.
pub(crate) const PYTHON_SEARCH: &str = "hamirror, Python, search";

pub(crate) struct Worker {
    name: &'static str,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// The C program, linked with the release build of the library.
pub(crate) fn c(cluster: &Cluster) -> Result<Worker> {
    let program = cluster.folder().join("bench_search");
    let source = workspace::tests().join("c/bench_search.c");
    let folder = library::build(Profile::Release)?;
    Compiler::new(Standard::C("c11"), Linkage::Shared(folder))
        .flag("-O2")
        .flag("-pthread")
        .program(&[&source], &program)?;
    Worker::start(C_SEARCH, Command::new(program), cluster)
}

/// The Python program, in an environment of its own.
pub(crate) fn python(cluster: &Cluster) -> Result<Worker> {
    eprintln!("building the wheel");
    let environment = Environment::create(&cluster.folder().join("venv"))?;
    environment.install_hamirror(Profile::Release)?;
    let mut command = environment.python();
    command.arg(workspace::tests().join("python/bench_search.py"));
    Worker::start(PYTHON_SEARCH, command, cluster)
}

impl Worker {
    fn start(name: &'static str, mut command: Command, cluster: &Cluster) -> Result<Worker> {
        command.arg(cluster.config()).args([INDEX, QUERY]);
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
