//! Name look-ups by the system's resolver, which blocks.
#![expect(clippy::disallowed_methods, reason = "this module does the look-ups")]

use std::net::{SocketAddr, ToSocketAddrs};

use super::descriptor::Standard;

/// All addresses of a name, in the order that the system prefers.
pub(super) fn look_up(name: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let standard = Standard::take();
    let found = (name, port).to_socket_addrs();
    drop(standard);
    let mut addresses: Vec<SocketAddr> = found.map_err(|error| error.to_string())?.collect();
    let mut seen = std::collections::HashSet::new();
    addresses.retain(|address| seen.insert(*address));
    Ok(addresses)
}
