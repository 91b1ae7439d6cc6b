//! One request on one mirror.

use std::time::{Duration, Instant};

use super::Call;
use super::hedge::Hedge;
use crate::deadline::CallLimits;
use crate::error::{AttemptFailure, FailureKind};
use crate::karma::{InFlight, Took};
use crate::strategy::mirror_of_key;

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
    pub(super) is_connected: bool,
    pub(super) reached: bool,
    /// Part of its time in which this process did not look.
    pub(super) missed: Duration,
    /// True if silence, or the time that an answer took, is not the mirror's doing alone.
    pub(super) is_excused: bool,
    /// Since when its reply may have waited here.
    pub(super) read_late: Option<Instant>,
    /// A byte of the request was handed to the kernel.
    pub(super) handed_over: bool,
    /// A wait that its mirror, if well, rarely exceeds; `None` where nothing tells.
    pub(super) usual: Option<Duration>,
    /// True if the connection of the attempt served another request before.
    pub(super) is_reused: bool,
    /// When another mirror is asked beside this one.
    pub(super) hedge: Option<Hedge>,
    /// Waits for a look-up of its mirror's name since then: nothing was sent.
    pub(super) resolving_since: Option<Instant>,
    /// The attempt that others were begun beside because of that: of all these, only the first
    /// that has its address goes on.
    pub(super) race: Option<u32>,
    /// True if the failure of the attempt is booked; a new look-up may yet save it.
    pub(super) is_booked: bool,
    /// When the name of a mirror that stays silent is looked up again.
    pub(super) look_again_at: Option<Instant>,
    /// Number of times that its mirror was asked in other words.
    pub(super) rewordings: u32,
    /// Counts it as under way.
    pub(super) _in_flight: InFlight,
}

/// What is left of an attempt that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remains {
    pub(super) number: u32,
    pub(super) mirror: usize,
    pub(super) started_at: Instant,
    pub(super) handed_over: bool,
    pub(super) is_reused: bool,
    pub(super) is_booked: bool,
    pub(super) race: Option<u32>,
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
            is_connected: false,
            reached: false,
            missed: Duration::ZERO,
            is_excused: false,
            read_late: None,
            handed_over: false,
            usual: None,
            is_reused: false,
            hedge: None,
            resolving_since: None,
            race: None,
            is_booked: false,
            look_again_at: None,
            rewordings: 0,
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

    /// Time that its answer took, as far as this process saw it.
    pub(super) fn took(&self, now: Instant) -> Took {
        let seen = self.read_late.unwrap_or(now).min(now);
        let is_exact = !self.is_excused && self.read_late.is_none();
        Took { at_least: self.waited(seen), is_exact }
    }

    /// True if the attempt was silent for as long as the configuration allows its mirror: a caller
    /// with less patience proves nothing.
    pub(super) fn had_its_time(&self, limits: &CallLimits, now: Instant) -> bool {
        let patience = match self.reached {
            true => limits.query_patience,
            false => limits.connect_patience,
        };
        !self.is_excused && self.waited(now) >= patience
    }

    /// Whether it was silent for longer than its mirror, if well, usually is.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.usual.is_none_or(|usual| self.waited(now) >= usual)
    }

    /// Returns the kind and text of the failure of an attempt whose time is up.
    pub(super) fn timeout(&self) -> (FailureKind, &'static str) {
        if self.resolving_since.is_some() {
            (FailureKind::ConnectTimeout, "no address yet: the look-up of its name takes long")
        } else if self.reached {
            (FailureKind::QueryTimeout, "query timed out")
        } else {
            (FailureKind::ConnectTimeout, "connect timed out")
        }
    }

    /// Moves its clocks on by time that this process missed, and another mirror still gets its
    /// share of what is left of the deadline.
    pub(super) fn handle_absence(
        &mut self,
        missed: Duration,
        share_ends_at: Instant,
        now: Instant,
    ) {
        let mut missed = missed.min(self.waited(now));
        if let Some(since) = &mut self.resolving_since {
            *since += missed;
            self.started_at += missed;
        } else {
            self.missed += missed;
            if missed >= SLEEP_MIN && !self.is_excused {
                self.is_excused = true;
                missed += AWAKENING;
            }
        }
        self.phase_ends_at += missed;
        if let Some(hedge) = &mut self.hedge {
            hedge.move_on(missed, share_ends_at);
        }
        self.look_again_at = self.look_again_at.map(|at| at + missed);
    }

    pub(super) fn handle_reached(&mut self, limits: &CallLimits, now: Instant) {
        if !self.reached {
            self.reached = true;
            self.await_reply(limits.query_timeout.min(limits.deadline), now);
            self.phase_ends_at = now + limits.query_timeout;
        }
    }

    /// The request is sent again in other words: nothing came of it until now.
    pub(super) fn begin_again(&mut self, limits: &CallLimits, now: Instant) {
        self.rewordings += 1;
        self.started_at = now;
        self.phase_ends_at = now + limits.connect_timeout;
        self.reached = false;
        self.missed = Duration::ZERO;
        self.is_excused = false;
        self.read_late = None;
        self.handed_over = false;
    }

    pub(super) fn handle_late_dial(&mut self, limits: &CallLimits, now: Instant) {
        self.reached = false;
        self.is_reused = false;
        self.is_connected = false;
        self.is_excused = false;
        self.phase_ends_at = now + limits.connect_timeout;
    }

    /// What its call goes on by if it fails.
    pub(super) fn remains(&self) -> Remains {
        let Self { number, mirror, started_at, handed_over, is_reused, is_booked, race, .. } =
            *self;
        Remains { number, mirror, started_at, handed_over, is_reused, is_booked, race }
    }

    pub(super) fn next_timeout(&self) -> Instant {
        let look_again_at = self.look_again_at.filter(|_| self.resolving_since.is_none());
        let due = [self.hedge.map(|hedge| hedge.at), look_again_at];
        due.into_iter().flatten().fold(self.phase_ends_at, Instant::min)
    }
}

/// Missed for so long, the process slept: nothing that was silent meanwhile is blamed for it.
const SLEEP_MIN: Duration = Duration::from_millis(100);

/// Time to answer after a sleep of this process, for agents that slept, too.
const AWAKENING: Duration = Duration::from_millis(50);

impl Call {
    /// When the call began.
    pub fn begun_at(&self) -> Instant {
        self.begun_at
    }

    /// Returns the number of attempts that the call has made.
    pub fn attempts(&self) -> u32 {
        self.attempts_started
    }

    /// Attempts that failed or were overtaken, oldest first; none once the call has failed, whose
    /// failure has them.
    pub fn failed_attempts(&self) -> &[AttemptFailure] {
        &self.failures
    }

    /// True if the mirror of its key has answered, false if another one has; `None` without a key
    /// or an answer.
    pub fn kept_mirror(&self) -> Option<bool> {
        let answer = self.outcome()?.as_ref().ok()?;
        Some(mirror_of_key(&self.agent.mirrors, self.key?) == Some(answer.mirror))
    }

    /// True if an attempt was under way while this process slept.
    pub fn is_excused(&self, attempt: u32) -> bool {
        self.attempts.iter().any(|running| running.number == attempt && running.is_excused)
    }

    /// Until when an attempt has time to reach its mirror.
    pub fn reach_until(&self, attempt: u32) -> Option<Instant> {
        let attempt = self.attempts.iter().find(|running| running.number == attempt)?;
        Some(attempt.phase_ends_at.min(self.deadline))
    }
}
