//! Kept connections that no call uses, by host, the last used one first.

use super::{ConnectionId, Engine};
use crate::host::Host;
use crate::limits::KEPT_IDLE_MAX;
use std::time::Instant;

/// Idle connections of a driver.
#[derive(Debug, Default)]
pub(super) struct Idle {
    by_host: Vec<Vec<ConnectionId>>,
}

impl Idle {
    pub(super) fn push(&mut self, host: usize, id: ConnectionId) {
        if host >= self.by_host.len() {
            self.by_host.resize_with(host + 1, Vec::new);
        }
        self.by_host[host].push(id);
    }

    fn pop(&mut self, host: usize) -> Option<ConnectionId> {
        self.by_host.get_mut(host)?.pop()
    }

    pub(super) fn remove(&mut self, host: usize, id: ConnectionId) {
        if let Some(ids) = self.by_host.get_mut(host) {
            ids.retain(|&idle| idle != id);
        }
    }
}

impl Engine {
    /// An idle connection to the host that is young enough to be trusted.
    pub(super) fn take_idle(&mut self, host: &Host, now: Instant) -> Option<ConnectionId> {
        while let Some(id) = self.idle.pop(host.number) {
            let idle_since = self.connections[id].idle_since;
            if now.saturating_duration_since(idle_since) < KEPT_IDLE_MAX {
                return Some(id);
            }
            self.close(id);
        }
        None
    }

    /// Closes idle connections of hosts that a reload left out.
    pub fn close_removed(&mut self) {
        let removed: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.user.is_none() && connection.is_open())
            .filter(|(_, connection)| !connection.host.may_keep())
            .map(|(id, _)| id)
            .collect();
        for id in removed {
            self.close(id);
        }
    }

    /// After one connection of a host broke, its older idle ones are not trusted either.
    pub(super) fn retire_idle(&mut self, host: &Host) {
        while let Some(id) = self.idle.pop(host.number) {
            self.close(id);
        }
    }
}
