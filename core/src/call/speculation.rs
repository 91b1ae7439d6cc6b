//! When a second mirror is asked while the first is still silent (Dean and Barroso, The Tail at
//! Scale, 2013: hedged requests).
//!
//! A mirror that has been silent for much longer than the best one usually takes gets company, as
//! long as such extra requests stay under a tenth of all. Without budget or history the second
//! mirror is asked in time to have its equal share of the deadline: so a hung mirror never uses
//! up the time in which another would have answered.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::attempt::Overtake;
use crate::strategy::Pick;

/// Extra requests that an agent may still cause, in tenths.
#[derive(Debug)]
pub struct SpeculationBudget {
    tenths: AtomicU32,
}

impl Default for SpeculationBudget {
    fn default() -> Self {
        Self { tenths: AtomicU32::new(TENTHS_MAX) }
    }
}

impl SpeculationBudget {
    /// A call was made: a tenth of an extra request is earned.
    pub fn earn(&self) {
        let earn = |tenths| (tenths < TENTHS_MAX).then_some(tenths + 1);
        let _ = self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, earn);
    }

    /// Takes one extra request; false if the budget is used up.
    pub fn spend(&self) -> bool {
        let spend = |tenths: u32| tenths.checked_sub(10);
        self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok()
    }
}

/// When to ask another mirror beside the picked one, with `untried` others left.
///
/// `own` is the patience that the picked mirror itself deserves by its record.
pub(super) fn overtake(
    pick: &Pick,
    own: Option<Duration>,
    untried: usize,
    now: Instant,
    deadline: Instant,
) -> Overtake {
    let left = deadline.saturating_duration_since(now);
    let latest = now + left / (untried as u32 + 1);
    let Some(patience) = pick.patience else {
        return Overtake { at: latest, budgeted: false, latest };
    };
    if pick.on_trial {
        // The mirror was found dead: it gets no more than its usual time, and not much of that.
        let own = own.unwrap_or_default().min(TRIAL_DELAY_MAX);
        let at = (now + patience.max(own).max(TRIAL_DELAY_MIN)).min(latest);
        return Overtake { at, budgeted: false, latest };
    }
    let at = (now + (patience * PATIENCE_FACTOR).max(DELAY_MIN)).min(latest);
    Overtake { at, budgeted: at < latest, latest }
}

/// Bursts of so many extra requests are allowed, in tenths.
const TENTHS_MAX: u32 = 100;

/// Usual time and four deviations, twice over: what remains is a hang, not a slow query.
const PATIENCE_FACTOR: u32 = 2;

/// Below this a wait is scheduling noise, not a sign.
const DELAY_MIN: Duration = Duration::from_millis(20);
const TRIAL_DELAY_MIN: Duration = Duration::from_millis(2);
const TRIAL_DELAY_MAX: Duration = Duration::from_millis(100);
