//! One agent's request: attempts, failover, retry rounds, the deadline, replay safety.
//!
//! A call asks one mirror after the other until one answers. It knows nothing of connections: the
//! engine starts what [`Call::poll_command`] says and reports with the `handle_*` methods; after
//! each of them, commands and [`Call::next_timeout`] are asked for anew.

#[cfg(test)]
mod again_tests;
mod attempt;
#[cfg(test)]
mod health_tests;
mod hedge;
mod left_behind;
mod names;
mod outcome;
mod refusal;
mod round;
mod soft_end;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod verdict_tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use attempt::Attempt;
#[cfg(test)]
pub(crate) use hedge::REDIAL_PAUSE;
pub(crate) use left_behind::LeftBehind;
pub(crate) use outcome::{Answer, Judged};
use refusal::Refusal;
use round::Obstacles;

use crate::agent::Agent;
use crate::deadline::CallLimits;
use crate::error::{AgentFailure, AttemptFailure, Error, FailureKind, FaultText, Phase};
use crate::host::{Host, Purpose};
use crate::limits::HEARTBEATS_MAX;
use crate::mirror_key::MirrorKey;
use crate::options::CallOptions;
use crate::request::{Access, Request};
use crate::strategy::Tried;
use crate::wire::text;

/// A request to one agent.
pub struct Call {
    agent: Arc<Agent>,
    request: Arc<dyn Request>,
    limits: CallLimits,
    scope: Scope,
    failover: bool,
    /// Key whose mirror is asked before others.
    key: Option<MirrorKey>,
    /// Without failover: the mirror that was picked first, which no later round leaves.
    stays_with: Option<usize>,
    begun_at: Instant,
    deadline: Instant,
    /// When the call ends because enough others were answered.
    soft_end: Option<Instant>,
    tried: Tried,
    /// Mirrors of `tried` about which this round has proven nothing: packets may have been lost.
    unproven: Tried,
    round: u32,
    /// Rounds that a lack of capacity brought, which no setting limits.
    busy_rounds: u32,
    /// What kept mirrors from answering in this round.
    obstacles: Obstacles,
    /// An ERROR reply that passes by itself was given a second chance.
    is_second_chance_used: bool,
    next_round_at: Option<Instant>,
    attempts: SmallVec<[Attempt; 2]>,
    attempts_started: u32,
    /// Number of attempts that another one took the place of before anything was sent.
    attempts_withdrawn: u32,
    left_behind: SmallVec<[(u32, LeftBehind); 1]>,
    refusals: SmallVec<[Refusal; 1]>,
    failures: Vec<AttemptFailure>,
    commands: SmallVec<[Command; 2]>,
    /// True if it ended by a soft time-out.
    is_soft_end: bool,
    is_over: bool,
    outcome: Option<Result<Answer, AgentFailure>>,
}

/// Which mirrors a call may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any, one of them has to answer.
    Agent,
    /// One mirror, by its position: a write goes to each mirror in a call of its own.
    Mirror(usize),
    /// One mirror, to see whether it lives; counted as a ping.
    Ping(usize),
}

/// What the engine has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send the request to that mirror.
    Start {
        /// Number of the attempt.
        attempt: u32,
        /// Position of the mirror.
        mirror: usize,
        /// Kept connections that were idle at this time are not to be used.
        fresh_since: Option<Instant>,
    },
    /// Forget the attempt: its reply is not wanted any more.
    Abandon {
        /// Number of the attempt.
        attempt: u32,
    },
    /// Wait for the reply of the attempt as [`Call::take_left_behind`] says.
    LeaveBehind {
        /// Number of the attempt.
        attempt: u32,
    },
    /// Look the mirror's name up; nobody waits for that.
    LookUp {
        /// Position of the mirror.
        mirror: usize,
    },
    /// The attempt has been silent for long: look its mirror's name up, and if that has moved go
    /// after it.
    Follow {
        /// Number of the attempt.
        attempt: u32,
    },
    /// [`Call::outcome`] is there.
    Finish,
}

impl Call {
    /// A call that starts now; `random` picks the first mirror.
    pub fn new(
        agent: Arc<Agent>,
        request: Arc<dyn Request>,
        options: &CallOptions,
        scope: Scope,
        random: u64,
        now: Instant,
    ) -> Self {
        let limits = CallLimits::new(options, &agent.settings);
        let mut call = Self {
            limits,
            scope,
            failover: scope == Scope::Agent && options.failover,
            key: options.mirror_key,
            stays_with: None,
            begun_at: now,
            deadline: now + limits.deadline,
            soft_end: None,
            tried: Tried::default(),
            unproven: Tried::default(),
            round: 0,
            busy_rounds: 0,
            obstacles: Obstacles::default(),
            is_second_chance_used: false,
            next_round_at: None,
            attempts: SmallVec::new(),
            attempts_started: 0,
            attempts_withdrawn: 0,
            left_behind: SmallVec::new(),
            refusals: SmallVec::new(),
            failures: Vec::new(),
            commands: SmallVec::new(),
            is_soft_end: false,
            is_over: false,
            outcome: None,
            agent,
            request,
        };
        call.proceed(random, now);
        call
    }

    /// The agent asked.
    pub fn agent(&self) -> &Arc<Agent> {
        &self.agent
    }

    /// The request.
    pub fn request(&self) -> &Arc<dyn Request> {
        &self.request
    }

    /// Whether it only asks if a host lives.
    pub fn is_ping(&self) -> bool {
        matches!(self.scope, Scope::Ping(_))
    }

    /// The one mirror that may answer, or that has answered.
    pub fn bound_mirror(&self) -> Option<usize> {
        match (self.scope, &self.outcome) {
            (Scope::Mirror(mirror) | Scope::Ping(mirror), _) => Some(mirror),
            (Scope::Agent, Some(Ok(answer))) => Some(answer.mirror),
            (Scope::Agent, _) => None,
        }
    }

    /// Whether the request may be sent again on a new connection when the kept one that it was
    /// sent on turns out to be dead.
    pub fn may_resend(&self) -> bool {
        self.request.access() == Access::Read
    }

    /// Position of the mirror that an attempt under way asks.
    pub fn mirror(&self, attempt: u32) -> Option<usize> {
        let attempt = self.attempts.iter().find(|running| running.number == attempt)?;
        Some(attempt.mirror)
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns the outcome of the call; `None` while it runs, or once taken.
    pub fn outcome(&self) -> Option<&Result<Answer, AgentFailure>> {
        self.outcome.as_ref()
    }

    /// Takes the outcome out.
    pub fn take_outcome(&mut self) -> Option<Result<Answer, AgentFailure>> {
        self.outcome.take()
    }

    /// What to do next.
    pub fn poll_command(&mut self) -> Option<Command> {
        (!self.commands.is_empty()).then(|| self.commands.remove(0))
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due; `None` once the call has ended.
    pub fn next_timeout(&self) -> Option<Instant> {
        if self.is_over {
            return None;
        }
        let attempts = self.attempts.iter().map(Attempt::next_timeout);
        attempts.chain(self.next_round_at).chain(self.soft_end).chain([self.deadline]).min()
    }

    /// An attempt that the call does without, once after [`Command::LeaveBehind`].
    pub fn take_left_behind(&mut self, attempt: u32) -> Option<LeftBehind> {
        let position = self.left_behind.iter().position(|(number, _)| *number == attempt)?;
        Some(self.left_behind.remove(position).1)
    }

    /// The attempt goes over a connection that was used before.
    pub fn handle_reused(&mut self, attempt: u32) {
        if let Some(reused) = self.find(attempt) {
            reused.is_reused = true;
            reused.is_connected = true;
            let mirror = reused.mirror;
            self.abandon_twins(mirror);
        }
    }

    /// The reply of an attempt begins to come.
    pub fn handle_heard(&mut self, attempt: u32, now: Instant) {
        if let Some(mirror) = self.mirror(attempt) {
            self.host(mirror).record(|karma| karma.handle_heard(now));
        }
    }

    /// A connection stands, made for this attempt. Others that are still being made to the same
    /// mirror are given up.
    pub fn handle_connected(&mut self, attempt: u32, now: Instant) {
        if let Some(connected) = self.find(attempt) {
            connected.is_connected = true;
            let elapsed = connected.elapsed(now);
            let mirror = connected.mirror;
            self.host(mirror).record(|karma| karma.handle_connect(elapsed, now));
            if !self.is_ping() {
                self.agent.mirrors[mirror].tally.handle_connect(elapsed);
            }
            self.abandon_twins(mirror);
        }
    }

    /// The mirror is reached: from now on its answer is waited for.
    pub fn handle_reached(&mut self, attempt: u32, now: Instant) {
        let limits = self.limits;
        if let Some(attempt) = self.find(attempt) {
            attempt.handle_reached(&limits, now);
        }
    }

    /// The mirror said that it is still at work.
    pub fn handle_heartbeat(&mut self, attempt: u32, now: Instant) {
        let limits = self.limits;
        if let Some(attempt) = self.find(attempt) {
            attempt.phase_ends_at = now + limits.query_timeout;
            attempt.hedge = None;
            attempt.look_again_at = None;
        }
        if !limits.is_deadline_fixed {
            let longest = self.begun_at + HEARTBEATS_MAX;
            self.deadline = self.deadline.max((now + limits.query_timeout).min(longest));
        }
    }

    /// The process missed so much time. The deadline moves, too, unless the caller fixed it.
    pub fn handle_absence(&mut self, missed: Duration, now: Instant) {
        if self.is_over {
            return;
        }
        let missed = missed.min(now.saturating_duration_since(self.begun_at));
        if !self.limits.is_deadline_fixed {
            self.deadline += missed;
            self.soft_end = self.soft_end.map(|end| end + missed);
        }
        let share_ends_at = now + self.share(self.untried(), now);
        for attempt in &mut self.attempts {
            attempt.handle_absence(missed, share_ends_at, now);
        }
        self.next_round_at = self.next_round_at.map(|at| at + missed);
    }

    /// The reply of an attempt may have waited here since then: what it took is not known.
    pub fn handle_late_reading(&mut self, attempt: u32, since: Instant) {
        if let Some(attempt) = self.find(attempt) {
            attempt.read_late = Some(since);
        }
    }

    /// To reach its mirror is begun only now: it had to wait for its turn, or a kept connection
    /// was dead.
    pub fn handle_late_dial(&mut self, attempt: u32, now: Instant) {
        let limits = self.limits;
        if let Some(attempt) = self.find(attempt) {
            attempt.handle_late_dial(&limits, now);
        }
    }

    /// Bytes of the request were handed to the kernel.
    pub fn handle_handed_over(&mut self, attempt: u32) {
        if let Some(attempt) = self.find(attempt) {
            attempt.handed_over = true;
        }
    }

    /// The attempt failed.
    pub fn handle_failure(
        &mut self,
        attempt: u32,
        kind: FailureKind,
        phase: Phase,
        text: impl Into<FaultText>,
        random: u64,
        now: Instant,
    ) {
        let Some(attempt) = self.remove(attempt) else { return };
        if kind == FailureKind::Local && phase == Phase::Read {
            return self.finish_out_of_memory(&attempt, text, now);
        }
        self.fail_attempt(&attempt, kind, phase, text, now);
        self.proceed_after(attempt.remains(), kind, random, now);
    }

    /// The request can't be encoded: no mirror would do better.
    pub fn handle_unsendable(&mut self, attempt: u32, error: Error) {
        let Some(attempt) = self.remove(attempt) else { return };
        match error {
            Error::Program(error) => self.fail_program(&attempt, error),
            error => {
                self.release(&attempt);
                self.finish_failed(Some(error.to_string()), false);
            }
        }
    }

    /// Time went by. `phase_of` tells what an attempt is doing; `None` if it waits for its turn to
    /// connect, which is no fault of its mirror.
    pub fn handle_timeout(
        &mut self,
        phase_of: impl Fn(u32) -> Option<Phase>,
        random: u64,
        now: Instant,
    ) {
        if self.is_over {
            return;
        }
        if let Some(time_up) = self.time_up(now) {
            return self.handle_time_up(time_up, phase_of, now);
        }
        while let Some(late) = self.attempts.iter().position(|late| now >= late.phase_ends_at) {
            let phase = phase_of(self.attempts[late].number);
            let is_booked = self.attempts[late].is_booked;
            let Some(phase) = phase.filter(|phase| *phase != Phase::Resolve || is_booked) else {
                // Its time to reach the mirror has not begun.
                let reprieve = self.limits.connect_timeout.max(REPRIEVE_MIN);
                self.attempts[late].phase_ends_at = now + reprieve;
                continue;
            };
            let late = self.attempts.remove(late);
            let (kind, _) = late.timeout();
            let remains = late.remains();
            if !late.is_connected {
                self.abandon_twins(late.mirror);
            }
            self.give_up(late, phase, now);
            self.proceed_after(remains, kind, random, now);
            if self.is_over {
                return;
            }
        }
        self.begin_round(random, now);
        self.hedge_silent(phase_of, random, now);
        self.look_after_silent(now);
    }

    fn purpose(&self, on_trial: bool) -> Purpose {
        match (self.is_ping(), on_trial) {
            (true, _) => Purpose::Ping,
            (false, true) => Purpose::Trial,
            (false, false) => Purpose::Query,
        }
    }

    fn host(&self, mirror: usize) -> &Arc<Host> {
        &self.agent.mirrors[mirror].host
    }

    /// The line's `retry_count` allows no further attempt.
    fn is_capped(&self) -> bool {
        let attempts = self.attempts_started - self.attempts_withdrawn;
        self.agent.attempts_max.is_some_and(|max| attempts >= max)
    }

    fn find(&mut self, number: u32) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.number == number)
    }

    fn remove(&mut self, number: u32) -> Option<Attempt> {
        let position = self.attempts.iter().position(|attempt| attempt.number == number)?;
        Some(self.attempts.remove(position))
    }

    /// Mirrors that are still to be asked in this round; none in the pause before one.
    fn untried(&self) -> usize {
        match self.next_round_at {
            Some(_) => 0,
            None => self.agent.mirrors.len() - self.tried.len(),
        }
    }

    /// Gives back what an attempt had claimed that failed for a reason of this program's own.
    fn release(&self, attempt: &Attempt) {
        if attempt.on_trial {
            self.host(attempt.mirror).record(|karma| karma.health_mut().release_trial());
        }
    }

    /// Books a failed attempt.
    fn fail_attempt(
        &mut self,
        attempt: &Attempt,
        kind: FailureKind,
        phase: Phase,
        text: impl Into<FaultText>,
        now: Instant,
    ) {
        let failure = self.attempt_failure(attempt, kind, phase, text, now);
        let purpose = self.purpose(attempt.on_trial);
        self.agent.mirrors[attempt.mirror].record_failure(&failure, purpose, now);
        self.obstacles.note(kind);
        self.failures.push(failure);
    }

    /// Gives up connections to the mirror that are still being made.
    fn abandon_twins(&mut self, mirror: usize) {
        let is_twin = |other: &Attempt| other.mirror == mirror && !other.is_connected;
        while let Some(position) = self.attempts.iter().position(is_twin) {
            let twin = self.attempts.remove(position);
            self.commands.push(Command::Abandon { attempt: twin.number });
        }
    }

    fn attempt_failure(
        &self,
        attempt: &Attempt,
        kind: FailureKind,
        phase: Phase,
        text: impl Into<FaultText>,
        now: Instant,
    ) -> AttemptFailure {
        let (host, elapsed) = (self.host(attempt.mirror).name.clone(), attempt.elapsed(now));
        // The judge may be the program's own.
        let FaultText { text, code } = Into::<FaultText>::into(text).reworded(text::escape);
        let began = attempt.started_at.saturating_duration_since(self.begun_at);
        AttemptFailure { host, kind, phase, text, code, began, elapsed }
    }
}

/// Even without any time to connect, time goes on between two looks.
const REPRIEVE_MIN: Duration = Duration::from_millis(1);
