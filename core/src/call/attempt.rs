//! One request on one mirror.

use std::time::{Duration, Instant};

use super::Call;
use super::speculation::Fund;
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
    /// Part of its time in which this process did not look.
    pub(super) missed: Duration,
    /// Its silence, or how long it took, is not its mirror's doing alone.
    pub(super) is_excused: bool,
    /// A byte of the request was handed to the kernel.
    pub(super) handed_over: bool,
    /// A wait that its mirror, if well, rarely exceeds; `None` where nothing tells.
    pub(super) usual: Option<Duration>,
    /// Its mirror was waited for longer each time, and was left behind all the same.
    pub(super) is_last_chance: bool,
    /// When the others, if each shall have its share of the time left, are no longer to wait.
    pub(super) share_ends_at: Option<Instant>,
    /// When another mirror is asked beside this one.
    pub(super) overtake_at: Option<Overtake>,
    /// Counts it as under way.
    pub(super) _in_flight: InFlight,
}

/// When a silent mirror gets company.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overtake {
    pub(super) at: Instant,
    /// What it is paid from, and what if that is empty.
    pub(super) fund: Fund,
    pub(super) late_fund: Fund,
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
            missed: Duration::ZERO,
            is_excused: false,
            handed_over: false,
            usual: None,
            is_last_chance: false,
            share_ends_at: None,
            overtake_at: None,
            _in_flight: in_flight,
        }
    }

    pub(super) fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started_at)
    }

    /// Time waited for its answer by a process that was there to take it.
    pub(super) fn waited(&self, now: Instant) -> Duration {
        self.elapsed(now).saturating_sub(self.missed)
    }

    /// Whether it was silent for longer than its mirror, if well, usually is.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        !self.is_excused && self.usual.is_none_or(|usual| self.waited(now) >= usual)
    }

    /// Whether it was silent for so long that its mirror is to blame when another answers first:
    /// slower than another is no fault, slower than itself is.
    pub(super) fn had_its_time(&self, now: Instant) -> bool {
        !self.is_excused && (self.is_last_chance || self.is_late(now))
    }

    /// Moves its clocks on by time that this process missed.
    pub(super) fn handle_absence(&mut self, missed: Duration, slept: bool, now: Instant) {
        let mut missed = missed.min(self.waited(now));
        self.missed += missed;
        if slept && !self.is_excused {
            self.is_excused = true;
            missed += AWAKENING;
        }
        self.phase_ends_at += missed;
        self.share_ends_at = self.share_ends_at.map(|at| at + missed);
        if let Some(overtake) = &mut self.overtake_at {
            overtake.at += missed;
        }
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

/// Time to answer after a sleep of this process, for agents that slept, too.
const AWAKENING: Duration = Duration::from_millis(50);

impl Call {
    /// Until when an attempt has time to reach its mirror.
    pub fn reach_until(&self, attempt: u32) -> Option<Instant> {
        let attempt = self.attempts.iter().find(|running| running.number == attempt)?;
        Some(attempt.phase_ends_at.min(self.deadline))
    }
}
