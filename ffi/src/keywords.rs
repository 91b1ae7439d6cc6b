//! Keywords of a text, with statistics over all agents.
//!
//!     code = hamirror_client_keywords(client, "packages", "small libraries", 1, NULL, &keywords,
//!                                     &error);
//!     if (code == HAMIRROR_OK)
//!         printf("%" PRIu64 " documents\n", hamirror_keywords_documents(keywords, 0));

use std::ffi::c_char;

use hamirror_core::AgentFailure;
use hamirror_core::command::{Keyword, Keywords as CoreKeywords};

use crate::arguments;
use crate::client::Client;
use crate::error::Error;
use crate::failed::Told;
use crate::failure::Failure;
use crate::handle::{self, Handle, Owned, get, need, view};
use crate::options::{self, CallOptions};
use crate::panic::{fallible, getter};
use crate::text::Text;

/// Keywords in the order of the text. They never change, so any number of threads may read them.
/// End them with hamirror_keywords_free().
pub struct Keywords {
    _private: [u8; 0],
}

impl Handle for Keywords {
    type Rust = KeywordsDetail;
    type Ownership = Owned;
}

/// What a pointer to [`Keywords`] points to.
pub(crate) struct KeywordsDetail {
    keywords: Vec<Keyword>,
    agents: usize,
    agents_answered: usize,
    failures: Vec<Told<AgentFailure>>,
}

impl From<CoreKeywords> for KeywordsDetail {
    fn from(told: CoreKeywords) -> Self {
        KeywordsDetail {
            keywords: told.keywords,
            agents: told.agents,
            agents_answered: told.agents_answered,
            failures: told.failures.into_iter().map(Told::from).collect(),
        }
    }
}

/// Splits a text into keywords as the index does, and waits. With statistics, if `with_statistics`
/// is not 0, their documents and hits are summed over all agents.
///
/// `index` and `text` are NUL-terminated UTF-8; `options` may be NULL for the defaults. End the
/// keywords with hamirror_keywords_free(). HAMIRROR_ERROR_REQUEST if mirrors of an agent have
/// lists of indexes that do not fit together; otherwise the errors are those of
/// hamirror_client_search().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_keywords(
    client: *const Client,
    index: *const c_char,
    text: *const c_char,
    with_statistics: i32,
    options: *const CallOptions,
    out_keywords: *mut *mut Keywords,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_keywords = arguments::out_handle(out_keywords, "out_keywords")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let text = arguments::text(text, "text")?;
        let options = options::call(options)?;
        let keywords = client.keywords(index, text, with_statistics != 0, &options)?;
        out_keywords.write(handle::new(keywords.into()));
        Ok(())
    })
}

/// Number of keywords.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_keywords_count(keywords: *const Keywords) -> usize {
    getter!({ Some(get(keywords)?.keywords.len()) })
}

/// The keyword of that number from 0 as the text has it; empty if there is none. UTF-8; it lives
/// until the keywords are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_keywords_tokenized(
    keywords: *const Keywords,
    number: usize,
) -> Text {
    getter!({ Some(Text::from(get(keywords)?.keywords.get(number)?.tokenized.as_str())) })
}

/// The keyword as the index has it, after stemming and the like; empty if there is none. UTF-8; it
/// lives until the keywords are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_keywords_normalized(
    keywords: *const Keywords,
    number: usize,
) -> Text {
    getter!({ Some(Text::from(get(keywords)?.keywords.get(number)?.normalized.as_str())) })
}

/// Documents that have the keyword, over all agents; 0 without statistics.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_keywords_documents(
    keywords: *const Keywords,
    number: usize,
) -> u64 {
    getter!({ Some(get(keywords)?.keywords.get(number)?.documents) })
}

/// Occurrences of the keyword, over all agents; 0 without statistics.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_keywords_hits(keywords: *const Keywords, number: usize) -> u64 {
    getter!({ Some(get(keywords)?.keywords.get(number)?.hits) })
}

/// Agents that were asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_keywords_agents(keywords: *const Keywords) -> usize {
    getter!({ Some(get(keywords)?.agents) })
}

/// Agents that answered for all of their indexes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_keywords_agents_answered(keywords: *const Keywords) -> usize {
    getter!({ Some(get(keywords)?.agents_answered) })
}

/// Number of failures: of the other agents, and of local indexes, which nobody asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_keywords_failure_count(keywords: *const Keywords) -> usize {
    getter!({ Some(get(keywords)?.failures.len()) })
}

/// The failure of that number from 0; NULL if there is none. It lives until the keywords are
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_keywords_failure(
    keywords: *const Keywords,
    number: usize,
) -> *const Failure {
    getter!({ Some(view(get(keywords)?.failures.get(number)?)) })
}

/// Ends keywords and what was borrowed from them. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_keywords_free(keywords: *mut Keywords) {
    getter!({
        handle::free(keywords);
        None
    })
}
