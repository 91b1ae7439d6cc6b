//! Name look-ups by the system's resolver, which blocks.
#![expect(clippy::disallowed_methods, reason = "this module does the look-ups")]

use std::collections::HashSet;
use std::fs::File;
use std::net::{IpAddr, ToSocketAddrs};

use super::descriptor::Standard;
use super::driver::is_local;
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

/// Whether this process has no descriptor to give. The resolver says then what it likes: that the
/// name is unknown, or that its server is silent.
fn lacks_descriptors() -> bool {
    File::open("/dev/null").is_err_and(|error| is_local(&error))
}
