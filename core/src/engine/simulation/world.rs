//! The simulated world: a clock that jumps from event to event, hosts, connections, calls.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use super::Sabotage;
use super::check::{Asked, History, TICK, check_end, check_writes};
use super::daemon::{Mode, Peer, Reaction, delay};
use crate::agent::{Agent, Mirror, testing};
use crate::call::Scope;
use crate::config::{HaStrategy, HostAddress};
use crate::engine::{Action, CallId, Closing, ConnectionId, Engine};
use crate::error::Error;
use crate::host::{Endpoint, Host};
use crate::karma::BlockClock;
use crate::options::CallOptions;
use crate::strategy::Selector;
use crate::wire::Writer;
use crate::wire::header::Command;
use crate::wire::request::{Access, Reply, Request, Target, Verdict};

pub(super) struct World {
    random: fastrand::Rng,
    start: Instant,
    now: Instant,
    engine: Engine,
    hosts: Vec<Arc<Host>>,
    modes: Vec<History>,
    agents: Vec<(Arc<Agent>, Vec<usize>)>,
    events: BinaryHeap<Reverse<(Instant, u64)>>,
    what: BTreeMap<u64, Event>,
    sequence: u64,
    wires: HashMap<ConnectionId, Wire>,
    asked: BTreeMap<CallId, Asked>,
    to_ask: u32,
    executed_writes: HashMap<(u64, usize), u32>,
    trace: Vec<(Duration, String)>,
}

/// The world's side of a connection; `life` tells connections of one number apart.
struct Wire {
    life: u64,
    host: usize,
    connected: bool,
    peer: Peer,
    /// What the daemon sends arrives in the order in which it was sent.
    busy_until: Instant,
}

#[derive(Debug)]
enum Event {
    Ask,
    ChangeMode(usize),
    Resolved(usize),
    Connected(ConnectionId, u64),
    Refused(ConnectionId, u64),
    Bytes(ConnectionId, u64, Vec<u8>),
    Closed(ConnectionId, u64, Closing),
}

/// Its body is its number; the answer repeats it, and adds who answered.
struct Numbered {
    id: u64,
    access: Access,
}

impl Request for Numbered {
    fn command(&self) -> Command {
        Command::SEARCH
    }

    fn access(&self) -> Access {
        self.access
    }

    fn encode(&self, _: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        body.put_u64(self.id);
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        match reply.body.len() {
            12 => Verdict::Accept,
            length => Verdict::Malformed(format!("{length} bytes")),
        }
    }
}

impl World {
    pub(super) fn new(seed: u64, sabotage: Option<Sabotage>) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let start = testing::origin();
        let clock = BlockClock::new(start, Duration::from_secs(2));
        let changes: Arc<AtomicU64> = Arc::default();
        let hosts: Vec<Arc<Host>> = (0..random.usize(1..7))
            .map(|number| {
                let name = match random.bool() {
                    true => format!("mirror{number}"),
                    false => "127.0.0.1".to_owned(),
                };
                let address = HostAddress::Tcp { name, port: 9_000 + number as u16 };
                let kept_max = random.u32(0..4);
                Arc::new(Host::new(
                    address,
                    number,
                    kept_max,
                    clock,
                    changes.clone(),
                    Arc::default(),
                ))
            })
            .collect();
        let mut engine = Engine::new(seed);
        engine.sabotage = sabotage;
        let mut world = Self {
            start,
            now: start,
            engine,
            modes: hosts.iter().map(|_| vec![(start, Mode::Healthy)]).collect(),
            agents: Vec::new(),
            events: BinaryHeap::new(),
            what: BTreeMap::new(),
            sequence: 0,
            wires: HashMap::new(),
            asked: BTreeMap::new(),
            to_ask: random.u32(20..80),
            executed_writes: HashMap::new(),
            trace: Vec::new(),
            hosts,
            random,
        };
        for number in 0..world.random.usize(1..4) {
            let agent = world.agent(number, clock, &changes);
            world.agents.push(agent);
        }
        world.schedule(Duration::ZERO, Event::Ask);
        for host in 0..world.hosts.len() {
            world.schedule(Duration::ZERO, Event::ChangeMode(host));
        }
        world
    }

    fn agent(
        &mut self,
        number: usize,
        clock: BlockClock,
        changes: &Arc<AtomicU64>,
    ) -> (Arc<Agent>, Vec<usize>) {
        let mut hosts: Vec<usize> = (0..self.hosts.len()).collect();
        self.random.shuffle(&mut hosts);
        hosts.truncate(self.random.usize(1..=hosts.len()));
        let mirror = |&host: &usize| Mirror {
            host: self.hosts[host].clone(),
            index_list: "i".to_owned(),
            tally: Arc::default(),
        };
        let strategies = [
            HaStrategy::Random,
            HaStrategy::RoundRobin,
            HaStrategy::NoDeads,
            HaStrategy::NoErrors,
        ];
        let strategy = strategies[self.random.usize(..4)];
        let mirrors: Vec<Mirror> = hosts.iter().map(mirror).collect();
        let agent = Agent {
            number,
            selector: Selector::new(strategy, mirrors.len(), clock, changes.clone()),
            mirrors,
            keeps_connections: self.random.bool(),
            attempts_max: (self.random.u8(..) < 20).then_some(2),
            ..testing::agent(strategy, 0, self.start)
        };
        (Arc::new(agent), hosts)
    }

    /// Runs until every call has ended; says what should not have happened.
    pub(super) fn run(&mut self) -> Result<(), String> {
        loop {
            self.act()?;
            self.take_ends()?;
            let all_asked = self.to_ask == 0;
            if all_asked && self.engine.running() == 0 {
                break;
            }
            self.advance()?;
        }
        let unfinished = self.asked.values().find(|asked| !asked.ended);
        if let Some(asked) = unfinished {
            return Err(format!("call {} never ended", asked.id));
        }
        check_writes(&self.executed_writes)?;
        self.engine.reset(self.now);
        if self.engine.running() > 0 || self.engine.poll_completion().is_some() {
            return Err("a batch that was ended has calls that run".to_owned());
        }
        self.engine.close_all(self.now);
        self.act()?;
        for host in &self.hosts {
            let in_flight = host.read(|karma| karma.in_flight());
            let left = [host.kept(), host.kept_busy(), in_flight];
            if left != [0, 0, 0] {
                let name = &host.name;
                return Err(format!("kept, busy, in flight of {name} after the end: {left:?}"));
            }
        }
        Ok(())
    }

    /// Everything that happened, with its time.
    pub(super) fn trace(self) -> Vec<(Duration, String)> {
        self.trace
    }

    fn note(&mut self, text: String) {
        self.trace.push((self.now - self.start, text));
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((self.now + after, self.sequence)));
        self.what.insert(self.sequence, event);
    }

    /// Jumps to the next event or timer, sometimes a little past it.
    fn advance(&mut self) -> Result<(), String> {
        let event = self.events.peek().map(|Reverse((at, _))| *at);
        let timer = self.engine.next_timeout().filter(|_| self.engine.running() > 0);
        let Some(next) = [event, timer].into_iter().flatten().min() else {
            return Err("calls run, but nothing is going to happen".to_owned());
        };
        let jitter_us = self.random.u64(..TICK.as_micros() as u64);
        self.now = self.now.max(next) + Duration::from_micros(jitter_us);
        if self.now > self.start + Duration::from_secs(600) {
            // Only an engine that never ends its calls gets here.
            let asked = self.asked.values().find(|asked| !asked.ended);
            let id = asked.map_or(0, |asked| asked.id);
            return Err(format!("call {id} still runs long after its deadline"));
        }
        while let Some(&Reverse((at, number))) = self.events.peek() {
            if at > self.now {
                break;
            }
            self.events.pop();
            let event = self.what.remove(&number).expect("each event is scheduled once");
            self.happen(event)?;
            self.act()?;
        }
        self.engine.handle_timeout(self.now);
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        let now = self.now;
        match event {
            Event::Ask => self.ask(),
            Event::ChangeMode(host) => self.change_mode(host),
            Event::Resolved(host) => {
                let fails = self.mode(host) == Mode::Nameless;
                let found = SocketAddr::from((Ipv4Addr::LOCALHOST, 9_000 + host as u16));
                let result = if fails { Err("no such name".to_owned()) } else { Ok(vec![found]) };
                self.hosts[host].handle_lookup(result);
                self.engine.handle_lookup(&self.hosts[host], now);
            }
            Event::Connected(id, life) if self.is_alive(id, life) => {
                let wire = self.wires.get_mut(&id).expect("it is alive");
                wire.connected = true;
                let mode = self.modes[wire.host].last().expect("never empty").1;
                let reactions = wire.peer.accept(mode, &mut self.random);
                self.engine.handle_connected(id, now);
                self.react(id, life, reactions);
            }
            Event::Refused(id, life) if self.is_alive(id, life) => {
                self.wires.remove(&id);
                self.engine.handle_connect_failed(id, "refused", now);
            }
            Event::Bytes(id, life, bytes) if self.is_alive(id, life) => {
                self.engine.handle_received(id, &bytes, now);
            }
            Event::Closed(id, life, closing) if self.is_alive(id, life) => {
                self.engine.handle_closed(id, closing, now);
            }
            _ => {}
        }
        Ok(())
    }

    fn mode(&self, host: usize) -> Mode {
        self.modes[host].last().expect("it starts with one").1
    }

    fn is_alive(&self, id: ConnectionId, life: u64) -> bool {
        self.wires.get(&id).is_some_and(|wire| wire.life == life)
    }

    fn ask(&mut self) {
        let id = u64::from(self.to_ask);
        self.to_ask -= 1;
        if self.to_ask > 0 {
            let pause = Duration::from_micros(self.random.u64(..400_000));
            self.schedule(pause, Event::Ask);
        }
        let (agent, hosts) = self.agents[self.random.usize(..self.agents.len())].clone();
        let write = self.random.u8(..) < 40;
        let access = if write { Access::Write } else { Access::Read };
        let options = CallOptions {
            deadline: Some(Duration::from_millis(self.random.u64(20..8_000))),
            retry_count: Some(self.random.u32(0..3)),
            retry_delay: Some(Duration::from_millis(self.random.u64(0..300))),
            no_failover: self.random.u8(..) < 10,
            ..CallOptions::default()
        };
        let scope = match write {
            true => Scope::Mirror(self.random.usize(..hosts.len())),
            false => Scope::Agent,
        };
        let request: Arc<dyn Request> = Arc::new(Numbered { id, access });
        let call = self.engine.start(&agent, &request, &options, scope, self.now);
        let free = !options.no_failover && agent.attempts_max.is_none();
        let deadline = self.now + options.deadline.expect("just set");
        let started_at = self.now;
        let asked = Asked { id, access, hosts, started_at, deadline, free, ended: false };
        self.asked.insert(call, asked);
        if self.random.u8(..) < 5 {
            self.engine.cancel(call, self.now);
            self.asked.get_mut(&call).expect("just put there").free = false;
        }
    }

    fn change_mode(&mut self, host: usize) {
        let mode = match self.random.u8(..) {
            0..110 => Mode::Healthy,
            _ => Mode::ALL[self.random.usize(..Mode::ALL.len())],
        };
        self.modes[host].push((self.now, mode));
        self.note(format!("host {host} is now {mode:?}"));
        let pause = Duration::from_millis(self.random.u64(50..6_000));
        if self.to_ask > 0 {
            self.schedule(pause, Event::ChangeMode(host));
        }
        // A daemon that changes often restarts: its connections are gone, sometimes unseen.
        let mut cut: Vec<(ConnectionId, u64)> = self
            .wires
            .iter()
            .filter(|(_, wire)| wire.host == host && wire.connected)
            .map(|(id, wire)| (*id, wire.life))
            .collect();
        cut.sort_unstable();
        if self.random.bool() && !mode.answers() {
            for (id, life) in cut {
                let after = delay(&mut self.random);
                self.schedule(after, Event::Closed(id, life, Closing::End));
            }
        }
    }

    fn act(&mut self) -> Result<(), String> {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Connect(id, endpoint) => self.connect(id, &endpoint),
                Action::Send(id) => self.send(id)?,
                Action::TakeOver(id, _) => self.engine.handle_nothing_to_take(id, self.now),
                Action::Close(id) => drop(self.wires.remove(&id)),
                Action::Lookup(host, _) => {
                    let after = delay(&mut self.random);
                    self.schedule(after, Event::Resolved(host.number));
                }
            }
        }
        self.engine.sweep();
        Ok(())
    }

    fn connect(&mut self, id: ConnectionId, endpoint: &Endpoint) {
        let Endpoint::Inet(address) = endpoint else { return };
        let host = usize::from(address.port() - 9_000);
        self.sequence += 1;
        let life = self.sequence;
        self.wires.insert(
            id,
            Wire { life, host, connected: false, peer: Peer::default(), busy_until: self.now },
        );
        let after = delay(&mut self.random);
        match self.mode(host) {
            Mode::Refuses | Mode::Nameless => self.schedule(after, Event::Refused(id, life)),
            Mode::Unreachable => {}
            _ => self.schedule(after, Event::Connected(id, life)),
        }
    }

    fn send(&mut self, id: ConnectionId) -> Result<(), String> {
        let whole = self.engine.output(id).len();
        if whole == 0 || !self.wires.contains_key(&id) {
            return Ok(());
        }
        let part = if self.random.bool() { whole } else { self.random.usize(1..=whole) };
        for length in [part, whole - part] {
            let bytes = self.engine.output(id)[..length].to_vec();
            self.engine.handle_sent(id, length);
            let wire = self.wires.get_mut(&id).expect("just seen");
            let mode = self.modes[wire.host].last().expect("never empty").1;
            let host = wire.host;
            let life = wire.life;
            let reactions = wire.peer.receive(mode, host, &bytes, &mut self.random)?;
            self.react(id, life, reactions);
        }
        Ok(())
    }

    fn react(&mut self, id: ConnectionId, life: u64, reactions: Vec<Reaction>) {
        for reaction in reactions {
            let (after, event) = match reaction {
                Reaction::Bytes(after, bytes) => (after, Event::Bytes(id, life, bytes)),
                Reaction::Close(after) => (after, Event::Closed(id, life, Closing::End)),
                Reaction::Reset(after) => {
                    let closing = Closing::Broken("reset".to_owned());
                    (after, Event::Closed(id, life, closing))
                }
                Reaction::Executed(request) => {
                    self.count_execution(request, self.wires[&id].host);
                    continue;
                }
            };
            let wire = self.wires.get_mut(&id).expect("it reacts");
            wire.busy_until = wire.busy_until.max(self.now + after);
            let after = wire.busy_until - self.now;
            self.schedule(after, event);
        }
    }

    fn count_execution(&mut self, request: u64, host: usize) {
        let asked = self.asked.values().find(|asked| asked.id == request);
        if asked.is_some_and(|asked| asked.access == Access::Write) {
            *self.executed_writes.entry((request, host)).or_default() += 1;
        }
    }

    fn take_ends(&mut self) -> Result<(), String> {
        while let Some(call) = self.engine.poll_completion() {
            let asked = self.asked.get_mut(&call).ok_or("an unknown call ended")?;
            let outcome = self.engine.take_outcome(call);
            let outcome = outcome.ok_or_else(|| format!("call {} ended twice", asked.id))?;
            check_end(asked, &outcome, &self.modes, self.now)?;
            let text = format!("call {} ended: {}", asked.id, outcome.is_ok());
            self.note(text);
        }
        Ok(())
    }
}
