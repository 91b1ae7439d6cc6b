//! Two mirrors at the far ends of bad networks, which lose, delay, reorder or swallow packets, cut
//! one mirror off, or forget connections.

use std::io;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use hamirror::{Client, Config, Search, SearchResult};

use super::Outcome;
use crate::cluster::{Agents, Cluster, local_index};
use crate::corpus;
use crate::daemon::Daemon;
use crate::link::{Link, Way};

/// What is wrong with the network.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// As the table has it.
    pub name: &'static str,
    /// What becomes of requests.
    pub there: Way,
    /// What becomes of replies.
    pub back: Way,
    /// Both mirrors have such a network; else the first alone, which nobody can search then.
    pub hits_both: bool,
    /// How often all open connections are forgotten.
    pub forgets: usize,
    /// They are forgotten while no call is under way.
    pub forgets_idle: bool,
}

/// Nothing is wrong.
const QUIET: Fault = Fault {
    name: "quiet",
    there: WHOLE,
    back: WHOLE,
    hits_both: true,
    forgets: 0,
    forgets_idle: false,
};

/// Everything that is done to networks here.
pub const FAULTS: [Fault; 12] = [
    both_ways("1 % lost", lossy(1)),
    both_ways("5 % lost", lossy(5)),
    both_ways("10 % lost", lossy(10)),
    both_ways("50 ms ± 30 later", Way { delay: ms(50), jitter: ms(30), ..WHOLE }),
    both_ways(
        "10 ms later, a quarter overtakes",
        Way { delay: ms(10), overtaking_percent: 25, ..WHOLE },
    ),
    on_one("one mirror cut off on the way there", Way::CUT, WHOLE),
    on_one("one mirror cut off on the way back", WHOLE, Way::CUT),
    on_one("one mirror cut off", Way::CUT, Way::CUT),
    on_one("one mirror's requests fall into an MTU hole", HOLE, WHOLE),
    on_one("one mirror's replies fall into an MTU hole", WHOLE, HOLE),
    Fault { name: "a NAT forgets idle connections", forgets: ROUNDS, forgets_idle: true, ..QUIET },
    Fault { name: "a NAT restarts", forgets: 1, ..QUIET },
];

/// What swallows requests to both mirrors for a second, so that they may be found dead.
pub const RESTARTS: Fault =
    Fault { name: "a NAT restarts again and again", forgets: ROUNDS, ..QUIET };

/// Two mirrors, each at the end of a link of its own.
#[derive(Debug)]
pub struct Bench {
    // Fields drop in this order: the daemons end before their folder and their networks go.
    mirrors: [Daemon; 2],
    _cluster: Cluster,
    links: [Link; 2],
}

impl Bench {
    /// Starts both. The inner error is the system's refusal to make such a network.
    pub fn start() -> Result<Result<Bench, io::Error>> {
        let links = match (Link::create(1)?, Link::create(2)?) {
            (Ok(one), Ok(other)) => [one, other],
            (Err(refusal), _) | (_, Err(refusal)) => return Ok(Err(refusal)),
        };
        let mut cluster = Cluster::start(corpus::synthetic(400, 3), |_| {})?;
        let mut start = |link: &Link| cluster.start_mirror(0, Some(link.namespace().clone()));
        let mirrors = [start(&links[0])?, start(&links[1])?];
        Ok(Ok(Bench { mirrors, _cluster: cluster, links }))
    }

    /// Makes so many calls under each of the faults, and without any at first; `note` is told
    /// what came of them, one by one.
    pub fn run(
        &self,
        faults: &[Fault],
        calls: usize,
        mut note: impl FnMut(Outcome),
    ) -> Result<()> {
        for agents in [Agents::Persistent, Agents::Plain] {
            let quiet = self.outcome(QUIET, agents, calls)?;
            let quiet_p99 = quiet.p99;
            note(Outcome { quiet_p99, ..quiet });
            for fault in faults {
                note(Outcome { quiet_p99, ..self.outcome(*fault, agents, calls)? });
            }
        }
        Ok(())
    }

    /// Makes the calls by a client that knows nothing yet; the fault comes while they run.
    fn outcome(&self, fault: Fault, agents: Agents, calls: usize) -> Result<Outcome> {
        self.links.iter().for_each(|link| link.set(WHOLE, WHOLE));
        let client = self.client(agents)?;
        let before = self.touched();
        let (mut times, failures) = self.ask(&client, fault, calls)?;
        let has_effect = self.touched() > before;
        ensure!(has_effect || fault.name == QUIET.name, "{}: no effect", fault.name);
        if (1..Way::CUT.lost_percent).contains(&fault.there.lost_percent) {
            self.heal(&client)?;
        }
        times.sort_unstable();
        let status = client.status();
        let reachable = if fault.hits_both { &self.mirrors[..] } else { &self.mirrors[1..] };
        let is_dead = |mirror: &&Daemon| {
            status.host(&mirror.address().to_string()).is_none_or(|host| !host.is_living)
        };
        let kept = if agents == Agents::Persistent { "kept" } else { "new" };
        Ok(Outcome {
            name: format!("network: {}, {kept} connections", fault.name),
            calls,
            lost: failures.len(),
            slowest: times.last().copied(),
            p99: times.get(times.len() * 99 / 100).copied(),
            quiet_p99: None,
            extra: Some(status.traffic.agent_retries),
            wrongly_dead: reachable.iter().filter(is_dead).count(),
            failures: failures.into_iter().take(3).collect(),
        })
    }

    fn client(&self, agents: Agents) -> Result<Client> {
        let key = match agents {
            Agents::Persistent => "agent_persistent",
            Agents::Plain => "agent",
        };
        let [one, other] = [0, 1].map(|mirror| self.mirrors[mirror].address());
        let index = local_index(0);
        let text =
            format!("index d\n{{\n type = distributed\n {key} = {one}|{other}:{index}\n}}\n");
        Ok(Client::new(&Config::parse(&text, "link.conf")?)?)
    }

    /// How long each call took since the fault, and how calls failed.
    fn ask(
        &self,
        client: &Client,
        fault: Fault,
        calls: usize,
    ) -> Result<(Vec<Duration>, Vec<String>)> {
        let (started, calling) = (AtomicUsize::new(0), RwLock::new(()));
        let expected = found(client).map_err(|text| anyhow!("before {}: {text}", fault.name))?;
        ensure!(expected.len() == ROWS as usize, "{} rows", expected.len());
        let work = || {
            let mut times = Vec::new();
            let mut failures = Vec::new();
            loop {
                let number = started.fetch_add(1, Ordering::Relaxed);
                if number >= calls + calls / ROUNDS {
                    return (times, failures);
                }
                if number.is_multiple_of(calls / ROUNDS) {
                    self.strike(fault, number / (calls / ROUNDS), &calling);
                }
                let _calling = calling.read();
                let begun = Instant::now();
                let outcome = found(client);
                if number >= calls / ROUNDS {
                    times.push(begun.elapsed());
                }
                match outcome {
                    Ok(ids) if ids == expected => {}
                    Ok(ids) => failures.push(format!("{ids:?} instead of {expected:?}")),
                    Err(text) => failures.push(text),
                }
            }
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
            let mut all = (Vec::new(), Vec::new());
            for thread in threads {
                let (times, failures) = thread.join().map_err(|_| anyhow!("a caller panicked"))?;
                all.0.extend(times);
                all.1.extend(failures);
            }
            Ok(all)
        })
    }

    /// Lets the fault come in this round, or its connections be forgotten again.
    fn strike(&self, fault: Fault, round: usize, calling: &RwLock<()>) {
        if round == 0 {
            return;
        }
        let _idle = fault.forgets_idle.then(|| calling.write());
        let hit = if fault.hits_both { &self.links[..] } else { &self.links[..1] };
        for link in hit {
            link.set(fault.there, fault.back);
            if round <= fault.forgets {
                link.forget();
            }
        }
    }

    /// Makes the network whole and searches until both mirrors are thought alive, or too long.
    /// A lost SYN costs the whole time for a connect, and after four in a row a mirror is dead;
    /// it must not stay so.
    fn heal(&self, client: &Client) -> Result<()> {
        self.links.iter().for_each(|link| link.set(WHOLE, WHOLE));
        let end = Instant::now() + RETURN_LIMIT;
        let is_one_dead = || client.status().hosts.iter().any(|host| !host.is_living);
        while is_one_dead() && Instant::now() < end {
            found(client).map_err(|text| anyhow!("over a whole network: {text}"))?;
        }
        Ok(())
    }

    fn touched(&self) -> u64 {
        self.links.iter().map(Link::touched).sum()
    }
}

/// Ids that a search finds, whose request and reply are both longer than a [`HOLE`] lets through.
fn found(client: &Client) -> Result<Vec<u64>, String> {
    let text = corpus::WORDS.iter().map(|word| format!("(library {word})"));
    let search = Search::new(text.collect::<Vec<_>>().join(" | ")).limit(ROWS);
    let result = client.search("d", &search);
    let ids = |result: SearchResult| result.rows().map(|row| row.id()).collect();
    result.map(ids).map_err(|error| error.to_string())
}

const fn both_ways(name: &'static str, way: Way) -> Fault {
    Fault { name, there: way, back: way, hits_both: true, forgets: 0, forgets_idle: false }
}

const fn on_one(name: &'static str, there: Way, back: Way) -> Fault {
    Fault { name, there, back, hits_both: false, forgets: 0, forgets_idle: false }
}

const fn lossy(lost_percent: u8) -> Way {
    Way { lost_percent, ..WHOLE }
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const WHOLE: Way = Way::WHOLE;

/// A tunnel that takes no long packets, and does not say so.
const HOLE: Way = Way { size_max: Some(600), ..WHOLE };

/// Rows of a reply: some kilobytes.
const ROWS: u32 = 50;

const THREADS: usize = 8;

/// A trial comes far sooner, on a busy machine too.
const RETURN_LIMIT: Duration = Duration::from_secs(60);

/// The calls of one round more come before the fault; a NAT may forget before each other one.
const ROUNDS: usize = 10;
