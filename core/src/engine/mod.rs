//! All calls of a batch and all connections of a driver, without a socket or a clock.
//!
//! Report what happened with the `handle_*` methods, then do what [`Engine::poll_action`] says
//! until it says nothing, call [`Engine::sweep`], and wait for sockets until
//! [`Engine::next_timeout`]. It runs in a simulated world (`simulation`) as it runs on sockets
//! (`net::driver`).

mod absence;
mod calls;
mod connection;
mod dial;
mod events;
mod idle;
mod left_behind;
mod names;
#[cfg(test)]
mod sabotage;
mod soft_ends;
mod timers;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use slab::Slab;

use calls::Calls;
use connection::{Connection, State, User};
use dial::Dials;
use idle::Idle;
use left_behind::Silences;
use soft_ends::SoftEnds;
use timers::Timers;

use crate::agent::Agent;
use crate::call::{Answer, Call, Command, Scope};
use crate::error::{AgentFailure, Error, Phase};
use crate::host::{Endpoint, Host};
use crate::limits::{BUFFER_KEPT_MAX, BUFFERS_KEPT_MAX};
use crate::mirror::Mirror;
use crate::options::CallOptions;
use crate::request::{Access, Request, Target};
use crate::search::Effort;
use crate::wire::frame::FrameReader;
use crate::wire::{handshake, header, persist};

#[cfg(test)]
pub(crate) use connection::State as ConnectionState;
pub(crate) use events::Closing;
pub(crate) use idle::Handover;
#[cfg(test)]
pub(crate) use sabotage::Sabotaged;

/// Number of a call within its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// Number of a connection; used again after [`Engine::sweep`].
pub(crate) type ConnectionId = usize;

/// What the driver has to do.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Begin to connect.
    Connect(ConnectionId, Endpoint),
    /// Write [`Engine::output`].
    Send(ConnectionId),
    /// Close the socket, if there is one.
    Close(ConnectionId),
    /// Take over an idle connection of another driver of the same client
    /// ([`Engine::handle_taken_over`]), if one has any ([`Engine::handle_nothing_to_take`]).
    TakeOver(ConnectionId, Arc<Host>),
    /// Look the host's name up; [`Engine::handle_lookup`] hears of the end. With `false` nobody
    /// waits for it.
    Lookup(Arc<Host>, bool),
}

/// The state machine of a driver.
pub(crate) struct Engine {
    pub(crate) calls: Calls,
    running: usize,
    completed: VecDeque<CallId>,
    pub(crate) connections: Slab<Connection>,
    closed: Vec<ConnectionId>,
    idle: Idle,
    dials: Dials,
    actions: VecDeque<Action>,
    timers: Timers,
    silences: Silences,
    soft_ends: SoftEnds,
    random: fastrand::Rng,
    spare: Vec<Vec<u8>>,
    /// Since when replies may have waited in their sockets before they are read.
    reads_late: Option<Instant>,
    /// Until when all time that this process missed is taken into account.
    absent_until: Option<Instant>,
}

impl Engine {
    /// An engine without calls; the seed decides every pick.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            calls: Calls::default(),
            running: 0,
            completed: VecDeque::new(),
            connections: Slab::new(),
            closed: Vec::new(),
            idle: Idle::default(),
            dials: Dials::default(),
            actions: VecDeque::new(),
            timers: Timers::default(),
            silences: Silences::default(),
            soft_ends: SoftEnds::default(),
            random: fastrand::Rng::with_seed(seed),
            spare: Vec::new(),
            reads_late: None,
            absent_until: None,
        }
    }

    /// Checks that the request can be sent to an agent at all, and returns the bytes of its body.
    /// What the caller got wrong is told at once, and no mirror is blamed for it.
    pub(crate) fn check(&mut self, agent: &Agent, request: &dyn Request) -> Result<usize, Error> {
        let mut body = self.spare.pop().unwrap_or_default();
        let mirror = &agent.mirrors[0];
        let target = target(mirror, 0);
        let checked = request.encode(&target, &mut body).and_then(|()| {
            let (length, limit) = (body.len(), agent.max_packet_size);
            let text = || format!("request of {length} bytes is above max_packet_size={limit}");
            if length > limit { Err(Error::Request(text())) } else { Ok(length) }
        });
        keep_spare(&mut self.spare, body);
        checked
    }

    /// Begins a call.
    pub(crate) fn start(
        &mut self,
        agent: &Arc<Agent>,
        request: &Arc<dyn Request>,
        options: &CallOptions,
        scope: Scope,
        now: Instant,
    ) -> CallId {
        self.handle_presence(now);
        let random = self.random.u64(..);
        let call = Call::new(agent.clone(), request.clone(), options, scope, random, now);
        let id = self.calls.push(call);
        self.running += 1;
        self.run_commands(id, now);
        id
    }

    /// Calls that have not ended.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// Number of the next call.
    pub(crate) fn next_call(&self) -> CallId {
        self.calls.next()
    }

    /// A call that ended, each once, and none that was forgotten since.
    pub(crate) fn poll_completion(&mut self) -> Option<CallId> {
        std::iter::from_fn(|| self.completed.pop_front())
            .find(|ended| self.calls.get(*ended).is_some())
    }

    /// Returns the outcome of a call; `None` while it runs, or once taken.
    pub(crate) fn outcome(&self, id: CallId) -> Option<&Result<Answer, AgentFailure>> {
        self.calls.get(id).and_then(|slot| slot.call.outcome())
    }

    /// Takes an outcome out.
    pub(crate) fn take_outcome(&mut self, id: CallId) -> Option<Result<Answer, AgentFailure>> {
        self.calls.get_mut(id).and_then(|slot| slot.call.take_outcome())
    }

    /// The agent that a call asks, and the mirror that it was, or is, bound to.
    pub(crate) fn asked(&self, id: CallId) -> Option<(&Arc<Agent>, Option<usize>)> {
        let call = &self.calls.get(id)?.call;
        Some((call.agent(), call.bound_mirror()))
    }

    /// Returns what a call has cost, before its outcome is taken; `None` while it runs.
    pub(crate) fn effort(&self, id: CallId) -> Option<Effort> {
        let slot = self.calls.get(id)?;
        let elapsed = slot.ended_at?.saturating_duration_since(slot.call.begun_at());
        let (attempts, kept_mirror) = (slot.call.attempts(), slot.call.kept_mirror());
        let answer = slot.call.outcome().and_then(|outcome| outcome.as_ref().ok());
        let answer_elapsed = answer.map(|answer| answer.reply.elapsed);
        let failed_attempts = slot.call.failed_attempts().to_vec();
        Some(Effort { elapsed, attempts, kept_mirror, answer_elapsed, failed_attempts })
    }

    /// Ends a call without an answer; one that has ended stays as it is.
    pub(crate) fn cancel(&mut self, id: CallId, now: Instant) {
        if let Some(slot) = self.calls.get_mut(id) {
            slot.call.cancel();
            self.run_commands(id, now);
        }
    }

    /// Lets a call that has ended go; its number means nothing any more.
    pub(crate) fn forget(&mut self, id: CallId) {
        self.calls.forget(id);
    }

    /// Ends the batch: running calls are cancelled, outcomes forgotten, idle connections kept.
    pub(crate) fn reset(&mut self, now: Instant) {
        for id in self.calls.ids() {
            self.cancel(id, now);
        }
        for mut call in self.calls.drain() {
            if let Some(Ok(answer)) = call.take_outcome() {
                keep_spare(&mut self.spare, answer.reply.body);
            }
        }
        self.completed.clear();
        self.timers.clear();
        self.soft_ends.clear();
    }

    /// What to do next.
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Bytes to write on a connection.
    pub(crate) fn output(&self, id: ConnectionId) -> &[u8] {
        // What was given up after its turn to be sent came must not be sent after all.
        let open = self.connections.get(id).filter(|open| open.is_open() && open.is_awaited());
        open.map_or(&[], |connection| &connection.output[connection.sent..])
    }

    /// Whether a connection was given up; its socket goes with the next actions.
    pub(crate) fn is_closed(&self, id: ConnectionId) -> bool {
        self.connections.get(id).is_none_or(Connection::is_closed)
    }

    /// Whether a connection is being made.
    pub(crate) fn is_connecting(&self, id: ConnectionId) -> bool {
        let connection = self.connections.get(id);
        connection.is_some_and(|connection| matches!(connection.state, State::Connecting { .. }))
    }

    /// Whether a connection is to be kept after its use.
    pub(crate) fn keeps(&self, id: ConnectionId) -> bool {
        self.connections.get(id).is_some_and(|connection| connection.kept)
    }

    /// Whether the requests of all attempts under way are with the kernel, to the last byte.
    pub(crate) fn is_sent(&self) -> bool {
        let mut in_use = self.connections.iter().filter(|(_, open)| open.user.is_some());
        in_use.all(|(_, connection)| connection.is_open() && connection.is_flushed())
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let due = [self.timers.next(), self.dials.next(), self.silences.next()];
        due.into_iter().flatten().min()
    }

    /// Sets free the numbers of closed connections. Between two sweeps no number changes hands,
    /// so an event of a closed connection can't hit a new one.
    pub(crate) fn sweep(&mut self) {
        for id in self.closed.drain(..) {
            let mut connection = self.connections.remove(id);
            keep_spare(&mut self.spare, std::mem::take(&mut connection.output));
        }
    }

    /// Closes every connection; for the end of a driver.
    pub(crate) fn close_all(&mut self, now: Instant) {
        self.reset(now);
        let ids: Vec<ConnectionId> = self.connections.iter().map(|(id, _)| id).collect();
        for id in ids {
            self.close(id);
        }
    }

    /// Ends an engine that a panic of the program's own code left half way. Nothing is done any
    /// more, but what its calls and connections hold at their hosts is given back.
    pub(crate) fn let_go(mut self) {
        self.calls.drain().for_each(|mut call| call.cancel());
    }

    fn run_commands(&mut self, id: CallId, now: Instant) {
        while let Some(command) = self.calls[id].call.poll_command() {
            match command {
                Command::Start { attempt, mirror, fresh_since } => {
                    self.start_attempt(User { call: id, attempt }, mirror, fresh_since, now);
                }
                Command::LeaveBehind { attempt } => {
                    self.leave_behind(User { call: id, attempt }, now);
                }
                Command::Abandon { attempt } => self.abandon(User { call: id, attempt }, now),
                Command::Follow { attempt } => {
                    self.look_after_silence(User { call: id, attempt }, now);
                }
                Command::LookUp { mirror } => {
                    let host = self.calls[id].call.agent().mirrors[mirror].host.clone();
                    self.look_up_beside(&host, now);
                }
                Command::Finish => {
                    self.calls[id].ended_at = Some(now);
                    self.running -= 1;
                    self.completed.push_back(id);
                    self.note_end(id, now);
                }
            }
        }
        self.rearm(id);
    }

    fn start_attempt(
        &mut self,
        user: User,
        mirror: usize,
        fresh_since: Option<Instant>,
        now: Instant,
    ) {
        let call = &self.calls[user.call].call;
        let agent = call.agent().clone();
        let host = agent.mirrors[mirror].host.clone();
        // A kept connection may turn out to be dead, which a write can't survive: nobody knows
        // whether the daemon has read it. A ping shall see whether new connections are taken.
        let may_keep = !call.is_ping() && call.request().access() == Access::Read;
        let idle = may_keep.then(|| self.take_idle(&host, fresh_since, now)).flatten();
        if idle.is_some() {
            self.calls[user.call].call.handle_reused(user.attempt);
        }
        let id = idle.unwrap_or_else(|| {
            let wants_kept = may_keep && agent.keeps_connections;
            let keep = wants_kept && host.kept.claim();
            let may_take_over = wants_kept
                && !keep
                && fresh_since.is_none()
                && host.kept.count() > host.kept.busy();
            let id = self.open(host, keep, agent.max_packet_size, now);
            if may_take_over {
                self.connections[id].state = State::Wanted;
            }
            id
        });
        self.link(id, user);
        self.send_request(id, user, now);
    }

    /// Sends the request of an attempt over a connection, which may have to be made first.
    fn send_request(&mut self, id: ConnectionId, user: User, now: Instant) {
        if let Err(error) = self.encode(id) {
            self.calls[user.call].call.handle_unsendable(user.attempt, error);
            self.detach(id);
            self.close(id);
            return;
        }
        let connection = &self.connections[id];
        let call = &mut self.calls[user.call].call;
        match connection.state {
            State::Open => {
                call.handle_reached(user.attempt, now);
                self.actions.push_back(Action::Send(id));
            }
            State::Wanted => {
                self.actions.push_back(Action::TakeOver(id, connection.host.clone()));
            }
            _ => {
                call.agent().traffic.handle_connect();
                self.connect(id, now);
            }
        }
    }

    fn open(&mut self, host: Arc<Host>, kept: bool, max: usize, now: Instant) -> ConnectionId {
        let reader = FrameReader::new(max, self.spare.pop().unwrap_or_default());
        let mut output = self.spare.pop().unwrap_or_default();
        output.clear();
        let mut connection = Connection::new(host, reader, output, now);
        connection.kept = kept;
        self.connections.insert(connection)
    }

    fn link(&mut self, id: ConnectionId, user: User) {
        let connection = &mut self.connections[id];
        connection.user = Some(user);
        if connection.kept {
            connection.host.kept.handle_busy();
        }
        self.calls[user.call].links.push((user.attempt, id));
    }

    /// Writes the request, before it what a new connection begins with.
    fn encode(&mut self, id: ConnectionId) -> Result<(), Error> {
        let connection = &mut self.connections[id];
        let Some(user) = connection.user else { return Ok(()) };
        let call = &self.calls[user.call].call;
        let Some(mirror) = call.mirror(user.attempt) else { return Ok(()) };
        let agent = call.agent();
        let output = &mut connection.output;
        output.clear();
        connection.sent = 0;
        if connection.served == 0 {
            output.extend_from_slice(&handshake::CLIENT);
            if connection.kept {
                output.extend_from_slice(&persist::ON);
            }
        }
        let mirror = &agent.mirrors[mirror];
        let target = target(mirror, user.attempt);
        (connection.asked, connection.layout) = (target.product, target.layout);
        let start = header::begin_request(call.request().command_for(&target), output);
        call.request().encode(&target, output)?;
        let limit = agent.max_packet_size;
        header::end_request(start, limit, output).ok_or_else(|| {
            let length = output.len() - start - header::LENGTH;
            Error::Request(format!("request of {length} bytes is above max_packet_size={limit}"))
        })
    }

    /// What the attempt is doing; `None` while it waits for its turn to connect.
    fn phase_of(
        links: &[(u32, ConnectionId)],
        all: &Slab<Connection>,
        attempt: u32,
    ) -> Option<Phase> {
        let (_, id) = links.iter().find(|(number, _)| *number == attempt)?;
        let connection = all.get(*id)?;
        (!connection.dial.is_queued()).then(|| connection.phase())
    }

    /// Separates a connection from its attempt.
    fn detach(&mut self, id: ConnectionId) -> Option<User> {
        let connection = &mut self.connections[id];
        let user = connection.user.take()?;
        if connection.kept {
            connection.host.kept.handle_idle();
        }
        let links = &mut self.calls[user.call].links;
        links.retain(|(_, linked)| *linked != id);
        Some(user)
    }

    /// The reply of an attempt is not wanted: its connection can't be used again either.
    fn abandon(&mut self, user: User, now: Instant) {
        let links = &self.calls[user.call].links;
        let link = links.iter().find(|(attempt, _)| *attempt == user.attempt);
        if let Some(&(_, id)) = link {
            self.handle_silence(id, now);
            self.detach(id);
            self.close(id);
        }
    }

    fn close(&mut self, id: ConnectionId) {
        let connection = &mut self.connections[id];
        if connection.is_closed() {
            return;
        }
        connection.state = State::Closed;
        connection.left_behind = None;
        connection.release();
        self.idle.remove(connection.host.number, id);
        self.actions.push_back(Action::Close(id));
        self.closed.push(id);
    }
}

fn target(mirror: &Mirror, attempt: u32) -> Target<'_> {
    let Mirror { host, index_list, .. } = mirror;
    let (product, layout) = (host.greeting.product(), host.greeting.layout());
    Target { host: &host.name, index_list, attempt, product, layout }
}

/// Keeps a buffer for the next call, unless it is unusually large or there are enough.
fn keep_spare(spare: &mut Vec<Vec<u8>>, mut buffer: Vec<u8>) {
    if buffer.capacity() > 0
        && buffer.capacity() <= BUFFER_KEPT_MAX
        && spare.len() < BUFFERS_KEPT_MAX
    {
        buffer.clear();
        spare.push(buffer);
    }
}
