//! What holds for a cell whatever its course is in time.

use super::model::Observed;
use super::{Cell, Connection, Fate};
use crate::karma::Counter;

/// Says what should not be.
pub(super) fn check(cell: &Cell, met: &Observed) -> Option<String> {
    let limits = cell.settings.expected;
    let is_kept = cell.connection == Connection::Kept;
    let failure = cell.fate.failure(is_kept).expect("it is no cell of answers");
    if met.took > limits.deadline {
        return Some("it lasts for longer than its deadline".to_owned());
    }
    if met.attempts > limits.attempts_max {
        return Some(format!("{} attempts at most", limits.attempts_max));
    }
    let last = cell.asked() - 1;
    let can_ask_last = limits.failover && limits.attempts_max as usize > last || last == 0;
    match &met.outcome {
        Some(Ok(mirror)) if cell.last_answers && *mirror == last => {
            let is_late = can_ask_last && met.took > limits.deadline / 2;
            if is_late {
                return Some(
                    "the last mirror is asked when half of the deadline is over".to_owned(),
                );
            }
        }
        Some(Err(_)) if cell.last_answers && can_ask_last => {
            return Some("the last mirror would have answered".to_owned());
        }
        Some(Err(failures)) => {
            let right = |kind| kind == failure.kind || cell.fate == Fate::NeverGreets;
            if let Some(wrong) = failures.iter().find(|(_, kind, _)| !right(*kind)) {
                return Some(format!("no mirror fails as {wrong:?} says"));
            }
            if failures.is_empty() {
                return Some("it does not say how the mirrors failed".to_owned());
            }
        }
        other => return Some(format!("the outcome is {other:?}")),
    }
    let blamed = [Counter::Overtaken, Counter::from(failure.kind), Counter::ConnectTimeouts];
    let succeeded = Counter::SucceededQueries;
    let unexpected = met.counters.iter().find(|((mirror, name), count)| {
        let is_blame = blamed.iter().any(|counter| counter.name() == *name);
        let is_answer = *name == succeeded.name() && *mirror == last && cell.last_answers;
        !(is_blame || is_answer && **count == 1)
    });
    unexpected.map(|unexpected| format!("{unexpected:?} is counted"))
}
