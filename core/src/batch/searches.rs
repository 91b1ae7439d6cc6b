//! Searches of a batch, and what of a batch has ended: a call that was added by itself, or a
//! search.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{CallId, Calls, SearchId};
use crate::options::CallOptions;
use crate::search::{Local, SearchRequest};

/// A call or a search that ended, by the number that it was added under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Completed {
    /// A call of [`Batch::add_agent`](super::Batch::add_agent) or
    /// [`Batch::add_index`](super::Batch::add_index).
    Call(CallId),
    /// A search of [`Batch::add_search`](super::Batch::add_search): all of its calls have ended.
    Search(SearchId),
}

/// A search whose result was not taken.
pub(super) struct RunningSearch {
    pub(super) request: Arc<SearchRequest>,
    pub(super) calls: Calls,
    pub(super) locals: Vec<Local>,
    pub(super) options: CallOptions,
    /// Number of calls whose end was not told to anybody.
    untold: usize,
}

/// Searches of a batch whose results were not taken.
#[derive(Default)]
pub(super) struct Searches {
    running: BTreeMap<SearchId, RunningSearch>,
    /// Searches by the first call of each; those without calls are left out.
    by_first_call: BTreeMap<CallId, SearchId>,
    next: SearchId,
    /// Searches that ended, and were not told: no call is left whose end would tell them.
    ended: BTreeSet<SearchId>,
}

impl Searches {
    pub(super) fn add(
        &mut self,
        request: Arc<SearchRequest>,
        calls: Calls,
        locals: Vec<Local>,
        options: CallOptions,
    ) -> SearchId {
        let search = self.next;
        self.next = SearchId(search.0.wrapping_add(1));
        let untold = calls.len();
        if untold > 0 {
            self.by_first_call.insert(calls.first, search);
        } else {
            // Blackholes only: nobody will answer.
            self.ended.insert(search);
        }
        self.running.insert(search, RunningSearch { request, calls, locals, options, untold });
        search
    }

    pub(super) fn get(&self, search: SearchId) -> Option<&RunningSearch> {
        self.running.get(&search)
    }

    pub(super) fn get_mut(&mut self, search: SearchId) -> Option<&mut RunningSearch> {
        self.running.get_mut(&search)
    }

    pub(super) fn take(&mut self, search: SearchId) -> Option<RunningSearch> {
        let taken = self.running.remove(&search)?;
        if taken.calls.len() > 0 {
            self.by_first_call.remove(&taken.calls.first);
        }
        self.ended.remove(&search);
        Some(taken)
    }

    /// The search that a call belongs to.
    pub(super) fn of(&self, call: CallId) -> Option<SearchId> {
        let before = self.by_first_call.range(..=call).next_back();
        // Numbers wrap: a call may have a smaller one than the first of its search.
        let (_, search) = before.or_else(|| self.by_first_call.last_key_value())?;
        self.get(*search)?.calls.contains(call).then_some(*search)
    }

    /// Returns what ended next, each once; `poll` returns the calls that ended, each once.
    pub(super) fn next_completion(
        &mut self,
        poll: impl FnMut() -> Option<CallId>,
    ) -> Option<Completed> {
        if let Some(search) = self.ended.pop_first() {
            return Some(Completed::Search(search));
        }
        std::iter::from_fn(poll).find_map(|call| self.handle_end(call))
    }

    /// Returns the call that ended next, of whatever it is part; a search that it ends is told by
    /// [`next_completion`](Self::next_completion) nevertheless.
    pub(super) fn next_call(&mut self, poll: impl FnOnce() -> Option<CallId>) -> Option<CallId> {
        let call = poll()?;
        if let Some(Completed::Search(search)) = self.handle_end(call) {
            self.ended.insert(search);
        }
        Some(call)
    }

    /// Returns what ends with a call; `None` for a search that has other calls.
    fn handle_end(&mut self, call: CallId) -> Option<Completed> {
        let Some(search) = self.of(call) else { return Some(Completed::Call(call)) };
        let running = self.running.get_mut(&search)?;
        running.untold -= 1;
        (running.untold == 0).then_some(Completed::Search(search))
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::search::Search;

    /// Additions in their order: a call, or a search with that number of calls.
    const ADDED: [Option<u32>; 5] = [None, Some(2), Some(0), Some(2), None];
    const CALLS: usize = 6;

    struct World {
        searches: Searches,
        request: Arc<SearchRequest>,
    }

    /// One addition: its calls, and how its end is told.
    struct Added {
        calls: Vec<CallId>,
        told: Completed,
    }

    impl World {
        fn new() -> Self {
            let request = SearchRequest::new("d", &Search::new("x"), SystemTime::UNIX_EPOCH);
            Self { searches: Searches::default(), request: Arc::new(request.unwrap()) }
        }

        fn add_search(&mut self, first: CallId, count: u32) -> SearchId {
            let (request, calls) = (self.request.clone(), Calls { first, count });
            self.searches.add(request, calls, Vec::new(), CallOptions::default())
        }

        /// Adds all of [`ADDED`] to no searches, with calls from that number on.
        fn add_all(&mut self, first: u32) -> Vec<Added> {
            self.searches = Searches::default();
            let mut next = first;
            let one = |added: Option<u32>| {
                let calls = Calls { first: CallId(next), count: added.unwrap_or(1) };
                next = next.wrapping_add(calls.count);
                let told = match added {
                    None => Completed::Call(calls.first),
                    Some(count) => Completed::Search(self.add_search(calls.first, count)),
                };
                Added { calls: calls.collect(), told }
            };
            ADDED.into_iter().map(one).collect()
        }

        fn tell(&mut self, ended: Option<CallId>) -> Vec<Completed> {
            let mut queue = ended.into_iter();
            std::iter::from_fn(|| self.searches.next_completion(|| queue.next())).collect()
        }
    }

    fn calls(added: &[Added]) -> Vec<CallId> {
        added.iter().flat_map(|added| added.calls.clone()).collect()
    }

    fn sorted(told: impl IntoIterator<Item = Completed>) -> Vec<Completed> {
        let mut told: Vec<Completed> = told.into_iter().collect();
        told.sort();
        told
    }

    /// All orders of the numbers below.
    fn orders(count: usize) -> Vec<Vec<usize>> {
        let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
        let mut longer = Vec::new();
        for shorter in orders(last) {
            for place in 0..count {
                let mut order = shorter.clone();
                order.insert(place, last);
                longer.push(order);
            }
        }
        longer
    }

    #[test]
    fn each_addition_is_told_once_with_the_last_of_its_calls_in_whatever_order_they_end() {
        let mut world = World::new();
        // In the second round numbers wrap within a search.
        for first in [0, u32::MAX - 1] {
            for order in orders(CALLS) {
                let added = world.add_all(first);
                let calls = calls(&added);
                let mut told = world.tell(None);
                assert_eq!(told, [added[2].told], "nobody will answer that one");
                for (step, place) in order.iter().enumerate() {
                    told.extend(world.tell(Some(calls[*place])));
                    let ended: Vec<CallId> =
                        order[..=step].iter().map(|place| calls[*place]).collect();
                    let has_ended =
                        |added: &&Added| added.calls.iter().all(|call| ended.contains(call));
                    let expected = added.iter().filter(has_ended).map(|added| added.told);
                    assert_eq!(sorted(told.clone()), sorted(expected), "{ended:?}");
                }
                assert_eq!(world.tell(None), []);
            }
        }
    }

    #[test]
    fn a_search_is_told_once_whoever_is_told_its_calls() {
        let mut world = World::new();
        for order in orders(CALLS) {
            for as_call in 0_u32..1 << CALLS {
                let added = world.add_all(7);
                let calls = calls(&added);
                let mut told = Vec::new();
                for (step, place) in order.iter().enumerate() {
                    let mut ended = Some(calls[*place]);
                    if as_call >> step & 1 == 1 {
                        let call = world.searches.next_call(|| ended.take()).unwrap();
                        assert_eq!(call, calls[*place]);
                        let is_alone = world.searches.of(call).is_none();
                        told.extend(is_alone.then_some(Completed::Call(call)));
                    }
                    told.extend(world.tell(ended));
                }
                let expected = sorted(added.iter().map(|added| added.told));
                assert_eq!(sorted(told), expected, "{order:?} {as_call:b}");
            }
        }
    }

    #[test]
    fn what_was_taken_is_not_told_and_has_no_calls() {
        let mut world = World::new();
        let added = world.add_all(0);
        for Added { calls, told } in &added {
            if let Completed::Search(search) = told {
                assert!(calls.iter().all(|call| world.searches.of(*call) == Some(*search)));
                let taken = [(); 2].map(|()| world.searches.take(*search).is_some());
                assert_eq!(taken, [true, false]);
            }
            assert!(calls.iter().all(|call| world.searches.of(*call).is_none()));
        }
        assert_eq!(world.tell(None), []);
        assert!(world.searches.by_first_call.is_empty() && world.searches.ended.is_empty());
    }
}
