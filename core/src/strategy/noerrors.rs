//! `noerrors`: those that answered in the window. Of these it takes the lowest ratio of critical
//! errors, then of all errors, three percent counting as none; then it goes by latency.

use std::time::Instant;

use super::random::rank_living;
use super::ranking::Ranking;
use crate::karma::{Counter, Window};
use crate::mirror::Mirror;

pub(super) fn rank(mirrors: &[Mirror], weights: &[f64], now: Instant, ranking: &mut Ranking) {
    rank_living(mirrors, ranking, |number| {
        let window = mirrors[number].host.read(|karma| karma.choice_window(now));
        (tier(&window), weights[number])
    });
}

/// Lower is better. A mirror nobody asked yet is not one that failed: it ranks with the clean.
fn tier(window: &Window) -> u64 {
    let outcomes = window.answers() + window.errors();
    if outcomes == 0 {
        return 0;
    }
    if window.answers() == 0 {
        return WITHOUT_SUCCESS;
    }
    let critical = permille(window.critical_errors(), outcomes);
    // To have been overtaken is to be slow, which weights tell: shut out for it, a mirror would
    // come back with no sample, and take a mean share for half a period.
    let slow = window.get(Counter::Overtaken);
    let all = permille(window.errors() - slow, outcomes);
    critical * 1_001 + all
}

fn permille(part: u64, whole: u64) -> u64 {
    let permille = part.saturating_mul(1_000) / whole;
    if permille <= PERMILLE_IGNORED { 0 } else { permille }
}

const PERMILLE_IGNORED: u64 = 30;

/// Behind every mirror that answered at least once.
const WITHOUT_SUCCESS: u64 = 1 << 31;
