//! One request on one mirror.

use std::time::{Duration, Instant};

use super::Call;
use crate::deadline::CallLimits;
use crate::karma::InFlight;

/// An attempt that is under way.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Number within its call, from 0.
    pub(super) number: u32,
    pub(super) mirror: usize,
    pub(super) on_trial: bool,
    pub(super) started_at: Instant,
    /// End of the phase that is under way: reaching the mirror, then its answer.
    pub(super) phase_ends_at: Instant,
    pub(super) reached: bool,
    /// A byte of the request was handed to the kernel.
    pub(super) handed_over: bool,
    /// When another mirror is asked beside this one.
    pub(super) overtake_at: Option<Overtake>,
    /// Counts it as under way.
    pub(super) _in_flight: InFlight,
}

/// When a silent mirror gets company.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overtake {
    pub(super) at: Instant,
    /// Before `at` was reached by time alone: needs the agent's budget.
    pub(super) budgeted: bool,
    /// When another mirror must be asked if it shall have its share of the time left.
    pub(super) latest: Instant,
}

impl Attempt {
    pub(super) fn new(
        number: u32,
        mirror: usize,
        in_flight: InFlight,
        limits: &CallLimits,
        now: Instant,
    ) -> Self {
        Self {
            number,
            mirror,
            on_trial: false,
            started_at: now,
            phase_ends_at: now + limits.connect_timeout,
            reached: false,
            handed_over: false,
            overtake_at: None,
            _in_flight: in_flight,
        }
    }

    pub(super) fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started_at)
    }

    pub(super) fn handle_reached(&mut self, limits: &CallLimits, now: Instant) {
        if !self.reached {
            self.reached = true;
            self.phase_ends_at = now + limits.query_timeout;
        }
    }

    pub(super) fn handle_late_dial(&mut self, limits: &CallLimits, now: Instant) {
        self.reached = false;
        self.phase_ends_at = now + limits.connect_timeout;
    }

    pub(super) fn next_timeout(&self) -> Instant {
        let overtake_at = self.overtake_at.map(|overtake| overtake.at);
        overtake_at.map_or(self.phase_ends_at, |at| at.min(self.phase_ends_at))
    }
}

impl Call {
    /// Until when an attempt has time to reach its mirror.
    pub fn reach_until(&self, attempt: u32) -> Option<Instant> {
        let attempt = self.attempts.iter().find(|running| running.number == attempt)?;
        Some(attempt.phase_ends_at.min(self.deadline))
    }
}
