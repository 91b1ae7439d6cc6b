//! The gate that new connections to a host pass, of all threads.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

/// State of a connection on its way to its greeting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialPlace {
    /// Not begun, or greeted.
    #[default]
    None,
    /// Not begun, because too many others wait for theirs; with its number in the line.
    Queued(u64),
    /// Begun, not greeted; with its number among those.
    Dialling(u64),
}

impl DialPlace {
    /// True if the connection stands in the line.
    pub(crate) fn is_queued(self) -> bool {
        matches!(self, DialPlace::Queued(_))
    }

    /// True if the connection is begun.
    pub(crate) fn is_dialling(self) -> bool {
        matches!(self, DialPlace::Dialling(_))
    }
}

/// Reason for which a connection asks for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DialTurn {
    /// A new connection, or one whose driver was woken: it takes the place that it was called to.
    Called,
    /// Time went by: it takes any place, for whoever was called to it may not come.
    Due,
}

/// The line for connections to one host: some are under way, the others wait for a place.
#[derive(Debug, Default)]
pub struct Dialling {
    dials: Mutex<Dials>,
}

/// Connections on their way, of all threads.
#[derive(Debug)]
struct Dials {
    /// Connections that wait, in the order in which they came.
    line: BTreeMap<u64, Waiter>,
    /// Number of the last one that joined the line.
    last_number: u64,
    /// All in the line with a lower number were called.
    called_below: u64,
    /// Connections that hold a place, with the time at which they began.
    under_way: BTreeMap<u64, Instant>,
    /// Number of the last one that began.
    last_begun: u64,
    last: Option<Instant>,
    /// Connections at once that the host is asked to take.
    places: u32,
    /// Greetings since that number changed.
    greeted: u32,
    /// Shortest time in which a connection was made, its greeting left out.
    way: Duration,
}

/// A connection that waits for a place.
#[derive(Debug)]
struct Waiter {
    /// Wakes its driver; `None` where the driver looks by time alone.
    waker: Option<Waker>,
    /// True if a place became free for it.
    is_called: bool,
    /// Since when others wait for it to come.
    expected_since: Option<Instant>,
}

impl Default for Dials {
    fn default() -> Self {
        Self {
            line: BTreeMap::new(),
            last_number: 0,
            called_below: 0,
            under_way: BTreeMap::new(),
            last_begun: 0,
            last: None,
            places: DIALS_MIN,
            greeted: 0,
            way: Duration::MAX,
        }
    }
}

impl Dials {
    fn shrink(&mut self) {
        self.places = (self.places / 2).max(DIALS_MIN);
        self.greeted = 0;
    }

    fn is_free(&self) -> bool {
        self.under_way.len() < self.places as usize
    }

    /// Takes their places from connections that were begun well before one that is greeted now. A
    /// packet of theirs is lost, and they are in no queue. Returns whether there were any.
    fn pass_over(&mut self, greeted_since: Instant) -> bool {
        let count = self.under_way.len();
        while let Some(first) = self.under_way.first_entry()
            && *first.get() + EXTRA_DIAL_PAUSE <= greeted_since
        {
            first.remove();
        }
        self.under_way.len() < count
    }

    /// Calls the first in the line that was not called yet, if there is a place.
    ///
    /// No place is held for it: its driver may be one that nobody drives now.
    fn call_next(&mut self) -> Option<Waker> {
        if !self.is_free() {
            return None;
        }
        let mut others = self.line.range_mut(self.called_below..);
        let (number, next) = others.find(|(_, waiter)| !waiter.is_called)?;
        next.is_called = true;
        self.called_below = number + 1;
        next.waker.clone()
    }

    /// Calls the first in the line to a place beyond the others, for the one that looked there by
    /// time, `own`. Returns false if the place is that one's: it is the first itself, or the first
    /// was called some time ago and did not come.
    fn call_first(&mut self, own: u64, now: Instant, woken: &mut Option<Waker>) -> bool {
        let Some((number, first)) = self.line.iter_mut().next() else { return false };
        if *number == own || first.waker.is_none() {
            return false;
        }
        if !std::mem::replace(&mut first.is_called, true) {
            woken.clone_from(&first.waker);
        }
        let since = *first.expected_since.get_or_insert(now);
        now.saturating_duration_since(since) < EXTRA_DIAL_PAUSE
    }
}

/// Ends a wait, after the lock is free: what a waker does is none of this lock's business.
fn call_and_unlock(mut dials: MutexGuard<'_, Dials>) {
    let waker = dials.call_next();
    drop(dials);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Dialling {
    /// Takes one of the places for connections that wait for their greeting. One more is given
    /// now and then though all are taken: by connections that hang, for all that is known.
    ///
    /// `place` is what the connection holds so far. Newcomers do not pass those who wait. Who has
    /// to wait is woken by `waker` when it is called to a place.
    pub(crate) fn claim(
        &self,
        place: DialPlace,
        turn: DialTurn,
        waker: Option<&Waker>,
        now: Instant,
    ) -> DialPlace {
        let mut dials = self.dials.lock();
        let last = dials.last.map(|last| now.saturating_duration_since(last));
        let is_turn = match place {
            DialPlace::Queued(number) => {
                turn == DialTurn::Due || dials.line.get(&number).is_some_and(|own| own.is_called)
            }
            _ => dials.line.is_empty(),
        };
        let is_extra_due = last.is_none_or(|last| last >= EXTRA_DIAL_PAUSE);
        if let (DialPlace::Queued(own), DialTurn::Due) = (place, turn)
            && is_extra_due
            && !dials.is_free()
        {
            let mut first = None;
            if dials.call_first(own, now, &mut first) {
                drop(dials);
                first.into_iter().for_each(Waker::wake);
                return place;
            }
        }
        if (dials.is_free() && is_turn) || is_extra_due {
            if let DialPlace::Queued(number) = place {
                dials.line.remove(&number);
            }
            dials.last_begun += 1;
            let begun = dials.last_begun;
            dials.under_way.insert(begun, now);
            dials.last = Some(now);
            // With every place that is taken the next in line is called to what is left.
            call_and_unlock(dials);
            return DialPlace::Dialling(begun);
        }
        let number = match place {
            DialPlace::Queued(number) => number,
            _ => {
                dials.last_number += 1;
                dials.last_number
            }
        };
        dials.called_below = dials.called_below.min(number);
        dials.line.insert(
            number,
            Waiter { waker: waker.cloned(), is_called: false, expected_since: None },
        );
        DialPlace::Queued(number)
    }

    /// Connections, of all threads, whose making is not begun because too many others are on
    /// their way.
    pub fn queued(&self) -> u32 {
        self.dials.lock().line.len() as u32
    }

    /// Gives back what a connection holds, and calls the next in line to a place that is free.
    pub fn release(&self, place: DialPlace) {
        let mut dials = self.dials.lock();
        match place {
            DialPlace::None => return,
            DialPlace::Queued(number) => {
                let left = dials.line.remove(&number);
                if !left.is_some_and(|waiter| waiter.is_called) {
                    return;
                }
            }
            // Its place may have been taken from it, and given to another.
            DialPlace::Dialling(begun) => drop(dials.under_way.remove(&begun)),
        }
        call_and_unlock(dials);
    }

    /// A connection that was dialled at `since` was made `way` after that, and is greeted now. The
    /// number of places for a far host follows what that takes. It goes up by one when so many
    /// were greeted, and down by half for one that was not greeted soon (additive increase,
    /// multiplicative decrease: RFC 5681).
    ///
    /// A near host is never asked for more. Its greetings are prompt until its queue is full, and
    /// for what its kernel drops then a second is lost. Of the connections to a far one most are
    /// on their way, and come one by one, as the greetings before them went out.
    pub fn handle_greeted(&self, since: Instant, way: Duration, now: Instant) {
        let mut dials = self.dials.lock();
        dials.way = dials.way.min(way);
        let took = now.saturating_duration_since(since);
        let has_lost = dials.pass_over(since) || took >= dials.way * 2 + LOST_PACKET;
        if has_lost {
            dials.shrink();
        } else if dials.way >= FAR && !dials.line.is_empty() {
            dials.greeted += 1;
            if dials.greeted >= dials.places {
                dials.places = (dials.places + 1).min(DIALS_MAX);
                dials.greeted = 0;
            }
        }
        call_and_unlock(dials);
    }

    /// A connection was given up that nobody greeted.
    pub fn handle_ungreeted(&self) {
        self.dials.lock().shrink();
    }
}

/// Connections of this process that wait for a host's greeting at once, at first. They are fewer
/// than the backlog of a searchd, which other clients use too.
const DIALS_MIN: u32 = 4;

/// Connections that wait for the greeting of a far host at once.
const DIALS_MAX: u32 = 64;

/// A host is far if no connection to it is made sooner.
const FAR: Duration = Duration::from_millis(3);

/// A greeting that takes so much longer than its way was held up by a full queue, or by a lost
/// packet.
const LOST_PACKET: Duration = Duration::from_millis(100);

/// Pause before one connection more is begun though all places are taken.
pub(crate) const EXTRA_DIAL_PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Bell {
        rung: AtomicU32,
    }

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.rung.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A host all of whose places are taken, and three that wait, with their bells.
    fn line(now: Instant) -> (Dialling, Vec<(Arc<Bell>, Waker, DialPlace)>) {
        let dialling = Dialling::default();
        for _ in 0..DIALS_MIN {
            let place = dialling.claim(DialPlace::None, DialTurn::Called, None, now);
            assert!(place.is_dialling());
        }
        let join = |_| {
            let bell = Arc::new(Bell::default());
            let waker = Waker::from(bell.clone());
            let place = dialling.claim(DialPlace::None, DialTurn::Called, Some(&waker), now);
            assert!(place.is_queued());
            (bell, waker, place)
        };
        let waiters = (0..3).map(join).collect();
        (dialling, waiters)
    }

    fn rung(waiters: &[(Arc<Bell>, Waker, DialPlace)]) -> Vec<u32> {
        waiters.iter().map(|(bell, ..)| bell.rung.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn those_in_line_are_called_in_turn() {
        let now = crate::agent::testing::origin();
        let (dialling, waiters) = line(now);
        let claim = |place| dialling.claim(place, DialTurn::Called, None, now);
        assert_eq!(rung(&waiters), [0, 0, 0]);
        dialling.release(DialPlace::Dialling(1));
        assert_eq!(rung(&waiters), [1, 0, 0]);
        // Neither a newcomer nor the second in line passes the first.
        let newcomer = claim(DialPlace::None);
        assert!(newcomer.is_queued());
        dialling.release(newcomer);
        let (_, waker, second) = &waiters[1];
        let place = dialling.claim(*second, DialTurn::Called, Some(waker), now);
        assert_eq!(place, *second);
        assert!(claim(waiters[0].2).is_dialling());
        dialling.release(DialPlace::Dialling(2));
        assert_eq!(rung(&waiters), [1, 1, 0]);
    }

    #[test]
    fn only_a_far_host_is_asked_for_more_at_once() {
        let now = crate::agent::testing::origin();
        let grown = |way: Duration, took: Duration| {
            let (dialling, _waiters) = line(now);
            (0..1_000).for_each(|_| dialling.handle_greeted(now, way, now + took));
            dialling.dials.lock().places
        };
        let ms = Duration::from_millis;
        assert_eq!(grown(Duration::from_micros(50), Duration::from_micros(90)), DIALS_MIN);
        assert_eq!(grown(FAR, FAR * 2), 45, "one more for each round of greetings");
        assert_eq!(grown(ms(80), ms(161)), 45, "the way there is no sign of a full queue");
        let (dialling, _waiters) = line(now);
        (0..1_000).for_each(|_| dialling.handle_greeted(now, ms(80), now + ms(160)));
        dialling.handle_greeted(now, ms(1_080), now + ms(1_160));
        assert_eq!(dialling.dials.lock().places, 22);
        dialling.handle_ungreeted();
        assert_eq!(dialling.dials.lock().places, 11);
        (0..9).for_each(|_| dialling.handle_ungreeted());
        assert_eq!(dialling.dials.lock().places, DIALS_MIN);
    }

    #[test]
    fn a_place_beyond_the_others_is_for_the_first_in_line() {
        let now = crate::agent::testing::origin();
        let (dialling, waiters) = line(now);
        let claim = |waiter: usize, turn, pauses: u32| {
            let (_, waker, place) = &waiters[waiter];
            let now = now + EXTRA_DIAL_PAUSE * pauses;
            dialling.claim(*place, turn, Some(waker), now)
        };
        // The third one finds that nobody was greeted for long, and lets the first one go.
        assert!(claim(2, DialTurn::Due, 1).is_queued());
        assert_eq!(rung(&waiters), [1, 0, 0]);
        assert!(claim(0, DialTurn::Called, 1).is_dialling());
        // The second one does not come when it is called.
        assert!(claim(2, DialTurn::Due, 2).is_queued());
        assert_eq!(rung(&waiters), [1, 1, 0]);
        assert!(claim(2, DialTurn::Due, 2).is_queued(), "it may be on its way");
        assert!(claim(2, DialTurn::Due, 3).is_dialling());
    }

    #[test]
    fn who_is_overtaken_holds_no_place() {
        let now = crate::agent::testing::origin();
        let (dialling, waiters) = line(now);
        let soon = now + EXTRA_DIAL_PAUSE / 2;
        dialling.handle_greeted(soon, Duration::ZERO, soon);
        assert_eq!(rung(&waiters), [0, 0, 0], "those before it may be in the queue");
        let later = now + EXTRA_DIAL_PAUSE;
        dialling.handle_greeted(later, Duration::ZERO, later);
        assert_eq!(rung(&waiters), [1, 0, 0], "their packets are lost");
        for (_, waker, place) in &waiters {
            let place = dialling.claim(*place, DialTurn::Called, Some(waker), later);
            assert!(place.is_dialling());
        }
        dialling.release(DialPlace::Dialling(1));
        assert_eq!(dialling.dials.lock().under_way.len(), 3, "its place is another's");
    }

    #[test]
    fn a_call_that_nobody_heeds_is_passed_on() {
        let now = crate::agent::testing::origin();
        let (dialling, waiters) = line(now);
        // The first leaves after it was called.
        dialling.release(DialPlace::Dialling(1));
        dialling.release(waiters[0].2);
        assert_eq!(rung(&waiters), [1, 1, 0]);
        // The second does not come: the next place that is free is the third one's, and with it
        // the third is called to what the second left.
        dialling.release(DialPlace::Dialling(2));
        assert_eq!(rung(&waiters), [1, 1, 1]);
        let claim = |place, turn| dialling.claim(place, turn, None, now);
        assert!(claim(waiters[2].2, DialTurn::Called).is_dialling());
        // Whoever looks by time takes what is left, called or not.
        let late = claim(DialPlace::None, DialTurn::Called);
        assert!(late.is_queued());
        assert!(claim(late, DialTurn::Due).is_dialling());
        assert_eq!(claim(waiters[1].2, DialTurn::Called), waiters[1].2);
    }
}
