//! Whether a host is worth asking: living, or dead with trials at growing pauses.
//!
//! More than three failures in a row make a host dead (manual: `nodeads`). From then on it gets
//! one query at a time on trial, after a pause that doubles with each failed trial, until a query
//! succeeds: a host that answers pings but hangs on queries does not flap back to its full share,
//! and pings answered between its failures do not keep it among the living.
//! A ping answered after pings that were not means that the host came back: its trial is due now.

use std::time::{Duration, Instant};

/// More failures in a row than this and a host is dead (manual: `nodeads`).
pub(super) const ERRORS_IN_ROW_MAX: u32 = 3;

/// Pause before the first trial of a dead host.
pub(crate) const TRIAL_PAUSE_MIN: Duration = Duration::from_millis(250);

/// Longest pause between trials.
pub(crate) const TRIAL_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Part of the time between two trials that the queries spent on them may lose.
const TRIAL_DELAY_FRACTION: u32 = 16;

/// Living, or dead with its next trial.
#[derive(Clone, Debug, Default)]
pub struct Health {
    dead: Option<Dead>,
    revived_at: Option<Instant>,
    ping_failed: bool,
}

#[derive(Clone, Debug)]
struct Dead {
    since: Instant,
    pause: Duration,
    trial_at: Instant,
    on_trial: bool,
}

impl Health {
    /// Worth its full share.
    pub fn is_living(&self) -> bool {
        self.dead.is_none()
    }

    /// When it was found dead.
    pub fn dead_since(&self) -> Option<Instant> {
        self.dead.as_ref().map(|dead| dead.since)
    }

    /// When it last came back to life; `None` if it was never dead.
    pub fn revived_at(&self) -> Option<Instant> {
        self.revived_at
    }

    /// True if the host is dead, and its one trial is under way.
    pub fn is_on_trial(&self) -> bool {
        self.dead.as_ref().is_some_and(|dead| dead.on_trial)
    }

    /// When a dead host may be tried; `None` while living or while a trial is under way.
    pub fn trial_at(&self) -> Option<Instant> {
        self.dead.as_ref().filter(|dead| !dead.on_trial).map(|dead| dead.trial_at)
    }

    /// Takes the one trial of a dead host, if it is due.
    pub fn claim_trial(&mut self, now: Instant) -> bool {
        match &mut self.dead {
            Some(dead) if !dead.on_trial && dead.trial_at <= now => {
                dead.on_trial = true;
                dead.trial_at = now;
                true
            }
            _ => false,
        }
    }

    /// A trial ended for a reason that has nothing to do with the host.
    pub fn release_trial(&mut self) {
        if let Some(dead) = &mut self.dead {
            dead.on_trial = false;
        }
    }

    /// A trial was given up before it had an outcome: the next one comes a pause after it.
    pub fn postpone_trial(&mut self) {
        if let Some(dead) = self.dead.as_mut().filter(|dead| dead.on_trial) {
            dead.on_trial = false;
            dead.trial_at += dead.pause;
        }
    }

    /// True if the host did not answer its last ping.
    pub fn failed_ping(&self) -> bool {
        self.ping_failed
    }

    /// Returns the time that a trial may hold up its query: the rarer trials are, the longer.
    pub fn trial_delay_max(&self) -> Duration {
        let pause = self.dead.as_ref().map_or(TRIAL_PAUSE_MIN, |dead| dead.pause);
        pause / TRIAL_DELAY_FRACTION
    }

    pub(super) fn handle_success(&mut self, now: Instant) {
        if self.dead.take().is_some() {
            self.revived_at = Some(now);
        }
        self.ping_failed = false;
    }

    pub(super) fn handle_failure(&mut self, errors_in_row: u32, on_trial: bool, now: Instant) {
        match &mut self.dead {
            // Attempts that began before the host was found dead end one after the other: only
            // a trial proves anything new.
            Some(dead) if on_trial => {
                dead.on_trial = false;
                dead.pause = (dead.pause * 2).min(TRIAL_PAUSE_MAX);
                dead.trial_at = now + dead.pause;
            }
            Some(_) => {}
            None if errors_in_row > ERRORS_IN_ROW_MAX => self.die(now),
            None => {}
        }
    }

    pub(super) fn handle_ping(&mut self, answered: bool, errors_in_row: u32, now: Instant) {
        if answered {
            if let Some(dead) = self.dead.as_mut().filter(|_| self.ping_failed) {
                dead.pause = TRIAL_PAUSE_MIN;
                dead.trial_at = now;
            }
        } else if self.dead.is_none() && errors_in_row > ERRORS_IN_ROW_MAX {
            self.die(now);
        }
        self.ping_failed = !answered;
    }

    fn die(&mut self, now: Instant) {
        self.dead = Some(Dead {
            since: now,
            pause: TRIAL_PAUSE_MIN,
            trial_at: now + TRIAL_PAUSE_MIN,
            on_trial: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::testing::origin;

    fn dead_at(now: Instant) -> Health {
        let mut health = Health::default();
        health.handle_failure(ERRORS_IN_ROW_MAX, false, now);
        assert!(health.is_living());
        health.handle_failure(ERRORS_IN_ROW_MAX + 1, false, now);
        assert!(!health.is_living());
        health
    }

    #[test]
    fn one_trial_at_a_time_with_growing_pauses() {
        let mut now = origin();
        let mut health = dead_at(now);
        let mut pause = TRIAL_PAUSE_MIN;
        for _ in 0..12 {
            assert!(!health.claim_trial(now));
            now += pause;
            assert!(health.claim_trial(now));
            assert!(!health.claim_trial(now), "two trials at once");
            health.handle_failure(99, true, now);
            pause = (pause * 2).min(TRIAL_PAUSE_MAX);
        }
        now += pause;
        assert!(health.claim_trial(now));
        health.handle_success(now);
        assert!(health.is_living());
    }

    #[test]
    fn failures_of_older_attempts_do_not_stretch_the_pause() {
        let now = origin();
        let mut health = dead_at(now);
        for _ in 0..50 {
            health.handle_failure(99, false, now);
        }
        assert!(health.claim_trial(now + TRIAL_PAUSE_MIN));
        health.handle_failure(99, false, now + TRIAL_PAUSE_MIN);
        assert!(health.is_on_trial(), "its trial still runs");
    }

    #[test]
    fn pings_bring_a_trial_forward_only_when_the_host_came_back() {
        let now = origin();
        let mut health = dead_at(now);
        health.handle_ping(true, 4, now);
        assert!(!health.claim_trial(now), "it answered pings all the time");
        health.handle_ping(false, 5, now);
        health.handle_ping(true, 6, now);
        assert!(!health.is_living());
        assert!(health.claim_trial(now));
    }

    #[test]
    fn a_trial_that_was_given_up_is_not_repeated_at_once() {
        let now = origin();
        let mut health = dead_at(now);
        let due = now + TRIAL_PAUSE_MIN * 4;
        assert!(health.claim_trial(due));
        health.postpone_trial();
        assert!(!health.claim_trial(due));
        assert!(health.claim_trial(due + TRIAL_PAUSE_MIN));
    }

    #[test]
    fn a_trial_without_outcome_is_given_back() {
        let now = origin();
        let mut health = dead_at(now);
        let due = now + TRIAL_PAUSE_MIN;
        assert!(health.claim_trial(due));
        health.release_trial();
        assert!(health.claim_trial(due));
    }
}
