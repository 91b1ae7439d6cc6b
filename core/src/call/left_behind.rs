//! An attempt that its call does without, whose answer may still come.
//!
//! To be overtaken is no fault: this process may be late, or the mirror busy. So the request is
//! not cut off. The mirror has failed only if nothing comes in a time in which it would have
//! answered, and a connection whose answer does come serves on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::attempt::Attempt;
use super::{Call, Command};
use crate::agent::Agent;
use crate::deadline::CallLimits;
use crate::error::{AttemptFailure, FailureKind, FaultText, Phase};
use crate::host::{Host, Purpose};
use crate::karma::Counter;

/// A request whose answer is waited for only to judge its mirror.
#[derive(Debug)]
pub struct LeftBehind {
    agent: Arc<Agent>,
    attempt: Attempt,
    /// What the mirror has done if nothing comes.
    kind: FailureKind,
    text: String,
    until: Instant,
    is_judged: bool,
}

impl LeftBehind {
    pub(super) fn new(
        agent: Arc<Agent>,
        attempt: Attempt,
        limits: &CallLimits,
        (kind, text): (FailureKind, String),
    ) -> Self {
        let patience = limits.query_patience;
        let time = match (kind, attempt.usual) {
            (FailureKind::Overtaken, Some(usual)) => (usual * 2).min(patience).max(TIME_MIN),
            (FailureKind::Overtaken, None) => UNKNOWN_TIME.min(patience),
            // The caller had less patience than the configuration.
            _ => patience,
        };
        let until = attempt.started_at + attempt.missed + time;
        Self { agent, attempt, kind, text, until, is_judged: false }
    }

    /// Position of its mirror.
    #[cfg(test)]
    pub(super) fn mirror(&self) -> usize {
        self.attempt.mirror
    }

    /// When the attempt began.
    #[cfg(test)]
    pub(super) fn started_at(&self) -> Instant {
        self.attempt.started_at
    }

    /// When [`handle_silence`](Self::handle_silence) is due.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// Moves the clocks of the attempt on by time that this process missed.
    pub fn handle_absence(&mut self, missed: Duration, now: Instant) {
        self.attempt.handle_absence(missed, self.until, now);
        self.until += missed;
    }

    /// Notes that the reply begins to come.
    pub fn handle_heard(&self, now: Instant) {
        self.host().record(|karma| karma.handle_heard(now));
    }

    /// Books a reply that came; it may have waited here since `read_late`.
    pub fn handle_answer(&mut self, read_late: Option<Instant>, now: Instant) {
        if std::mem::replace(&mut self.is_judged, true) {
            return;
        }
        self.attempt.read_late = read_late;
        let attempt = &self.attempt;
        let took = attempt.took(now);
        self.host().record(|karma| karma.handle_late_success(took, now));
        let tally = &self.agent.mirrors[attempt.mirror].tally;
        tally.handle_end(Counter::SucceededQueries, Some(took.at_least));
    }

    /// Books a reply that says nothing of the mirror's health: ERROR, or RETRY.
    pub fn handle_refusal(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.is_judged, true) {
            self.host().record(|karma| karma.handle_query_error(now));
            let tally = &self.agent.mirrors[self.attempt.mirror].tally;
            tally.handle_end(Counter::RemoteErrors, None);
            self.postpone_trial();
        }
    }

    /// Nothing came in its time. Silence on a connection that was used before says nothing if the
    /// host was heard over a newer one.
    pub fn handle_silence(&mut self, phase: Phase, now: Instant) {
        let begun = self.attempt.started_at;
        let is_connections = self.attempt.is_reused
            && self.host().read(|karma| karma.evidence().was_greeted_after(begun));
        if is_connections {
            // Whatever forgot this connection (a NAT, a firewall, a balancer) forgot those that
            // were open beside it.
            self.host().record(|karma| karma.handle_forgotten(begun));
        }
        if self.attempt.is_excused || is_connections {
            self.host().kept.retire_idle();
            return self.end();
        }
        let text = std::mem::take(&mut self.text);
        self.handle_failure(self.kind, phase, text, now);
    }

    /// Books a failure other than silence.
    pub fn handle_failure(
        &mut self,
        kind: FailureKind,
        phase: Phase,
        text: impl Into<FaultText>,
        now: Instant,
    ) {
        if std::mem::replace(&mut self.is_judged, true) {
            return;
        }
        let attempt = &self.attempt;
        let (host, elapsed) = (self.host().name.clone(), attempt.elapsed(now));
        let FaultText { text, code } = text.into();
        // The call that it was of may be forgotten; the record of the host counts none.
        let began = Duration::ZERO;
        let failure = AttemptFailure { host, kind, phase, text, code, began, elapsed };
        let purpose = if attempt.on_trial { Purpose::Trial } else { Purpose::Query };
        self.agent.mirrors[attempt.mirror].record_failure(&failure, purpose, now);
    }

    /// Ends without a verdict.
    fn end(&mut self) {
        if !std::mem::replace(&mut self.is_judged, true) {
            self.postpone_trial();
        }
    }

    fn postpone_trial(&self) {
        if self.attempt.on_trial {
            self.host().record(|karma| karma.health_mut().postpone_trial());
        }
    }

    fn host(&self) -> &Arc<Host> {
        &self.agent.mirrors[self.attempt.mirror].host
    }
}

impl Call {
    /// Ends an attempt whose time is up. Its mirror is to blame if it had the time of the
    /// configuration; with less, its answer is waited for to tell.
    pub(super) fn give_up(&mut self, late: Attempt, phase: Phase, now: Instant) {
        if late.is_booked {
            return self.commands.push(Command::Abandon { attempt: late.number });
        }
        let (kind, text) = late.timeout();
        if !late.reached
            && self
                .host(late.mirror)
                .read(|karma| karma.evidence().was_greeted_after(late.started_at))
        {
            self.commands.push(Command::Abandon { attempt: late.number });
            let failure = self.attempt_failure(&late, kind, phase, text.to_owned(), now);
            return self.note_lost_connection(&late, failure, now);
        }
        let is_blamed = late.had_its_time(&self.limits, now) || self.is_ping();
        if is_blamed && !late.is_excused {
            self.commands.push(Command::Abandon { attempt: late.number });
            return self.fail_attempt(&late, kind, phase, text.to_owned(), now);
        }
        if late.is_reused {
            // Whatever forgot one connection without a word forgot the idle ones beside it, too.
            self.host(late.mirror).kept.retire_idle();
        }
        self.leave_early(late, phase, now);
    }

    /// Ends an attempt that had less time than the configuration allows its mirror, and waits for
    /// its answer without the call.
    pub(super) fn leave_early(&mut self, late: Attempt, phase: Phase, now: Instant) {
        let (kind, text) = late.timeout();
        let failure = self.attempt_failure(&late, kind, phase, text.to_owned(), now);
        self.failures.push(failure);
        self.obstacles.note(kind);
        self.leave_alone(late, (kind, text.to_owned()));
    }

    /// The host is well, but did not get, or take, one connection.
    fn note_lost_connection(&mut self, late: &Attempt, failure: AttemptFailure, now: Instant) {
        let on_trial = late.on_trial;
        self.host(late.mirror).record(|karma| karma.handle_lost_connection(on_trial, now));
        if !self.is_ping() {
            let tally = &self.agent.mirrors[late.mirror].tally;
            tally.handle_end(Counter::ConnectTimeouts, None);
        }
        self.obstacles.note(failure.kind);
        self.failures.push(failure);
    }

    /// Lets an attempt go on without its call.
    pub(super) fn leave_alone(&mut self, attempt: Attempt, verdict: (FailureKind, String)) {
        let number = attempt.number;
        let left = LeftBehind::new(self.agent.clone(), attempt, &self.limits, verdict);
        self.left_behind.push((number, left));
        self.commands.push(Command::LeaveBehind { attempt: number });
    }
}

/// However it ends, its host gets its trial back.
impl Drop for LeftBehind {
    fn drop(&mut self) {
        self.end();
    }
}

/// The shortest time to answer before silence is a failure. A busy machine holds a healthy mirror
/// up for longer than it takes to ask another.
const TIME_MIN: Duration = Duration::from_millis(250);

/// The time of a mirror that never answered before.
const UNKNOWN_TIME: Duration = Duration::from_secs(1);
