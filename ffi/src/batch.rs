//! Many calls under way at once.
//!
//!     uint32_t number = HAMIRROR_NO_SEARCH;
//!     code = hamirror_batch_add_search(batch, "packages", search, NULL, &number, &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_batch_wait_all(batch, -1, NULL, &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_batch_take_search(batch, number, &result, &error);

use std::ffi::c_char;
use std::os::fd::RawFd;
use std::time::Duration;

use hamirror_core::internal::BatchHandle;
use hamirror_core::{CallId, Error as CoreError, SearchId};

use crate::arguments;
use crate::client::Client;
use crate::code::{HAMIRROR_ERROR_MISUSE, HAMIRROR_ERROR_UNKNOWN};
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, Exclusive, Handle, Owned, get, need, view};
use crate::options::{self, CallOptions};
use crate::panic::{fallible, getter};
use crate::reply::Reply;
use crate::request::Request;
use crate::result::SearchResult;
use crate::search::Search;
use crate::shared_waker::SharedWaker;
use crate::text::Text;

/// The number of no call.
pub const HAMIRROR_NO_CALL: u32 = u32::MAX;
/// The number of no search.
pub const HAMIRROR_NO_SEARCH: u32 = u32::MAX;

/// Calls under way. One thread at a time may use it; a second one gets HAMIRROR_ERROR_REENTRANT.
/// End it with hamirror_batch_free(), which cancels what still runs.
///
/// Three ways to drive it: block in hamirror_batch_wait_completed() or hamirror_batch_wait_all();
/// or put hamirror_batch_fd() into an event loop, and when it is readable, or
/// hamirror_batch_timeout_ms() has passed, call hamirror_batch_drive() and take what has ended
/// with hamirror_batch_next_completed(); or leave it to a thread by hamirror_batch_run() while the
/// program works, and take it back by hamirror_batch_join().
///
/// Calls and searches are numbered from 0 each, in the order in which they were added.
pub struct Batch {
    _private: [u8; 0],
}

impl Handle for Batch {
    type Rust = BatchDetail;
    type Ownership = Owned;
}

/// What a pointer to [`Batch`] points to.
pub(crate) struct BatchDetail {
    pub(crate) waker: SharedWaker,
    fd: RawFd,
    batch: Exclusive<BatchHandle>,
}

impl Drop for BatchDetail {
    fn drop(&mut self) {
        self.waker.retire();
        if let Some(batch) = self.batch.broken() {
            batch.abandon();
        }
    }
}

/// An empty batch. It keeps what it needs of the client, which may be freed before it.
/// HAMIRROR_ERROR_SYSTEM if the operating system gives no event queue, as when descriptors ran
/// out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_new(
    client: *const Client,
    out_batch: *mut *mut Batch,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_batch = arguments::out_handle(out_batch, "out_batch")?;
        let batch = need(client, "client")?.batch()?;
        out_batch.write(handle::new(BatchDetail {
            waker: SharedWaker::new(batch.waker()),
            fd: batch.fd(),
            batch: Exclusive::new(batch.into()),
        }));
        Ok(())
    })
}

/// Starts a request to every agent of an index: a read to one mirror of each, a write to all
/// mirrors of each. Blackholes get it too, and are not waited for.
///
/// `index` is NUL-terminated; `options` may be NULL for the defaults. The calls are numbered from
/// `out_first_call` on, `out_call_count` of them, in the order of the agents.
///
/// HAMIRROR_ERROR_UNKNOWN if there is no such index, or it has no agents; HAMIRROR_ERROR_REQUEST
/// if the request can't be sent to one of them, and HAMIRROR_ERROR_CALLBACK if its build callback
/// fails: then nothing is started. HAMIRROR_ERROR_FORKED in a forked child.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_add_index(
    batch: *mut Batch,
    index: *const c_char,
    request: *const Request,
    options: *const CallOptions,
    out_first_call: *mut u32,
    out_call_count: *mut u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_first_call = arguments::out(out_first_call, "out_first_call")?;
        let out_call_count = arguments::out(out_call_count, "out_call_count")?;
        let index = arguments::text(index, "index")?;
        // A reference of its own, for a callback may free the handle.
        let request = need(request, "request")?.clone();
        let options = options::call(options)?;
        let mut calls = write(batch)?.get()?.add_index_with(index, &request, &options)?;
        let count = calls.len() as u32;
        out_first_call.write(number_of(calls.next()));
        out_call_count.write(count);
        Ok(())
    })
}

/// Starts a request to one agent of an index, by its number from 0. The errors are those of
/// hamirror_client_call(), except that the answer, or HAMIRROR_ERROR_UNANSWERED, comes later; and
/// HAMIRROR_ERROR_FORKED in a forked child.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_add_agent(
    batch: *mut Batch,
    index: *const c_char,
    agent: usize,
    request: *const Request,
    options: *const CallOptions,
    out_call: *mut u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_call = arguments::out(out_call, "out_call")?;
        let index = arguments::text(index, "index")?;
        // A reference of its own, for a callback may free the handle.
        let request = need(request, "request")?.clone();
        let options = options::call(options)?;
        let CallId(call) =
            write(batch)?.get()?.add_agent_with(index, agent, &request, &options)?;
        out_call.write(call);
        Ok(())
    })
}

/// Starts a search of every agent of an index. Take its result with hamirror_batch_take_search()
/// once no call of it runs. The errors are those of hamirror_client_search(), except that what the
/// agents say comes later, and HAMIRROR_ERROR_FORKED in a forked child.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_add_search(
    batch: *mut Batch,
    index: *const c_char,
    search: *const Search,
    options: *const CallOptions,
    out_search: *mut u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_search = arguments::out(out_search, "out_search")?;
        let index = arguments::text(index, "index")?;
        let search = need(search, "search")?.read("search")?;
        let options = options::call(options)?;
        let added = write(batch)?.get()?.add_search_with(index, search.get()?, &options)?;
        let SearchId(number) = added;
        out_search.write(number);
        Ok(())
    })
}

/// Waits until every request is on its way, so that the agents work while the thread does
/// something else. `out_sent` is false if the time is up before, or hamirror_waker_wake() was
/// called. Nobody fails over or looks at deadlines meanwhile: what takes longer than a moment is
/// for hamirror_batch_run().
///
/// `timeout_ms` below 0 is without end, 0 does not wait. `out_sent` may be NULL. The errors are
/// those of hamirror_batch_drive().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_wait_sent(
    batch: *mut Batch,
    timeout_ms: i64,
    out_sent: *mut bool,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let sent = write(batch)?.get()?.wait_sent(timeout(timeout_ms))?;
        arguments::write_if_wanted(out_sent, sent);
        Ok(())
    })
}

/// Waits for the next call to end: its number in `out_call`, or HAMIRROR_NO_CALL if nothing runs,
/// the time is up, or hamirror_waker_wake() was called. Calls of searches are told too;
/// hamirror_batch_wait_completed() tells the searches.
///
/// `timeout_ms` below 0 is without end, 0 does not wait. The errors are those of
/// hamirror_batch_drive().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_wait_any(
    batch: *mut Batch,
    timeout_ms: i64,
    out_call: *mut u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_call = arguments::out(out_call, "out_call")?;
        let ended = write(batch)?.wait_any_call(timeout(timeout_ms))?;
        out_call.write(number_of(ended));
        Ok(())
    })
}

/// Waits for all calls to end: `out_done` is false if the time is up before, or
/// hamirror_waker_wake() was called.
///
/// `timeout_ms` below 0 is without end, 0 does not wait. `out_done` may be NULL. The errors are
/// those of hamirror_batch_drive().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_wait_all(
    batch: *mut Batch,
    timeout_ms: i64,
    out_done: *mut bool,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let done = write(batch)?.get()?.wait_all(timeout(timeout_ms))?;
        arguments::write_if_wanted(out_done, done);
        Ok(())
    })
}

/// Readable when hamirror_batch_drive() has something to do, for poll, select or epoll. The same
/// for the life of the batch, which owns it: never read from it and never close it; take it out
/// of your loop before hamirror_batch_free(), for the descriptor lives on and may serve another
/// batch. -1 for NULL.
///
/// While the batch runs on a thread it is readable for moments, which mean nothing; once all calls
/// have ended, for good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_fd(batch: *const Batch) -> i32 {
    getter!({ Some(get(batch).map_or(-1, |batch| batch.fd)) })
}

/// Milliseconds until hamirror_batch_drive() is due even if the fd stays quiet, as poll() takes
/// them: -1 while nothing runs. It changes with every call of hamirror_batch_drive(). 0 where
/// hamirror_batch_drive() would answer with an error of the handle: NULL, REENTRANT, PANIC, or
/// MISUSE while it runs on a thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_timeout_ms(batch: *mut Batch) -> i32 {
    getter!({ Some(poll_timeout_ms(write(batch).ok()?.get().ok()?.timeout())) })
}

/// Does what is to be done now, without waiting. Then ask hamirror_batch_next_completed() until it
/// has no more.
///
/// HAMIRROR_ERROR_FORKED in a forked child, HAMIRROR_ERROR_SYSTEM if the operating system refuses
/// to wait for sockets, HAMIRROR_ERROR_MISUSE while the batch runs on a thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_drive(
    batch: *mut Batch,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { Ok(write(batch)?.get()?.drive()?) })
}

/// A call that ended, each once, and none whose reply was taken; HAMIRROR_NO_CALL if there is no
/// more. Calls of searches are told too; hamirror_batch_next_completed() tells the searches.
///
/// HAMIRROR_ERROR_REENTRANT while the batch is at work.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_next_completion(
    batch: *mut Batch,
    out_call: *mut u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_call = arguments::out(out_call, "out_call")?;
        let ended = write(batch)?.next_call()?;
        out_call.write(number_of(ended));
        Ok(())
    })
}

/// Calls that have not ended. HAMIRROR_ERROR_REENTRANT while the batch is at work.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_pending(
    batch: *mut Batch,
    out_pending: *mut usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_pending = arguments::out(out_pending, "out_pending")?;
        let pending = write(batch)?.get()?.pending();
        out_pending.write(pending);
        Ok(())
    })
}

/// Ends a call without an answer: its outcome is HAMIRROR_ERROR_UNANSWERED with a cancelled
/// failure. A call that has ended stays as it is. HAMIRROR_ERROR_FORKED in a forked child.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_cancel(
    batch: *mut Batch,
    call: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { Ok(write(batch)?.get()?.cancel(CallId(call))?) })
}

/// A look at the reply of a call that has ended, without taking it. It is borrowed, not to be
/// freed, and lives until the next call with this batch.
///
/// HAMIRROR_ERROR_MISUSE if the call runs, was taken, or does not exist;
/// HAMIRROR_ERROR_UNANSWERED with one failure if no mirror answered; HAMIRROR_ERROR_CALLBACK if a
/// callback of the request ended it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_reply(
    batch: *mut Batch,
    call: u32,
    out_reply: *mut *const Reply,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_reply = arguments::out_handle(out_reply, "out_reply")?;
        let mut batch = write(batch)?;
        let outcome = batch.get()?.reply(CallId(call)).ok_or_else(|| {
            let text = format!("call {call} has no outcome: it runs, was taken, or is unknown");
            Failed::new(HAMIRROR_ERROR_MISUSE, text)
        })?;
        out_reply.write(view(outcome.map_err(|failure| CoreError::from(failure.clone()))?));
        Ok(())
    })
}

/// Whom a call asks: the agent's number in its index from 0, and the host that answered, or that a
/// write is for. The host is empty while a read runs, and if no mirror answered it; it lives until
/// the next call with this batch. Either output may be NULL.
///
/// HAMIRROR_ERROR_UNKNOWN if there is no such call, or its reply was taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_asked(
    batch: *mut Batch,
    call: u32,
    out_agent: *mut usize,
    out_host: *mut Text,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mut batch = write(batch)?;
        let asked = batch.get()?.asked(CallId(call)).ok_or_else(|| {
            Failed::new(HAMIRROR_ERROR_UNKNOWN, format!("no call {call} in the batch"))
        })?;
        arguments::write_if_wanted(out_agent, asked.agent);
        arguments::write_if_wanted(out_host, Text::from(asked.host.unwrap_or_default()));
        Ok(())
    })
}

/// The search that a call belongs to, by its number in `out_search`. HAMIRROR_NO_SEARCH for a call
/// that was added by itself, and once the result of its search is taken.
///
/// HAMIRROR_ERROR_REENTRANT while the batch is at work.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_search_of(
    batch: *mut Batch,
    call: u32,
    out_search: *mut u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_search = arguments::out(out_search, "out_search")?;
        let search = write(batch)?.get()?.search_of(CallId(call));
        out_search.write(search.map_or(HAMIRROR_NO_SEARCH, |SearchId(number)| number));
        Ok(())
    })
}

/// The calls of a search, one an agent: numbered from `out_first_call` on, `out_call_count` of
/// them. HAMIRROR_ERROR_UNKNOWN if there is no such search, or its result was taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_search_calls(
    batch: *mut Batch,
    search: u32,
    out_first_call: *mut u32,
    out_call_count: *mut u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_first_call = arguments::out(out_first_call, "out_first_call")?;
        let out_call_count = arguments::out(out_call_count, "out_call_count")?;
        let mut batch = write(batch)?;
        let mut calls =
            batch.get()?.search_calls(SearchId(search)).ok_or_else(|| unknown_search(search))?;
        let count = calls.len() as u32;
        out_first_call.write(number_of(calls.next()));
        out_call_count.write(count);
        Ok(())
    })
}

/// Takes the reply of a call that has ended; end it with hamirror_reply_free(). The errors are
/// those of hamirror_batch_reply(); a failure is taken too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_take_reply(
    batch: *mut Batch,
    call: u32,
    out_reply: *mut *mut Reply,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_reply = arguments::out_handle(out_reply, "out_reply")?;
        let reply = write(batch)?.get()?.take_reply(CallId(call))?;
        out_reply.write(handle::new(reply));
        Ok(())
    })
}

/// Takes the merged result of a search whose calls have all ended; end it with
/// hamirror_result_free(). HAMIRROR_ERROR_MISUSE if a call of it runs, if it was taken, or does
/// not exist; HAMIRROR_ERROR_UNANSWERED if too few agents answered, HAMIRROR_ERROR_MERGE if their
/// answers do not fit together.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_take_search(
    batch: *mut Batch,
    search: u32,
    out_result: *mut *mut SearchResult,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_result = arguments::out_handle(out_result, "out_result")?;
        let result = write(batch)?.get()?.take_search(SearchId(search))?;
        out_result.write(handle::new(result.into()));
        Ok(())
    })
}

/// Cancels what runs and ends the batch with what was borrowed from it. NULL is fine. If it runs
/// on a thread, that ends first; a callback that it is in is waited for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_free(batch: *mut Batch) {
    getter!({
        handle::free(batch);
        None
    })
}

/// # Safety
///
/// `batch` is NULL, or live for as long as the guard is used.
pub(crate) unsafe fn write<'a>(
    batch: *mut Batch,
) -> Result<std::sync::RwLockWriteGuard<'a, BatchHandle>, Failed> {
    // SAFETY: the caller's promise.
    unsafe { need(batch.cast_const(), "batch") }?.batch.write("batch")
}

pub(crate) fn unknown_search(search: u32) -> Failed {
    let text = format!("search {search} is unknown, or was taken before");
    Failed::new(HAMIRROR_ERROR_UNKNOWN, text)
}

/// As poll() takes it, rounded up, or a loop would spin through the last part of a millisecond.
pub(crate) fn poll_timeout_ms(left: Option<Duration>) -> i32 {
    let up_ms = |left: Duration| i32::try_from(left.as_nanos().div_ceil(1_000_000));
    left.map_or(-1, |left| up_ms(left).unwrap_or(i32::MAX))
}

pub(crate) fn timeout(timeout_ms: i64) -> Option<Duration> {
    u64::try_from(timeout_ms).ok().map(Duration::from_millis)
}

fn number_of(call: Option<CallId>) -> u32 {
    call.map_or(HAMIRROR_NO_CALL, |CallId(number)| number)
}
