//! Sixteen threads share one client: they search, call, batch, cancel, wake, read the status and
//! reload. No call is lost or gets another one's answer, no limit is passed, nothing stays behind.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hamirror::request::Command;
use hamirror::request::Raw;
use hamirror::{Access, CallOptions, Client, Completed, Config, Request, Search, Waker};
use hamirror_tests::alone;
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::corpus::{self, WORDS};
use hamirror_tests::echo::{EchoDaemon, Manners};
use hamirror_tests::relay::{Behaviour, Relay};

#[test]
fn sixteen_threads_share_a_client() -> Result<()> {
    let _machine = alone::on_the_machine();
    // Descriptors and threads of the whole process are counted.
    alone::in_own_process(|| {
        let world = World::start()?;
        let (descriptors, threads) = (entries("fd")?, entries("task")?);
        let stress = Stress::new(&world)?;
        stress.run()?;
        let answered = stress.answered.load(Ordering::Relaxed);
        let asked: usize = world.echoes.iter().map(EchoDaemon::requests).sum();
        ensure!(asked >= answered, "{answered} answers from {asked} requests");
        until("attempts stay in flight", || Ok(stress.in_flight() == 0))?;
        drop(stress);
        until("descriptors stay open", || Ok(entries("fd")? == descriptors))?;
        until("threads stay alive", || Ok(entries("task")? == threads))
    })
}

/// Real daemons to search, others that answer any call with its own body, and one that is silent.
struct World {
    cluster: Cluster,
    echoes: Vec<EchoDaemon>,
    silent: Relay,
}

impl World {
    fn start() -> Result<World> {
        let cluster = Cluster::start(corpus::synthetic(500, 21), |_| {})?;
        let silent = Relay::start(cluster.daemons()[0][0].address())?;
        silent.set(Behaviour::Silence)?;
        let echo = |_| EchoDaemon::on("127.0.0.1", Manners::default());
        Ok(World { cluster, echoes: (0..3).map(echo).collect::<Result<_>>()?, silent })
    }

    /// Two configurations with the same indexes: the second lacks mirrors and names others first.
    fn configs(&self) -> Result<[Config; 2]> {
        let [a, b, c] = [0, 1, 2].map(|number| self.echoes[number].name.as_str());
        let packages = self.cluster.config_text(Agents::Persistent, "");
        let [one, other] = [0, 1].map(|mirror| self.cluster.daemons()[0][mirror].address());
        let fewer = packages.replace(&format!("{one}|{other}"), &other.to_string());
        let silent = self.silent.address();
        let config = |packages: &str, first: &str, second: &str| {
            let text = format!(
                "searchd\n{{\n    persistent_connections_limit = {KEPT_MAX}\n    \
                 ha_ping_interval = 50\n}}\n{packages}\
                 index echo\n{{\n    type = distributed\n    agent_persistent = {first}:i\n    \
                 agent = {second}:i\n}}\n\
                 index silent\n{{\n    type = distributed\n    agent = {silent}:i\n}}\n"
            );
            Config::parse(&text, "stress.conf")
        };
        let first = config(&packages, &format!("{a}|{b}"), &format!("{b}|{c}"))?;
        Ok([first, config(&fewer, &format!("{c}|{a}"), a)?])
    }
}

/// What the threads share.
struct Stress {
    client: Client,
    configs: [Config; 2],
    found: Vec<Found>,
    /// Of batches that wait.
    wakers: Mutex<Vec<Waker>>,
    answered: AtomicUsize,
    ended: AtomicBool,
}

#[derive(Debug, PartialEq)]
struct Found {
    total: u64,
    ids: Vec<u64>,
}

impl Stress {
    fn new(world: &World) -> Result<Stress> {
        let configs = world.configs()?;
        let client = Client::new(&configs[0])?;
        let found = WORDS.iter().map(|word| search(&client, word)).collect::<Result<_>>()?;
        let (wakers, answered, ended) = Default::default();
        Ok(Stress { client, configs, found, wakers, answered, ended })
    }

    /// Twelve threads do so much; four disturb them until they are done.
    fn run(&self) -> Result<()> {
        thread::scope(|scope| {
            let disturbers = [
                scope.spawn(|| self.disturb(Self::wake)),
                scope.spawn(|| self.disturb(Self::reload)),
                scope.spawn(|| self.disturb(Self::read_status)),
                scope.spawn(|| self.disturb(Self::read_status)),
            ];
            let mut workers = Vec::new();
            for number in 0..4 {
                workers.push(scope.spawn(move || self.search_often(number)));
                workers.push(scope.spawn(move || self.call_often(number)));
                workers.push(scope.spawn(move || self.batch_often(number)));
            }
            let mut ends: Vec<_> =
                workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            self.ended.store(true, Ordering::Relaxed);
            ends.extend(disturbers.map(thread::ScopedJoinHandle::join));
            ends.into_iter().try_for_each(|end| end.unwrap_or_else(|_| bail!("a thread panicked")))
        })
    }

    fn search_often(&self, number: usize) -> Result<()> {
        for step in 0..SEARCHES {
            let word = (number + step) % WORDS.len();
            let found = search(&self.client, WORDS[word])?;
            ensure!(found == self.found[word], "'{}': {found:?}", WORDS[word]);
        }
        Ok(())
    }

    fn call_often(&self, number: usize) -> Result<()> {
        for step in 0..CALLS {
            let body = body("call", number, step);
            let request = request(&body);
            let reply = self.client.call("echo", step % 2, &request)?;
            ensure!(reply.body == body, "another call's answer: {:?}", reply.body);
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Batches of calls, one of which nobody answers; that one is cancelled, and so is by chance
    /// one that may have been answered already.
    fn batch_often(&self, number: usize) -> Result<()> {
        let options = CallOptions::default();
        let mut random = fastrand::Rng::with_seed(number as u64);
        for step in 0..BATCHES {
            let mut batch = self.client.batch()?;
            let hopeless = batch.add_agent_with("silent", 0, &request(b"x"), &options)?;
            let mut calls = Vec::new();
            for part in 0..BATCH_CALLS {
                let body = body("batch", number, step * BATCH_CALLS + part);
                calls.push((
                    batch.add_agent_with("echo", part % 2, &request(&body), &options)?,
                    body,
                ));
            }
            self.wakers.lock().expect("no panic").push(batch.waker());
            let cancelled = calls[random.usize(..calls.len())].0;
            batch.cancel(cancelled)?;
            let mut ended = Vec::new();
            while ended.len() < calls.len() {
                // Nothing has ended when another thread woke it.
                ended.extend(batch.wait_any(None)?);
            }
            batch.cancel(hopeless)?;
            ensure!(
                batch.next_completion() == Some(Completed::Call(hopeless)) && batch.pending() == 0
            );
            let error = batch.take_reply(hopeless).err().context("silence is no answer")?;
            ensure!(error.failures()[0].cancelled, "{error}");
            for (call, body) in calls {
                let told = Completed::Call(call);
                ensure!(ended.iter().filter(|other| **other == told).count() == 1, "{ended:?}");
                match batch.take_reply(call) {
                    Ok(reply) => {
                        ensure!(reply.body == body, "another call's answer: {:?}", reply.body);
                        self.answered.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) if call == cancelled && error.failures()[0].cancelled => {}
                    Err(error) => bail!("{error}"),
                }
            }
        }
        Ok(())
    }

    fn disturb(&self, step: impl Fn(&Self, usize) -> Result<()>) -> Result<()> {
        let start = Instant::now();
        for number in 0.. {
            if self.ended.load(Ordering::Relaxed) {
                break;
            }
            ensure!(start.elapsed() < WAIT_LIMIT, "the other threads come to no end");
            step(self, number)?;
            thread::sleep(Duration::from_micros(500));
        }
        Ok(())
    }

    /// Wakes every batch that began since the last time, whether it lives or not, and some twice.
    fn wake(&self, number: usize) -> Result<()> {
        let mut wakers = self.wakers.lock().expect("no panic");
        wakers.iter().try_for_each(Waker::wake)?;
        if number.is_multiple_of(2) {
            wakers.clear();
        }
        Ok(())
    }

    fn reload(&self, number: usize) -> Result<()> {
        self.client.reload(&self.configs[number % 2]);
        Ok(())
    }

    fn read_status(&self, _number: usize) -> Result<()> {
        let status = self.client.status();
        ensure!(status.rows().len() > 2 && status.prometheus().len() > 100);
        for host in &status.hosts {
            let (kept, busy) = (host.kept_connections, host.busy_connections);
            ensure!(kept <= KEPT_MAX, "{} keeps {kept} connections, {busy} busy", host.name);
        }
        Ok(())
    }

    fn in_flight(&self) -> u32 {
        self.client.status().hosts.iter().map(|host| host.in_flight).sum()
    }
}

fn search(client: &Client, word: &str) -> Result<Found> {
    let result = client.search(INDEX, &Search::new(word).limit(100))?;
    ensure!(result.agents_answered == result.agents, "{:?}", result.warning);
    let ids = result.rows().map(|row| row.id()).collect();
    Ok(Found { total: result.total_found, ids })
}

/// No two calls have the same, and their lengths differ.
fn body(kind: &str, thread: usize, step: usize) -> Vec<u8> {
    format!("{kind} {thread} {step} ").repeat(1 + step % 50).into_bytes()
}

fn request(body: &[u8]) -> Arc<dyn Request> {
    // One that only an echo knows, so that the body may hold anything.
    let command = Command { id: 99, version: 0x100 };
    Arc::new(Raw { command, access: Access::Read, body: body.to_vec() })
}

/// Of this process in `/proc`.
fn entries(kind: &str) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/self/{kind}"))?.count())
}

fn until(otherwise: &str, is_so: impl Fn() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is_so()? {
        ensure!(start.elapsed() < WAIT_LIMIT, "{otherwise}");
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

const SEARCHES: usize = 200;
const CALLS: usize = 1_000;
const BATCHES: usize = 150;
const BATCH_CALLS: usize = 8;
const KEPT_MAX: u32 = 3;
const WAIT_LIMIT: Duration = Duration::from_secs(120);
