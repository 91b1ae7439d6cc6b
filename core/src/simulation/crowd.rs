//! Many callers of one agent at once, each with an engine of its own, and mirrors that hang, slow
//! down, lose packets or forget connections; the program itself may sleep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::wakers::Woken;
use crate::agent::{Agent, testing};
use crate::call::Scope;
use crate::config::HaStrategy;
use crate::engine::{Action, CallId, ConnectionId, Engine};
use crate::host::Endpoint;
use crate::options::CallOptions;
use crate::request::Raw;
use crate::request::{Access, Request};
use crate::wire::header::Command;

/// What a mirror does with connections and requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Answers,
    /// The kernel takes connections, the daemon does nothing.
    Hangs,
    /// Packets to it vanish.
    Vanishes,
}

/// A mirror: so many workers, each taking so long for a request.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) mood: Mood,
    pub(super) takes: Duration,
    /// When each of its workers is free.
    free_at: Vec<Instant>,
    pub(super) executed: usize,
}

#[derive(Clone, Copy, Debug)]
struct Wire {
    number: u64,
    mirror: usize,
    is_forgotten: bool,
}

#[derive(Clone, Debug)]
enum Event {
    Connected,
    Bytes(&'static [u8]),
}

/// How a call came out.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) is_answered: bool,
    pub(super) took: Duration,
}

pub(super) struct Crowd {
    pub(super) now: Instant,
    pub(super) agent: Arc<Agent>,
    pub(super) peers: Vec<Peer>,
    /// First packets in 100 that are lost, and come again a second later.
    pub(super) loss_percent: u32,
    pub(super) ends: Vec<End>,
    engines: Vec<Engine>,
    wires: BTreeMap<(usize, ConnectionId), Wire>,
    events: BTreeMap<(Instant, u64), (usize, ConnectionId, u64, Event)>,
    started: BTreeMap<(usize, CallId), Instant>,
    sequence: u64,
    random: fastrand::Rng,
    woken: Woken,
}

impl Crowd {
    /// Mirrors with so many workers that answer in `takes`.
    pub(super) fn new(mirrors: usize, workers: usize, takes: Duration, keeps: bool) -> Self {
        let now = testing::origin();
        let mut agent = testing::agent(HaStrategy::NoDeads, mirrors, now);
        agent.keeps_connections = keeps;
        agent.mirrors.iter().for_each(|mirror| mirror.host.kept.set_limit(1_000));
        let peer = Peer { mood: Mood::Answers, takes, free_at: vec![now; workers], executed: 0 };
        Self {
            now,
            agent: Arc::new(agent),
            peers: vec![peer; mirrors],
            loss_percent: 0,
            ends: Vec::new(),
            engines: Vec::new(),
            wires: BTreeMap::new(),
            events: BTreeMap::new(),
            started: BTreeMap::new(),
            sequence: 0,
            random: fastrand::Rng::with_seed(mirrors as u64 + 7),
            woken: Woken::default(),
        }
    }

    /// Starts so many calls, of `a_batch` on one engine each.
    pub(super) fn ask(&mut self, calls: usize, a_batch: usize, options: &CallOptions) {
        for number in 0..calls {
            let engine = number / a_batch;
            if engine == self.engines.len() {
                let mut made = Engine::new(engine as u64);
                made.wake_by(self.woken.waker(engine));
                self.engines.push(made);
            }
            self.start(engine, options);
        }
    }

    pub(super) fn start(&mut self, engine: usize, options: &CallOptions) {
        let command = Command { id: 99, version: 0x100 };
        let request: Arc<dyn Request> =
            Arc::new(Raw { command, access: Access::Read, body: Vec::new() });
        let (agent, now) = (self.agent.clone(), self.now);
        let call = self.engines[engine].start(&agent, &request, options, Scope::Agent, now);
        self.started.insert((engine, call), now);
        self.act(engine);
    }

    /// Runs until no call is under way; engines that are free get the next of `more` calls.
    pub(super) fn run(&mut self, more: usize, options: &CallOptions) {
        self.keep_busy(more, options);
        while !self.started.is_empty() {
            self.advance();
        }
    }

    /// Runs until the last of `more` calls is begun, each by an engine that is free.
    pub(super) fn keep_busy(&mut self, mut more: usize, options: &CallOptions) {
        while more > 0 {
            let before = self.ends.len();
            self.advance();
            let ended = self.ends.len() - before;
            for _ in 0..ended.min(more) {
                let is_free = |engine: &usize| self.engines[*engine].running() == 0;
                let Some(engine) = (0..self.engines.len()).find(is_free) else { break };
                more -= 1;
                self.start(engine, options);
            }
        }
    }

    /// Number of calls so far, those under way among them.
    pub(super) fn asked(&self) -> usize {
        self.ends.len() + self.started.len()
    }

    /// Runs for some time, whether calls are under way or not.
    pub(super) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.next().is_some_and(|next| next <= end) {
            self.advance();
        }
        self.now = end;
    }

    /// The program does nothing for so long; its mirrors go on.
    pub(super) fn sleep(&mut self, time: Duration) {
        let before = self.now;
        self.now += time;
        for engine in 0..self.engines.len() {
            self.engines[engine].handle_absence(self.now);
            self.engines[engine].read_late(Some(before));
        }
        self.happen();
        for engine in 0..self.engines.len() {
            self.engines[engine].handle_absence(self.now);
            self.engines[engine].handle_timeout(self.now);
            self.engines[engine].read_late(None);
            self.act(engine);
        }
    }

    /// Whatever stands between forgets all connections that are open now, without a word.
    pub(super) fn forget_connections(&mut self) {
        self.wires.values_mut().for_each(|wire| wire.is_forgotten = true);
    }

    pub(super) fn lost(&self) -> usize {
        self.ends.iter().filter(|end| !end.is_answered).count()
    }

    pub(super) fn slowest(&self) -> Duration {
        self.ends.iter().map(|end| end.took).max().unwrap_or_default()
    }

    /// Requests that living mirrors executed beyond one for each call.
    pub(super) fn extra(&self) -> usize {
        let executed: usize = self.peers.iter().map(|peer| peer.executed).sum();
        executed.saturating_sub(self.asked())
    }

    pub(super) fn living(&self) -> usize {
        let lives = |host: &Arc<crate::host::Host>| host.read(|karma| karma.health().is_living());
        self.agent.mirrors.iter().filter(|mirror| lives(&mirror.host)).count()
    }

    fn next(&self) -> Option<Instant> {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let timers = self.engines.iter().filter_map(Engine::next_timeout);
        timers.chain(event).min()
    }

    fn advance(&mut self) {
        let next = self.next().expect("calls run, but nothing is going to happen");
        self.now = self.now.max(next);
        self.happen();
        for engine in 0..self.engines.len() {
            let is_absent = self.engines[engine].handle_absence(self.now);
            assert!(!is_absent, "the process was there all the time");
            if self.engines[engine].next_timeout().is_some_and(|due| due <= self.now) {
                self.engines[engine].handle_timeout(self.now);
                self.act(engine);
            }
        }
        self.wake();
    }

    fn happen(&mut self) {
        while let Some(next) = self.events.first_entry() {
            if next.key().0 > self.now {
                break;
            }
            let (engine, id, number, event) = next.remove();
            let wire = self.wires.get(&(engine, id)).filter(|wire| wire.number == number);
            let Some(wire) = wire.copied() else { continue };
            match event {
                Event::Connected => {
                    self.engines[engine].handle_connected(id, self.now);
                    if self.peers[wire.mirror].mood == Mood::Answers {
                        self.schedule(TRIP, engine, id, Event::Bytes(GREETING));
                    }
                }
                Event::Bytes(_) if wire.is_forgotten => {}
                Event::Bytes(bytes) => self.engines[engine].handle_received(id, bytes, self.now),
            }
            self.act(engine);
        }
    }

    fn act(&mut self, engine: usize) {
        while let Some(action) = self.engines[engine].poll_action() {
            match action {
                Action::Connect(id, endpoint) => self.connect(engine, id, &endpoint),
                Action::Send(id) => self.send(engine, id),
                Action::Close(id) => drop(self.wires.remove(&(engine, id))),
                Action::TakeOver(id, _) => {
                    self.engines[engine].handle_nothing_to_take(id, self.now);
                }
                Action::Lookup(..) => panic!("no mirror has a name"),
            }
        }
        self.engines[engine].sweep();
        self.end_calls(engine);
    }

    /// Engines that were woken go on, as their drivers would at once.
    fn wake(&mut self) {
        while let Some(engine) = self.woken.take() {
            self.engines[engine].handle_called(self.now);
            self.act(engine);
        }
    }

    fn end_calls(&mut self, engine: usize) {
        while let Some(call) = self.engines[engine].poll_completion() {
            let outcome = self.engines[engine].take_outcome(call).expect("it ended");
            let began = self.started.remove(&(engine, call)).expect("it was started");
            let took = self.now - began;
            self.ends.push(End { is_answered: outcome.is_ok(), took });
            self.engines[engine].forget(call);
        }
    }

    fn connect(&mut self, engine: usize, id: ConnectionId, endpoint: &Endpoint) {
        let Endpoint::Inet(address) = endpoint else { panic!("{endpoint} is no address") };
        let mirror = usize::from(address.port()) - 1;
        self.sequence += 1;
        let wire = Wire { number: self.sequence, mirror, is_forgotten: false };
        self.wires.insert((engine, id), wire);
        if self.peers[mirror].mood != Mood::Vanishes {
            let is_lost = self.random.u32(..100) < self.loss_percent;
            let after = if is_lost { SECOND_TRY } else { TRIP };
            self.schedule(after, engine, id, Event::Connected);
        }
    }

    fn send(&mut self, engine: usize, id: ConnectionId) {
        let length = self.engines[engine].output(id).len();
        self.engines[engine].handle_sent(id, length);
        let Some(&wire) = self.wires.get(&(engine, id)) else { return };
        let peer = &mut self.peers[wire.mirror];
        if length == 0 || peer.mood != Mood::Answers || wire.is_forgotten {
            return;
        }
        peer.executed += 1;
        let worker = peer.free_at.iter_mut().min().expect("it has workers");
        *worker = (*worker).max(self.now) + peer.takes;
        let after = *worker - self.now + TRIP;
        self.schedule(after, engine, id, Event::Bytes(REPLY));
    }

    fn schedule(&mut self, after: Duration, engine: usize, id: ConnectionId, event: Event) {
        let number = self.wires[&(engine, id)].number;
        self.sequence += 1;
        self.events.insert((self.now + after, self.sequence), (engine, id, number, event));
    }
}

const GREETING: &[u8] = &[0, 0, 0, 1];
const REPLY: &[u8] = &[0, 0, 1, 0, 0, 0, 0, 0];

/// How long a packet is under way.
const TRIP: Duration = Duration::from_micros(200);

/// When the kernel sends the first packet of a connection again.
const SECOND_TRY: Duration = Duration::from_secs(1);
