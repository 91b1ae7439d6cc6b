//! Where a host listens: known at once, looked up, or pushed from outside.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

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
    Failed(String),
}

/// Addresses of one host.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    known: Option<Arc<[Endpoint]>>,
    /// Why the last look-up gave none, while none are known.
    failure: Option<String>,
    /// Known ones serve only if the next look-up fails.
    is_stale: bool,
    is_pushed: bool,
}

impl Addresses {
    pub(super) fn new(address: &HostAddress) -> Self {
        let known = without_lookup(address);
        Self { known, failure: None, is_stale: false, is_pushed: false }
    }

    pub(super) fn lookup(&self) -> Lookup {
        match (&self.known, &self.failure) {
            (Some(endpoints), _) if !self.is_stale => Lookup::Known(endpoints.clone()),
            (None, Some(text)) => Lookup::Failed(text.clone()),
            _ => Lookup::Needed,
        }
    }

    /// Known addresses, however old.
    pub(super) fn known(&self) -> Option<&Arc<[Endpoint]>> {
        self.known.as_ref()
    }

    pub(super) fn pushed(&self) -> Option<&Arc<[Endpoint]>> {
        self.known.as_ref().filter(|_| self.is_pushed)
    }

    /// A look-up ended. A failed one keeps the last good addresses, and none replaces pushed ones.
    pub(super) fn handle_lookup(&mut self, result: Result<Vec<SocketAddr>, String>) {
        if self.is_pushed {
            return;
        }
        self.is_stale = false;
        match result {
            Ok(found) if !found.is_empty() => self.replace(found),
            other => {
                let text = other.err().unwrap_or_else(|| "it has no address".to_owned());
                self.failure = Some(text);
            }
        }
    }

    /// Takes addresses from outside; none at all means those of `address` again.
    pub(super) fn push(&mut self, pushed: Vec<SocketAddr>, address: &HostAddress) {
        if pushed.is_empty() {
            *self = Self::new(address);
        } else {
            self.is_stale = false;
            self.is_pushed = true;
            self.replace(pushed);
        }
    }

    /// The next connection waits for a look-up, if there is a name to look up.
    pub(super) fn expire(&mut self) {
        self.is_stale = !self.is_pushed;
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

    /// The same addresses stay in the order that experience gave them.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn named() -> HostAddress {
        HostAddress::Tcp { name: "box".to_owned(), port: 9312 }
    }

    fn at(last: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], 9312))
    }

    fn first(addresses: &Addresses) -> String {
        match addresses.lookup() {
            Lookup::Known(endpoints) => endpoints[0].to_string(),
            Lookup::Needed => "needed".to_owned(),
            Lookup::Failed(text) => text,
        }
    }

    #[test]
    fn a_failed_look_up_keeps_the_last_good_addresses() {
        let mut addresses = Addresses::new(&named());
        assert_eq!(first(&addresses), "needed");
        addresses.handle_lookup(Err("no such name".to_owned()));
        assert_eq!(first(&addresses), "no such name");
        addresses.handle_lookup(Ok(vec![at(1)]));
        addresses.expire();
        assert_eq!(first(&addresses), "needed");
        addresses.handle_lookup(Err("no such name".to_owned()));
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
        addresses.expire();
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
