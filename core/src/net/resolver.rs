//! Name look-ups by the system's resolver, which blocks.
#![expect(clippy::disallowed_methods, reason = "this module does the look-ups")]

use std::collections::HashSet;
use std::fs::File;
use std::net::{IpAddr, ToSocketAddrs};

use super::descriptor::{Standard, is_local};
use crate::host::Unresolved;

/// All addresses of a name, in the order that the system prefers.
pub(super) fn look_up(name: &str) -> Result<Vec<IpAddr>, Unresolved> {
    let standard = Standard::take();
    // The port plays no part in it.
    let found = (name, 0).to_socket_addrs();
    drop(standard);
    match found {
        Ok(found) => {
            let mut seen = HashSet::new();
            let found = found.map(|address| address.ip());
            Ok(found.filter(|address| seen.insert(*address)).collect())
        }
        Err(error) => {
            let is_local = is_local(&error) || lacks_descriptors();
            Err(Unresolved { text: error.to_string(), is_local })
        }
    }
}

/// Whether this process has hardly a descriptor to give. The resolver says then what it likes: that
/// the name is unknown, or that its server is silent. One that is free now was another thread's,
/// which looked up something else.
fn lacks_descriptors() -> bool {
    let opened: Vec<_> = (0..DESCRIPTORS_MIN).map(|_| File::open("/dev/null")).collect();
    opened.iter().flat_map(|opened| opened.as_ref().err()).any(is_local)
}

/// More than the look-ups that run at once have open, files and sockets together.
const DESCRIPTORS_MIN: usize = 48;
