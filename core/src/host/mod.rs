//! A host: one `host:port` or socket path with its record, shared by all mirrors that name it.

mod addresses;
mod dialling;
mod greeting;
mod kept;
mod living;
mod record;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use addresses::Addresses;
pub(crate) use addresses::{Endpoint, Lookup, SharedAddresses, Unresolved};
#[cfg(test)]
pub(crate) use dialling::EXTRA_DIAL_PAUSE;
pub(crate) use dialling::{DialPlace, DialTurn, Dialling};
pub(crate) use greeting::Greeting;
pub(crate) use kept::Kept;
pub(crate) use living::LivingMirrors;
use living::Watchers;
use record::{Record, Turn};

use crate::config::HostAddress;
use crate::error::{AttemptFailure, FailureKind, Phase};
use crate::karma::{BlockClock, Karma};
use crate::log::{Level, Log};

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
    /// Where it listens, for all that is known.
    pub addresses: SharedAddresses,
    /// Connections that stay open after their use.
    pub kept: Kept,
    /// Connections on their way.
    pub dialling: Dialling,
    /// Way in which the daemon greets, and the protocol that it speaks.
    pub greeting: Greeting,
    record: Record,
    watchers: Watchers,
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
        Self {
            name: address.to_string(),
            addresses: SharedAddresses::new(&address),
            address,
            number,
            references: AtomicU32::new(0),
            pinged: AtomicBool::new(false),
            removed: AtomicBool::new(false),
            kept: Kept::new(kept_limit),
            dialling: Dialling::default(),
            greeting: Greeting::default(),
            record: Record::new(clock, health_changes),
            watchers: Watchers::default(),
            log,
        }
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
        self.addresses.inherit(&of_parent.addresses);
        self.record.inherit(&of_parent.record);
        self.greeting.inherit(&of_parent.greeting);
    }

    fn change_addresses(&self, change: impl FnOnce(&mut Addresses)) {
        if let Some(after) = self.addresses.change(change) {
            let now = after.iter().flat_map(|endpoints| endpoints.iter());
            let now = || now.map(ToString::to_string).collect::<Vec<_>>().join(", ");
            self.log.put(Level::Info, || format!("host {} is at {}", self.name, now()));
        }
    }

    /// The name and port to look up; `None` where there is nothing to look up.
    pub fn lookup_name(&self) -> Option<(&str, u16)> {
        match &self.address {
            HostAddress::Tcp { name, port } if self.addresses.is_named() => Some((name, *port)),
            _ => None,
        }
    }

    /// Whether a connection may stay open after its use.
    pub fn may_keep(&self) -> bool {
        self.kept.are_within_limit() && !self.removed.load(Ordering::Relaxed)
    }

    /// Reads the record.
    pub fn read<T>(&self, read: impl FnOnce(&Karma) -> T) -> T {
        self.record.read(read)
    }

    /// Writes the record; strategies hear of a change between living and dead, and of the first
    /// answer, by which queries to come are hedged.
    pub fn record<T>(&self, write: impl FnOnce(&mut Karma) -> T) -> T {
        let (result, turn) = self.record.write(write);
        match turn {
            Turn::None => return result,
            Turn::Dead(failures) => {
                // So its trials go over new connections, as its pings do.
                self.kept.retire_idle();
                self.log.put(Level::Warning, || {
                    let cause = self.record.last_cause();
                    let last = cause.map(|cause| format!(", last: {cause}")).unwrap_or_default();
                    format!("host {} found dead: {failures} failures in a row{last}", self.name)
                });
            }
            Turn::Living => {
                self.log.put(Level::Info, || format!("host {} answers again", self.name));
            }
        }
        for agent in self.watchers.all() {
            agent.tell(&self.log);
        }
        result
    }

    /// Books a failed attempt.
    pub fn record_failure(&self, failure: &AttemptFailure, purpose: Purpose, now: Instant) {
        self.log.put(Level::Debug, || failure.to_string());
        let kind = failure.kind;
        // Before the record, which may find the host dead and tells the cause.
        self.record.set_last_failure(failure, now);
        self.record(|karma| record::book(karma, failure, purpose, now));
        if kind == FailureKind::QueryTimeout && purpose != Purpose::Ping {
            // Whatever forgot one connection without a word forgot the idle ones beside it, too,
            // and each would cost a time-out.
            self.kept.retire_idle();
        }
        let is_reached = failure.phase != Phase::Resolve;
        if is_reached
            && matches!(kind, FailureKind::ConnectFailure | FailureKind::UnexpectedClosing)
        {
            self.greeting.forget();
        }
    }

    /// The last failure and how long ago it was.
    pub fn last_failure(&self, now: Instant) -> Option<(AttemptFailure, Duration)> {
        self.record.last_failure(now)
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
