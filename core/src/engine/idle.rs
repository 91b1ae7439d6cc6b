//! Kept connections that no call uses, by host, the last used one first; and their way from one
//! driver's engine to another's.

use std::time::Instant;

use super::connection::{Connection, State};
use super::{Action, ConnectionId, Engine};
use crate::host::Host;
use crate::limits::KEPT_IDLE_MAX;
use crate::wire::frame::FrameReader;

/// Idle connections of a driver.
#[derive(Debug, Default)]
pub(super) struct Idle {
    by_host: Vec<Vec<ConnectionId>>,
}

/// An idle connection on its way from one engine to another, with its place among the kept ones.
/// Dropped, it gets nowhere, and the place is free.
#[derive(Debug)]
pub(crate) struct Handover(Connection);

impl Idle {
    pub(super) fn push(&mut self, host: usize, id: ConnectionId) {
        if host >= self.by_host.len() {
            self.by_host.resize_with(host + 1, Vec::new);
        }
        self.by_host[host].push(id);
    }

    /// The one used last: its daemon's thread is the warmest, and the others grow old and go.
    fn pop(&mut self, host: usize) -> Option<ConnectionId> {
        self.by_host.get_mut(host)?.pop()
    }

    fn last(&self, host: usize) -> Option<ConnectionId> {
        self.by_host.get(host)?.last().copied()
    }

    pub(super) fn remove(&mut self, host: usize, id: ConnectionId) {
        if let Some(ids) = self.by_host.get_mut(host) {
            ids.retain(|&idle| idle != id);
        }
    }
}

impl Engine {
    /// Whether it holds any connection.
    pub(crate) fn has_connections(&self) -> bool {
        !self.connections.is_empty()
    }

    /// Closes idle connections that no call should use any more.
    pub(crate) fn close_unfit(&mut self, now: Instant) {
        for host in 0..self.idle.by_host.len() {
            let mut position = 0;
            while let Some(&id) = self.idle.by_host[host].get(position) {
                if self.connections[id].is_fit(now) {
                    position += 1;
                } else {
                    self.close(id);
                }
            }
        }
    }

    /// Gives an idle connection to the host away. Its socket is taken out of this driver, whatever
    /// becomes of it.
    pub(crate) fn give_idle(
        &mut self,
        host: &Host,
        now: Instant,
    ) -> Option<(ConnectionId, Handover)> {
        let id = self.take_idle(host, None, now)?;
        let host = self.connections[id].host.clone();
        let mut left = Connection::new(host, FrameReader::new(0, Vec::new()), Vec::new(), now);
        left.state = State::Closed;
        self.closed.push(id);
        Some((id, Handover(std::mem::replace(&mut self.connections[id], left))))
    }

    /// Another engine gave a connection; its socket is now here, under this number.
    pub(crate) fn handle_taken_over(
        &mut self,
        id: ConnectionId,
        handover: Handover,
        now: Instant,
    ) {
        let Handover(mut given) = handover;
        let wanted = self.connections.get_mut(id).filter(|connection| connection.is_wanted());
        let Some((wanted, user)) =
            wanted.and_then(|wanted| wanted.user.map(|user| (wanted, user)))
        else {
            return self.actions.push_back(Action::Close(id));
        };
        self.calls[user.call].call.handle_reused(user.attempt);
        given.user = Some(user);
        *wanted = given;
        wanted.host.kept.handle_busy();
        self.send_request(id, user, now);
    }

    /// No other engine has an idle connection to give: a new one is made.
    pub(crate) fn handle_nothing_to_take(&mut self, id: ConnectionId, now: Instant) {
        let wanted = self.connections.get(id).filter(|connection| connection.is_wanted());
        if let Some(user) = wanted.and_then(|connection| connection.user) {
            self.connections[id].state = State::Resolving { since: now, until: now };
            self.send_request(id, user, now);
            self.run_commands(user.call, now);
        }
    }

    /// An idle connection to the host that is fit for use, and was used after `fresh_since`.
    pub(super) fn take_idle(
        &mut self,
        host: &Host,
        fresh_since: Option<Instant>,
        now: Instant,
    ) -> Option<ConnectionId> {
        while let Some(id) = self.idle.last(host.number) {
            let is_fresh = |since: Instant| self.connections[id].idle_since >= since;
            if !fresh_since.is_none_or(is_fresh) {
                return None;
            }
            self.idle.pop(host.number);
            if self.connections[id].is_fit(now) {
                return Some(id);
            }
            self.close(id);
        }
        None
    }

    /// After one connection of a host broke, the older idle ones of all engines are not trusted
    /// either.
    pub(super) fn retire_idle(&mut self, host: &Host) {
        host.kept.retire_idle();
        while let Some(id) = self.idle.pop(host.number) {
            self.close(id);
        }
    }
}

impl Connection {
    /// Whether a call may use it: young enough, to where its host listens, nothing broken since.
    fn is_fit(&mut self, now: Instant) -> bool {
        let idle_for = now.saturating_duration_since(self.idle_since);
        idle_for < KEPT_IDLE_MAX
            && self.retirements == self.host.kept.retirements()
            && self.host.may_keep()
            && self.is_at_its_host()
    }

    fn is_at_its_host(&mut self) -> bool {
        let changes = self.host.addresses.changes();
        if changes == self.address_changes {
            return true;
        }
        self.address_changes = changes;
        self.endpoint.as_ref().is_none_or(|endpoint| self.host.addresses.contain(endpoint))
    }
}
