//! New connections: their addresses, and how many a host is asked for at once.
//!
//! searchd listens with a backlog of five (2.2.11): of more connections than that at once the
//! kernel drops some, which then wait a second for their second try. So connections to a host wait
//! here until few enough others are without their greeting; for a far host the number of these
//! follows what it takes. Now and then one goes on regardless, for those others may hang.
//! Manticore, which greets with its first reply, has a longer backlog and is not waited for.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use slab::Slab;

use super::connection::{Connection, State};
use super::{Action, ConnectionId, Engine};
use crate::host::{DialPlace, DialTurn, Endpoint, Lookup};
use crate::karma::PATIENCE_MIN;

/// Connections that wait for their turn to be made.
#[derive(Debug, Default)]
pub(super) struct Dials {
    by_host: Vec<Line>,
    /// Hosts at which this engine waits for a place.
    waits_at: Vec<usize>,
    /// Wakes the driver when a place is free.
    waker: Option<Waker>,
    /// When to look again: to connections that hang, another is added as time goes by.
    due: Option<Instant>,
    /// Number of looks in a row that were for nothing.
    vain_looks: u32,
    /// When connections go on to their next address, unless they did before.
    pub(super) shares: BinaryHeap<Reverse<(Instant, ConnectionId)>>,
}

/// Connections of one engine that wait to be made to one host, in their order.
#[derive(Debug, Default)]
struct Line {
    ids: VecDeque<ConnectionId>,
    /// True if the first of them waits for a place.
    waits: bool,
}

impl Dials {
    /// When [`Engine::handle_dial_timeout`] is due; a spurious wake-up is harmless.
    pub(super) fn next(&self) -> Option<Instant> {
        let share = self.shares.peek().map(|Reverse((due, _))| *due);
        [self.due, share].into_iter().flatten().min()
    }

    /// Arms the shares of addresses anew, after their ends have moved.
    pub(super) fn rearm_shares(&mut self, connections: &Slab<Connection>) {
        let until = |connection: &Connection| match connection.state {
            State::Connecting { until, .. } => until,
            State::Resolving { until, .. } => Some(until),
            _ => None,
        };
        let ends =
            connections.iter().filter_map(|(id, connection)| Some((until(connection)?, id)));
        self.shares = ends.map(Reverse).collect();
    }

    /// Remembers that connections to that host wait.
    fn wait_at(&mut self, host: usize) {
        if !std::mem::replace(&mut self.by_host[host].waits, true) {
            self.waits_at.push(host);
        }
    }

    /// Looks again after that time, or half as much more or less: by chance engines do not all
    /// look at once.
    fn look_again(&mut self, pause: Duration, chance: f64, now: Instant) {
        let due = now + pause.mul_f64(0.5 + chance);
        self.due = Some(self.due.map_or(due, |other| other.min(due)));
    }
}

impl Engine {
    /// Has the driver woken when a connection may be made that had to wait: it then calls
    /// [`Self::handle_called`].
    pub(crate) fn wake_by(&mut self, waker: Waker) {
        self.dials.waker = Some(waker);
    }

    /// A place may be free for a connection that waits for one.
    pub(crate) fn handle_called(&mut self, now: Instant) {
        self.dial_all(DialTurn::Called, now);
    }

    fn dial_all(&mut self, turn: DialTurn, now: Instant) {
        for host in std::mem::take(&mut self.dials.waits_at) {
            self.dials.by_host[host].waits = false;
            self.dial(host, turn, now);
        }
    }

    /// Begins to connect, after a look-up of the host's name if that is needed.
    pub(super) fn connect(&mut self, id: ConnectionId, now: Instant) {
        let host = self.connections[id].host.clone();
        match host.addresses.lookup() {
            Lookup::Known(endpoints) if !host.addresses.looks_up_each() => {
                self.connect_to(id, endpoints, now);
            }
            // A look-up that failed is made again for each attempt: the name may be back.
            _ => self.resolve(id, now),
        }
    }

    /// Begins to connect to one of these addresses.
    pub(super) fn connect_to(
        &mut self,
        id: ConnectionId,
        endpoints: Arc<[Endpoint]>,
        now: Instant,
    ) {
        let connection = &mut self.connections[id];
        connection.address_changes = connection.host.addresses.changes();
        connection.state = State::Connecting {
            endpoints,
            position: 0,
            is_dialled: false,
            until: None,
            silent: Vec::new(),
        };
        let host = connection.host.number;
        self.wait_to_dial(id, host);
        self.dial(host, DialTurn::Called, now);
    }

    /// A listener's queue was full, which a unix socket says at once: later.
    pub(crate) fn handle_connect_busy(&mut self, id: ConnectionId, now: Instant) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if let State::Connecting { is_dialled, .. } = &mut connection.state {
            *is_dialled = false;
            connection.host.dialling.release(std::mem::take(&mut connection.dial));
            let host = connection.host.number;
            self.wait_to_dial(id, host);
            let chance = self.random.f64();
            self.dials.wait_at(host);
            let pause =
                (TURN * (1 << self.dials.vain_looks.min(BUSY_DOUBLINGS_MAX))).min(LINE_PAUSE);
            self.dials.look_again(pause, chance, now);
        }
    }

    /// Time went by: places of other engines may be free, and shares of addresses over.
    pub(super) fn handle_dial_timeout(&mut self, now: Instant) {
        while let Some(&Reverse((due, id))) = self.dials.shares.peek()
            && due <= now
        {
            self.dials.shares.pop();
            self.end_share(id, due, now);
        }
        if self.dials.due.is_some_and(|due| due <= now) {
            self.dials.due = None;
            self.dials.vain_looks += 1;
            self.dial_all(DialTurn::Due, now);
        }
    }

    /// Dials the address whose turn it is. Each that is left has an equal share of the time left.
    pub(super) fn dial_next(&mut self, id: ConnectionId, now: Instant) {
        let connection = &mut self.connections[id];
        let State::Connecting { endpoints, position, is_dialled, until, .. } =
            &mut connection.state
        else {
            return;
        };
        *is_dialled = true;
        self.actions.push_back(Action::Connect(id, endpoints[*position].clone()));
        connection.dialled_at = now;
        let others = (endpoints.len() - *position - 1) as u32;
        let user = connection.user.filter(|_| others > 0);
        let end = user.and_then(|user| self.calls[user.call].call.reach_until(user.attempt));
        *until = end.map(|end| now + end.saturating_duration_since(now) / (others + 1));
        self.dials.shares.extend(until.map(|until| Reverse((until, id))));
    }

    /// An address was silent for its share of the time, or a look-up takes long.
    fn end_share(&mut self, id: ConnectionId, due: Instant, now: Instant) {
        if let Some(connection) = self.connections.get_mut(id)
            && let State::Connecting { endpoints, position, until, silent, .. } =
                &mut connection.state
            && *until == Some(due)
        {
            connection.host.addresses.demote(&endpoints[*position]);
            silent.push(endpoints[*position].clone());
            *position += 1;
            return self.dial_next(id, now);
        }
        self.handle_slow_lookup(id, due, now);
    }

    /// Dials addresses that were silent once more, after all others refused; false if there are
    /// none.
    pub(super) fn dial_silent(&mut self, id: ConnectionId, now: Instant) -> bool {
        let State::Connecting { endpoints, position, silent, .. } =
            &mut self.connections[id].state
        else {
            return false;
        };
        if silent.is_empty() {
            return false;
        }
        (*endpoints, *position) = (std::mem::take(silent).into(), 0);
        self.dial_next(id, now);
        true
    }

    fn wait_to_dial(&mut self, id: ConnectionId, host: usize) {
        let queues = &mut self.dials.by_host;
        if host >= queues.len() {
            queues.resize_with(host + 1, Line::default);
        }
        queues[host].ids.push_back(id);
    }

    /// Dials for those that wait for a host, in their order, as long as there is a place.
    fn dial(&mut self, host: usize, turn: DialTurn, now: Instant) {
        while let Some(&id) = self.dials.by_host[host].ids.front() {
            // It may have been closed, and its number given to another, while it waited.
            let connection = self.connections.get_mut(id);
            let waiting = connection.filter(|connection| {
                connection.host.number == host && !connection.dial.is_dialling()
            });
            if let Some(connection) = waiting
                && matches!(connection.state, State::Connecting { .. })
            {
                let has_waited = connection.dial.is_queued();
                if connection.host.greeting.greets_last() {
                    connection.host.dialling.release(std::mem::take(&mut connection.dial));
                } else {
                    connection.claim(turn, self.dials.waker.as_ref(), now);
                    if connection.dial.is_queued() {
                        return self.queue_up(host, now);
                    }
                }
                if let Some(user) = connection.user.filter(|_| has_waited) {
                    self.calls[user.call].call.handle_late_dial(user.attempt, now);
                }
                self.dials.vain_looks = 0;
                self.dial_next(id, now);
            }
            self.dials.by_host[host].ids.pop_front();
        }
    }

    /// Queues up those behind the first in line, too: to connect to them was not begun either.
    fn queue_up(&mut self, host: usize, now: Instant) {
        self.dials.wait_at(host);
        let ids = &self.dials.by_host[host].ids;
        let stands = |id: usize| {
            self.connections
                .get(id)
                .is_some_and(|it| it.host.number == host && it.dial.is_queued())
        };
        // All before one that stands in the line do, or were closed.
        let standing = ids.iter().rposition(|&id| stands(id)).unwrap_or(0);
        for &id in ids.iter().skip(standing + 1) {
            if let Some(connection) = self.connections.get_mut(id)
                && connection.host.number == host
                && connection.dial == DialPlace::None
                && matches!(connection.state, State::Connecting { .. })
            {
                connection.claim(DialTurn::Called, self.dials.waker.as_ref(), now);
                debug_assert!(connection.dial.is_queued(), "it passed the first in line");
            }
        }
        let own = ids.len();
        let queued = ids.front().map_or(0, |&id| self.connections[id].host.dialling.queued());
        // There are about as many engines as the connections of this one go into those of all.
        // Whoever is called is woken: one look in [`TURN`] by all together is for those who are
        // not, and for hosts that hang.
        let pause = (TURN * (queued / own as u32)).max(LINE_PAUSE);
        self.dials.look_again(pause, self.random.f64(), now);
    }

    /// A connection was given up while its daemon was silent: the address may belong to nobody
    /// now, or to another. If it was being made, the next attempt begins with another address; in
    /// any case the name is looked up again. Who gives up at once has seen no silence.
    pub(super) fn handle_silence(&mut self, id: ConnectionId, now: Instant) {
        let connection = &self.connections[id];
        let host = connection.host.clone();
        match &connection.state {
            State::Connecting { endpoints, position, .. } => {
                let waited = now.saturating_duration_since(connection.dialled_at);
                if connection.dial.is_queued() || waited < PATIENCE_MIN {
                    return;
                }
                host.dialling.handle_ungreeted();
                host.addresses.demote(&endpoints[*position]);
            }
            State::Open if !connection.reader.has_reply_bytes() => {}
            _ => return,
        }
        self.look_up_beside(&host, now);
    }

    /// The daemon has accepted: another connection may be made.
    pub(super) fn end_dial(&mut self, id: ConnectionId, now: Instant) {
        let connection = &mut self.connections[id];
        if connection.dial != DialPlace::None {
            let (since, way) = (connection.dialled_at, connection.way);
            connection.host.dialling.handle_greeted(since, way, now);
            self.give_up_dial(id, now);
        }
    }

    /// Leaves an address without a greeting: another connection may be made.
    pub(super) fn give_up_dial(&mut self, id: ConnectionId, now: Instant) {
        let connection = &mut self.connections[id];
        let place = std::mem::take(&mut connection.dial);
        if place != DialPlace::None {
            connection.host.dialling.release(place);
            let host = connection.host.number;
            self.dial(host, DialTurn::Called, now);
        }
    }
}

impl Connection {
    /// Asks its host for a place to be dialled, or to keep the one in the line.
    fn claim(&mut self, turn: DialTurn, waker: Option<&Waker>, now: Instant) {
        self.dial = self.host.dialling.claim(self.dial, turn, waker, now);
    }
}

/// Time after which a place that another engine gave back is seen at first.
const TURN: Duration = Duration::from_millis(1);

/// Shortest pause between looks of who waits in a line: with half as much again it is still less
/// than [`EXTRA_DIAL_PAUSE`](crate::host::EXTRA_DIAL_PAUSE).
const LINE_PAUSE: Duration = Duration::from_millis(6);

/// Where the kernel says that a listener's queue is full, looks are further and further apart.
const BUSY_DOUBLINGS_MAX: u32 = 3;
