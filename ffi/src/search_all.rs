//! Several searches of the same agents in one request.
//!
//!     hamirror_result *results[2];
//!     const hamirror_search *searches[2];
//!     searches[0] = search;
//!     searches[1] = other_search;
//!     code = hamirror_client_search_all(client, "packages", searches, 2, NULL, results, NULL,
//!                                       &error);

use std::ffi::c_char;

use hamirror_core::Error as CoreError;
use hamirror_core::search::SearchResult as CoreResult;
use hamirror_core::{Search as CoreSearch, SearchId};

use crate::arguments;
use crate::batch::{Batch, write};
use crate::client::Client;
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, need};
use crate::options::{self, CallOptions};
use crate::panic::fallible;
use crate::result::SearchResult;
use crate::search::Search;

/// Runs several searches of the same agents, 32 at most, in one request to each agent, and waits.
/// A daemon does once what they have in common.
///
/// `searches` has `searches_len` of them. The result of `searches[n]` goes to `out_results[n]`, to
/// be ended with hamirror_result_free(); NULL where it has none, and then `out_errors[n]` says
/// why, as hamirror_client_search() would. One that agents refuse leaves the others alone, where
/// a daemon lacks a setting that it has, too; one that a daemon can't read fails them all.
/// `out_errors` may be NULL; its other places get NULL. If the whole fails, nothing is written to
/// either. The errors are those of hamirror_client_search().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_search_all(
    client: *const Client,
    index: *const c_char,
    searches: *const *const Search,
    searches_len: usize,
    options: *const CallOptions,
    out_results: *mut *mut SearchResult,
    out_errors: *mut *mut Error,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        arguments::out(out_results, "out_results")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let options = options::call(options)?;
        let searches = copies(searches, searches_len)?;
        let results = client.search_all_with(index, &searches, &options)?;
        hand_out(results, out_results, out_errors);
        Ok(())
    })
}

/// Starts several searches of the same agents under one number, as hamirror_client_search_all()
/// runs them. Take their results with hamirror_batch_take_searches() once no call of it runs. The
/// errors are those of hamirror_batch_add_search().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_add_searches(
    batch: *mut Batch,
    index: *const c_char,
    searches: *const *const Search,
    searches_len: usize,
    options: *const CallOptions,
    out_search: *mut u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_search = arguments::out(out_search, "out_search")?;
        let index = arguments::text(index, "index")?;
        let options = options::call(options)?;
        let searches = copies(searches, searches_len)?;
        let added = write(batch)?.get()?.add_searches_with(index, &searches, &options)?;
        let SearchId(number) = added;
        out_search.write(number);
        Ok(())
    })
}

/// Takes the results of hamirror_batch_add_searches() once all of its calls have ended.
///
/// `len` is the number of its searches, HAMIRROR_ERROR_ARGUMENT otherwise. The outputs are those
/// of hamirror_client_search_all(), the errors those of hamirror_batch_take_search().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_batch_take_searches(
    batch: *mut Batch,
    search: u32,
    out_results: *mut *mut SearchResult,
    out_errors: *mut *mut Error,
    len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        arguments::out(out_results, "out_results")?;
        let mut batch = write(batch)?;
        let batch = batch.get()?;
        let count = batch.queries(SearchId(search)).unwrap_or(len);
        if count != len {
            return Err(Failed::argument(format!(
                "len {len}: search {search} has {count} searches"
            )));
        }
        hand_out(batch.take_searches(SearchId(search))?, out_results, out_errors);
        Ok(())
    })
}

/// # Safety
///
/// `searches` is NULL or points to `len` handles, each NULL or live.
pub(crate) unsafe fn copies(
    searches: *const *const Search,
    len: usize,
) -> Result<Vec<CoreSearch>, Failed> {
    // SAFETY: the caller's promise.
    let searches = unsafe { arguments::array(searches, len, "searches") }?.iter();
    let copy = |search: &*const Search| {
        // SAFETY: the caller's promise.
        let search = unsafe { need(*search, "a search of searches") }?;
        Ok(search.read("search")?.get()?.clone())
    };
    searches.map(copy).collect()
}

/// # Safety
///
/// `out_results` may be written for each result, and `out_errors` unless it is NULL.
pub(crate) unsafe fn hand_out(
    results: Vec<Result<CoreResult, CoreError>>,
    out_results: *mut *mut SearchResult,
    out_errors: *mut *mut Error,
) {
    for (number, result) in results.into_iter().enumerate() {
        let (result, error) = match result {
            Ok(result) => (handle::new(result.into()), None),
            Err(error) => (std::ptr::null_mut(), Some(Failed::from(error))),
        };
        // SAFETY: the caller's promise.
        unsafe {
            out_results.add(number).write(result);
            if !out_errors.is_null() {
                let error =
                    error.map_or(std::ptr::null_mut(), |Failed(detail)| handle::from_box(detail));
                out_errors.add(number).write(error);
            }
        }
    }
}
