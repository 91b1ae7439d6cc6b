//! Batches that are left to a thread of the library while the program works.

use crate::arguments;
use crate::batch::{Batch, timeout, write};
use crate::error::Error;
use crate::panic::fallible;

/// Leaves a batch to a thread of the library, and returns at once. The thread sends, reads, fails
/// over, hedges and keeps deadlines while the program works, as in a local search. Each batch that
/// runs has a thread of its own, so that none holds up another; it is there for a client with
/// no_background too, takes no signal, and ends with hamirror_batch_join().
///
/// Until then all functions of the batch answer HAMIRROR_ERROR_MISUSE, but for
/// hamirror_batch_join(), hamirror_batch_free(), hamirror_batch_fd(), hamirror_waker_new(), and
/// those for local indexes: hamirror_batch_local_count(), hamirror_batch_take_local(),
/// hamirror_batch_add_local(). Callbacks of its requests are called on that thread.
///
/// HAMIRROR_ERROR_SYSTEM if the operating system gives no thread, HAMIRROR_ERROR_MISUSE if the
/// batch runs already, HAMIRROR_ERROR_FORKED in a forked child: then the batch is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_run(batch: *mut Batch, out_error: *mut *mut Error) -> i32 {
    fallible!(out_error, { Ok(write(batch)?.run()?) })
}

/// Waits for all calls of a batch that runs to end, and takes it back: then take completions,
/// replies and results as ever. `out_done` is false if the time is up before, or
/// hamirror_waker_wake() was called: the batch is back all the same, and what still runs is the
/// program's to drive, or to leave to a thread again.
///
/// `timeout_ms` below 0 is without end, 0 does not wait. `out_done` may be NULL. A callback that
/// the thread is in is waited for in either case.
///
/// HAMIRROR_ERROR_MISUSE if the batch does not run, or from a callback of its own requests;
/// HAMIRROR_ERROR_SYSTEM if the operating system refused to wait for sockets: the batch is back.
/// HAMIRROR_ERROR_FORKED in a forked child, where all that is left is hamirror_batch_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_join(
    batch: *mut Batch,
    timeout_ms: i64,
    out_done: *mut bool,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let done = write(batch)?.join(timeout(timeout_ms))?;
        arguments::write_if_wanted(out_done, done);
        Ok(())
    })
}
