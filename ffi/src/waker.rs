//! Ends a wait from another thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hamirror_core::Waker as CoreWaker;
use hamirror_core::net::process;

use crate::batch::Batch;
use crate::error::{Error, Failed, HAMIRROR_ERROR_SYSTEM};
use crate::handle::{self, Handle, Owned, get, need};
use crate::panic::{fallible, getter};

/// Ends waits of one batch from any thread. It may be freed before or after its batch. End it
/// with hamirror_waker_free().
pub struct Waker {
    _private: [u8; 0],
}

impl Handle for Waker {
    type Rust = SharedWaker;
    type Ownership = Owned;
}

/// The waker while its batch lives; after that its driver may belong to another batch, whose waits
/// are none of ours.
#[derive(Clone)]
pub(crate) struct SharedWaker {
    waker: Arc<Mutex<Option<CoreWaker>>>,
    process: process::Id,
}

impl SharedWaker {
    pub(crate) fn new(waker: CoreWaker) -> Self {
        Self { waker: Arc::new(Mutex::new(Some(waker))), process: process::id() }
    }

    /// Whether both are of one batch.
    pub(crate) fn is_same(&self, other: &SharedWaker) -> bool {
        Arc::ptr_eq(&self.waker, &other.waker)
    }

    pub(crate) fn retire(&self) {
        if let Some(mut waker) = self.lock() {
            *waker = None;
        }
    }

    fn wake(&self) -> Result<(), Failed> {
        match self.lock().as_deref() {
            Some(Some(waker)) => waker.wake().map_err(|error| {
                Failed::new(HAMIRROR_ERROR_SYSTEM, format!("waking a batch: {error}"))
            }),
            _ => Ok(()),
        }
    }

    /// `None` in a forked child: there a thread that is gone may hold it, and no batch waits.
    fn lock(&self) -> Option<MutexGuard<'_, Option<CoreWaker>>> {
        let is_here = self.process == process::id();
        is_here.then(|| self.waker.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A waker of a batch, NULL for NULL. The batch may be in use by another thread meanwhile, but not
/// be freed by it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_waker_new(batch: *const Batch) -> *mut Waker {
    getter!({ Some(handle::new(get(batch)?.waker.clone())) })
}

/// Ends the wait that is under way, or else the next one, from any thread:
/// hamirror_batch_wait_any() and hamirror_batch_wait_all() return at once, with HAMIRROR_OK and
/// without a completion, hamirror_batch_wait_sent() with what is true so far, and
/// hamirror_batch_join() with what still runs. A batch that was freed is past waking; that is no
/// error.
///
/// Not for signal handlers: it takes a lock. HAMIRROR_ERROR_SYSTEM if the operating system
/// refuses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_waker_wake(
    waker: *const Waker,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { need(waker, "waker")?.wake() })
}

/// Ends a waker. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_waker_free(waker: *mut Waker) {
    getter!({
        handle::free(waker);
        None
    })
}
