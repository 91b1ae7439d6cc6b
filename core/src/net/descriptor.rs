//! Descriptors of the library: each belongs to the process that made it, and none takes the number
//! of standard input, output or error.

use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use nix::sys::stat;
use parking_lot::{Mutex, MutexGuard};

use super::process;

/// A value with a descriptor or with threads, which only the process that made it uses and ends.
///
/// A forked child may have closed the descriptors that it inherited: then a number belongs to a
/// file of the program. Where nothing tells them apart, it stays open there until the child ends.
#[derive(Debug)]
pub(super) struct Own<T> {
    /// Always there until this is dropped.
    value: Option<T>,
    process: process::Id,
}

impl<T> Own<T> {
    pub(super) fn new(value: T) -> Self {
        Self { value: Some(value), process: process::id() }
    }

    /// Whether this process made it.
    pub(super) fn is_of_this_process(&self) -> bool {
        self.process == process::id()
    }

    /// Closes it in a forked child, too, for the number is known to mean the same file there.
    pub(super) fn close(&mut self) {
        self.value = None;
    }
}

impl<T> Deref for Own<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("it is there until this is dropped")
    }
}

impl<T> DerefMut for Own<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("it is there until this is dropped")
    }
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        if !self.is_of_this_process() {
            std::mem::forget(self.value.take());
        }
    }
}

/// Which file a descriptor means, as long as it is open: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(stat::SFlag, libc::dev_t, libc::ino_t);

impl Identity {
    /// `None` for a closed descriptor.
    pub(super) fn of(descriptor: impl AsFd) -> Option<Identity> {
        let found = stat::fstat(descriptor).ok()?;
        let kind = stat::SFlag::from_bits_truncate(found.st_mode) & stat::SFlag::S_IFMT;
        Some(Identity(kind, found.st_dev, found.st_ino))
    }
}

/// Makes something whose descriptor is above that of standard error, though the program closed
/// some of the first three. What it prints must not go into a connection.
///
/// What has a low number is not in use yet, and stays open until one has a number above.
pub(super) fn above_standard<T: AsRawFd + Send + 'static>(
    make: impl Fn() -> io::Result<T>,
) -> io::Result<T> {
    let mut low = Vec::new();
    loop {
        let made = make()?;
        if made.as_raw_fd() > libc::STDERR_FILENO {
            return Ok(made);
        }
        low.push(Standard::keep(Box::new(made)));
    }
}

/// Keeps the numbers of standard input, output and error that are free, so that a look-up gets
/// none of them. What the program prints would go to a name server.
pub(super) struct Standard {
    /// What could not be kept with the others.
    own: Option<Box<dyn Send>>,
}

/// All threads share what is kept: the end of one must not free a number for another.
struct Kept {
    users: usize,
    process: process::Id,
    low: Vec<Box<dyn Send>>,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept { users: 0, process: 0, low: Vec::new() });

impl Standard {
    /// Keeps those that are free now, as far as there are descriptors left.
    pub(super) fn take() -> Self {
        let Some(mut kept) = lock() else { return Self { own: Some(Box::new(())) } };
        kept.users += 1;
        // What is sent to one that is not connected goes nowhere, and raises no signal.
        while let Ok(made) = UnixDatagram::unbound()
            && made.as_raw_fd() <= libc::STDERR_FILENO
        {
            kept.low.push(Box::new(made));
        }
        Self { own: None }
    }

    /// Keeps the number that something got.
    fn keep(made: Box<dyn Send>) -> Self {
        let Some(mut kept) = lock() else { return Self { own: Some(made) } };
        kept.users += 1;
        kept.low.push(made);
        Self { own: None }
    }
}

impl Drop for Standard {
    fn drop(&mut self) {
        if self.own.is_some() {
            return;
        }
        let mut kept = KEPT.lock();
        kept.users = kept.users.saturating_sub(1);
        if kept.users == 0 {
            kept.low.clear();
        }
    }
}

/// `None` in a child that was forked while a thread of the parent was just here.
fn lock() -> Option<MutexGuard<'static, Kept>> {
    let mut kept = KEPT.try_lock_for(LOCK_PATIENCE)?;
    if kept.process != process::id() {
        // The numbers of a parent may mean other files here.
        std::mem::forget(std::mem::take(&mut kept.low));
        (kept.users, kept.process) = (0, process::id());
    }
    Some(kept)
}

/// Whether something failed for want of something of this process or machine.
pub(super) fn is_local(error: &io::Error) -> bool {
    let codes = [
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::ENOSPC,
        libc::EADDRNOTAVAIL,
    ];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// Far longer than it takes to open a few sockets.
const LOCK_PATIENCE: Duration = Duration::from_millis(100);
