//! Look-ups of hosts' names, and what becomes of connections meanwhile.
//!
//! What waits for a look-up has sent nothing: another mirror of its call, if there is one, is
//! asked without it ([`Call::handle_resolving`](crate::call::Call::handle_resolving)). A name
//! whose addresses all refuse, or say nothing for long, may have moved: it is looked up again
//! before its attempt fails.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::{Connection, State, User};
use super::{Action, ConnectionId, Engine};
use crate::error::{FailureKind, FaultText};
use crate::host::{Endpoint, Host, Lookup, Unresolved};

impl Engine {
    /// A look-up ended that began at `begun_at`: connections that wait for it go on. If it brought
    /// nothing, those that asked later wait for the look-up that they asked for.
    pub(crate) fn handle_lookup(&mut self, host: &Host, begun_at: Instant, now: Instant) {
        let of_host = self.connections.iter().filter(|(_, open)| open.host.number == host.number);
        let ids: Vec<ConnectionId> = of_host.map(|(id, _)| id).collect();
        for id in ids {
            // What came of another one may have closed it, or sent it on.
            let Some(connection) = self.connections.get(id) else { continue };
            match &connection.state {
                State::Resolving { since, .. } => {
                    let is_its_own = *since <= begun_at;
                    self.end_lookup(id, is_its_own, now);
                }
                _ if connection.follows => self.follow(id, now),
                _ => {}
            }
        }
    }

    /// The connection waits for a look-up of its host's name.
    pub(super) fn resolve(&mut self, id: ConnectionId, now: Instant) {
        let until = now + LOOKUP_PATIENCE;
        let connection = &mut self.connections[id];
        connection.state = State::Resolving { since: now, until };
        let (host, user) = (connection.host.clone(), connection.user);
        self.dials.remind(until, id);
        self.actions.push_back(Action::Lookup(host, true));
        if let Some(User { call, attempt }) = user {
            let random = self.random.u64(..);
            self.calls[call].call.handle_resolving(attempt, random, now);
        }
    }

    /// Goes on with the last addresses, if there are any, where a look-up takes long.
    pub(super) fn handle_slow_lookup(&mut self, id: ConnectionId, due: Instant, now: Instant) {
        let Some(connection) = self.connections.get(id) else { return };
        if !matches!(connection.state, State::Resolving { until, .. } if until == due) {
            return;
        }
        if let Lookup::Known(endpoints) = connection.host.addresses.lookup() {
            let open = connection.not_left(&endpoints);
            if !open.is_empty() {
                self.go_on(id, open, now);
            }
        }
    }

    /// All addresses refused. Of a name that may have moved the failure is booked, and the attempt
    /// lives on until a new look-up says where it is now.
    pub(super) fn look_again(&mut self, id: ConnectionId, text: FaultText, now: Instant) {
        let connection = &mut self.connections[id];
        let State::Connecting { endpoints, silent, .. } = &connection.state else { return };
        connection.left = Some(match silent.len() {
            0 => endpoints.clone(),
            _ => endpoints.iter().filter(|refused| !silent.contains(refused)).cloned().collect(),
        });
        if let Some(User { call, attempt }) = connection.user {
            let random = self.random.u64(..);
            self.calls[call].call.handle_refused(attempt, text, random, now);
        }
        // In this order: what has no address left is not dialled once more.
        self.resolve(id, now);
        self.give_up_dial(id, now);
        if let Some(User { call, .. }) = self.connections[id].user {
            self.run_commands(call, now);
        }
    }

    /// Whether the host of a connection that was refused may be elsewhere by now.
    pub(super) fn may_have_moved(&self, id: ConnectionId) -> bool {
        let connection = &self.connections[id];
        connection.user.is_some()
            && connection.left.is_none()
            && connection.host.addresses.may_move()
    }

    /// An attempt has been silent for long, so its name is looked up again. If that has left the
    /// attempt's address, what may be sent again goes to the new one.
    pub(super) fn look_after_silence(&mut self, user: User, now: Instant) {
        let links = &self.calls[user.call].links;
        let Some(&(_, id)) = links.iter().find(|(attempt, _)| *attempt == user.attempt) else {
            return;
        };
        self.connections[id].follows = true;
        let host = self.connections[id].host.clone();
        self.follow(id, now);
        if self.calls[user.call].call.mirror(user.attempt).is_some()
            && host.addresses.claim_lookup(now)
        {
            self.actions.push_back(Action::Lookup(host, true));
        }
    }

    /// Looks a name up that nobody waits for.
    pub(super) fn look_up_beside(&mut self, host: &Arc<Host>, now: Instant) {
        if host.addresses.claim_lookup(now) {
            self.actions.push_back(Action::Lookup(host.clone(), false));
        }
    }

    fn end_lookup(&mut self, id: ConnectionId, is_its_own: bool, now: Instant) {
        let connection = &self.connections[id];
        match connection.host.addresses.lookup() {
            Lookup::Known(endpoints) => {
                let open = connection.not_left(&endpoints);
                match open.is_empty() {
                    true if is_its_own => self.end_refused(id, now),
                    true => {}
                    false => self.go_on(id, open, now),
                }
            }
            Lookup::Failed(failure) if is_its_own => self.fail_lookup(id, &failure, now),
            Lookup::Needed | Lookup::Failed(_) => {}
        }
    }

    /// Dials a host whose address is known, unless another mirror was asked in its place.
    fn go_on(&mut self, id: ConnectionId, endpoints: Arc<[Endpoint]>, now: Instant) {
        let connection = &self.connections[id];
        let Some(User { call, attempt }) = connection.user else { return };
        if self.calls[call].call.handle_resolved(attempt, now) {
            self.connect_to(id, endpoints, now);
        } else {
            self.detach(id);
            self.close(id);
        }
        self.rearm(call);
    }

    /// Ends an attempt whose host is where it was, and refuses.
    fn end_refused(&mut self, id: ConnectionId, now: Instant) {
        let user = self.detach(id);
        self.close(id);
        if let Some(User { call, attempt }) = user {
            let random = self.random.u64(..);
            self.calls[call].call.handle_not_moved(attempt, random, now);
            self.run_commands(call, now);
        }
    }

    fn fail_lookup(&mut self, id: ConnectionId, failure: &Unresolved, now: Instant) {
        let name = &self.connections[id].host.name;
        let text = format!("no address for {name}: {}", failure.text);
        let kind = match failure.is_local {
            true => FailureKind::Local,
            false => FailureKind::ConnectFailure,
        };
        self.fail(id, kind, text, now);
    }

    /// Goes to where the host is now, if that has left the connection's address.
    fn follow(&mut self, id: ConnectionId, now: Instant) {
        let connection = &mut self.connections[id];
        let (Some(user), Lookup::Known(known)) =
            (connection.user, connection.host.addresses.lookup())
        else {
            return;
        };
        let may_resend = self.calls[user.call].call.may_resend();
        match &connection.state {
            State::Connecting { endpoints, position, .. } => {
                let at = endpoints.get(*position);
                if at.is_some_and(|at| !known.contains(at)) {
                    connection.follows = false;
                    // Its place is for whoever is first in line once it has its new address.
                    connection.host.dialling.release(std::mem::take(&mut connection.dial));
                    self.calls[user.call].call.handle_late_dial(user.attempt, now);
                    self.connect_to(id, known, now);
                    self.rearm(user.call);
                }
            }
            State::Open if may_resend && connection.is_silent_at_other(&known) => {
                self.replace(id, user, true, now);
            }
            _ => {}
        }
    }
}

impl Connection {
    /// Returns those of these addresses that did not refuse it.
    fn not_left(&self, endpoints: &Arc<[Endpoint]>) -> Arc<[Endpoint]> {
        let is_left =
            |endpoint: &Endpoint| self.left.as_ref().is_some_and(|left| left.contains(endpoint));
        if !endpoints.iter().any(is_left) {
            return endpoints.clone();
        }
        endpoints.iter().filter(|endpoint| !is_left(endpoint)).cloned().collect()
    }

    /// No byte of a reply came, and it leads to none of these addresses.
    fn is_silent_at_other(&self, known: &[Endpoint]) -> bool {
        !self.reader.has_reply_bytes()
            && self.endpoint.as_ref().is_some_and(|endpoint| !known.contains(endpoint))
    }
}

impl super::dial::Dials {
    /// The connection's time for its address, or for its look-up, is over then.
    pub(super) fn remind(&mut self, due: Instant, id: ConnectionId) {
        self.shares.push(Reverse((due, id)));
    }
}

/// Time that a connection waits for a look-up while other addresses serve. Name servers answer
/// within it unless they are far away or ill.
const LOOKUP_PATIENCE: Duration = Duration::from_millis(50);
