//! When which call is to be told that time went by.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::CallId;

/// A heap with one valid entry a call; an entry that was overtaken by an earlier one is skipped
/// when it comes up.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, CallId)>>,
    armed: Vec<Option<Instant>>,
}

impl Timers {
    /// Wakes the call at `due` or before; a later entry that exists already is enough only if it
    /// is not later than `due`.
    pub(super) fn arm(&mut self, call: CallId, due: Instant) {
        let number = call.0 as usize;
        if number >= self.armed.len() {
            self.armed.resize(number + 1, None);
        }
        let armed = &mut self.armed[number];
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
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<CallId> {
        while let Some(&Reverse((due, call))) = self.heap.peek() {
            if due > now {
                return None;
            }
            self.heap.pop();
            let armed = &mut self.armed[call.0 as usize];
            if *armed == Some(due) {
                *armed = None;
                return Some(call);
            }
        }
        None
    }

    /// Drops entries of calls that have ended, while they are first in line.
    pub(super) fn skip(&mut self, is_over: impl Fn(CallId) -> bool) {
        while let Some(&Reverse((due, call))) = self.heap.peek() {
            let armed = &mut self.armed[call.0 as usize];
            if *armed == Some(due) {
                if !is_over(call) {
                    return;
                }
                // Its number may go to another call, which must be able to arm it anew.
                *armed = None;
            }
            self.heap.pop();
        }
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
        self.armed.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::agent::testing::origin;

    #[test]
    fn a_call_takes_over_the_number_of_one_that_ended() {
        let (now, call) = (origin(), CallId(0));
        let mut timers = Timers::default();
        timers.arm(call, now + Duration::from_secs(1));
        timers.skip(|_| true);
        assert_eq!(timers.next(), None);
        let later = now + Duration::from_secs(2);
        timers.arm(call, later);
        assert_eq!(timers.next(), Some(later));
        assert_eq!(timers.pop_due(later), Some(call));
    }

    #[test]
    fn an_earlier_due_overtakes_a_later_one() {
        let (now, call) = (origin(), CallId(3));
        let mut timers = Timers::default();
        for seconds in [5, 2, 4] {
            timers.arm(call, now + Duration::from_secs(seconds));
        }
        assert_eq!(timers.pop_due(now + Duration::from_secs(1)), None);
        assert_eq!(timers.pop_due(now + Duration::from_secs(2)), Some(call));
        assert_eq!(timers.pop_due(now + Duration::from_secs(9)), None);
    }
}
