//! New connections: their addresses, and how many a host is asked for at once.
//!
//! searchd listens with a backlog of five (2.2.11): of more connections than that at once the
//! kernel drops some, which then wait a second for their second try. So connections to a host wait
//! here until few enough others are without their greeting; now and then one goes on regardless,
//! for those others may hang. Manticore, which greets with its first reply, has a longer backlog
//! and is not waited for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::connection::State;
use super::{Action, ConnectionId, Engine};
use crate::host::{DialPlace, Lookup};

/// Connections that wait for their turn to be made.
#[derive(Debug, Default)]
pub(super) struct Dials {
    waiting: VecDeque<ConnectionId>,
    due: Option<Instant>,
}

impl Dials {
    /// When to look again: other engines give places back without a word.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due
    }
}

impl Engine {
    /// Begins to connect, after a look-up of the host's name if that is needed.
    pub(super) fn connect(&mut self, id: ConnectionId, now: Instant) {
        let host = self.connections[id].host.clone();
        match host.lookup() {
            Lookup::Known(endpoints) => {
                self.connections[id].state = State::Connecting { endpoints, position: 0 };
                self.dials.waiting.push_back(id);
                self.dial_waiting(now);
            }
            // A look-up that failed is made again for each attempt: the name may be back.
            Lookup::Needed | Lookup::Failed(_) => {
                self.connections[id].state = State::Resolving;
                self.actions.push_back(Action::Lookup(host, true));
            }
        }
    }

    /// Dials for those that may go on, in their order.
    pub(super) fn dial_waiting(&mut self, now: Instant) {
        for _ in 0..self.dials.waiting.len() {
            let Some(id) = self.dials.waiting.pop_front() else { break };
            // It may have been closed, and its number given to another, while it waited.
            let Some(connection) = self.connections.get_mut(id) else { continue };
            let State::Connecting { endpoints, position: 0 } = &connection.state else { continue };
            if connection.dial == DialPlace::Dialling {
                continue;
            }
            if !connection.host.greets_last() {
                connection.dial = connection.host.claim_dial(connection.dial, now);
                if connection.dial == DialPlace::Queued {
                    self.dials.waiting.push_back(id);
                    continue;
                }
            }
            self.actions.push_back(Action::Connect(id, endpoints[0].clone()));
        }
        self.dials.due = (!self.dials.waiting.is_empty()).then(|| now + TURN);
    }

    /// The daemon has accepted: another connection may be made.
    pub(super) fn end_dial(&mut self, id: ConnectionId, now: Instant) {
        let connection = &mut self.connections[id];
        let place = std::mem::take(&mut connection.dial);
        if place != DialPlace::None {
            connection.host.release_dial(place);
            self.dial_waiting(now);
        }
    }
}

/// How long a waiting connection takes at most to see a place that another engine gave back.
const TURN: Duration = Duration::from_millis(1);
