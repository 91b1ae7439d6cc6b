//! The calls of a batch by their numbers, which only grow. Memory is held for those that run or
//! whose outcome was not taken, and a place for what was started after the oldest of these.

use std::collections::VecDeque;
use std::ops::{Index, IndexMut};
use std::time::Instant;

use smallvec::SmallVec;

use super::{CallId, ConnectionId};
use crate::call::Call;

#[derive(Default)]
pub(crate) struct Calls {
    /// `None` where the call was forgotten.
    slots: VecDeque<Option<Slot>>,
    /// Number of the first slot.
    first: u32,
}

pub(crate) struct Slot {
    pub(super) call: Call,
    /// Connections of its attempts.
    pub(crate) links: SmallVec<[(u32, ConnectionId); 2]>,
    /// When its timer rings.
    pub(super) armed: Option<Instant>,
    /// Number of its group, whose rest may be hurried; `None` if it has none, or has ended.
    pub(super) group: Option<usize>,
    /// When the call ended.
    pub(super) ended_at: Option<Instant>,
}

impl Calls {
    pub(super) fn push(&mut self, call: Call) -> CallId {
        let links = SmallVec::new();
        let slot = Slot { call, links, armed: None, group: None, ended_at: None };
        self.slots.push_back(Some(slot));
        CallId(self.next().0.wrapping_sub(1))
    }

    /// Number of the next call.
    pub(super) fn next(&self) -> CallId {
        CallId(self.first.wrapping_add(self.slots.len() as u32))
    }

    pub(super) fn get(&self, id: CallId) -> Option<&Slot> {
        self.slots.get(self.place(id))?.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: CallId) -> Option<&mut Slot> {
        let place = self.place(id);
        self.slots.get_mut(place)?.as_mut()
    }

    /// The number means nothing any more.
    pub(super) fn forget(&mut self, id: CallId) {
        let place = self.place(id);
        if let Some(slot) = self.slots.get_mut(place).and_then(Option::take) {
            debug_assert!(slot.call.is_over(), "it runs");
        }
        while self.slots.front().is_some_and(Option::is_none) {
            self.slots.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Takes all calls out; the next one has the number 0.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Call> {
        self.first = 0;
        self.slots.drain(..).flatten().map(|slot| slot.call)
    }

    /// Numbers of all calls from the first that was not forgotten on, forgotten ones among them.
    pub(super) fn ids(&self) -> impl Iterator<Item = CallId> + use<> {
        let first = self.first;
        (0..self.slots.len() as u32).map(move |place| CallId(first.wrapping_add(place)))
    }

    fn place(&self, id: CallId) -> usize {
        id.0.wrapping_sub(self.first) as usize
    }
}

impl Index<CallId> for Calls {
    type Output = Slot;

    fn index(&self, id: CallId) -> &Slot {
        self.get(id).expect("the call was not forgotten")
    }
}

impl IndexMut<CallId> for Calls {
    fn index_mut(&mut self, id: CallId) -> &mut Slot {
        self.get_mut(id).expect("the call was not forgotten")
    }
}

#[cfg(test)]
pub(super) mod testing {
    use std::sync::Arc;

    use super::*;
    use crate::agent::testing::{agent, origin};
    use crate::call::Scope;
    use crate::config::HaStrategy;
    use crate::options::CallOptions;
    use crate::request::Ping;

    pub(in crate::engine) fn one_call() -> (Calls, CallId, Instant) {
        let now = origin();
        let mut calls = Calls::default();
        let id = calls.push(call(now));
        (calls, id, now)
    }

    fn call(now: Instant) -> Call {
        let agent = Arc::new(agent(HaStrategy::Random, 1, now));
        let ping = Arc::new(Ping { cookie: 1 });
        Call::new(agent, ping, &CallOptions::default(), Scope::Ping(0), 0, now)
    }

    #[test]
    fn numbers_grow_and_memory_does_not() {
        let (mut calls, first, now) = one_call();
        for number in 1..1_000 {
            let id = calls.push(call(now));
            assert_eq!(id, CallId(number));
            calls[id].call.cancel();
            let request = calls[id].call.request().clone();
            if number % 2 == 0 {
                calls.forget(id);
                assert!(calls.get(id).is_none());
                assert_eq!(Arc::strong_count(&request), 1, "it is held for nobody");
            }
        }
        assert_eq!(calls.slots.len(), 1_000, "the first one runs");
        calls[first].call.cancel();
        calls.ids().for_each(|id| calls.forget(id));
        assert_eq!((calls.slots.len(), calls.next()), (0, CallId(1_000)));
        assert!(calls.get(first).is_none() && calls.get(CallId(1_000)).is_none());
    }

    #[test]
    fn numbers_wrap() {
        let mut calls = Calls { first: u32::MAX, ..Calls::default() };
        let ids = [(); 3].map(|()| calls.push(call(origin())));
        assert_eq!(ids, [CallId(u32::MAX), CallId(0), CallId(1)]);
        calls[ids[1]].call.cancel();
        calls.forget(ids[1]);
        assert!(calls.get(ids[0]).is_some() && calls.get(ids[1]).is_none());
        assert_eq!(calls.ids().collect::<Vec<_>>(), ids);
    }
}
