//! What of a batch has ended, by the numbers that the program knows.

use hamirror_core::{CallId, Completed, SearchId};

use crate::arguments;
use crate::batch::{Batch, HAMIRROR_NO_CALL, HAMIRROR_NO_SEARCH, timeout, write};
use crate::error::Error;
use crate::panic::fallible;

/// Waits for a call or a search to end, and tells which it was, as
/// hamirror_batch_next_completed() does. Both outputs say none if nothing runs, the time is up, or
/// hamirror_waker_wake() was called.
///
/// `timeout_ms` is in milliseconds: below 0 it is without end, 0 does not wait. The errors are
/// those of hamirror_batch_drive(); then nothing is told, and what has ended is told later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_wait_completed(
    batch: *mut Batch,
    timeout_ms: i64,
    out_call: *mut u32,
    out_search: *mut u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_call = arguments::out(out_call, "out_call")?;
        let out_search = arguments::out(out_search, "out_search")?;
        let (call, search) = numbers(write(batch)?.get()?.wait_any(timeout(timeout_ms))?);
        out_call.write(call);
        out_search.write(search);
        Ok(())
    })
}

/// Tells what has ended: a call that was added by itself, with its number in `out_call`, or a
/// search, with its number in `out_search`. The other output is HAMIRROR_NO_CALL or
/// HAMIRROR_NO_SEARCH; both are if there is no more. It does not wait.
///
/// A search has ended when all of its calls have; these are not told. So each call of
/// hamirror_batch_add_agent() and hamirror_batch_add_index() and each search of
/// hamirror_batch_add_search() is told once, unless its reply or result was taken before. The
/// outputs are numbers: hamirror_batch_take_reply() and hamirror_batch_take_search() hand over
/// what is to be freed.
///
/// hamirror_batch_next_completion() and hamirror_batch_wait_any() tell calls alone, those of
/// searches too. A call that they have told is not told here; a search that it ends is.
///
/// HAMIRROR_ERROR_REENTRANT while the batch is at work, HAMIRROR_ERROR_MISUSE while it runs on a
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_next_completed(
    batch: *mut Batch,
    out_call: *mut u32,
    out_search: *mut u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_call = arguments::out(out_call, "out_call")?;
        let out_search = arguments::out(out_search, "out_search")?;
        let (call, search) = numbers(write(batch)?.get()?.next_completion());
        out_call.write(call);
        out_search.write(search);
        Ok(())
    })
}

fn numbers(completed: Option<Completed>) -> (u32, u32) {
    match completed {
        Some(Completed::Call(CallId(call))) => (call, HAMIRROR_NO_SEARCH),
        Some(Completed::Search(SearchId(search))) => (HAMIRROR_NO_CALL, search),
        None => (HAMIRROR_NO_CALL, HAMIRROR_NO_SEARCH),
    }
}
