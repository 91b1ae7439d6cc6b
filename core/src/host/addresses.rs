//! Where a host listens: known at once, looked up, or pushed from outside.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::config::HostAddress;

/// What an attempt connects to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// TCP.
    Inet(SocketAddr),
    /// A unix stream socket.
    Unix(Arc<PathBuf>),
}

impl Endpoint {
    /// Address and port; `None` for a unix socket.
    pub fn inet(&self) -> Option<SocketAddr> {
        match self {
            Endpoint::Inet(address) => Some(*address),
            Endpoint::Unix(_) => None,
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Endpoint::Inet(address) => write!(out, "{address}"),
            Endpoint::Unix(path) => write!(out, "{}", path.display()),
        }
    }
}

/// What is known of a host's addresses now.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// In the order to try them; never empty.
    Known(Arc<[Endpoint]>),
    /// A look-up is needed first.
    Needed,
    /// The last look-up failed so.
    Failed(Unresolved),
}

/// Why a look-up gave no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// In words.
    pub text: String,
    /// This process lacked something for it: that says nothing of the name.
    pub is_local: bool,
}

/// Addresses of one host, as many threads share them.
#[derive(Debug)]
pub struct SharedAddresses {
    addresses: Mutex<Addresses>,
    is_named: bool,
    /// No address is known.
    is_nameless: AtomicBool,
    looks_up_each: AtomicBool,
    changes: AtomicU32,
}

impl SharedAddresses {
    pub(super) fn new(address: &HostAddress) -> Self {
        let addresses = Addresses::new(address);
        let is_nameless = addresses.known().is_none();
        Self {
            addresses: Mutex::new(addresses),
            is_named: is_nameless,
            is_nameless: AtomicBool::new(is_nameless),
            looks_up_each: AtomicBool::new(false),
            changes: AtomicU32::new(0),
        }
    }

    /// True if the host goes by a name, not by a number or a path.
    pub(super) fn is_named(&self) -> bool {
        self.is_named
    }

    /// Returns what is known of the addresses.
    pub fn lookup(&self) -> Lookup {
        self.addresses.lock().lookup()
    }

    /// True if nothing can be sent before a look-up of the name has ended well.
    pub fn needs_lookup(&self) -> bool {
        self.is_nameless.load(Ordering::Relaxed)
    }

    /// True if the host goes by a name that may mean another machine tomorrow.
    pub fn may_move(&self) -> bool {
        self.is_named && self.addresses.lock().pushed().is_none()
    }

    /// True if the name is to be looked up now though nobody waits for that: about once in half a
    /// second.
    pub fn claim_lookup(&self, now: Instant) -> bool {
        self.is_named && self.addresses.lock().claim_lookup(now)
    }

    /// True if each new connection waits for a look-up of its own (`hostname_lookup = request`).
    pub fn looks_up_each(&self) -> bool {
        self.looks_up_each.load(Ordering::Relaxed) && self.may_move()
    }

    /// Sets `hostname_lookup`.
    pub fn look_up_each(&self, each: bool) {
        self.looks_up_each.store(each, Ordering::Relaxed);
    }

    /// An address gave no answer: if attempts begin with it, the next one begins with the second.
    pub fn demote(&self, endpoint: &Endpoint) {
        self.addresses.lock().demote(endpoint);
    }

    /// Number of times that the addresses have changed.
    pub fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }

    /// True if the host still listens at an address, for all that is known.
    pub fn contain(&self, endpoint: &Endpoint) -> bool {
        self.addresses.lock().known().is_some_and(|known| known.contains(endpoint))
    }

    /// Changes the addresses; returns those that are known now, if they are others than before.
    pub(super) fn change(
        &self,
        change: impl FnOnce(&mut Addresses),
    ) -> Option<Option<Arc<[Endpoint]>>> {
        let mut addresses = self.addresses.lock();
        let before = addresses.known().cloned();
        change(&mut addresses);
        let after = addresses.known().cloned();
        self.is_nameless.store(after.is_none(), Ordering::Relaxed);
        drop(addresses);
        let is_changed = after != before;
        if is_changed {
            self.changes.fetch_add(1, Ordering::Release);
        }
        is_changed.then_some(after)
    }

    /// In a forked child: begins with what the parent knew, unless a thread of it was at that.
    pub(super) fn inherit(&self, of_parent: &Self) {
        if let Some(known) = of_parent.addresses.try_lock() {
            self.is_nameless.store(known.known().is_none(), Ordering::Relaxed);
            *self.addresses.lock() = known.clone();
        }
    }
}

/// Addresses of one host.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    known: Option<Arc<[Endpoint]>>,
    /// Why the last look-up gave none, while none are known.
    failure: Option<Unresolved>,
    is_pushed: bool,
    /// When a look-up was asked for last that nobody waits for.
    asked_at: Option<Instant>,
}

impl Addresses {
    pub(super) fn new(address: &HostAddress) -> Self {
        let known = without_lookup(address);
        Self { known, failure: None, is_pushed: false, asked_at: None }
    }

    pub(super) fn lookup(&self) -> Lookup {
        match (&self.known, &self.failure) {
            (Some(endpoints), _) => Lookup::Known(endpoints.clone()),
            (None, Some(failure)) => Lookup::Failed(failure.clone()),
            (None, None) => Lookup::Needed,
        }
    }

    /// Known addresses.
    pub(super) fn known(&self) -> Option<&Arc<[Endpoint]>> {
        self.known.as_ref()
    }

    pub(super) fn pushed(&self) -> Option<&Arc<[Endpoint]>> {
        self.known.as_ref().filter(|_| self.is_pushed)
    }

    /// A look-up ended. A failed one keeps the last good addresses, and none replaces pushed ones.
    pub(super) fn handle_lookup(&mut self, result: Result<Vec<SocketAddr>, Unresolved>) {
        if self.is_pushed {
            return;
        }
        match result {
            Ok(found) if !found.is_empty() => self.replace(found),
            other => {
                let none = || Unresolved { text: "it has no address".to_owned(), is_local: false };
                self.failure = Some(other.err().unwrap_or_else(none));
            }
        }
    }

    /// Takes addresses from outside; none at all means those of `address` again.
    pub(super) fn push(&mut self, pushed: Vec<SocketAddr>, address: &HostAddress) {
        if pushed.is_empty() {
            *self = Self::new(address);
        } else {
            self.is_pushed = true;
            self.replace(pushed);
        }
    }

    /// Whether to look the name up again though nobody waits for that: not at every call.
    pub(super) fn claim_lookup(&mut self, now: Instant) -> bool {
        let last = self.asked_at.map(|last| now.saturating_duration_since(last));
        let is_due = !self.is_pushed && last.is_none_or(|last| last >= LOOKUP_PAUSE);
        if is_due {
            self.asked_at = Some(now);
        }
        is_due
    }

    /// An address gave no answer: if it is the first, the next attempt begins with the second. Of
    /// several attempts that found it silent one is heard.
    pub(super) fn demote(&mut self, silent: &Endpoint) {
        if let Some(endpoints) = self.known.as_mut().filter(|known| known[0] == *silent) {
            let mut rotated = endpoints.to_vec();
            rotated.rotate_left(1);
            *endpoints = rotated.into();
        }
    }

    /// Replaces the addresses by those found; known ones stay in the order that experience gave
    /// them.
    fn replace(&mut self, found: Vec<SocketAddr>) {
        let endpoints: Arc<[Endpoint]> = found.into_iter().map(Endpoint::Inet).collect();
        let is_same = self.known.as_ref().is_some_and(|known| {
            known.len() == endpoints.len() && endpoints.iter().all(|found| known.contains(found))
        });
        if !is_same {
            self.known = Some(endpoints);
        }
        self.failure = None;
    }
}

fn without_lookup(address: &HostAddress) -> Option<Arc<[Endpoint]>> {
    let endpoint = match address {
        HostAddress::Unix(path) => Endpoint::Unix(Arc::new(path.clone())),
        HostAddress::Tcp { name, port } => {
            let ip: IpAddr = name.parse().ok()?;
            Endpoint::Inet(SocketAddr::new(ip, *port))
        }
    };
    Some(Arc::new([endpoint]))
}

/// Pause between two look-ups of a name that nobody waits for. A name server answers in
/// milliseconds, and a name that moved is found again soon enough.
const LOOKUP_PAUSE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    fn named() -> HostAddress {
        HostAddress::Tcp { name: "box".to_owned(), port: 9312 }
    }

    fn no_such_name() -> Unresolved {
        Unresolved { text: "no such name".to_owned(), is_local: false }
    }

    fn at(last: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], 9312))
    }

    fn first(addresses: &Addresses) -> String {
        match addresses.lookup() {
            Lookup::Known(endpoints) => endpoints[0].to_string(),
            Lookup::Needed => "needed".to_owned(),
            Lookup::Failed(failure) => failure.text,
        }
    }

    #[test]
    fn a_failed_look_up_keeps_the_last_good_addresses() {
        let mut addresses = Addresses::new(&named());
        assert_eq!(first(&addresses), "needed");
        addresses.handle_lookup(Err(no_such_name()));
        assert_eq!(first(&addresses), "no such name");
        addresses.handle_lookup(Ok(vec![at(1)]));
        addresses.handle_lookup(Err(no_such_name()));
        assert_eq!(first(&addresses), "10.0.0.1:9312");
    }

    #[test]
    fn addresses_keep_the_order_of_experience_until_they_change() {
        let mut addresses = Addresses::new(&named());
        addresses.handle_lookup(Ok(vec![at(1), at(2)]));
        addresses.demote(&Endpoint::Inet(at(1)));
        addresses.demote(&Endpoint::Inet(at(1)));
        addresses.handle_lookup(Ok(vec![at(1), at(2)]));
        assert_eq!(first(&addresses), "10.0.0.2:9312");
        addresses.handle_lookup(Ok(vec![at(3), at(2)]));
        assert_eq!(first(&addresses), "10.0.0.3:9312");
    }

    #[test]
    fn pushed_addresses_stay_until_they_are_taken_back() {
        let mut addresses = Addresses::new(&named());
        addresses.push(vec![at(7)], &named());
        addresses.handle_lookup(Ok(vec![at(1)]));
        assert_eq!(first(&addresses), "10.0.0.7:9312");
        addresses.push(Vec::new(), &named());
        assert_eq!(first(&addresses), "needed");
        let numeric = HostAddress::Tcp { name: "10.0.0.9".to_owned(), port: 9312 };
        let mut addresses = Addresses::new(&numeric);
        addresses.push(vec![at(7)], &numeric);
        addresses.push(Vec::new(), &numeric);
        assert_eq!(first(&addresses), "10.0.0.9:9312");
    }
}
