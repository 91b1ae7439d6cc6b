//! Names that take long to look up, that have no address, or that moved: no call is lost to them
//! that another mirror, or one look-up, would have saved, and no host is blamed.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use crate::agent::{Agent, testing};
use crate::call::Scope;
use crate::config::{HaStrategy, HostAddress};
use crate::engine::{Action, CallId, ConnectionId, Engine};
use crate::error::{AgentFailure, Phase};
use crate::hedge_budget::Fund;
use crate::host::{Host, Unresolved};
use crate::karma::{BlockClock, Counter};
use crate::mirror::Mirror;
use crate::options::CallOptions;
use crate::request::Raw;
use crate::request::{Access, Request};
use crate::wire::header::Command;

/// An engine, mirrors that go by names, and what they mean.
struct Bed {
    engine: Engine,
    agent: Arc<Agent>,
    now: Instant,
    /// What a look-up of each mirror's name brings, and how long it takes.
    names: Vec<(Result<u8, Unresolved>, Duration)>,
    /// What is at an address: the last byte of it.
    machines: HashMap<u8, Machine>,
    /// Look-ups under way: when each ends.
    lookups: Vec<(Instant, usize, Instant)>,
    dialled: Vec<(u8, Instant)>,
    lookups_begun: usize,
    sent: usize,
    begun: Instant,
    /// Rounds after the first one, each after a pause of [`ROUND_PAUSE`].
    rounds: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Machine {
    Answers,
    Refuses,
    /// Takes connections, or not, and says nothing.
    Accepts,
    Drops,
    /// Has no capacity for the first two requests.
    Busy,
    /// Loses the packets of the first two connections.
    Lossy,
    /// Refuses at first, and is up again after 400 ms.
    Restarts,
}

impl Bed {
    fn new(mirrors: usize) -> Self {
        let now = testing::origin();
        let clock = BlockClock::new(now, testing::PERIOD);
        let changes: Arc<AtomicU64> = Arc::default();
        let mirror = |number: usize| {
            let address = HostAddress::Tcp { name: format!("mirror{number}"), port: 9_312 };
            let host = Host::new(address, number, 4, clock, changes.clone(), Arc::default());
            Mirror { host: Arc::new(host), index_list: "i".to_owned(), tally: Arc::default() }
        };
        let agent = Agent {
            mirrors: (0..mirrors).map(mirror).collect(),
            ..testing::agent(HaStrategy::RoundRobin, mirrors, now)
        };
        let names = (0..mirrors).map(|number| (Ok(number as u8), QUICK)).collect();
        let machines = (0..mirrors).map(|number| (number as u8, Machine::Answers)).collect();
        Self {
            engine: Engine::new(1),
            agent: Arc::new(agent),
            now,
            names,
            machines,
            lookups: Vec::new(),
            dialled: Vec::new(),
            lookups_begun: 0,
            sent: 0,
            begun: now,
            rounds: None,
        }
    }

    /// Its address was found before, and is not what its name says any more.
    fn moves(&mut self, mirror: usize, old: Machine) {
        let (old_at, new_at) = (100 + mirror as u8, mirror as u8);
        self.machines.insert(old_at, old);
        self.agent.mirrors[mirror].host.handle_lookup(Ok(vec![address(old_at)]));
        self.names[mirror].0 = Ok(new_at);
    }

    fn knows(&self, mirror: usize) {
        self.agent.mirrors[mirror].host.handle_lookup(Ok(vec![address(mirror as u8)]));
    }

    /// Asks, and says how it ended and how long that took.
    fn ask(&mut self) -> (Result<usize, AgentFailure>, Duration) {
        let command = Command { id: 99, version: 0x100 };
        let request: Arc<dyn Request> =
            Arc::new(Raw { command, access: Access::Read, body: Vec::new() });
        let options = CallOptions {
            deadline: Some(DEADLINE),
            retry_count: self.rounds,
            retry_delay: self.rounds.map(|_| ROUND_PAUSE),
            ..CallOptions::default()
        };
        let begun = self.now;
        let call = self.engine.start(&self.agent, &request, &options, Scope::Agent, begun);
        self.act();
        while self.engine.outcome(call).is_none() {
            let ends = self.lookups.iter().map(|(ends, ..)| *ends);
            let due = ends.chain(self.engine.next_timeout()).min().expect("the call runs");
            self.now = self.now.max(due);
            self.end_lookups();
            self.engine.handle_timeout(self.now);
            self.act();
        }
        (self.end(call), self.now - begun)
    }

    fn end(&mut self, call: CallId) -> Result<usize, AgentFailure> {
        let outcome = self.engine.take_outcome(call).expect("it ended");
        outcome.map(|answer| answer.mirror)
    }

    fn end_lookups(&mut self) {
        let now = self.now;
        for (_, mirror, begun_at) in self.lookups.extract_if(.., |(ends, ..)| *ends <= now) {
            let host = &self.agent.mirrors[mirror].host;
            let found = self.names[mirror].0.clone();
            host.handle_lookup(found.map(|at| vec![address(at)]));
            self.engine.handle_lookup(host, begun_at, now);
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Connect(id, endpoint) => {
                    let Some(SocketAddr::V4(at)) = endpoint.inet() else { panic!("IPv4 only") };
                    self.connect(id, at.ip().octets()[3]);
                }
                Action::Send(id) => self.send(id),
                Action::TakeOver(id, _) => self.engine.handle_nothing_to_take(id, self.now),
                Action::Close(_) => {}
                Action::Lookup(host, _) => {
                    self.lookups_begun += 1;
                    let ends = self.now + self.names[host.number].1;
                    self.lookups.push((ends, host.number, self.now));
                }
            }
        }
        self.engine.sweep();
    }

    fn connect(&mut self, id: ConnectionId, at: u8) {
        self.dialled.push((at, self.now));
        match self.machines[&at] {
            Machine::Restarts if self.now - self.begun >= RESTART => {
                self.engine.handle_connected(id, self.now);
            }
            Machine::Refuses | Machine::Restarts => {
                self.engine.handle_connect_failed(id, "refused", self.now)
            }
            Machine::Lossy if self.dialled.len() > 2 => self.engine.handle_connected(id, self.now),
            Machine::Drops | Machine::Lossy => {}
            Machine::Answers | Machine::Accepts | Machine::Busy => {
                self.engine.handle_connected(id, self.now)
            }
        }
    }

    fn send(&mut self, id: ConnectionId) {
        let length = self.engine.output(id).len();
        self.engine.handle_sent(id, length);
        let Some(connection) = self.engine.connections.get(id) else { return };
        let at = connection.endpoint.as_ref().and_then(|endpoint| endpoint.inet());
        let Some(SocketAddr::V4(at)) = at else { return };
        self.sent += usize::from(length > 0);
        const OK: &[u8] = &[0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0];
        const RETRY: &[u8] =
            &[0, 0, 0, 1, 0, 2, 1, 0, 0, 0, 0, 8, 0, 0, 0, 4, b'b', b'u', b's', b'y'];
        let reply = match self.machines[&at.ip().octets()[3]] {
            Machine::Busy if self.sent <= 2 => RETRY,
            Machine::Answers | Machine::Busy | Machine::Lossy | Machine::Restarts => OK,
            _ => return,
        };
        self.engine.handle_received(id, reply, self.now);
    }

    /// Whatever is counted as a host's fault.
    fn faults(&self, mirror: usize) -> u64 {
        let host = &self.agent.mirrors[mirror].host;
        let window = host.read(|karma| karma.since_start());
        let good = [Counter::SucceededQueries, Counter::LocalFailures];
        let all = Counter::ALL.into_iter().filter(|counter| !good.contains(counter));
        all.map(|counter| window.get(counter)).sum::<u64>()
            + u64::from(host.read(|karma| karma.failures_in_row()))
    }
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 9_312))
}

#[test]
fn a_name_that_hangs_delays_no_call_whose_other_mirror_has_an_address() {
    let mut bed = Bed::new(2);
    bed.knows(1);
    bed.names[0].1 = HANGS;
    for _ in 0..50 {
        let (outcome, took) = bed.ask();
        assert_eq!((outcome.ok(), took), (Some(1), Duration::ZERO));
    }
    assert_eq!((bed.faults(0), bed.faults(1)), (0, 0), "a host is blamed");
    assert!(bed.lookups_begun <= 2, "{} look-ups in no time", bed.lookups_begun);
}

#[test]
fn with_no_address_known_the_first_look_up_that_ends_is_enough() {
    for hung in [0, 1] {
        let mut bed = Bed::new(2);
        bed.names[hung].1 = HANGS;
        let (outcome, took) = bed.ask();
        assert_eq!(outcome.ok(), Some(1 - hung));
        assert!(took < Duration::from_millis(100), "it took {took:?}");
        assert_eq!((bed.faults(0), bed.faults(1)), (0, 0), "a host is blamed");
    }
}

#[test]
fn a_name_that_hangs_keeps_no_other_mirror_from_being_asked_again() {
    for machine in [Machine::Busy, Machine::Lossy] {
        let mut bed = Bed::new(2);
        bed.knows(1);
        bed.machines.insert(1, machine);
        bed.names[0].1 = HANGS;
        let (outcome, took) = bed.ask();
        assert_eq!(outcome.map_err(|failure| failure.to_string()), Ok(1), "{machine:?}");
        assert!(took < DEADLINE * 3 / 4, "{machine:?}: it took {took:?}");
    }
}

#[test]
fn the_pause_between_rounds_holds_while_a_name_hangs() {
    let mut bed = Bed::new(2);
    bed.knows(1);
    bed.machines.insert(1, Machine::Restarts);
    bed.names[0].1 = HANGS;
    bed.rounds = Some(1);
    let (outcome, _) = bed.ask();
    assert_eq!(outcome.map_err(|failure| failure.to_string()), Ok(1));
    let dialled: Vec<Duration> = bed.dialled.iter().map(|(_, at)| *at - bed.begun).collect();
    // A round ends when a look-up has said that the refused mirror did not move.
    assert_eq!(dialled, [Duration::ZERO, QUICK + ROUND_PAUSE]);
}

#[test]
fn look_ups_that_take_long_send_no_second_request() {
    let mut bed = Bed::new(2);
    for name in &mut bed.names {
        name.1 = Duration::from_millis(200);
    }
    // Nothing but the late look-up could send the second one soon.
    while bed.agent.hedges.spend(Fund::Early) {}
    // Slow to answer, so that the look-up of the one ends while the other is at work.
    bed.machines = HashMap::from([(0, Machine::Accepts), (1, Machine::Accepts)]);
    let begun = bed.now;
    assert!(bed.ask().0.is_err(), "both are silent");
    let soon = bed.dialled.iter().filter(|(_, at)| *at - begun < DEADLINE / 4).count();
    assert_eq!(soon, 1, "both were asked: {:?}", bed.dialled);
    let asked: HashSet<u8> = bed.dialled.iter().map(|(address, _)| *address).collect();
    assert_eq!(asked.len(), 2, "the other one had no share of the time");
}

#[test]
fn the_deadline_holds_and_nobody_is_blamed_when_all_look_ups_hang() {
    let mut bed = Bed::new(2);
    for name in &mut bed.names {
        name.1 = HANGS;
    }
    for _ in 0..8 {
        let (outcome, took) = bed.ask();
        let failure = outcome.expect_err("no name has an address");
        assert_eq!(took, DEADLINE);
        let phases = failure.attempts.iter().map(|attempt| attempt.phase);
        assert!(phases.clone().all(|phase| phase == Phase::Resolve), "{failure}");
        assert_eq!(phases.count(), 2, "{failure}");
    }
    for mirror in 0..2 {
        let host = &bed.agent.mirrors[mirror].host;
        assert_eq!(bed.faults(mirror), 0, "{} is blamed", host.name);
        assert!(host.read(|karma| karma.health().is_living()));
    }
}

#[test]
fn a_look_up_that_fails_is_told_and_held_against_nobody() {
    for is_local in [true, false] {
        let mut bed = Bed::new(1);
        let text = "no such name".to_owned();
        bed.names[0] = (Err(Unresolved { text, is_local }), QUICK);
        for _ in 0..8 {
            let failure = bed.ask().0.expect_err("it has no address").to_string();
            assert!(failure.contains("no address for mirror0:9312: no such name (resolve"));
        }
        assert_eq!(bed.faults(0), 0, "want of own resources: {is_local}");
        bed.names[0] = (Ok(0), QUICK);
        assert!(bed.ask().0.is_ok(), "the name is back, and its host was never dead");
    }
}

#[test]
fn a_name_that_moved_is_found_before_the_call_fails() {
    for mirrors in 1..=3 {
        for old in [Machine::Refuses, Machine::Drops, Machine::Accepts] {
            let mut bed = Bed::new(mirrors);
            (0..mirrors).for_each(|mirror| bed.moves(mirror, old));
            let (outcome, took) = bed.ask();
            assert!(outcome.is_ok(), "{mirrors} mirrors, {old:?}: {outcome:?}");
            // One that took the query may be at work on it for half of its time.
            let patience = if old == Machine::Accepts { DEADLINE / 2 } else { SILENCE * 2 };
            assert!(took < patience, "{mirrors} mirrors, {old:?}: {took:?}");
        }
    }
}

#[test]
fn who_refuses_and_is_still_there_fails_after_one_look_up() {
    let mut bed = Bed::new(2);
    for mirror in 0..2 {
        bed.knows(mirror);
        bed.machines.insert(mirror as u8, Machine::Refuses);
    }
    let (outcome, took) = bed.ask();
    let failure = outcome.expect_err("both refuse");
    assert_eq!(failure.attempts.len(), 2, "{failure}");
    assert_eq!((bed.dialled.len(), bed.lookups_begun), (2, 2), "{:?}", bed.dialled);
    assert!(took < SILENCE, "it took {took:?}");
    assert_eq!((bed.faults(0), bed.faults(1)), (2, 2), "one refusal each, in a row, too");
}

#[test]
fn a_refusal_whose_look_up_hangs_holds_nobody_up_for_long() {
    let mut bed = Bed::new(1);
    bed.knows(0);
    bed.machines.insert(0, Machine::Refuses);
    bed.names[0].1 = HANGS;
    let (outcome, took) = bed.ask();
    let failure = outcome.expect_err("it refuses").to_string();
    assert!(failure.contains("refused"), "{failure}");
    assert!(took <= Duration::from_millis(1_000), "it took {took:?}");
}

#[test]
fn time_spent_on_a_look_up_is_not_latency() {
    let mut bed = Bed::new(1);
    bed.names[0].1 = Duration::from_millis(700);
    assert!(bed.ask().0.is_ok());
    let latency = bed.agent.mirrors[0].host.read(|karma| karma.latency().patience());
    assert!(latency.is_some_and(|latency| latency < Duration::from_millis(10)), "{latency:?}");
}

/// A name server that answers.
const QUICK: Duration = Duration::from_millis(1);

/// One that does not.
const HANGS: Duration = Duration::from_secs(60);

/// When a machine that restarts is up again.
const RESTART: Duration = Duration::from_millis(400);

/// Longer than that.
const ROUND_PAUSE: Duration = Duration::from_millis(500);

const DEADLINE: Duration = Duration::from_secs(4);

/// Silence after which a name is looked up again.
const SILENCE: Duration = Duration::from_millis(250);
