//! The merge of replies that a program got by itself.
//!
//!     const hamirror_search *searches[1] = {search};
//!     code = hamirror_raw_merge_new("goods", searches, 1, &raw_merge, &error);
//!     code = hamirror_raw_merge_add_reply(raw_merge, "box1:9312", 0, 0x11f, found, sizeof found,
//!                                         &error);
//!     code = hamirror_raw_merge_finish(raw_merge, NULL, &result, NULL, 1, &error);

use std::ffi::c_char;
use std::time::SystemTime;

use hamirror_core::search::RawMerge as CoreMerge;

use crate::arguments::{self, copy_of, copy_out};
use crate::callback_request;
use crate::code::HAMIRROR_ERROR_MISUSE;
use crate::error::Error;
use crate::failed::Failed;
use crate::failure;
use crate::handle::{self, Exclusive, Handle, Owned, need};
use crate::options::{self, CallOptions};
use crate::panic::{fallible, getter};
use crate::result::SearchResult;
use crate::search::Search;
use crate::search_all::{copies, hand_out};

/// A merge of the replies of agents that the program asked by itself, such as a searchd with a
/// request builder of its own. One thread at a time may use it. End it with
/// hamirror_raw_merge_free().
///
/// Every agent is asked for the searches in their order, by one SEARCH request, as masters ask
/// theirs: for all rows from the first on, up to hamirror_search_max_matches(). With
/// HAMIRROR_MERGE_MASTER nothing else is needed. With HAMIRROR_MERGE_EXACT the merge needs columns
/// and queries beside them, which hamirror_raw_merge_request() has.
pub struct RawMerge {
    _private: [u8; 0],
}

impl Handle for RawMerge {
    type Rust = Exclusive<Merging>;
    type Ownership = Owned;
}

/// What a pointer to [`RawMerge`] points to.
pub(crate) struct Merging {
    /// `None` once it is finished.
    merge: Option<CoreMerge>,
}

/// Makes a merge for `searches_len` searches, 32 at most, of an index; errors and warnings speak
/// of it by that name. The searches are copied. HAMIRROR_ERROR_REQUEST if a search is refused, as
/// by hamirror_client_search().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_raw_merge_new(
    index: *const c_char,
    searches: *const *const Search,
    searches_len: usize,
    out_merge: *mut *mut RawMerge,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_merge = arguments::out_handle(out_merge, "out_merge")?;
        let index = arguments::text(index, "index")?;
        let searches = copies(searches, searches_len)?;
        let merge = Some(CoreMerge::new(index, &searches, SystemTime::now())?);
        out_merge.write(handle::new(Exclusive::new(Merging { merge })));
        Ok(())
    })
}

/// Says in which version of SEARCH, as which master, and in whose words (HAMIRROR_PRODUCT_*)
/// agents are asked from now on. Replies are taken for those to such requests. Unless set that is
/// 0x11F, 14 and HAMIRROR_PRODUCT_SPHINX.
///
/// The two products read texts of filters otherwise (hamirror_search_filter_strings()). A reply to
/// words of the other product is refused. Where agents are of both, set it for each of them.
///
/// HAMIRROR_ERROR_REQUEST if it is no version from 0x119 to 0x120, or no master from 1 to 14. The
/// others are those of hamirror_raw_merge_add_failure(), as are the errors of all functions here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_raw_merge_asked(
    merge: *mut RawMerge,
    version: u16,
    master: u32,
    product: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let product = callback_request::product_of(product)
            .ok_or_else(|| Failed::number("product", product))?;
        let mut merge = need(merge.cast_const(), "merge")?.write("merge")?;
        Ok(merge.get()?.set_asked(version, master, product)?)
    })
}

/// The body of a request for an agent that is asked for that list of its indexes.
///
/// Writes at most `capacity` bytes into `buffer`, and the whole length into `out_len`: if that is
/// more, call again with more room. `buffer` may be NULL if `capacity` is 0.
///
/// HAMIRROR_ERROR_REQUEST if the list names no index. Other errors are those of
/// hamirror_raw_merge_add_failure().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_raw_merge_request(
    merge: *mut RawMerge,
    index_list: *const c_char,
    buffer: *mut u8,
    capacity: usize,
    out_len: *mut usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let index_list = arguments::text(index_list, "index_list")?;
        let mut merge = need(merge.cast_const(), "merge")?.write("merge")?;
        let body = merge.get()?.request(index_list)?;
        copy_out(body.into_iter(), buffer, capacity, out_len)
    })
}

/// Adds what the next agent replied: status and version as the header of the reply has them, and
/// the body, which is copied. A reply of status 1 (ERROR) or 2 (RETRY) is a failure of the agent.
/// `agent` is its name in warnings and outcomes, NUL-terminated UTF-8.
///
/// HAMIRROR_ERROR_REQUEST if the body is no reply to the searches, or to words that its daemon
/// reads otherwise (hamirror_raw_merge_asked()); nothing is added then. Other errors are those of
/// hamirror_raw_merge_add_failure().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_raw_merge_add_reply(
    merge: *mut RawMerge,
    agent: *const c_char,
    status: u16,
    version: u16,
    body: *const u8,
    body_len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let agent = arguments::text(agent, "agent")?;
        let body = copy_of(arguments::array(body, body_len, "body")?)?;
        let mut merge = need(merge.cast_const(), "merge")?.write("merge")?;
        Ok(merge.get()?.add_reply(agent, status, version, body)?)
    })
}

/// Adds that the next agent has no answer, and why: a kind of HAMIRROR_FAILURE_*, and words.
///
/// HAMIRROR_ERROR_MISUSE if the merge is finished, HAMIRROR_ERROR_REENTRANT while another call
/// uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_raw_merge_add_failure(
    merge: *mut RawMerge,
    agent: *const c_char,
    kind: i32,
    text: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let agent = arguments::text(agent, "agent")?;
        let kind = failure::kind_of(kind).ok_or_else(|| Failed::number("kind", kind))?;
        let text = arguments::text(text, "text")?;
        let mut merge = need(merge.cast_const(), "merge")?.write("merge")?;
        merge.get()?.add_failure(agent, kind, text);
        Ok(())
    })
}

/// Merges what was added, agents in that order, and finishes the merge.
///
/// Results and errors of the searches are handed out as hamirror_client_search_all() does, to
/// `len` places. HAMIRROR_ERROR_ARGUMENT, and nothing is finished, if there are not as many
/// searches. Of `options`, which may be NULL, the completeness counts alone. Other errors are
/// those of hamirror_raw_merge_add_failure().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_raw_merge_finish(
    merge: *mut RawMerge,
    options: *const CallOptions,
    out_results: *mut *mut SearchResult,
    out_errors: *mut *mut Error,
    len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        arguments::out(out_results, "out_results")?;
        let options = options::call(options)?;
        let mut merge = need(merge.cast_const(), "merge")?.write("merge")?;
        let searches = merge.get()?.searches();
        if len != searches {
            return Err(Failed::argument(format!("len={len} for {searches} searches")));
        }
        let finished = merge.merge.take().ok_or_else(finished)?;
        hand_out(finished.finish(options.completeness)?, out_results, out_errors);
        Ok(())
    })
}

/// Ends a merge; its results stay. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_raw_merge_free(merge: *mut RawMerge) {
    getter!({
        handle::free(merge);
        None
    })
}

impl Merging {
    fn get(&mut self) -> Result<&mut CoreMerge, Failed> {
        self.merge.as_mut().ok_or_else(finished)
    }
}

fn finished() -> Failed {
    Failed::new(HAMIRROR_ERROR_MISUSE, "the merge is finished: make another one")
}
