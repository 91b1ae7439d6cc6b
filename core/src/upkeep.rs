//! Upkeep in the hands of the program: pings and sends to blackholes without a thread.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, SystemError};
use crate::net::{self, clock};
use crate::shared::Shared;

/// Does what the background thread of other clients does, on the program's own thread: pings
/// (`ha_ping_interval`) and sends to blackholes. There is one of a client at a time.
///
/// Put [`fd`](Self::fd) into an event loop; when it is readable, or [`timeout`](Self::timeout) has
/// passed, call [`drive`](Self::drive).
pub struct Upkeep {
    shared: Arc<Shared>,
    /// Always there until this is dropped.
    driven: Option<net::Upkeep>,
}

impl Upkeep {
    pub(crate) fn new(shared: Arc<Shared>, driven: net::Upkeep) -> Self {
        Self { shared, driven: Some(driven) }
    }

    /// Readable when [`drive`](Self::drive) has something to do.
    pub fn fd(&self) -> RawFd {
        self.driven().fd()
    }

    /// When [`drive`](Self::drive) is due though the fd stays quiet; `None` if nothing is.
    pub fn timeout(&self) -> Option<Duration> {
        let due = self.driven().next_timeout();
        Some(due.saturating_duration_since(clock::now()))
    }

    /// Does what is to be done now, without waiting.
    pub fn drive(&mut self) -> Result<(), Error> {
        self.wait(Duration::ZERO)
    }

    /// Does what is to be done, then waits for more for `limit` at most.
    pub fn wait(&mut self, limit: Duration) -> Result<(), Error> {
        if !self.shared.is_of_this_process() {
            return Err(Error::Forked);
        }
        let driven = self.driven.as_mut().expect("it is there until this is dropped");
        let turned = driven.turn(Some(limit));
        turned.map_err(|error| Error::System(SystemError::new("waiting for sockets", error)))
    }

    fn driven(&self) -> &net::Upkeep {
        self.driven.as_ref().expect("it is there until this is dropped")
    }
}

impl fmt::Debug for Upkeep {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Upkeep").finish_non_exhaustive()
    }
}

/// The descriptor of [`Upkeep::fd`], for event loops that take one by its type.
impl AsFd for Upkeep {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.driven().as_fd()
    }
}

impl AsRawFd for Upkeep {
    fn as_raw_fd(&self) -> RawFd {
        self.fd()
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        if let Some(driven) = self.driven.take().filter(|_| !self.shared.is_of_this_process()) {
            driven.abandon();
        }
    }
}
