//! When which call is to be told that time went by.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::CallId;
use super::calls::Calls;

/// A heap with one valid entry a call, the one that the call's slot names; others are skipped when
/// they come up.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, CallId)>>,
}

impl Timers {
    /// Wakes the call at `due` or before; a later entry that exists already is enough only if it
    /// is not later than `due`. `armed` is that of the call's slot.
    pub(super) fn arm(&mut self, armed: &mut Option<Instant>, call: CallId, due: Instant) {
        if armed.is_none_or(|armed| due < armed) {
            *armed = Some(due);
            self.heap.push(Reverse((due, call)));
        }
    }

    /// The earliest entry, valid or not: a spurious wake-up is harmless.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((due, _))| *due)
    }

    /// A call whose time has come.
    pub(super) fn pop_due(&mut self, calls: &mut Calls, now: Instant) -> Option<CallId> {
        while let Some(&Reverse((due, call))) = self.heap.peek() {
            if due > now {
                return None;
            }
            self.heap.pop();
            let slot = calls.get_mut(call).filter(|slot| slot.armed == Some(due));
            if let Some(slot) = slot {
                slot.armed = None;
                return Some(call);
            }
        }
        None
    }

    /// Drops entries of calls that have ended, while they are first in line.
    pub(super) fn skip(&mut self, calls: &mut Calls) {
        while let Some(&Reverse((due, call))) = self.heap.peek() {
            let slot = calls.get(call).filter(|slot| slot.armed == Some(due));
            if slot.is_some_and(|slot| !slot.call.is_over()) {
                return;
            }
            self.heap.pop();
        }
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::calls::testing;

    #[test]
    fn an_earlier_due_overtakes_a_later_one() {
        let (mut calls, call, now) = testing::one_call();
        let mut timers = Timers::default();
        for seconds in [5, 2, 4] {
            timers.arm(&mut calls[call].armed, call, now + Duration::from_secs(seconds));
        }
        assert_eq!(timers.pop_due(&mut calls, now + Duration::from_secs(1)), None);
        assert_eq!(timers.pop_due(&mut calls, now + Duration::from_secs(2)), Some(call));
        assert_eq!(timers.pop_due(&mut calls, now + Duration::from_secs(9)), None);
    }

    #[test]
    fn entries_of_forgotten_calls_are_skipped() {
        let (mut calls, call, now) = testing::one_call();
        let mut timers = Timers::default();
        timers.arm(&mut calls[call].armed, call, now);
        calls[call].call.cancel();
        calls.forget(call);
        assert_eq!(timers.pop_due(&mut calls, now), None);
        timers.arm(&mut None, call, now);
        timers.skip(&mut calls);
        assert_eq!(timers.next(), None);
    }
}
