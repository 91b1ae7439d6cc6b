//! A host: one `host:port` or socket path with its record, shared by all mirrors that name it.

mod addresses;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use addresses::Addresses;
pub use addresses::{Endpoint, Lookup, Unresolved};

use crate::config::HostAddress;
use crate::error::{AttemptFailure, FailureKind, Phase};
use crate::karma::{BlockClock, Karma};
use crate::log::{Level, Log};
use crate::request::Product;

/// One daemon's listener, as many threads share it. No lock here is held across I/O.
#[derive(Debug)]
pub struct Host {
    /// Text of the configuration; the name in status and errors.
    pub name: String,
    /// Where it listens, before any look-up.
    pub address: HostAddress,
    /// Number among all hosts that its client ever had.
    pub number: usize,
    /// Mirrors that name it.
    pub references: AtomicU32,
    /// Is a mirror of an agent with several: worth pinging.
    pub pinged: AtomicBool,
    /// A reload left it out: its connections are not kept any longer.
    pub removed: AtomicBool,
    kept: AtomicU32,
    kept_busy: AtomicU32,
    kept_limit: AtomicU32,
    retirements: AtomicU32,
    dials: Mutex<Dials>,
    greets_first: AtomicBool,
    late_greetings: AtomicU32,
    /// Version of the last answer to a SEARCH; 0 without one.
    search_version: AtomicU16,
    health_changes: Arc<AtomicU64>,
    addresses: Mutex<Addresses>,
    is_named: bool,
    /// No address is known.
    is_nameless: AtomicBool,
    looks_up_each: AtomicBool,
    address_changes: AtomicU32,
    karma: Mutex<Karma>,
    last_failure: Mutex<Option<(AttemptFailure, Instant)>>,
    log: Arc<Log>,
}

/// What an attempt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To answer.
    Query,
    /// To answer, and to show whether a dead host is back.
    Trial,
    /// To show whether a host lives.
    Ping,
}

/// How far a connection is towards its greeting.
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

impl Host {
    /// A host with an empty record.
    pub fn new(
        address: HostAddress,
        number: usize,
        kept_limit: u32,
        clock: BlockClock,
        health_changes: Arc<AtomicU64>,
        log: Arc<Log>,
    ) -> Self {
        let addresses = Addresses::new(&address);
        Self {
            name: address.to_string(),
            is_named: addresses.known().is_none(),
            is_nameless: AtomicBool::new(addresses.known().is_none()),
            addresses: Mutex::new(addresses),
            looks_up_each: AtomicBool::new(false),
            address_changes: AtomicU32::new(0),
            address,
            number,
            references: AtomicU32::new(0),
            pinged: AtomicBool::new(false),
            removed: AtomicBool::new(false),
            kept: AtomicU32::new(0),
            kept_busy: AtomicU32::new(0),
            kept_limit: AtomicU32::new(kept_limit),
            retirements: AtomicU32::new(0),
            dials: Mutex::default(),
            greets_first: AtomicBool::new(false),
            late_greetings: AtomicU32::new(0),
            search_version: AtomicU16::new(0),
            health_changes,
            karma: Mutex::new(Karma::new(clock)),
            last_failure: Mutex::new(None),
            log,
        }
    }

    /// What is known of its addresses.
    pub fn lookup(&self) -> Lookup {
        self.addresses.lock().lookup()
    }

    /// Whether nothing can be sent before a look-up of its name has ended well.
    pub fn needs_lookup(&self) -> bool {
        self.is_nameless.load(Ordering::Relaxed)
    }

    /// Whether it goes by a name that may mean another machine tomorrow.
    pub fn may_move(&self) -> bool {
        self.lookup_name().is_some() && self.addresses.lock().pushed().is_none()
    }

    /// Whether to look its name up now though nobody waits for that; true about once in half a
    /// second.
    pub fn claim_lookup(&self, now: Instant) -> bool {
        self.lookup_name().is_some() && self.addresses.lock().claim_lookup(now)
    }

    /// Whether each new connection waits for a look-up of its own (`hostname_lookup = request`).
    pub fn looks_up_each(&self) -> bool {
        self.looks_up_each.load(Ordering::Relaxed) && self.may_move()
    }

    /// Sets `hostname_lookup`.
    pub fn look_up_each(&self, each: bool) {
        self.looks_up_each.store(each, Ordering::Relaxed);
    }

    /// A look-up ended. A failed one keeps the last good addresses.
    pub fn handle_lookup(&self, result: Result<Vec<SocketAddr>, Unresolved>) {
        if let Err(Unresolved { text, .. }) = &result {
            let line = || format!("host {}: no address found: {text}", self.name);
            self.log.put(Level::Warning, line);
        }
        self.change_addresses(|addresses| addresses.handle_lookup(result));
    }

    /// Takes addresses from outside in place of looked-up ones; with none, its own serve again.
    pub fn push_addresses(&self, pushed: Vec<SocketAddr>) {
        self.change_addresses(|addresses| addresses.push(pushed, &self.address));
    }

    /// In a forked child: begins with what the parent knew, unless a thread of it was at that. A
    /// look-up may hang there for ever, if another one was under way at the fork; and a child that
    /// knows no latency and no dead host pays for each of them once more.
    pub fn inherit(&self, of_parent: &Host) {
        if let Some(known) = of_parent.addresses.try_lock() {
            self.is_nameless.store(known.known().is_none(), Ordering::Relaxed);
            *self.addresses.lock() = known.clone();
        }
        if let Some(known) = of_parent.karma.try_lock() {
            self.karma.lock().inherit(&known);
        }
        let greets_first = of_parent.greets_first.load(Ordering::Relaxed);
        self.greets_first.store(greets_first, Ordering::Relaxed);
        let late_greetings = of_parent.late_greetings.load(Ordering::Relaxed);
        self.late_greetings.store(late_greetings, Ordering::Relaxed);
        let search_version = of_parent.search_version.load(Ordering::Relaxed);
        self.search_version.store(search_version, Ordering::Relaxed);
    }

    /// An address gave no answer: if attempts begin with it, the next one begins with the second.
    pub fn demote_address(&self, endpoint: &Endpoint) {
        self.addresses.lock().demote(endpoint);
    }

    /// Counts changes of the addresses.
    pub fn address_changes(&self) -> u32 {
        self.address_changes.load(Ordering::Acquire)
    }

    /// Whether it still listens there, for all that is known.
    pub fn listens_at(&self, endpoint: &Endpoint) -> bool {
        self.addresses.lock().known().is_some_and(|known| known.contains(endpoint))
    }

    fn change_addresses(&self, change: impl FnOnce(&mut Addresses)) {
        let mut addresses = self.addresses.lock();
        let before = addresses.known().cloned();
        change(&mut addresses);
        let after = addresses.known().cloned();
        self.is_nameless.store(after.is_none(), Ordering::Relaxed);
        drop(addresses);
        if after != before {
            self.address_changes.fetch_add(1, Ordering::Release);
            let now = after.iter().flat_map(|endpoints| endpoints.iter());
            let now = || now.map(ToString::to_string).collect::<Vec<_>>().join(", ");
            self.log.put(Level::Info, || format!("host {} is at {}", self.name, now()));
        }
    }

    /// The name and port to look up; `None` where there is nothing to look up.
    pub fn lookup_name(&self) -> Option<(&str, u16)> {
        match &self.address {
            HostAddress::Tcp { name, port } if self.is_named => Some((name, *port)),
            _ => None,
        }
    }

    /// Takes a place among the kept connections; false if `persistent_connections_limit` is met.
    pub fn claim_kept(&self) -> bool {
        claim(&self.kept, self.kept_limit.load(Ordering::Relaxed))
    }

    /// Sets `persistent_connections_limit`; connections above it go when they are next used.
    pub fn limit_kept(&self, limit: u32) {
        self.kept_limit.store(limit, Ordering::Relaxed);
    }

    /// Whether a connection may stay open after its use.
    pub fn may_keep(&self) -> bool {
        self.kept() <= self.kept_limit.load(Ordering::Relaxed)
            && !self.removed.load(Ordering::Relaxed)
    }

    /// Gives a place back.
    pub fn release_kept(&self) {
        let kept = self.kept.fetch_sub(1, Ordering::Relaxed);
        debug_assert!(kept > 0, "a kept connection was released twice");
    }

    /// A connection broke: those that are idle now are not to be used again.
    pub fn retire_idle(&self) {
        self.retirements.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that happened.
    pub fn retirements(&self) -> u32 {
        self.retirements.load(Ordering::Relaxed)
    }

    /// Kept connections now.
    pub fn kept(&self) -> u32 {
        self.kept.load(Ordering::Relaxed)
    }

    /// A kept connection is taken by an attempt.
    pub fn handle_busy(&self) {
        self.kept_busy.fetch_add(1, Ordering::Relaxed);
    }

    /// An attempt gave its kept connection back, or up.
    pub fn handle_idle(&self) {
        let busy = self.kept_busy.fetch_sub(1, Ordering::Relaxed);
        debug_assert!(busy > 0, "a kept connection was given back twice");
    }

    /// Kept connections that attempts use now.
    pub fn kept_busy(&self) -> u32 {
        self.kept_busy.load(Ordering::Relaxed)
    }

    /// Takes one of the places for connections that wait for their greeting. One more is given
    /// now and then though all are taken: by connections that hang, for all that is known.
    ///
    /// `place` is what the connection holds so far. Newcomers do not pass those who wait.
    pub fn claim_dial(&self, place: DialPlace, now: Instant) -> DialPlace {
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
    pub fn dials_queued(&self) -> u32 {
        self.dials.lock().queued
    }

    /// Gives back what a connection holds.
    pub fn release_dial(&self, place: DialPlace) {
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

    /// Whether this daemon sends its version before it has read anything: then a handshake that
    /// does not come is a connect timeout. Manticore may send it with the first reply only
    /// (protocol.md 1.2).
    pub fn greets_first(&self) -> bool {
        self.greets_first.load(Ordering::Relaxed)
    }

    /// Whether it says nothing before its first reply, so that a connection without a greeting
    /// may long have been accepted.
    pub fn greets_last(&self) -> bool {
        !self.greets_first() && self.late_greetings.load(Ordering::Relaxed) >= LATE_GREETINGS
    }

    /// The daemon's version came, before its reply or with it. Once before proves that it greets
    /// first; with it may be chance.
    pub fn handle_greeting(&self, is_early: bool) {
        if is_early {
            self.greets_first.store(true, Ordering::Relaxed);
        } else {
            self.late_greetings.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// An answer to a SEARCH says which version of that the daemon has.
    pub fn handle_search_version(&self, version: u16) {
        self.search_version.store(version, Ordering::Relaxed);
    }

    /// Whose daemon listens there, for all that is known.
    pub fn product(&self) -> Product {
        match self.search_version.load(Ordering::Relaxed) {
            0 => Product::Unknown,
            version => Product::of_search(version),
        }
    }

    /// Reads the record.
    pub fn read<T>(&self, read: impl FnOnce(&Karma) -> T) -> T {
        read(&self.karma.lock())
    }

    /// Writes the record; strategies hear of a change between living and dead, and of the first
    /// answer, by which queries to come are hedged.
    pub fn record<T>(&self, write: impl FnOnce(&mut Karma) -> T) -> T {
        let mut karma = self.karma.lock();
        let was_living = karma.health().is_living();
        let trial_at = karma.health().trial_at();
        let is_known = karma.latency().is_known();
        let result = write(&mut karma);
        let is_living = karma.health().is_living();
        if is_living != was_living
            || karma.health().trial_at() != trial_at
            || karma.latency().is_known() != is_known
        {
            self.health_changes.fetch_add(1, Ordering::Release);
        }
        let failures = karma.failures_in_row();
        drop(karma);
        match (was_living, is_living) {
            (true, false) => {
                // So its trials go over new connections, as its pings do.
                self.retire_idle();
                self.log.put(Level::Warning, || {
                    format!("host {} found dead: {failures} failures in a row", self.name)
                });
            }
            (false, true) => {
                self.log.put(Level::Info, || format!("host {} answers again", self.name));
            }
            _ => {}
        }
        result
    }

    /// Books a failed attempt.
    pub fn record_failure(&self, failure: &AttemptFailure, purpose: Purpose, now: Instant) {
        self.log.put(Level::Debug, || failure.to_string());
        let (kind, on_trial) = (failure.kind, purpose == Purpose::Trial);
        self.record(|karma| match (kind, purpose) {
            (FailureKind::Local, _) => karma.handle_local_failure(on_trial, now),
            // A look-up that failed is a state of the name.
            _ if failure.phase == Phase::Resolve => {
                if on_trial {
                    karma.health_mut().postpone_trial();
                }
            }
            (_, Purpose::Ping) => karma.handle_ping_failure(kind, now),
            _ => karma.handle_failure(kind, failure.elapsed, on_trial, now),
        });
        if kind == FailureKind::QueryTimeout && purpose != Purpose::Ping {
            // Whatever forgot one connection without a word forgot the idle ones beside it, too,
            // and each would cost a time-out.
            self.retire_idle();
        }
        let is_reached = failure.phase != Phase::Resolve;
        if is_reached
            && matches!(kind, FailureKind::ConnectFailure | FailureKind::UnexpectedClosing)
        {
            // Another daemon may listen there from now on, with other manners.
            self.greets_first.store(false, Ordering::Relaxed);
            self.late_greetings.store(0, Ordering::Relaxed);
            self.search_version.store(0, Ordering::Relaxed);
        }
        *self.last_failure.lock() = Some((failure.clone(), now));
    }

    /// The last failure and how long ago it was.
    pub fn last_failure(&self, now: Instant) -> Option<(AttemptFailure, Duration)> {
        let last = self.last_failure.lock();
        last.as_ref().map(|(failure, at)| (failure.clone(), now.saturating_duration_since(*at)))
    }

    /// Whether a failure of this kind asks for a new look-up of the name: the address may have
    /// moved to another machine.
    pub fn wants_lookup_after(&self, kind: FailureKind) -> bool {
        let says_nothing = matches!(kind, FailureKind::ConnectTimeout | FailureKind::QueryTimeout);
        let is_another =
            matches!(kind, FailureKind::ConnectFailure | FailureKind::UnexpectedClosing);
        (says_nothing || is_another) && self.lookup_name().is_some()
    }
}

fn claim(taken: &AtomicU32, limit: u32) -> bool {
    let more = |taken| (taken < limit).then_some(taken + 1);
    taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
}

/// Connections of this process that wait for a host's greeting at once, at first: fewer than the
/// backlog of a searchd, which other clients use too.
const DIALS_MIN: u32 = 4;

/// The same of a host that greets them all at once.
const DIALS_MAX: u32 = 64;

/// A greeting within that time came from a daemon that has none waiting.
const PROMPT_GREETING: Duration = Duration::from_millis(3);

/// A greeting that takes so long was held up by a full queue, or by a lost packet.
const LOST_PACKET: Duration = Duration::from_millis(100);

/// So many greetings that came with the reply, and none before it, are no chance.
const LATE_GREETINGS: u32 = 16;

/// Pause before one connection more than that.
pub const EXTRA_DIAL_PAUSE: Duration = Duration::from_millis(10);
