//! What other threads leave for a driver.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Wake;
use std::time::Instant;

use mio::{Poll, Token};
use parking_lot::Mutex;

use super::wakeup::Wakeup;
use crate::host::Host;

/// What other threads leave for a driver.
#[derive(Debug)]
pub(super) struct Mail {
    waker: Wakeup,
    /// Number of the batch that runs.
    batch: AtomicU64,
    /// Number of the batch that was woken; 0 is none.
    woken: AtomicU64,
    /// With the time at which the look-up began.
    looked_up: Mutex<Vec<(Arc<Host>, Instant)>>,
}

/// Ends a wait of its batch from another thread; once that batch is gone it does nothing.
#[derive(Clone, Debug)]
pub struct Waker {
    mail: Arc<Mail>,
    batch: u64,
}

impl Waker {
    /// The wait under way, or else the next one, returns at once. An error of the system means
    /// that it goes on until its time-out.
    pub fn wake(&self) -> io::Result<()> {
        if self.mail.batch.load(Ordering::Acquire) != self.batch {
            return Ok(());
        }
        // The batch may have ended since it was asked for: a wake-up of the next one stays.
        self.mail.woken.fetch_max(self.batch, Ordering::Release);
        self.mail.waker.wake()
    }

    /// The turn under way, or else the next one, waits for nothing; waits go on.
    pub(super) fn nudge(&self) -> io::Result<()> {
        self.mail.waker.wake()
    }
}

/// The turn under way, or else the next one, waits for nothing.
impl Wake for Mail {
    fn wake(self: Arc<Self>) {
        // A waker can't fail but for want of memory in the kernel; timers still hold.
        let _ = self.waker.wake();
    }
}

impl Mail {
    /// An empty one, which that poll tells of by that token.
    pub(super) fn new(poll: &Poll, token: Token) -> io::Result<Self> {
        Ok(Self {
            waker: Wakeup::new(poll, token)?,
            batch: AtomicU64::new(1),
            woken: AtomicU64::new(0),
            looked_up: Mutex::default(),
        })
    }

    /// Ends waits of the batch that runs.
    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        Waker { mail: self.clone(), batch: self.batch.load(Ordering::Relaxed) }
    }

    /// Whether [`Waker::wake`] was called since the last time this was asked.
    pub(super) fn take_woken(&self) -> bool {
        let batch = self.batch.load(Ordering::Relaxed);
        // A load is all it costs while nobody wakes.
        self.woken.load(Ordering::Relaxed) != 0 && self.woken.swap(0, Ordering::AcqRel) == batch
    }

    /// Wakers of the batch that ran wake nobody any more.
    pub(super) fn end_batch(&self) {
        self.batch.fetch_add(1, Ordering::AcqRel);
    }

    /// Hosts whose look-up ended, with the time at which it began.
    pub(super) fn take_looked_up(&self) -> Vec<(Arc<Host>, Instant)> {
        std::mem::take(&mut *self.looked_up.lock())
    }

    /// A look-up ended: its driver goes on with the connections that wait for it.
    pub(super) fn deliver(&self, host: Arc<Host>, begun_at: Instant) {
        self.looked_up.lock().push((host, begun_at));
        // A waker can't fail but for want of memory in the kernel; the deadline still holds.
        let _ = self.waker.wake();
    }
}
