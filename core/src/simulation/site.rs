//! A site: one daemon, the name it goes by, and the addresses where it does or doesn't listen.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cluster::{port, written};
use super::daemon::Mode;
use crate::host::{Endpoint, Lookup, Unresolved};

/// A daemon that may move, and its name.
#[derive(Debug)]
pub(super) struct Site {
    number: usize,
    pub(super) mode: Mode,
    /// Where the daemon listens.
    home: Endpoint,
    /// What its name resolves to, in the order of the answer.
    published: Vec<SocketAddr>,
    /// Where it does not listen nobody refuses either.
    is_silent_elsewhere: bool,
    moves: u8,
    /// Since when its name is right and it answers.
    well_since: Option<Instant>,
    /// Name servers take long to answer for it until then.
    slow_until: Option<Instant>,
    /// Added to the time of every reply.
    pub(super) lag: Duration,
}

/// What becomes of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialled {
    Accepted,
    Refused,
    Unanswered,
}

impl Site {
    pub(super) fn new(number: usize, now: Instant) -> Self {
        let mut site = Self {
            number,
            mode: Mode::Healthy,
            home: Endpoint::Unix(Arc::new(written(number).into())),
            published: Vec::new(),
            is_silent_elsewhere: false,
            moves: 0,
            well_since: Some(now),
            slow_until: None,
            lag: Duration::ZERO,
        };
        match number % 4 {
            2 => site.home = Endpoint::Inet(site.address(0, 0)),
            3 => {}
            _ => {
                let first = site.address(1, 0);
                site.home = Endpoint::Inet(first);
                site.published = vec![first];
            }
        }
        site
    }

    /// The daemon begins to behave in another way.
    pub(super) fn change_mode(&mut self, mode: Mode, now: Instant) {
        self.mode = mode;
        self.note_health(now);
    }

    /// Only what goes by a name can move.
    pub(super) fn can_move(&self) -> bool {
        !self.published.is_empty()
    }

    /// The daemon listens elsewhere from now on; its name says so after [`Self::publish`].
    pub(super) fn move_home(&mut self, is_silent_elsewhere: bool, now: Instant) {
        self.moves = self.moves.wrapping_add(1);
        self.home = Endpoint::Inet(self.address(1, self.moves));
        self.is_silent_elsewhere = is_silent_elsewhere;
        self.note_health(now);
    }

    /// The name resolves to the daemon's address, and to others where it does not listen.
    pub(super) fn publish(&mut self, random: &mut fastrand::Rng, now: Instant) {
        let Endpoint::Inet(home) = self.home else { return };
        let others = random.u8(..3);
        self.published = (0..others).map(|other| self.address(2 + other, self.moves)).collect();
        self.published.push(home);
        random.shuffle(&mut self.published);
        self.note_health(now);
    }

    /// Name servers take long to answer for it until then; `None`: no longer.
    pub(super) fn slow_names(&mut self, until: Option<Instant>, now: Instant) {
        self.slow_until = until;
        self.note_health(now);
    }

    /// Until when name servers take long to answer for it.
    pub(super) fn slow_until(&self) -> Option<Instant> {
        self.slow_until
    }

    /// The answer of a name server.
    pub(super) fn resolve(&self) -> Result<Vec<SocketAddr>, Unresolved> {
        match self.mode {
            Mode::Nameless => Err(Unresolved { text: "no such name".to_owned(), is_local: false }),
            _ => Ok(self.published.clone()),
        }
    }

    pub(super) fn dial(&self, endpoint: &Endpoint) -> Dialled {
        match self.mode {
            _ if *endpoint != self.home && !self.is_silent_elsewhere => Dialled::Refused,
            Mode::Unreachable => Dialled::Unanswered,
            _ if *endpoint != self.home => Dialled::Unanswered,
            Mode::Refuses | Mode::Nameless => Dialled::Refused,
            _ => Dialled::Accepted,
        }
    }

    pub(super) fn listens_at(&self, endpoint: &Endpoint) -> bool {
        self.home == *endpoint
    }

    /// Whether a client that knows so much gets an answer, however it orders addresses.
    pub(super) fn answers_who_knows(&self, lookup: &Lookup) -> bool {
        let is_found = match lookup {
            Lookup::Known(endpoints) if endpoints.contains(&self.home) => true,
            // Whoever is refused looks the name up again.
            Lookup::Known(_) => !self.is_silent_elsewhere && self.is_found_at_once(),
            Lookup::Needed | Lookup::Failed(_) => self.is_found_at_once(),
        };
        is_found && self.mode.answers()
    }

    /// Whether a client that knows so much gets its requests executed, answered or not.
    pub(super) fn executes_for_who_knows(&self, lookup: &Lookup) -> bool {
        let is_found = match lookup {
            Lookup::Known(endpoints) => endpoints.first() == Some(&self.home),
            Lookup::Needed | Lookup::Failed(_) => self.is_published(),
        };
        is_found && self.mode.executes()
    }

    /// Since when nothing is wrong with it; `None` while something is.
    pub(super) fn well_since(&self) -> Option<Instant> {
        self.well_since
    }

    fn is_found_at_once(&self) -> bool {
        self.is_published() && self.slow_until.is_none()
    }

    fn is_published(&self) -> bool {
        match &self.home {
            Endpoint::Inet(home) if self.can_move() => self.published.contains(home),
            _ => true,
        }
    }

    fn note_health(&mut self, now: Instant) {
        let is_well = self.mode.answers() && self.is_found_at_once();
        self.well_since = is_well.then(|| self.well_since.unwrap_or(now));
    }

    fn address(&self, network: u8, machine: u8) -> SocketAddr {
        let ip = match network {
            0 => Ipv4Addr::new(10, 0, 0, self.number as u8),
            _ => Ipv4Addr::new(10, network, self.number as u8, machine),
        };
        SocketAddr::from((ip, port(self.number)))
    }
}
