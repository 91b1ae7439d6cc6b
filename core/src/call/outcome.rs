//! The end of a call, and who is to blame.

use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::attempt::Attempt;
use super::soft_end::TimeUp;
use super::{Call, Command};
use crate::error::{AgentFailure, AttemptFailure, FailureKind, FaultText, Phase, ProgramError};
use crate::karma::{Counter, Took};
use crate::limits::REWORDINGS_MAX;
use crate::request::{Access, Reply, Verdict};
use crate::wire::header::{self, Status};

/// A reply and the mirror that gave it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The accepted reply.
    pub reply: Reply,
    /// Position of the mirror in its agent.
    pub mirror: usize,
}

/// What a reply means for its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// The reply makes sense: another may follow it.
    Sound,
    /// The reply makes no sense, or nobody waits for it.
    Unsound,
    /// The request is to be built anew and sent to the same mirror again, for the same attempt.
    AskAgain,
}

impl Call {
    /// A whole reply came for an attempt: judged, booked, and the call ended or gone on with.
    pub fn handle_reply(
        &mut self,
        attempt: u32,
        mut reply: Reply,
        random: u64,
        now: Instant,
    ) -> Judged {
        // The judge may panic: until it has spoken, the attempt keeps what it has claimed.
        let verdict = self.find(attempt).is_some().then(|| self.judge(&mut reply));
        let Some(verdict) = verdict else { return Judged::Unsound };
        let verdict = match verdict {
            Verdict::AskAgain(_) if self.asks_again(attempt, &reply, now) => {
                return Judged::AskAgain;
            }
            // It was told often enough.
            Verdict::AskAgain(text) if reply.status == Status::Error => Verdict::Refused(text),
            // A write that was not refused may be done.
            Verdict::AskAgain(text) if self.request.access() == Access::Write => {
                Verdict::Malformed(text)
            }
            Verdict::AskAgain(text) => Verdict::Unfinished(text),
            verdict => verdict,
        };
        let Some(attempt) = self.remove(attempt) else { return Judged::Unsound };
        let is_sound = !matches!(verdict, Verdict::Malformed(_));
        match verdict {
            Verdict::Accept => self.accept(&attempt, reply, false, now),
            Verdict::AcceptWarned => self.accept(&attempt, reply, true, now),
            Verdict::Malformed(text) => {
                self.fail(&attempt, FailureKind::WrongReply, text, random, now);
            }
            Verdict::Unfinished(text) => {
                let by_query = if reply.status == Status::Retry { "" } else { "query " };
                let text = format!("remote {by_query}warning: {text}");
                self.fail(&attempt, FailureKind::RemoteRetry, text, random, now);
            }
            Verdict::Refused(text) => {
                self.refuse(&attempt, vec![Some(text)], None, random, now);
            }
            Verdict::QueriesRefused(texts) => {
                let reply = texts.contains(&None).then_some(reply);
                self.refuse(&attempt, texts, reply, random, now);
            }
            Verdict::AskAgain(text) => unreachable!("it became another verdict: {text}"),
            Verdict::Failed(error) => self.fail_program(&attempt, error),
            Verdict::OutOfMemory(text) => self.finish_out_of_memory(&attempt, text, now),
        }
        if is_sound { Judged::Sound } else { Judged::Unsound }
    }

    /// Begins an attempt anew whose request was written for another daemon.
    fn asks_again(&mut self, attempt: u32, reply: &Reply, now: Instant) -> bool {
        let Some(mirror) = self.mirror(attempt) else { return false };
        if self.request().command().id == header::Command::SEARCH.id {
            self.host(mirror).greeting.handle_refusal(reply);
        }
        self.host(mirror).record(|karma| karma.handle_heard(now));
        let is_done = self.request().access() == Access::Write && reply.status != Status::Error;
        if is_done || self.is_ping() || now >= self.deadline {
            return false;
        }
        let limits = self.limits;
        let attempt = self.find(attempt).filter(|known| known.rewordings < REWORDINGS_MAX);
        attempt.map(|attempt| attempt.begin_again(&limits, now)).is_some()
    }

    /// The caller does not want the answer any more.
    pub fn cancel(&mut self) {
        if !self.is_over {
            let mut failure = self.failure(None);
            failure.cancelled = true;
            self.finish(Err(failure));
        }
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        match reply.status {
            Status::Ok => self.request().judge(reply),
            Status::Warning => self.judge_warned(reply),
            Status::Error => self.request().judge_error(reply),
            Status::Retry => Verdict::Unfinished(reply.text()),
            Status::InProgress => {
                let (version, length) = (reply.version, reply.body.len());
                let text = "unexpected in-progress reply";
                Verdict::Malformed(format!("{text} (version={version}, len={length})"))
            }
            Status::Unknown(status) => {
                Verdict::Malformed(format!("unexpected reply status {status}"))
            }
        }
    }

    fn judge_warned(&self, reply: &mut Reply) -> Verdict {
        if let Err(truncated) = reply.split_warning() {
            return Verdict::Malformed(truncated.to_string());
        }
        match self.request().judge(reply) {
            Verdict::Accept => Verdict::AcceptWarned,
            other => other,
        }
    }

    pub(super) fn fail(
        &mut self,
        attempt: &Attempt,
        kind: FailureKind,
        text: String,
        random: u64,
        now: Instant,
    ) {
        self.fail_attempt(attempt, kind, Phase::Read, text, now);
        self.proceed_after(attempt.remains(), kind, random, now);
    }

    fn accept(&mut self, attempt: &Attempt, reply: Reply, warned: bool, now: Instant) {
        let elapsed = attempt.elapsed(now);
        let is_ping = self.is_ping();
        if is_ping {
            self.host(attempt.mirror).record(|karma| {
                karma.handle_ping_success(now);
                karma.handle_ping_trip(elapsed);
            });
        } else {
            self.book_answer(attempt.mirror, attempt.took(now), warned, now);
        }
        for refusal in std::mem::take(&mut self.refusals) {
            self.book_refusal(refusal, true, now);
        }
        if !is_ping {
            self.agent.hedges.earn();
        }
        self.note_overtaken(attempt, now);
        self.leave_behind(attempt, now);
        let attempts = self.attempts_started;
        let reply = Reply { elapsed, attempts, ..reply };
        self.finish(Ok(Answer { reply, mirror: attempt.mirror }));
    }

    pub(super) fn book_answer(&self, mirror: usize, took: Took, warned: bool, now: Instant) {
        self.host(mirror).record(|karma| karma.handle_success(took, warned, now));
        let counter = if warned { Counter::Warnings } else { Counter::SucceededQueries };
        self.agent.mirrors[mirror].tally.handle_end(counter, Some(took.at_least));
    }

    /// Leaves all attempts but `ended` to themselves. Those that were asked before it, and are
    /// silent still, are waited for longer the next time.
    pub(super) fn leave_behind(&mut self, ended: &Attempt, now: Instant) {
        for mut silent in std::mem::take(&mut self.attempts) {
            // What was asked last had no time to answer.
            silent.is_excused |= silent.number > ended.number;
            let was_asked = silent.number < ended.number && silent.resolving_since.is_none();
            let is_renewed = silent.mirror == ended.mirror && !ended.is_reused;
            if was_asked && silent.is_reused && is_renewed {
                // It may be forgotten on its way, and so may those that were idle beside it.
                self.host(silent.mirror).kept.retire_idle();
            }
            if was_asked && !silent.is_late(now) {
                self.host(silent.mirror).record(|karma| karma.handle_left_behind());
            }
            let text = format!("silent until {} answered", self.host(ended.mirror).name);
            self.leave_alone(silent, (FailureKind::Overtaken, text));
        }
    }

    /// Notes those that are silent still, for who asks what the call has tried.
    fn note_overtaken(&mut self, ended: &Attempt, now: Instant) {
        let text = format!("silent until {} answered", self.host(ended.mirror).name);
        let overtaken = self.attempts.iter().map(|silent| {
            let phase = if silent.is_connected { Phase::Wait } else { Phase::Connect };
            self.attempt_failure(silent, FailureKind::Overtaken, phase, text.as_str(), now)
        });
        let overtaken: Vec<AttemptFailure> = overtaken.collect();
        self.failures.extend(overtaken);
    }

    /// The program's own request failed: no mirror would do better.
    pub(super) fn fail_program(&mut self, attempt: &Attempt, error: ProgramError) {
        self.release(attempt);
        let failure = self.failure(None);
        let is_left_open = failure.is_left_open || self.is_change(attempt);
        let failure = AgentFailure { program: Some(error), is_left_open, ..failure };
        self.finish(Err(failure));
    }

    /// This process has no memory for an answer: whoever else is asked would send one as long.
    pub(super) fn finish_out_of_memory(
        &mut self,
        attempt: &Attempt,
        text: impl Into<FaultText>,
        now: Instant,
    ) {
        self.fail_attempt(attempt, FailureKind::Local, Phase::Read, text, now);
        self.finish_failed(None, false);
    }

    /// Ends the call for want of time.
    pub(super) fn handle_time_up(
        &mut self,
        time_up: TimeUp,
        phase_of: impl Fn(u32) -> Option<Phase>,
        now: Instant,
    ) {
        self.is_soft_end = time_up == TimeUp::Soft;
        for late in std::mem::take(&mut self.attempts) {
            // The others had answered: that proves nothing against one that had little time.
            let is_settled = late.is_booked || late.had_its_time(&self.limits, now);
            match phase_of(late.number) {
                Some(phase) if self.is_soft_end && !is_settled => {
                    self.leave_early(late, phase, now)
                }
                Some(phase) => self.give_up(late, phase, now),
                None => {
                    self.commands.push(Command::Abandon { attempt: late.number });
                    if late.on_trial {
                        self.postpone_trial(late.mirror);
                    }
                    let (kind, _) = late.timeout();
                    let (phase, text) = (Phase::Connect, "no time left".to_owned());
                    let failure = self.attempt_failure(&late, kind, phase, text, now);
                    self.failures.push(failure);
                }
            }
        }
        if !self.refusals.is_empty() {
            return self.finish_refused(false, now);
        }
        self.finish_failed(None, time_up == TimeUp::Deadline);
    }

    /// A trial that ends without a verdict is not repeated at once.
    pub(super) fn postpone_trial(&self, mirror: usize) {
        self.host(mirror).record(|karma| karma.health_mut().postpone_trial());
    }

    pub(super) fn finish_failed(&mut self, error: Option<String>, late: bool) {
        let mut failure = self.failure(error);
        failure.deadline_passed = late;
        self.finish(Err(failure));
    }

    pub(super) fn failure(&mut self, query_error: Option<String>) -> AgentFailure {
        let soft_timeout_passed = self.is_soft_end && query_error.is_none();
        AgentFailure {
            index: self.agent.index.clone(),
            agent: self.agent.number,
            local: None,
            attempts: std::mem::take(&mut self.failures),
            query_error,
            query_errors: Vec::new(),
            program: None,
            deadline_passed: false,
            soft_timeout_passed,
            cancelled: false,
            is_left_open: self.attempts.iter().any(|attempt| self.is_change(attempt)),
        }
    }

    /// True if a mirror may have got a request that changes something.
    fn is_change(&self, attempt: &Attempt) -> bool {
        self.request.access() == Access::Write && attempt.handed_over
    }

    pub(super) fn finish(&mut self, outcome: Result<Answer, AgentFailure>) {
        debug_assert!(!self.is_over, "a call ended twice");
        self.is_over = true;
        let refusals = std::mem::take(&mut self.refusals);
        let attempts = std::mem::take(&mut self.attempts);
        let refused = refusals.iter().filter(|refusal| refusal.on_trial).map(|each| each.mirror);
        let given_up = attempts.iter().filter(|attempt| attempt.on_trial).map(|each| each.mirror);
        refused.chain(given_up).for_each(|mirror| self.postpone_trial(mirror));
        self.commands
            .extend(attempts.iter().map(|each| Command::Abandon { attempt: each.number }));
        self.next_round_at = None;
        let is_unanswered = outcome.as_ref().is_err_and(AgentFailure::is_unanswered);
        if is_unanswered && !self.is_soft_end {
            self.agent.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        self.outcome = Some(outcome);
        self.commands.push(Command::Finish);
    }
}

impl AttemptFailure {
    /// The failure as a master words it: host, then what happened.
    pub fn master_text(&self) -> String {
        format!("agent {}: {}", self.host, self.text)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut call = out.debug_struct("Call");
        call.field("index", &self.agent.index).field("agent", &self.agent.number);
        call.field("scope", &self.scope).field("is_over", &self.is_over);
        call.finish_non_exhaustive()
    }
}
