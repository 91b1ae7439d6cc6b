//! Ends a wait from another thread.

use crate::batch::Batch;
use crate::error::Error;
use crate::handle::{self, Handle, Owned, get, need};
use crate::panic::{fallible, getter};
use crate::shared_waker::SharedWaker;

/// Ends waits of one batch from any thread. It may be freed before or after its batch. End it
/// with hamirror_waker_free().
pub struct Waker {
    _private: [u8; 0],
}

impl Handle for Waker {
    type Rust = SharedWaker;
    type Ownership = Owned;
}

/// A waker of a batch, NULL for NULL. The batch may be in use by another thread meanwhile, but not
/// be freed by it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_waker_new(batch: *const Batch) -> *mut Waker {
    getter!({ Some(handle::new(get(batch)?.waker.clone())) })
}

/// Ends the wait that is under way, or else the next one, from any thread.
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
