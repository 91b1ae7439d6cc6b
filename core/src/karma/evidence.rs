//! Signs of life of a host, gathered from all attempts on it. They tell a host that hangs from one
//! that is slow, and from a connection that is dead.
//!
//! One attempt alone can't tell: its query may be heavy. So what counts is whether the host
//! answers anybody. A host is silent while some attempts wait and none hears anything.

use std::time::{Duration, Instant};

use super::Took;

/// When a host was last heard, since when it is waited for, and how much it was seen to carry.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    waiting_since: Option<Instant>,
    /// Attempts begun since the host was last heard, and when the last that counts began.
    unheard: u32,
    unheard_since: Option<Instant>,
    heard_at: Option<Instant>,
    answered_at: Option<Instant>,
    greeted_at: Option<Instant>,
    forgotten_before: Option<Instant>,
    /// Time that the last answer took of which that is known, and when it came.
    last_took: Duration,
    last_took_at: Option<Instant>,
    carried: f64,
    carried_at: Option<Instant>,
}

/// Silence of a host that several attempts wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Since when nothing was heard of it, though somebody waited.
    pub since: Instant,
    /// A host that is well is rarely silent for longer.
    pub patience: Duration,
}

impl Evidence {
    /// True if a new connection that was begun after `then` was greeted or answered.
    pub fn was_greeted_after(&self, then: Instant) -> bool {
        self.greeted_at.is_some_and(|at| at > then)
    }

    /// True if a reply came after `then`.
    pub fn was_heard_after(&self, then: Instant) -> bool {
        self.heard_at.is_some_and(|at| at > then)
    }

    /// Returns when a query was last answered.
    pub fn answered_at(&self) -> Option<Instant> {
        self.answered_at
    }

    /// True if a query was answered after `then`.
    pub fn has_answered_after(&self, then: Instant) -> bool {
        self.answered_at.is_some_and(|at| at > then)
    }

    /// True if a query that was begun after `then` was answered, in less than half of `waited`.
    pub fn has_overtaken(&self, then: Instant, waited: Duration) -> bool {
        let is_later = |at: Instant| at.saturating_duration_since(then) > self.last_took;
        self.last_took_at.is_some_and(is_later) && self.answers_within(waited)
    }

    /// True if a kept connection that was used at `then` was forgotten on its way, for all that
    /// is known.
    pub fn is_forgotten(&self, then: Instant) -> bool {
        self.forgotten_before.is_some_and(|before| then <= before)
    }

    /// True if a query is likely answered within `time`, for all that the last answer tells.
    pub fn answers_within(&self, time: Duration) -> bool {
        self.last_took * 2 <= time
    }

    /// Number of attempts at once that the host was lately seen to answer.
    pub fn carried(&self, now: Instant) -> f64 {
        let age = self.carried_at.map(|at| now.saturating_duration_since(at));
        self.carried * age.map_or(0.0, |age| (-age.as_secs_f64()).exp2())
    }

    /// An attempt begins; `in_flight` others are under way.
    pub(super) fn handle_start(&mut self, in_flight: u32, now: Instant) {
        if in_flight == 0 || self.waiting_since.is_none() {
            self.waiting_since = Some(now);
        }
        if self.unheard < SILENT_MIN {
            self.unheard += 1;
            self.unheard_since = Some(now);
        }
    }

    /// Bytes of a reply to a query came, or proof that the host refuses.
    pub(super) fn handle_heard(&mut self, now: Instant) {
        self.heard_at = self.heard_at.max(Some(now));
        self.unheard = 0;
    }

    /// A connection that was begun at `begun_at` was greeted or answered.
    pub(super) fn handle_greeted(&mut self, begun_at: Instant) {
        self.greeted_at = self.greeted_at.max(Some(begun_at));
    }

    /// A query was answered while `in_flight` attempts were under way.
    pub(super) fn handle_answer(&mut self, took: Took, in_flight: u32, now: Instant) {
        self.handle_heard(now);
        self.answered_at = self.answered_at.max(Some(now));
        if took.is_exact {
            self.last_took = took.at_least;
            self.last_took_at = Some(now);
        }
        if f64::from(in_flight) > self.carried(now) {
            self.carried = f64::from(in_flight);
            self.carried_at = Some(now);
        }
    }

    /// A query that was sent over a kept connection at `before` was never answered, though new
    /// connections are.
    pub(super) fn handle_forgotten(&mut self, before: Instant) {
        self.forgotten_before = self.forgotten_before.max(Some(before));
    }

    /// The silence under way. That so many as [`SILENT_MIN`] attempts in a row heard nothing tells
    /// soonest; where no new ones began, those that wait since before it have to tell.
    pub(super) fn silence(&self, in_flight: u32, usual: Option<Duration>) -> Option<Silence> {
        if in_flight < SILENT_MIN {
            return None;
        }
        let patience = usual.map_or(UNKNOWN_PATIENCE, |usual| (usual * 2).max(PATIENCE_MIN));
        if self.unheard >= SILENT_MIN {
            return Some(Silence { since: self.unheard_since?, patience });
        }
        let since = self.waiting_since?.max(self.heard_at.or(self.waiting_since)?);
        Some(Silence { since, patience: (patience * LONGER).max(LONG_PATIENCE_MIN) })
    }
}

impl Silence {
    /// True if the silence has lasted for longer than its patience, and another host has answered
    /// meanwhile. It has to last for more than twice what that one takes for an answer now. Where
    /// no other has answered either, it is the load or this process that is slow.
    pub fn is_suspect(&self, other: &Evidence, now: Instant) -> bool {
        let lasted = now.saturating_duration_since(self.since);
        lasted > self.patience
            && other.has_answered_after(self.since)
            && lasted > other.last_took * 2
    }
}

/// Fewer attempts in a row without an answer may all be heavy queries.
const SILENT_MIN: u32 = 6;

/// Factor by which a silence has to last longer that no new attempt has met.
const LONGER: u32 = 8;
const LONG_PATIENCE_MIN: Duration = Duration::from_millis(200);

/// Below this a silence is scheduling noise, not a sign.
pub(crate) const PATIENCE_MIN: Duration = Duration::from_millis(20);

/// Time that a host may be silent that never answered before.
pub(crate) const UNKNOWN_PATIENCE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::testing::origin;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn heard(took: Duration, at: Instant) -> Evidence {
        let mut other = Evidence::default();
        other.handle_answer(took.into(), 1, at);
        other
    }

    #[test]
    fn silence_counts_from_the_oldest_that_waits_or_from_the_last_sign() {
        let now = origin();
        let mut evidence = Evidence::default();
        assert_eq!(evidence.silence(SILENT_MIN, None), None);
        evidence.handle_start(0, now);
        evidence.handle_start(1, now + ms(5));
        assert_eq!(evidence.silence(2, None), None, "two may both be heavy");
        let silence = |evidence: &Evidence| {
            let silence = evidence.silence(SILENT_MIN, Some(ms(1))).unwrap();
            (silence.since - now, silence.patience)
        };
        assert_eq!(silence(&evidence), (ms(0), LONG_PATIENCE_MIN));
        evidence.handle_heard(now + ms(7));
        assert_eq!(silence(&evidence), (ms(7), LONG_PATIENCE_MIN));
        for number in 0..9 {
            evidence.handle_start(2 + number, now + ms(8 + u64::from(number)));
        }
        assert_eq!(silence(&evidence), (ms(13), PATIENCE_MIN), "six in a row hear nothing");
        evidence.handle_heard(now + ms(40));
        evidence.handle_start(0, now + ms(90));
        assert_eq!(silence(&evidence), (ms(90), LONG_PATIENCE_MIN), "nobody waited before");
    }

    #[test]
    fn a_host_is_suspect_only_while_others_answer_soon() {
        let now = origin();
        let mut evidence = Evidence::default();
        (0..SILENT_MIN).for_each(|number| evidence.handle_start(number, now));
        let silence = evidence.silence(SILENT_MIN, Some(ms(2))).unwrap();
        let is_suspect = |other: &Evidence, after| silence.is_suspect(other, now + after);
        assert!(is_suspect(&heard(ms(2), now + ms(9)), ms(21)));
        assert!(!is_suspect(&heard(ms(2), now + ms(9)), ms(20)), "too early");
        assert!(!is_suspect(&Evidence::default(), ms(2_000)), "nobody answers");
        assert!(!is_suspect(&heard(ms(2), now), ms(2_000)), "nobody answered since");
        let slow = heard(ms(400), now + ms(401));
        assert!(!is_suspect(&slow, ms(402)), "all are slow");
        assert!(is_suspect(&slow, ms(801)));
    }

    #[test]
    fn what_a_host_carries_is_forgotten_in_seconds() {
        let now = origin();
        let mut evidence = heard(ms(1), now);
        evidence.handle_answer(ms(1).into(), 200, now);
        evidence.handle_answer(ms(1).into(), 2, now + ms(1));
        assert!(evidence.carried(now + ms(100)) > 150.0);
        assert!(evidence.carried(now + ms(10_000)) < 1.0);
    }
}
