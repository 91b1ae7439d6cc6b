//! Time that this process missed: it was stopped, its thread had no processor, or it was at
//! other work.
//!
//! Bytes wait in sockets while nobody looks, so such time says nothing of the agents. A turn that
//! begins late moves the clocks of all attempts on by what it missed, after it has read what is
//! there. The deadline that the caller fixed runs in real time; one that follows from time-outs
//! moves, too.

use std::time::{Duration, Instant};

use super::Engine;
use super::connection::State;

impl Engine {
    /// A turn begins, or judges, perhaps too late: moves the clocks of what runs by the time that
    /// was missed; true if there was any. What has come must be read before
    /// [`handle_timeout`](Self::handle_timeout).
    pub(crate) fn handle_absence(&mut self, now: Instant) -> bool {
        let Some(missed) = self.missed(now) else { return false };
        let calls: Vec<_> = self.calls.ids().collect();
        for id in calls {
            let Some(slot) = self.calls.get_mut(id) else { continue };
            slot.call.handle_absence(missed, now);
            self.rearm(id);
        }
        self.absent_until = Some(now);
        for (id, connection) in &mut self.connections {
            if let Some(left) = &mut connection.left_behind {
                left.handle_absence(missed, now);
                self.silences.arm(left.until(), id);
            }
            if let State::Connecting { until: Some(until), .. } | State::Resolving { until, .. } =
                &mut connection.state
            {
                *until += missed;
            }
        }
        self.dials.rearm_shares(&self.connections);
        true
    }

    /// A call begins: while nothing ran nothing was missed, whatever timers are left.
    pub(super) fn handle_presence(&mut self, now: Instant) {
        if self.running == 0 {
            self.absent_until = Some(now);
        }
    }

    /// Returns since when replies handed in from now on may have waited here; `None` if they come
    /// as they are read. Nobody knows how long such ones took.
    pub(crate) fn read_late(&mut self, since: Option<Instant>) {
        self.reads_late = since;
    }

    fn missed(&self, now: Instant) -> Option<Duration> {
        let due = self.next_timeout().filter(|_| self.running > 0)?;
        // A timer that was late stays due until its turn, and what it missed counts once.
        let due = self.absent_until.map_or(due, |until| until.max(due));
        Some(now.saturating_duration_since(due)).filter(|missed| *missed >= LATE_TURN)
    }
}

/// A turn that begins so late is late by this process's own doing, not by a timer's resolution.
const LATE_TURN: Duration = Duration::from_millis(5);
