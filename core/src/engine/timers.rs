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
            if !is_over(call) && self.armed[call.0 as usize] == Some(due) {
                return;
            }
            self.heap.pop();
        }
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
        self.armed.clear();
    }
}
