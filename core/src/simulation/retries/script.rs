//! The engine against peers that do what a cell says, in virtual time.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use super::model::Observed;
use super::{Cell, Connection, Fate, ms};
use crate::agent::{Agent, testing};
use crate::call::Scope;
use crate::config::{HaStrategy, HostAddress};
use crate::engine::{Action, CallId, Closing, ConnectionId, Engine};
use crate::error::{AgentFailure, Error};
use crate::host::{Host, Unresolved};
use crate::karma::{BlockClock, Counter};
use crate::mirror::Mirror;
use crate::options::CallOptions;
use crate::request::{Access, Request, Target};
use crate::wire::Writer;
use crate::wire::header;

struct Plain(Access);

impl Request for Plain {
    fn command(&self) -> header::Command {
        header::Command::SEARCH
    }

    fn access(&self) -> Access {
        self.0
    }

    fn encode(&self, _: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        body.put_u64(7);
        Ok(())
    }
}

/// An engine, one agent, and the peers of its mirrors.
struct Stage<'a> {
    cell: &'a Cell,
    engine: Engine,
    agent: Arc<Agent>,
    now: Instant,
    sent: Vec<u32>,
    /// Every mirror is silent for as long as connections are prepared.
    is_rehearsal: bool,
}

/// What the engine makes of a cell.
pub(super) fn play(cell: &Cell) -> Observed {
    let mut stage = Stage::new(cell);
    if cell.connection == Connection::Kept {
        stage.rehearse();
    }
    let before = stage.counters();
    let attempts_before = stage.agent.traffic.retries();
    let begun = stage.now;
    let options = cell.settings.options;
    let scope = if cell.access == Access::Write { Scope::Mirror(0) } else { Scope::Agent };
    let call = stage.start(cell.access, &options, scope);
    while stage.engine.outcome(call).is_none() {
        stage.now = stage.engine.next_timeout().expect("the call runs").max(stage.now);
        stage.engine.handle_timeout(stage.now);
        stage.act();
    }
    let took = stage.now - begun;
    // What was left behind is judged later.
    while let Some(due) = stage.engine.next_timeout() {
        stage.now = due.max(stage.now);
        stage.engine.handle_timeout(stage.now);
        stage.act();
    }
    let outcome = stage.engine.take_outcome(call).expect("it ended");
    let retries = (stage.agent.traffic.retries() - attempts_before) as u32;
    let mut observed =
        Observed { attempts: retries + 1, took, sent: stage.sent.clone(), ..Observed::default() };
    match outcome {
        Ok(answer) => observed.outcome = Some(Ok(answer.mirror)),
        Err(failure) => stage.observe_failure(failure, &mut observed),
    }
    for (mirror, (after, before)) in stage.counters().iter().zip(before).enumerate() {
        for (counter, (after, before)) in Counter::ALL.iter().zip(after.iter().zip(before)) {
            observed.count(mirror, *counter, after - before);
        }
    }
    observed
}

impl<'a> Stage<'a> {
    fn new(cell: &'a Cell) -> Self {
        let now = testing::origin();
        let clock = BlockClock::new(now, testing::PERIOD);
        let changes: Arc<AtomicU64> = Arc::default();
        let mirror = |number: usize| {
            let name = format!("mirror{number}");
            let address = HostAddress::Tcp { name, port: number as u16 };
            let host = Host::new(address, number, 1, clock, changes.clone(), Arc::default());
            Mirror { host: Arc::new(host), index_list: "i".to_owned(), tally: Arc::default() }
        };
        let agent = Agent {
            mirrors: (0..cell.mirrors).map(mirror).collect(),
            keeps_connections: cell.connection != Connection::New,
            settings: cell.settings.agent,
            attempts_max: cell.settings.attempts_max,
            ..testing::agent(HaStrategy::RoundRobin, cell.mirrors, now)
        };
        let agent = Arc::new(agent);
        let sent = vec![0; cell.mirrors];
        Self { cell, engine: Engine::new(1), agent, now, sent, is_rehearsal: false }
    }

    /// One answered call on each mirror, after 100 ms, leaves a kept connection to each.
    fn rehearse(&mut self) {
        self.is_rehearsal = true;
        // Else the mirrors whose names are known would be preferred.
        for Mirror { host, .. } in &self.agent.mirrors {
            host.handle_lookup(Ok(vec![address(host)]));
        }
        for _ in 0..self.cell.mirrors {
            let options = CallOptions { deadline: Some(ms(10_000)), ..CallOptions::default() };
            let call = self.start(Access::Read, &options, Scope::Agent);
            self.now += ms(100);
            let users = self.engine.connections.iter();
            let busy: Vec<ConnectionId> =
                users.filter(|(_, each)| each.user.is_some()).map(|(id, _)| id).collect();
            for id in busy {
                self.engine.handle_received(id, &frame(0, b"ok"), self.now);
            }
            self.act();
            assert!(self.engine.take_outcome(call).is_some_and(|outcome| outcome.is_ok()));
        }
        self.is_rehearsal = false;
        self.sent.fill(0);
        // Until then strategies go by what they knew before.
        self.now += ms(2_000);
    }

    fn start(&mut self, access: Access, options: &CallOptions, scope: Scope) -> CallId {
        let request: Arc<dyn Request> = Arc::new(Plain(access));
        let call = self.engine.start(&self.agent, &request, options, scope, self.now);
        self.act();
        call
    }

    fn counters(&self) -> Vec<Vec<u64>> {
        let count = |mirror: &Mirror| {
            let window = mirror.host.read(|karma| karma.since_start());
            Counter::ALL.iter().map(|counter| window.get(*counter)).collect()
        };
        self.agent.mirrors.iter().map(count).collect()
    }

    fn observe_failure(&self, failure: AgentFailure, observed: &mut Observed) {
        let name = |host: &str| {
            let mut mirrors = self.agent.mirrors.iter();
            mirrors.position(|mirror| mirror.host.name == host).expect("a mirror of the agent")
        };
        let attempts = failure.attempts.iter();
        let attempts = attempts.map(|each| (name(&each.host), each.kind, each.phase)).collect();
        observed.outcome = Some(Err(attempts));
        observed.is_query_error = failure.query_error.is_some();
        observed.deadline_passed = failure.deadline_passed;
    }

    fn act(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Connect(id, _) => self.connect(id),
                Action::Send(id) => self.send(id),
                Action::TakeOver(id, _) => self.engine.handle_nothing_to_take(id, self.now),
                Action::Close(_) => {}
                Action::Lookup(host, _) => {
                    let found = address(&host);
                    let is_lost = self.fate_at(host.number) == Fate::NoAddress;
                    let text = "no such name".to_owned();
                    let lost = Err(Unresolved { text, is_local: false });
                    host.handle_lookup(if is_lost { lost } else { Ok(vec![found]) });
                    self.engine.handle_lookup(&host, self.now, self.now);
                }
            }
        }
        self.engine.sweep();
    }

    fn fate_at(&self, mirror: usize) -> Fate {
        if self.is_rehearsal { Fate::Hangs } else { self.cell.fate_of(mirror) }
    }

    fn connect(&mut self, id: ConnectionId) {
        match self.fate_at(self.engine.connections[id].host.number) {
            Fate::Refuses => self.engine.handle_connect_failed(id, "refused", self.now),
            Fate::Unreachable => {}
            _ => self.engine.handle_connected(id, self.now),
        }
    }

    fn send(&mut self, id: ConnectionId) {
        let length = self.engine.output(id).len();
        if length == 0 {
            return;
        }
        let (now, engine) = (self.now, &mut self.engine);
        let connection = &engine.connections[id];
        let (mirror, is_used) = (connection.host.number, connection.served > 0);
        let fate = if self.is_rehearsal { Fate::Hangs } else { self.cell.fate_of(mirror) };
        let broken = || Closing::Broken("reset".into());
        match fate {
            Fate::BreaksUnsent => return engine.handle_closed(id, broken(), now),
            Fate::BreaksHalfSent => {
                self.sent[mirror] += 1;
                engine.handle_sent(id, 1);
                return engine.handle_closed(id, broken(), now);
            }
            _ => {
                self.sent[mirror] += 1;
                engine.handle_sent(id, length);
            }
        }
        if fate.is_of_new_connections() {
            match fate {
                Fate::NeverGreets if !is_used => {}
                Fate::GreetsWrongly if !is_used => {
                    engine.handle_received(id, &[0, 0, 0, 77], now);
                }
                _ => engine.handle_closed(id, Closing::End, now),
            }
            return;
        }
        if !is_used {
            engine.handle_received(id, &[0, 0, 0, 1], now);
        }
        match fate {
            Fate::Answers => engine.handle_received(id, &frame(0, b"ok"), now),
            Fate::ClosesAfterRequest => engine.handle_closed(id, Closing::End, now),
            Fate::CutsReply => {
                engine.handle_received(id, &[0, 0, 1], now);
                engine.handle_closed(id, Closing::End, now);
            }
            Fate::StallsInReply => engine.handle_received(id, &[0, 0, 1], now),
            Fate::RepliesGarbage => {
                engine.handle_received(id, &[0, 0, 1, 0, 127, 255, 0, 0], now);
            }
            Fate::SaysError => engine.handle_received(id, &frame(1, &text("no such field")), now),
            Fate::SaysRetry => engine.handle_received(id, &frame(2, &text("maxed out")), now),
            _ => {}
        }
    }
}

impl Fate {
    /// It meets new connections only; one that was used before is simply dead.
    fn is_of_new_connections(self) -> bool {
        use Fate::{ClosesUngreeted, GreetsWrongly, NeverGreets, Refuses, Unreachable};
        matches!(self, Refuses | Unreachable | ClosesUngreeted | NeverGreets | GreetsWrongly)
    }
}

fn address(host: &Host) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, host.number as u16))
}

fn frame(status: u16, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.put_u16(status);
    frame.put_u16(0x119);
    frame.put_u32(body.len() as u32);
    frame.extend_from_slice(body);
    frame
}

fn text(words: &str) -> Vec<u8> {
    let mut text = Vec::new();
    text.put_string(words.as_bytes());
    text
}
