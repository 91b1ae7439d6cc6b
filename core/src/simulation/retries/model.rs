//! What the design promises for a cell, worked out without the code under test.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Cell, Connection, Limits, Shows, ms};
use crate::error::{FailureKind, Phase};
use crate::karma::Counter;
use crate::request::Access;

/// A failed attempt: its mirror, and how.
type Failed = (usize, FailureKind, Phase);

/// All that a cell is judged by.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Observed {
    /// The mirror that answered, or each failure in order.
    pub(super) outcome: Option<Result<usize, Vec<Failed>>>,
    pub(super) is_query_error: bool,
    pub(super) deadline_passed: bool,
    pub(super) attempts: u32,
    pub(super) took: Duration,
    /// How often the request, or a part of it, was handed over, by mirror.
    pub(super) sent: Vec<u32>,
    /// Counters that grew, by mirror and name.
    pub(super) counters: BTreeMap<(usize, &'static str), u64>,
}

impl Observed {
    pub(super) fn count(&mut self, mirror: usize, counter: Counter, times: u64) {
        if times > 0 {
            *self.counters.entry((mirror, counter.name())).or_default() += times;
        }
    }
}

/// An attempt under way.
struct Running {
    mirror: usize,
    begun: Duration,
    /// When it fails by itself.
    fails_at: Duration,
    /// When another mirror is asked beside it.
    company_at: Option<Duration>,
}

struct Model<'a> {
    cell: &'a Cell,
    limits: Limits,
    now: Duration,
    /// Mirrors not asked in this round.
    untried: Vec<usize>,
    running: Vec<Running>,
    failures: Vec<Failed>,
    refused_by: Vec<usize>,
    rounds: usize,
    rounds_left: u32,
    observed: Observed,
}

pub(super) fn predict(cell: &Cell) -> Observed {
    let limits = cell.settings.expected;
    let mut model = Model {
        cell,
        limits,
        now: Duration::ZERO,
        untried: in_turn(cell, 0),
        running: Vec::new(),
        failures: Vec::new(),
        refused_by: Vec::new(),
        rounds: 0,
        rounds_left: limits.rounds_more,
        observed: Observed { sent: vec![0; cell.mirrors], ..Observed::default() },
    };
    model.begin();
    while model.observed.outcome.is_none() {
        model.step();
    }
    model.observed.took = model.now;
    model.observed
}

/// Mirrors to ask in that round, the first one last: each round begins one mirror further.
fn in_turn(cell: &Cell, round: usize) -> Vec<usize> {
    let mut mirrors: Vec<usize> = (0..cell.asked()).collect();
    mirrors.rotate_left(round % cell.asked());
    mirrors.reverse();
    mirrors
}

impl Model<'_> {
    /// Asks the next mirror if there is one, and time, and the settings let it.
    fn begin(&mut self) {
        let is_first = self.untried.len() == self.cell.asked();
        let is_allowed = (is_first || self.limits.failover)
            && self.observed.attempts < self.limits.attempts_max
            && self.now < self.limits.deadline;
        let Some(mirror) = self.untried.pop_if(|_| is_allowed) else { return };
        self.observed.attempts += 1;
        let is_kept = self.cell.connection == Connection::Kept;
        let Some(failure) = self.cell.fate_of(mirror).failure(is_kept) else {
            self.observed.sent[mirror] += 1;
            return self.answer(mirror);
        };
        let is_first_use = !self.failures.iter().any(|(failed, ..)| *failed == mirror);
        let connection = match self.cell.connection {
            _ if self.cell.access == Access::Write => Connection::New,
            Connection::Kept if !is_first_use => Connection::Persistent,
            connection => connection,
        };
        self.observed.sent[mirror] += failure.sent[connection as usize];
        let lasts = match failure.shows {
            Shows::AtOnce => Duration::ZERO,
            Shows::AfterConnectTimeout => self.limits.connect_timeout,
            Shows::AfterQueryTimeout => self.limits.query_timeout,
        };
        // Whoever is left gets an equal share of the time, and is asked earlier where the usual
        // time of a mirror is known: after twice that.
        let left = self.limits.deadline - self.now;
        let share = left / (self.untried.len() as u32 + 1);
        let patience = if is_kept { share.min(USUAL * 2) } else { share };
        let has_company = !self.untried.is_empty() && self.limits.failover;
        self.running.push(Running {
            mirror,
            begun: self.now,
            fails_at: self.now + lasts,
            company_at: has_company.then(|| self.now + patience),
        });
    }

    /// Goes on to whatever happens next.
    fn step(&mut self) {
        let due = self.running.iter().map(|attempt| attempt.fails_at);
        let company = self.running.iter().filter_map(|attempt| attempt.company_at);
        let next = due.chain(company).min().unwrap_or(self.now).max(self.now);
        if next >= self.limits.deadline {
            return self.end_late();
        }
        self.now = next;
        if let Some(failed) = self.running.iter().position(|attempt| attempt.fails_at <= next) {
            let failed = self.running.remove(failed);
            return self.fail(failed.mirror);
        }
        let silent = self.running.iter_mut().find(|attempt| attempt.company_at == Some(next));
        if let Some(silent) = silent {
            silent.company_at = None;
            self.begin();
        }
    }

    fn fail(&mut self, mirror: usize) {
        let is_kept = self.cell.connection == Connection::Kept;
        let failure = self.cell.fate.failure(is_kept).expect("it fails");
        if failure.kind == FailureKind::RemoteError {
            self.refused_by.push(mirror);
            // A write has no other mirror to ask; two of one mind are right.
            if self.refused_by.len() == 2 || self.cell.access == Access::Write {
                return self.end_refused();
            }
        } else {
            self.failures.push((mirror, failure.kind, failure.phase));
            // A look-up that failed is no fault of what would have been asked.
            if failure.phase != Phase::Resolve {
                self.observed.count(mirror, Counter::from(failure.kind), 1);
            }
            let may_be_executed = failure.is_out && failure.kind != FailureKind::RemoteRetry;
            if self.cell.access == Access::Write && may_be_executed {
                return self.end(false);
            }
        }
        let before = self.observed.attempts;
        self.begin();
        let is_over = self.observed.outcome.is_some() || self.observed.attempts > before;
        if !is_over && self.running.is_empty() {
            self.end_round();
        }
    }

    fn end_round(&mut self) {
        if !self.refused_by.is_empty() {
            return self.end_refused();
        }
        let pause = if self.rounds_left > 0 {
            self.rounds_left -= 1;
            self.limits.retry_delay
        } else {
            return self.end(false);
        };
        let is_capped = self.observed.attempts >= self.limits.attempts_max;
        if is_capped || self.now + pause >= self.limits.deadline {
            return self.end(false);
        }
        self.now += pause;
        self.rounds += usize::from(self.limits.failover);
        self.untried = in_turn(self.cell, self.rounds);
        self.begin();
    }

    fn answer(&mut self, mirror: usize) {
        self.observed.count(mirror, Counter::SucceededQueries, 1);
        for refused in std::mem::take(&mut self.refused_by) {
            self.observed.count(refused, Counter::RemoteErrors, 1);
        }
        for silent in std::mem::take(&mut self.running) {
            if self.is_slow_for_itself(&silent) {
                self.observed.count(silent.mirror, Counter::Overtaken, 1);
            }
        }
        self.observed.outcome = Some(Ok(mirror));
    }

    fn end_late(&mut self) {
        self.now = self.limits.deadline;
        let is_kept = self.cell.connection == Connection::Kept;
        for late in std::mem::take(&mut self.running) {
            let failure = self.cell.fate.failure(is_kept).expect("it fails");
            self.failures.push((late.mirror, failure.kind, failure.phase));
            if self.is_slow_for_itself(&late) {
                self.observed.count(late.mirror, Counter::from(failure.kind), 1);
            }
        }
        self.end(true);
    }

    fn end_refused(&mut self) {
        for refused in std::mem::take(&mut self.refused_by) {
            self.observed.count(refused, Counter::RemoteErrors, 1);
            self.failures.push((refused, FailureKind::RemoteError, Phase::Read));
        }
        self.observed.is_query_error = true;
        self.end(false);
    }

    fn end(&mut self, deadline_passed: bool) {
        self.observed.deadline_passed = deadline_passed;
        self.observed.outcome = Some(Err(std::mem::take(&mut self.failures)));
    }

    /// No mirror is blamed for less than its usual time.
    fn is_slow_for_itself(&self, attempt: &Running) -> bool {
        let is_kept = self.cell.connection == Connection::Kept;
        !is_kept || self.now - attempt.begun >= USUAL
    }
}

/// What the mirrors of a cell with used connections usually need at most: their one answer took
/// 100 ms, which with four deviations of half of it makes 300 ms (RFC 6298).
const USUAL: Duration = ms(300);
