//! Which mirror is asked next, until a round over all of them ends, and what comes after it.

use std::time::{Duration, Instant};

use super::attempt::Attempt;
use super::speculation::Standing;
use super::{Call, Command, Scope};
use crate::error::FailureKind;
use crate::strategy::{Pick, Trials};
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
                let agent = &self.agent;
                agent.selector.pick(&agent.mirrors, &self.tried, self.trials(), random, now)
            }
            Some(mirror) => {
                let pick = Pick { mirror, on_trial: false, patience: None, knows_all: false };
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
        let (in_flight, standing) = self.host(pick.mirror).record(|karma| {
            karma.handle_start(now);
            (karma.begin_attempt(), Standing::new(karma, &pick))
        });
        let mut attempt = Attempt::new(number, pick.mirror, in_flight, &self.limits, now);
        attempt.on_trial = pick.on_trial;
        attempt.usual = standing.usual;
        let untried = self.agent.mirrors.len() - self.tried.len();
        if self.failover && self.may_resend() && untried > 0 {
            attempt.overtake(&pick, &standing, untried, now, self.deadline);
        }
        self.attempts.push(attempt);
        self.commands.push(Command::Start { attempt: number, mirror: pick.mirror });
        true
    }

    /// The dead mirrors that this attempt may be spent on.
    fn trials(&self) -> Trials {
        if !self.tried.is_empty() || self.round > 0 || !self.may_resend() {
            return Trials::None;
        }
        let has_another = self.failover && self.agent.attempts_max.is_none_or(|max| max > 1);
        if has_another { Trials::All } else { Trials::Likely }
    }

    fn end_round(&mut self, now: Instant) {
        if !self.refusals.is_empty() {
            return self.finish_refused(false, now);
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
