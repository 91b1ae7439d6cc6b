//! The gate that new connections to a host pass, of all threads.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// State of a connection on its way to its greeting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialPlace {
    /// Not begun, or greeted.
    #[default]
    None,
    /// Not begun, because too many others wait for theirs.
    Queued,
    /// Begun, not greeted.
    Dialling,
}

/// Number of connections that wait for a greeting, and of those that may.
#[derive(Debug, Default)]
pub struct Dialling {
    dials: Mutex<Dials>,
}

/// Connections on their way, of all threads.
#[derive(Debug)]
struct Dials {
    queued: u32,
    dialling: u32,
    last: Option<Instant>,
    /// Connections at once that the host is asked to take.
    places: u32,
    /// Prompt greetings since that number changed.
    prompt: u32,
}

impl Default for Dials {
    fn default() -> Self {
        Self { queued: 0, dialling: 0, last: None, places: DIALS_MIN, prompt: 0 }
    }
}

impl Dials {
    fn leave(&mut self, place: DialPlace) {
        match place {
            DialPlace::None => {}
            DialPlace::Queued => self.queued -= 1,
            DialPlace::Dialling => self.dialling -= 1,
        }
    }
}

impl Dialling {
    /// Takes one of the places for connections that wait for their greeting. One more is given
    /// now and then though all are taken: by connections that hang, for all that is known.
    ///
    /// `place` is what the connection holds so far. Newcomers do not pass those who wait.
    pub fn claim(&self, place: DialPlace, now: Instant) -> DialPlace {
        let mut dials = self.dials.lock();
        dials.leave(place);
        let last = dials.last.map(|last| now.saturating_duration_since(last));
        let is_free = dials.dialling < dials.places;
        let is_turn = dials.queued == 0 || place == DialPlace::Queued;
        if (is_free && is_turn) || last.is_none_or(|last| last >= EXTRA_DIAL_PAUSE) {
            dials.dialling += 1;
            dials.last = Some(now);
            return DialPlace::Dialling;
        }
        dials.queued += 1;
        DialPlace::Queued
    }

    /// Connections, of all threads, whose making is not begun because too many others are on
    /// their way.
    pub fn queued(&self) -> u32 {
        self.dials.lock().queued
    }

    /// Gives back what a connection holds.
    pub fn release(&self, place: DialPlace) {
        self.dials.lock().leave(place);
    }

    /// A connection was greeted `took` after it was dialled: the number of places follows what
    /// the host takes, up by one when so many were greeted at once, down by half for one that
    /// was not greeted soon (additive increase, multiplicative decrease: RFC 5681).
    pub fn handle_dialled(&self, took: Duration) {
        let mut dials = self.dials.lock();
        if took >= LOST_PACKET {
            dials.places = (dials.places / 2).max(DIALS_MIN);
            dials.prompt = 0;
        } else if took < PROMPT_GREETING && dials.queued > 0 {
            dials.prompt += 1;
            if dials.prompt >= dials.places {
                dials.places = (dials.places + 1).min(DIALS_MAX);
                dials.prompt = 0;
            }
        }
    }
}

/// Connections of this process that wait for a host's greeting at once, at first: fewer than the
/// backlog of a searchd, which other clients use too.
const DIALS_MIN: u32 = 4;

/// Connections that wait for the greeting of a host at once, if that greets all promptly.
const DIALS_MAX: u32 = 64;

/// A greeting within that time came from a daemon that has none waiting.
const PROMPT_GREETING: Duration = Duration::from_millis(3);

/// A greeting that takes so long was held up by a full queue, or by a lost packet.
const LOST_PACKET: Duration = Duration::from_millis(100);

/// Pause before one connection more is begun though all places are taken.
pub const EXTRA_DIAL_PAUSE: Duration = Duration::from_millis(10);
