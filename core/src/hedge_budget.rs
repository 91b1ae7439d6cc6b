//! Requests that may be sent beside another to the same agent (Dean and Barroso, The Tail at
//! Scale, 2013: hedged requests).
//!
//! Answered queries earn them: mirrors that answer show what they can take, and where none answers
//! nothing is added to the load.

use std::sync::atomic::{AtomicU32, Ordering};

/// Extra requests that an agent may still cause.
#[derive(Debug)]
pub struct HedgeBudget {
    early_tenths: AtomicU32,
    late: AtomicU32,
    retry_fifths: AtomicU32,
}

/// What an extra request is paid from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fund {
    /// Nothing: evidence calls for it, or it comes beside a trial, of which there is one at a
    /// time.
    Free,
    /// A tenth of all answers, out of the one for each: the mirror may be merely slow.
    Early,
    /// One for each answer: the mirror has had its share of the time.
    Late,
    /// A fifth of all answers: a mirror had no capacity and is asked again.
    Retry,
}

impl Default for HedgeBudget {
    fn default() -> Self {
        Self {
            early_tenths: AtomicU32::new(TENTHS_MAX),
            late: AtomicU32::new(LATE_MAX),
            retry_fifths: AtomicU32::new(FIFTHS_MAX),
        }
    }
}

impl HedgeBudget {
    /// A call was answered: what it earns.
    pub fn earn(&self) {
        add(&self.early_tenths, TENTHS_MAX);
        add(&self.late, LATE_MAX);
        add(&self.retry_fifths, FIFTHS_MAX);
    }

    /// Takes one extra request; false if the budget is used up.
    pub fn spend(&self, fund: Fund) -> bool {
        match fund {
            Fund::Free => true,
            Fund::Early => take(&self.early_tenths, 10) && take(&self.late, 1),
            Fund::Late => take(&self.late, 1),
            Fund::Retry => take(&self.retry_fifths, 5),
        }
    }
}

fn add(counter: &AtomicU32, max: u32) {
    let more = |left: u32| (left < max).then_some(left + 1);
    let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
}

fn take(counter: &AtomicU32, count: u32) -> bool {
    let less = |left: u32| left.checked_sub(count);
    counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
}

/// Bursts of so many early ones are allowed, in tenths.
const TENTHS_MAX: u32 = 100;

/// Bursts of so many retries are allowed, in fifths.
const FIFTHS_MAX: u32 = 50;

/// Bursts of so many late ones: mirrors that hang at once, each asked by several calls, until
/// they are found dead.
const LATE_MAX: u32 = 64;
