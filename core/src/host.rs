//! A host: one `host:port` or socket path with its record, shared by all mirrors that name it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::config::HostAddress;
use crate::error::{AttemptFailure, FailureKind};
use crate::karma::{BlockClock, Karma};

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
    kept_limit: AtomicU32,
    greets_first: AtomicBool,
    health_changes: Arc<AtomicU64>,
    addresses: Mutex<Addresses>,
    karma: Mutex<Karma>,
    last_failure: Mutex<Option<(AttemptFailure, Instant)>>,
}

/// What an attempt connects to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// TCP.
    Inet(SocketAddr),
    /// A unix stream socket.
    Unix(Arc<PathBuf>),
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Endpoint::Inet(address) => write!(out, "{address}"),
            Endpoint::Unix(path) => write!(out, "{}", path.display()),
        }
    }
}

/// Addresses of a host's name: those known, or why there are none.
#[derive(Clone, Debug)]
enum Addresses {
    Unknown,
    Known(Arc<[Endpoint]>),
    Failed(String),
}

/// What is known of a host's addresses now.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// In the order to try them; never empty.
    Known(Arc<[Endpoint]>),
    /// A look-up is needed first.
    Needed,
    /// The last look-up failed so.
    Failed(String),
}

impl Host {
    /// A host with an empty record.
    pub fn new(
        address: HostAddress,
        number: usize,
        kept_limit: u32,
        clock: BlockClock,
        health_changes: Arc<AtomicU64>,
    ) -> Self {
        Self {
            name: address.to_string(),
            addresses: Mutex::new(known_without_lookup(&address)),
            address,
            number,
            references: AtomicU32::new(0),
            pinged: AtomicBool::new(false),
            removed: AtomicBool::new(false),
            kept: AtomicU32::new(0),
            kept_limit: AtomicU32::new(kept_limit),
            greets_first: AtomicBool::new(false),
            health_changes,
            karma: Mutex::new(Karma::new(clock)),
            last_failure: Mutex::new(None),
        }
    }

    /// What is known of its addresses.
    pub fn lookup(&self) -> Lookup {
        match &*self.addresses.lock() {
            Addresses::Unknown => Lookup::Needed,
            Addresses::Known(endpoints) => Lookup::Known(endpoints.clone()),
            Addresses::Failed(text) => Lookup::Failed(text.clone()),
        }
    }

    /// A look-up ended. A failed one keeps the last good addresses.
    pub fn handle_lookup(&self, result: Result<Vec<SocketAddr>, String>) {
        let mut addresses = self.addresses.lock();
        match result {
            Ok(found) if !found.is_empty() => {
                let endpoints = found.into_iter().map(Endpoint::Inet).collect();
                *addresses = Addresses::Known(endpoints);
            }
            other => {
                if !matches!(*addresses, Addresses::Known(_)) {
                    let text = other.err().unwrap_or_else(|| "it has no address".to_owned());
                    *addresses = Addresses::Failed(text);
                }
            }
        }
    }

    /// The name and port to look up; `None` where there is nothing to look up.
    pub fn lookup_name(&self) -> Option<(&str, u16)> {
        match &self.address {
            HostAddress::Tcp { name, port } if name.parse::<IpAddr>().is_err() => {
                Some((name, *port))
            }
            _ => None,
        }
    }

    /// Takes a place among the kept connections; false if `persistent_connections_limit` is met.
    pub fn claim_kept(&self) -> bool {
        let limit = self.kept_limit.load(Ordering::Relaxed);
        let claim = |kept| (kept < limit).then_some(kept + 1);
        self.kept.fetch_update(Ordering::Relaxed, Ordering::Relaxed, claim).is_ok()
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

    /// Kept connections now.
    pub fn kept(&self) -> u32 {
        self.kept.load(Ordering::Relaxed)
    }

    /// Whether this daemon sends its version before it has read anything: then a handshake that
    /// does not come is a connect timeout. Manticore may send it with the first reply only
    /// (protocol.md 1.2).
    pub fn greets_first(&self) -> bool {
        self.greets_first.load(Ordering::Relaxed)
    }

    /// The daemon was seen to send its version before its reply.
    pub fn handle_early_greeting(&self) {
        self.greets_first.store(true, Ordering::Relaxed);
    }

    /// Reads the record.
    pub fn read<T>(&self, read: impl FnOnce(&Karma) -> T) -> T {
        read(&self.karma.lock())
    }

    /// Writes the record; strategies hear of a change between living and dead.
    pub fn record<T>(&self, write: impl FnOnce(&mut Karma) -> T) -> T {
        let mut karma = self.karma.lock();
        let living = karma.health().is_living();
        let trial_at = karma.health().trial_at();
        let result = write(&mut karma);
        let health = karma.health();
        if health.is_living() != living || health.trial_at() != trial_at {
            self.health_changes.fetch_add(1, Ordering::Release);
        }
        result
    }

    /// Books a failed attempt.
    pub fn record_failure(&self, failure: &AttemptFailure, is_ping: bool, now: Instant) {
        self.record(|karma| {
            if is_ping {
                karma.handle_ping_failure(failure.kind, now);
            } else {
                karma.handle_failure(failure.kind, failure.elapsed, now);
            }
        });
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
        matches!(kind, FailureKind::ConnectFailure | FailureKind::ConnectTimeout)
            && self.lookup_name().is_some()
    }
}

fn known_without_lookup(address: &HostAddress) -> Addresses {
    match address {
        HostAddress::Unix(path) => {
            Addresses::Known(Arc::new([Endpoint::Unix(Arc::new(path.clone()))]))
        }
        HostAddress::Tcp { name, port } => match name.parse::<IpAddr>() {
            Ok(ip) => Addresses::Known(Arc::new([Endpoint::Inet(SocketAddr::new(ip, *port))])),
            Err(_) => Addresses::Unknown,
        },
    }
}
