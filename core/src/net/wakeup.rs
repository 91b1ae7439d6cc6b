//! Ends the wait of a poll from another thread.

use std::io;

use mio::{Poll, Token};

use super::descriptor::Own;
use counter::Counter;

/// Makes a poll ready, as often as it is told to.
#[derive(Debug)]
pub(super) struct Wakeup {
    counter: Own<Counter>,
}

impl Wakeup {
    /// One that is told by that token.
    pub(super) fn new(poll: &Poll, token: Token) -> io::Result<Self> {
        Ok(Self { counter: Own::new(Counter::new(poll, token)?) })
    }

    /// Ends the wait under way, or else the next one; does nothing in a forked child, where nobody
    /// waits.
    pub(super) fn wake(&self) -> io::Result<()> {
        if self.counter.is_of_this_process() { self.counter.add() } else { Ok(()) }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod counter {
    use std::io;
    use std::os::fd::AsRawFd;

    use mio::unix::SourceFd;
    use mio::{Interest, Poll, Token};
    use nix::sys::eventfd::{EfdFlags, EventFd};

    use crate::net::descriptor::above_standard;

    /// As `mio::Waker`, which does not tell its number, so that a low one could not be avoided.
    #[derive(Debug)]
    pub(super) struct Counter(EventFd);

    impl Counter {
        pub(super) fn new(poll: &Poll, token: Token) -> io::Result<Self> {
            let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
            let make = || Ok(EventFd::from_value_and_flags(0, flags)?);
            let counter = above_standard(make)?;
            let mut source = SourceFd(&counter.as_raw_fd());
            poll.registry().register(&mut source, token, Interest::READABLE)?;
            Ok(Self(counter))
        }

        /// Each time is an event of its own, though nobody ever reads the counter.
        pub(super) fn add(&self) -> io::Result<()> {
            self.0.write(1)?;
            Ok(())
        }
    }
}

/// Elsewhere the number may be a low one.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod counter {
    use std::io;

    use mio::{Poll, Token, Waker};

    #[derive(Debug)]
    pub(super) struct Counter(Waker);

    impl Counter {
        pub(super) fn new(poll: &Poll, token: Token) -> io::Result<Self> {
            Waker::new(poll.registry(), token).map(Self)
        }

        pub(super) fn add(&self) -> io::Result<()> {
            self.0.wake()
        }
    }
}
