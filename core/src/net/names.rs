//! Name look-ups, on a thread of their own while there are any: one blocks, for half a minute at
//! worst, and can't be ended; pings and sends to blackholes must not wait for that.

use std::sync::Arc;

use super::inbox::Inbox;
use super::{clock, resolver};
use crate::host::Host;

/// Looks up what is to be looked up, until nothing is left.
pub(super) fn run(inbox: &Inbox) {
    while let Some((host, mails)) = inbox.next_lookup() {
        let begun_at = clock::now();
        look_up(&host);
        inbox.handle_looked_up();
        for mail in mails {
            mail.deliver(Arc::clone(&host), begun_at);
        }
    }
}

/// Looks a host's name up on this thread.
pub(super) fn look_up(host: &Host) {
    if let Some((name, port)) = host.lookup_name() {
        host.handle_lookup(resolver::look_up(name, port));
    }
}
