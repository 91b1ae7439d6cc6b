//! Local indexes of a search, which only the program can search.
//!
//!     // In a hamirror_local_callback: the program's own index answers as a daemon would.
//!     size_t len = search_here(hamirror_local_request(local), hamirror_local_request_len(local));
//!     if (len == 0)
//!         return hamirror_local_fail(local, "the index is not open", NULL);
//!     return hamirror_local_answer(local, 0x11f, found, len, NULL);

use std::ffi::{c_char, c_void};
use std::sync::RwLockWriteGuard;

use hamirror_core::internal::BatchHandle;
use hamirror_core::{Reply as CoreReply, SearchId};

use crate::arguments;
use crate::batch::{self, Batch};
use crate::callback::CallbackError;
use crate::client::Client;
use crate::code::{HAMIRROR_ERROR_MISUSE, HAMIRROR_ERROR_UNKNOWN};
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, Exclusive, Handle, Owned, get, need, view};
use crate::options::{self, CallOptions};
use crate::panic::{fallible, getter};
use crate::result::SearchResult;
use crate::search::Search;
use crate::shared_waker::SharedWaker;
use crate::text::Text;

/// One local index within one search: its name, the request that an agent would get for it, and
/// the answer that the program gives. One thread at a time may answer it, which may be another
/// than the batch's. It may outlive its batch. End it with hamirror_local_free() unless it came to
/// a hamirror_local_callback.
pub struct Local {
    _private: [u8; 0],
}

impl Handle for Local {
    type Rust = LocalDetail;
    type Ownership = Owned;
}

/// What a pointer to [`Local`] points to.
pub(crate) struct LocalDetail {
    name: String,
    request: Vec<u8>,
    answer: Exclusive<Option<Answer>>,
    /// Where it goes, for one that was taken out of a batch.
    origin: Option<(SharedWaker, SearchId)>,
}

type Answer = Result<CoreReply, String>;

impl LocalDetail {
    fn new(name: &str, request: Vec<u8>, origin: Option<(SharedWaker, SearchId)>) -> Self {
        Self { name: name.to_owned(), request, answer: Exclusive::new(None), origin }
    }

    fn answer(&self) -> Result<RwLockWriteGuard<'_, Option<Answer>>, Failed> {
        self.answer.write("local")
    }
}

/// Searches one local index and says what it found by hamirror_local_answer() or
/// hamirror_local_fail(); if it says neither, the index counts as failed.
///
/// Thread: the one that waits in hamirror_client_search_with_locals(). Another one drives the
/// agents meanwhile, as after hamirror_batch_run().
///
/// Pointers: `local` is valid until it returns, and not to be freed.
///
/// Return: 0, or a number of your own, which ends the search: the other local indexes are not
/// asked, and once the agents are done the search fails with HAMIRROR_ERROR_CALLBACK and that
/// number in hamirror_error_callback_code().
///
/// From it you may call anything but the _free of the client and of the search. It must not throw,
/// nor leave by longjmp.
pub type LocalCallback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, local: *mut Local) -> i32>;

/// Searches as hamirror_client_search() does, an index that has local indexes too. `search_local`
/// is called for each of them, with `user_data`, once the requests to the agents are on their way.
/// Nothing is kept of either after the call, so that there is no drop.
///
/// The errors are those of hamirror_client_search(), and HAMIRROR_ERROR_CALLBACK. A local index
/// that failed is a hamirror_failure with a hamirror_failure_local().
/// HAMIRROR_ERROR_REQUEST if an answer is malformed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_search_with_locals(
    client: *const Client,
    index: *const c_char,
    search: *const Search,
    options: *const CallOptions,
    search_local: LocalCallback,
    user_data: *mut c_void,
    out_result: *mut *mut SearchResult,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_result = arguments::out_handle(out_result, "out_result")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let options = options::call(options)?;
        let search_local = search_local.ok_or_else(|| Failed::null("search_local"))?;
        let search = need(search, "search")?.read("search")?.get()?.clone();
        let mut ended = Ok(());
        let told = |error: CallbackError| error.to_string();
        let result = client.search_locals_with(index, &search, &options, |name, request| {
            ended.map_err(told)?;
            let local = LocalDetail::new(name, request.to_vec(), None);
            ended =
                CallbackError::check(search_local(user_data, view::<Local>(&local).cast_mut()));
            ended.map_err(told)?;
            let answer = local.answer.into_inner();
            answer.unwrap_or_else(|| Err("the program gave no answer".to_owned()))
        });
        ended.map_err(Failed::callback)?;
        out_result.write(handle::new(result?.into()));
        Ok(())
    })
}

/// Number of local indexes of a search that nobody has searched yet. Those that are left when the
/// result is taken are named in its warning.
///
/// HAMIRROR_ERROR_UNKNOWN if there is no such search, or its result was taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_local_count(
    batch: *mut Batch,
    search: u32,
    out_count: *mut usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_count = arguments::out(out_count, "out_count")?;
        let batch = batch::write(batch)?;
        let search = check_search(&batch, search)?;
        let count = batch.locals(search).count();
        out_count.write(count);
        Ok(())
    })
}

/// A local index of a search, to be searched by the program. That is done after
/// hamirror_batch_run() on this thread, so that the agents work meanwhile, or on another thread.
/// `number` counts from 0 those that nobody has searched yet; the later ones move up with each
/// hamirror_batch_add_local(). End it with hamirror_local_free().
///
/// HAMIRROR_ERROR_UNKNOWN if there is no such local index, no such search, or its result was
/// taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_take_local(
    batch: *mut Batch,
    search: u32,
    number: usize,
    out_local: *mut *mut Local,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_local = arguments::out_handle(out_local, "out_local")?;
        let waker = need(batch.cast_const(), "batch")?.waker.clone();
        let batch = batch::write(batch)?;
        let search = check_search(&batch, search)?;
        let name = batch.locals(search).nth(number).ok_or_else(|| {
            let text = format!("no local index {number} left in search {}", search.0);
            Failed::new(HAMIRROR_ERROR_UNKNOWN, text)
        })?;
        let request = batch.local_request(search, name)?;
        out_local.write(handle::new(LocalDetail::new(name, request, Some((waker, search)))));
        Ok(())
    })
}

/// Hands in what a local index answered; it becomes part of the search's result. The local index
/// stays the caller's, without its answer.
///
/// HAMIRROR_ERROR_MISUSE if it has no answer, is another batch's, or its search's result was
/// taken; HAMIRROR_ERROR_REQUEST if the answer is malformed, and then it may be answered again; or
/// if its version says that the request was written for another daemon: then take it anew.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_add_local(
    batch: *mut Batch,
    local: *mut Local,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let waker = &need(batch.cast_const(), "batch")?.waker;
        let mut batch = batch::write(batch)?;
        let local = need(local.cast_const(), "local")?;
        let search = match &local.origin {
            Some((origin, search)) if origin.is_same(waker) => *search,
            _ => {
                let text = format!("local index '{}' belongs to no search here", local.name);
                return Err(Failed::new(HAMIRROR_ERROR_MISUSE, text));
            }
        };
        let answer = local.answer()?.take().ok_or_else(|| {
            let text = format!("local index '{}' has no answer", local.name);
            Failed::new(HAMIRROR_ERROR_MISUSE, text)
        })?;
        Ok(batch.add_local(search, &local.name, answer)?)
    })
}

/// A search whose result is not taken.
fn check_search(batch: &BatchHandle, search: u32) -> Result<SearchId, Failed> {
    let id = SearchId(search);
    if batch.has_search(id) { Ok(id) } else { Err(batch::unknown_search(search)) }
}

/// Name of the local index; empty for NULL. It lives as long as the local.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_local_name(local: *const Local) -> Text {
    getter!({ Some(Text::from(get(local)?.name.as_str())) })
}

/// Body of the SEARCH request (command 0, version 0x11f) that an agent would get for it; NULL for
/// NULL. It lives as long as the local.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_local_request(local: *const Local) -> *const u8 {
    getter!({ Some(get(local)?.request.as_ptr()) })
}

/// Bytes of that body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_local_request_len(local: *const Local) -> usize {
    getter!({ Some(get(local)?.request.len()) })
}

/// Answers for a local index by the version of the reply, as a daemon says it in the header, and
/// its body. The `body_len` bytes are those with which a daemon answers the SEARCH request of a
/// master. The last answer counts.
///
/// HAMIRROR_ERROR_SYSTEM if there is no memory for them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_local_answer(
    local: *mut Local,
    version: u16,
    body: *const u8,
    body_len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let body = arguments::copy_of(arguments::array(body, body_len, "body")?)?;
        let local = need(local.cast_const(), "local")?;
        *local.answer()? = Some(Ok(CoreReply::new(version, body)));
        Ok(())
    })
}

/// Says why there is no answer, a NUL-terminated text in UTF-8: a failure of the search, to be
/// judged by its completeness.
///
/// HAMIRROR_ERROR_ARGUMENT if the text is NULL or not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_local_fail(
    local: *mut Local,
    text: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let text = arguments::text(text, "text")?.to_owned();
        *need(local.cast_const(), "local")?.answer()? = Some(Err(text));
        Ok(())
    })
}

/// Ends a local index that was taken. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_local_free(local: *mut Local) {
    getter!({
        handle::free(local);
        None
    })
}
