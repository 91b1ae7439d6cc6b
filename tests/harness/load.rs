//! Searches from several threads at once, in phases between which the world changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail, ensure};
use comfy_table::Table;
use hamirror::AgentFailure;
use hamirror::status::Counter;
use hamirror::{Client, Search, SearchResult};
use hdrhistogram::Histogram;

use crate::{interrupt, report};

/// Threads that search until [`Load::finish`]. Each result is compared with the one that the same
/// search gave before the load: a short or a wrong one counts as failed.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<Result<Vec<Record>>>>,
    phases: Vec<Phase>,
}

/// What happened under the load.
#[derive(Debug)]
pub struct LoadReport {
    /// In order.
    pub phases: Vec<PhaseReport>,
}

/// What happened in one phase.
#[derive(Debug)]
pub struct PhaseReport {
    /// What the world was like.
    pub name: String,
    /// How long each search took, in microseconds.
    pub latencies_us: Histogram<u64>,
    /// Searches that failed.
    pub failed: u64,
    /// Texts of the first failures.
    pub failures: Vec<String>,
    /// Answers of each host in this phase, pings included, in the order of the status.
    pub answers: Vec<(String, u64)>,
}

impl Load {
    /// Starts `threads` threads that ask the searches in turn, in a first phase named `phase`.
    pub fn start(
        client: &Client,
        index: &str,
        searches: Vec<Search>,
        threads: usize,
        phase: &str,
    ) -> Result<Load> {
        let questions: Result<Vec<Question>> =
            searches.into_iter().map(|search| Question::ask(client, index, search)).collect();
        let shared = Arc::new(Shared {
            client: client.clone(),
            index: index.to_owned(),
            questions: questions?,
            started: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            phase: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        });
        let phases = vec![Phase { name: phase.to_owned(), answers: answers(client) }];
        let workers = (0..threads).map(|_| {
            let shared = shared.clone();
            thread::spawn(move || shared.work())
        });
        Ok(Load { workers: workers.collect(), shared, phases })
    }

    /// Ends the running phase and begins another.
    pub fn phase(&mut self, name: &str) {
        self.phases.push(Phase { name: name.to_owned(), answers: answers(&self.shared.client) });
        self.shared.phase.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets so many more searches end.
    pub fn run_searches(&self, count: usize) -> Result<()> {
        let goal = self.shared.done.load(Ordering::Relaxed) + count;
        self.run_until(|| self.shared.done.load(Ordering::Relaxed) >= goal)
    }

    /// Lets the load go on for so long.
    pub fn run_for(&self, time: Duration) -> Result<()> {
        let start = Instant::now();
        self.run_until(|| start.elapsed() >= time)
    }

    /// Ends the load.
    pub fn finish(mut self) -> Result<LoadReport> {
        let records = self.stop()?;
        let last = Phase { name: String::new(), answers: answers(&self.shared.client) };
        let after = self.phases.iter().skip(1).chain([&last]);
        let mut phases = Vec::new();
        for (number, (before, after)) in self.phases.iter().zip(after).enumerate() {
            let mut total = Record::new()?;
            for record in records.iter().filter_map(|records| records.get(number)) {
                total.add(record)?;
            }
            phases.push(PhaseReport {
                name: before.name.clone(),
                latencies_us: total.latencies_us,
                failed: total.failed,
                failures: total.failures,
                answers: before.difference(after),
            });
        }
        Ok(LoadReport { phases })
    }

    /// Lets the load go on until every host is thought to be alive.
    pub fn run_until_all_live(&self) -> Result<()> {
        self.run_until(|| self.shared.client.status().hosts.iter().all(|host| host.is_living))
    }

    /// Lets the load go on until that is so.
    pub fn run_until(&self, is_over: impl Fn() -> bool) -> Result<()> {
        let start = Instant::now();
        while !is_over() {
            interrupt::check()?;
            ensure!(start.elapsed() < WAIT_LIMIT, "nothing came of {WAIT_LIMIT:?} of load");
            if self.workers.iter().all(JoinHandle::is_finished) {
                bail!("every thread of the load has ended");
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<Vec<Vec<Record>>> {
        self.shared.ended.store(true, Ordering::Relaxed);
        let ended = self.workers.drain(..).map(|worker| {
            worker.join().unwrap_or_else(|_| Err(anyhow!("a thread of the load panicked")))
        });
        ended.collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // An error here has no reader: `finish` was not called, something else went wrong before.
        let _ = self.stop();
    }
}

impl LoadReport {
    /// Searches in all phases.
    pub fn searches(&self) -> u64 {
        self.phases.iter().map(PhaseReport::searches).sum()
    }

    /// Failed searches in all phases.
    pub fn failed(&self) -> u64 {
        self.phases.iter().map(|phase| phase.failed).sum()
    }

    /// Texts of the first failures of each phase, with its name.
    pub fn failures(&self) -> Vec<String> {
        let of_phase = |phase: &PhaseReport| -> Vec<String> {
            phase.failures.iter().map(|text| format!("{}: {text}", phase.name)).collect()
        };
        self.phases.iter().flat_map(of_phase).collect()
    }

    /// A row a phase and one for all: searches, failures, latencies, the 99 % quantile less that
    /// of the first phase, answers of each host.
    pub fn table(&self) -> Table {
        let mut heading = vec!["phase", "queries", "failed", "p50", "p99", "max", "p99 added"];
        let hosts = self.phases.first().map_or(&[][..], |phase| &phase.answers);
        heading.extend(hosts.iter().map(|(host, _)| host.as_str()));
        let calm_us = self.phases.first().map_or(0, PhaseReport::p99_us);
        let all = self.all();
        let rows = self.phases.iter().chain(&all).map(|phase| phase.row(calm_us));
        report::table(&heading, rows)
    }

    fn all(&self) -> Option<PhaseReport> {
        let mut phases = self.phases.iter();
        let first = phases.next()?;
        let mut all = PhaseReport {
            name: "all".to_owned(),
            latencies_us: first.latencies_us.clone(),
            failed: self.failed(),
            failures: Vec::new(),
            answers: first.answers.clone(),
        };
        for phase in phases {
            all.latencies_us.add(&phase.latencies_us).ok()?;
            for (sum, more) in all.answers.iter_mut().zip(&phase.answers) {
                sum.1 += more.1;
            }
        }
        Some(all)
    }
}

impl PhaseReport {
    /// Searches that ended in this phase.
    pub fn searches(&self) -> u64 {
        self.latencies_us.len()
    }

    fn p99_us(&self) -> u64 {
        self.latencies_us.value_at_quantile(0.99)
    }

    fn row(&self, calm_us: u64) -> Vec<String> {
        let counts = [self.searches(), self.failed].map(|count| count.to_string());
        let mut row = vec![self.name.clone()];
        row.extend(counts);
        let p50_us = self.latencies_us.value_at_quantile(0.5);
        let times = [p50_us, self.p99_us(), self.latencies_us.max()];
        row.extend(times.map(|us| report::ms(Duration::from_micros(us))));
        let added_us = self.p99_us().cast_signed() - calm_us.cast_signed();
        row.push(format!("{:+.2} ms", added_us as f64 / 1e3));
        row.extend(self.answers.iter().map(|(_, count)| count.to_string()));
        row
    }
}

#[derive(Debug)]
struct Shared {
    client: Client,
    index: String,
    questions: Vec<Question>,
    started: AtomicUsize,
    done: AtomicUsize,
    phase: AtomicUsize,
    ended: AtomicBool,
}

impl Shared {
    /// A thread's work: a record a phase.
    fn work(&self) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        while !self.ended.load(Ordering::Relaxed) {
            let number = self.started.fetch_add(1, Ordering::Relaxed);
            let phase = self.phase.load(Ordering::Relaxed);
            while records.len() <= phase {
                records.push(Record::new()?);
            }
            let question = &self.questions[number % self.questions.len()];
            let start = Instant::now();
            let outcome = question.ask_again(&self.client, &self.index);
            records[phase].take(start.elapsed(), outcome)?;
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(records)
    }
}

/// A search and what it must find.
#[derive(Debug)]
struct Question {
    search: Search,
    rows: Vec<(u64, i32)>,
    total_found: u64,
}

impl Question {
    fn ask(client: &Client, index: &str, search: Search) -> Result<Question> {
        let result = client.search(index, &search)?;
        if let Some(text) = incomplete(&result) {
            bail!("before the load: {text}");
        }
        Ok(Question { search, rows: rows(&result), total_found: result.total_found })
    }

    fn ask_again(&self, client: &Client, index: &str) -> Result<(), String> {
        let result = client.search(index, &self.search);
        let result = result.map_err(|error| error.to_string())?;
        if let Some(text) = incomplete(&result) {
            return Err(text);
        }
        let rows = rows(&result);
        if result.total_found != self.total_found || rows != self.rows {
            return Err(format!(
                "{} rows of {} found instead of {} of {}, warning {:?}",
                rows.len(),
                result.total_found,
                self.rows.len(),
                self.total_found,
                result.warning
            ));
        }
        Ok(())
    }
}

fn incomplete(result: &SearchResult) -> Option<String> {
    let failures: Vec<String> = result.failures.iter().map(AgentFailure::to_string).collect();
    (result.agents_answered < result.agents).then(|| {
        format!("{} of {} agents: {}", result.agents_answered, result.agents, failures.join("; "))
    })
}

fn rows(result: &SearchResult) -> Vec<(u64, i32)> {
    result.rows().map(|row| (row.id(), row.weight())).collect()
}

/// Results of one thread in one phase.
#[derive(Debug)]
struct Record {
    latencies_us: Histogram<u64>,
    failed: u64,
    failures: Vec<String>,
}

impl Record {
    fn new() -> Result<Record> {
        let latencies_us = Histogram::new(SIGNIFICANT_DIGITS)?;
        Ok(Record { latencies_us, failed: 0, failures: Vec::new() })
    }

    fn take(&mut self, elapsed: Duration, outcome: Result<(), String>) -> Result<()> {
        self.latencies_us.record(u64::try_from(elapsed.as_micros())?)?;
        if let Err(text) = outcome {
            self.failed += 1;
            if self.failures.len() < FAILURES_KEPT {
                self.failures.push(text);
            }
        }
        Ok(())
    }

    fn add(&mut self, other: &Record) -> Result<()> {
        self.latencies_us.add(&other.latencies_us)?;
        self.failed += other.failed;
        self.failures.extend_from_slice(&other.failures);
        self.failures.truncate(FAILURES_KEPT);
        Ok(())
    }
}

#[derive(Debug)]
struct Phase {
    name: String,
    /// Of each host, when the phase began.
    answers: Vec<(String, u64)>,
}

impl Phase {
    fn difference(&self, next: &Phase) -> Vec<(String, u64)> {
        let pairs = self.answers.iter().zip(&next.answers);
        pairs.map(|((host, before), (_, after))| (host.clone(), after - before)).collect()
    }
}

fn answers(client: &Client) -> Vec<(String, u64)> {
    let hosts = &client.status().hosts;
    hosts
        .iter()
        .map(|host| (host.name.clone(), host.since_start.get(Counter::SucceededQueries)))
        .collect()
}

const WAIT_LIMIT: Duration = Duration::from_secs(300);
const SIGNIFICANT_DIGITS: u8 = 3;
const FAILURES_KEPT: usize = 5;
