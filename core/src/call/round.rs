//! Which mirror is asked next, until a round over all of them ends, and what comes after it.

use std::time::{Duration, Instant};

use super::attempt::{Attempt, Overtake};
use super::{Call, Command, Scope, speculation};
use crate::error::FailureKind;
use crate::strategy::Pick;
use crate::wire::request::Access;

impl Call {
    /// Goes on after a failure, if what was sent may be sent again (design: Replay safety).
    pub(super) fn proceed_after(
        &mut self,
        failed: &Attempt,
        kind: FailureKind,
        random: u64,
        now: Instant,
    ) {
        let unexecuted = !failed.handed_over || kind == FailureKind::RemoteRetry;
        if self.request.access() == Access::Write && !unexecuted {
            return self.finish_failed(None, false);
        }
        self.proceed(random, now);
    }

    /// Asks the next mirror; without one waits for those that are asked, or ends the round.
    pub(super) fn proceed(&mut self, random: u64, now: Instant) {
        if self.is_over || self.next_round_at.is_some() {
            return;
        }
        if !self.start_attempt(random, now) && self.attempts.is_empty() {
            self.end_round(now);
        }
    }

    pub(super) fn start_attempt(&mut self, random: u64, now: Instant) -> bool {
        if self.is_capped() || now >= self.deadline {
            return false;
        }
        let first = self.tried.is_empty();
        if !first && !self.failover {
            return false;
        }
        let only = match self.scope {
            Scope::Agent => self.stays_with,
            Scope::Mirror(mirror) | Scope::Ping(mirror) => Some(mirror),
        };
        let pick = match only {
            None => {
                let may_try = first && self.round == 0 && self.may_resend();
                let agent = &self.agent;
                agent.selector.pick(&agent.mirrors, &self.tried, may_try, random, now)
            }
            Some(mirror) => {
                let pick = Pick { mirror, on_trial: false, patience: None };
                (!self.tried.contains(mirror)).then_some(pick)
            }
        };
        let Some(pick) = pick else { return false };
        self.tried.insert(pick.mirror);
        self.stays_with = (!self.failover).then_some(pick.mirror);
        let number = self.attempts_started;
        self.attempts_started += 1;
        if number > 0 {
            self.agent.traffic.handle_retry();
        }
        let in_flight = self.host(pick.mirror).record(|karma| {
            karma.handle_start(now);
            karma.begin_attempt()
        });
        let mut attempt = Attempt::new(number, pick.mirror, in_flight, &self.limits, now);
        attempt.on_trial = pick.on_trial;
        let untried = self.agent.mirrors.len() - self.tried.len();
        if self.failover && self.may_resend() && untried > 0 {
            let own = self.host(pick.mirror).read(|karma| karma.latency().patience());
            let overtake = speculation::overtake(&pick, own, untried, now, self.deadline);
            attempt.overtake_at = Some(overtake);
        }
        self.attempts.push(attempt);
        self.commands.push(Command::Start { attempt: number, mirror: pick.mirror });
        true
    }

    /// Asks another mirror beside one that has been silent for long.
    pub(super) fn overtake_silent(&mut self, random: u64, now: Instant) {
        for position in 0..self.attempts.len() {
            let Some(overtake) = self.attempts[position].overtake_at else { continue };
            if now < overtake.at {
                continue;
            }
            if overtake.budgeted && !self.agent.speculation.spend() {
                let attempt = &mut self.attempts[position];
                let later = Overtake { at: overtake.latest, budgeted: false, ..overtake };
                attempt.overtake_at = Some(later);
                continue;
            }
            self.attempts[position].overtake_at = None;
            self.start_attempt(random, now);
        }
    }

    fn end_round(&mut self, now: Instant) {
        if !self.refusals.is_empty() {
            return self.finish_refused(now);
        }
        let pause = if self.round < self.limits.retry_count {
            self.round += 1;
            self.limits.retry_delay
        } else if self.busy && !self.is_ping() {
            // A daemon without capacity said when to come back: soon. It lives, so the query
            // is not lost as long as there is time. So it is when this process has no socket.
            self.busy_rounds += 1;
            BUSY_PAUSE_MIN * (1 << self.busy_rounds.min(5))
        } else {
            return self.finish_failed(None, now >= self.deadline);
        };
        if self.is_capped() || now + pause >= self.deadline {
            return self.finish_failed(None, now >= self.deadline);
        }
        self.busy = false;
        self.tried.clear();
        self.next_round_at = Some(now + pause);
    }
}

/// Pause after the first round in which every mirror was busy, halved; it doubles up to 320 ms.
const BUSY_PAUSE_MIN: Duration = Duration::from_millis(10);
