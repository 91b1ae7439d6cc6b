//! When a second mirror is asked while the first is still silent (Dean and Barroso, The Tail at
//! Scale, 2013: hedged requests).
//!
//! A mirror that has been silent for much longer than the best one usually takes gets company, as
//! long as such extra requests stay under a tenth of all. A mirror that was left behind so is
//! waited for twice as long the next time, up to its own usual time: so one that is merely slower
//! can answer, and one that hangs can be told from it.
//!
//! Without budget or history the second mirror is asked in time to have its equal share of the
//! deadline, so that a hung mirror does not use up the time in which another would have answered.
//! Where queries take that long on every mirror this is load on top of too much load: such
//! requests stay under one for each query, and under the tenth where no mirror, by
//! the records of all, is likely to answer in what is left.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::Call;
use super::attempt::{Attempt, Overtake};
use crate::karma::Karma;
use crate::strategy::Pick;

/// Extra requests that an agent may still cause.
#[derive(Debug)]
pub struct SpeculationBudget {
    early_tenths: AtomicU32,
    late: AtomicU32,
}

/// What an extra request is paid from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fund {
    /// Nothing: it comes beside a trial, of which there is one at a time.
    Free,
    /// A tenth of all queries: time alone does not call for it yet.
    Early,
    /// One for each query: the mirror has had its share of the time.
    Late,
    /// The tenth, too: it has, but no other is likely to answer in what is left.
    Hopeless,
}

impl Default for SpeculationBudget {
    fn default() -> Self {
        Self { early_tenths: AtomicU32::new(TENTHS_MAX), late: AtomicU32::new(LATE_MAX) }
    }
}

impl SpeculationBudget {
    /// A call was made: what it earns.
    pub fn earn(&self) {
        add(&self.early_tenths, TENTHS_MAX);
        add(&self.late, LATE_MAX);
    }

    /// Takes one extra request; false if the budget is used up.
    fn spend(&self, fund: Fund) -> bool {
        match fund {
            Fund::Free => true,
            Fund::Early | Fund::Hopeless => take(&self.early_tenths, 10),
            Fund::Late => take(&self.late, 1),
        }
    }
}

fn add(counter: &AtomicU32, max: u32) {
    let more = |count| (count < max).then_some(count + 1);
    let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
}

fn take(counter: &AtomicU32, count: u32) -> bool {
    let less = |left: u32| left.checked_sub(count);
    counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
}

/// What the record of a picked mirror tells of how long to wait for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// A wait that it, if well, rarely exceeds; of one that never answered several times what
    /// the best one gets.
    pub(super) usual: Option<Duration>,
    /// How often in a row it was left behind before that.
    left_behind: u32,
    /// How long its trial may hold up a query.
    trial_delay_max: Duration,
}

impl Standing {
    pub(super) fn new(karma: &Karma, pick: &Pick) -> Self {
        let presumed = pick.patience.map(|best| delay_min(best) * UNKNOWN_FACTOR);
        Self {
            usual: karma.latency().patience().or(presumed),
            left_behind: karma.left_behind(),
            trial_delay_max: karma.health().trial_delay_max(),
        }
    }

    /// How long the mirror is waited for alone; `best` is a wait after which the best mirror
    /// would most likely have answered.
    fn delay(&self, best: Duration, on_trial: bool) -> Duration {
        let usual = self.usual.unwrap_or_default();
        if on_trial {
            // Its record is older than its death, so it may take longer now: as rarely as it is
            // tried, it may.
            return best.max(usual.max(TRIAL_DELAY).min(self.trial_delay_max));
        }
        let delay = delay_min(best);
        let longer = delay * 2_u32.pow(self.left_behind.min(LEFT_BEHIND_MAX));
        longer.min(usual.max(delay))
    }
}

fn delay_min(best: Duration) -> Duration {
    (best * PATIENCE_FACTOR).max(DELAY_MIN)
}

impl Attempt {
    /// Sets when another mirror is asked beside it, with `untried` others left.
    pub(super) fn overtake(
        &mut self,
        pick: &Pick,
        standing: &Standing,
        untried: usize,
        now: Instant,
        deadline: Instant,
    ) {
        let left = deadline.saturating_duration_since(now);
        let share = left / (untried as u32 + 1);
        let latest = now + share;
        let is_hopeless = pick.knows_all && pick.patience.is_some_and(|best| best > left - share);
        let (early_fund, late_fund) = match (pick.on_trial, is_hopeless) {
            (true, _) => (Fund::Free, Fund::Free),
            (false, true) => (Fund::Early, Fund::Hopeless),
            (false, false) => (Fund::Early, Fund::Late),
        };
        let delay = pick.patience.map(|best| standing.delay(best, pick.on_trial));
        self.is_last_chance = standing.left_behind >= LEFT_BEHIND_MAX;
        self.share_ends_at = Some(latest);
        self.overtake_at = Some(match delay.filter(|delay| *delay < share) {
            Some(delay) => Overtake { at: now + delay, fund: early_fund, late_fund },
            None => Overtake { at: latest, fund: late_fund, late_fund },
        });
    }
}

impl Call {
    /// Asks another mirror beside one that has been silent for long.
    pub(super) fn overtake_silent(&mut self, random: u64, now: Instant) {
        for position in 0..self.attempts.len() {
            let attempt = &mut self.attempts[position];
            let Some(overtake) = attempt.overtake_at.take_if(|overtake| now >= overtake.at) else {
                continue;
            };
            if self.agent.speculation.spend(overtake.fund) {
                self.start_attempt(random, now);
                continue;
            }
            // Who can't pay now asks again when a share of the time has passed once more.
            let share = attempt.share_ends_at.map(|end| end - attempt.started_at);
            let at = match overtake.fund {
                Fund::Early => attempt.share_ends_at,
                _ => share.map(|share| overtake.at + share.max(DELAY_MIN)),
            };
            let late_fund = overtake.late_fund;
            attempt.overtake_at = at.filter(|at| *at < self.deadline).map(|at| Overtake {
                at,
                fund: late_fund,
                late_fund,
            });
        }
    }
}

/// Bursts of so many extra requests are allowed, in tenths.
const TENTHS_MAX: u32 = 100;

/// Bursts of so many late ones: mirrors that hang at once, each asked by several calls, until
/// they are found dead.
const LATE_MAX: u32 = 64;

/// Usual time and four deviations, twice over: what remains is a hang, not a slow query.
const PATIENCE_FACTOR: u32 = 2;

/// A mirror that never answered may be so much slower than the best one is expected to be.
const UNKNOWN_FACTOR: u32 = 8;

/// After so many doublings, of 20 ms to five seconds, a mirror had all the time there is.
const LEFT_BEHIND_MAX: u32 = 8;

/// Below this a wait is scheduling noise, not a sign.
const DELAY_MIN: Duration = Duration::from_millis(20);

/// A mirror that was found dead may take so long again before it is known better.
const TRIAL_DELAY: Duration = Duration::from_millis(100);
