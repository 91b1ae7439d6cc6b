//! Excerpts of documents that the program has.
//!
//!     const hamirror_text document = {"a small library of files", 24};
//!     code = hamirror_client_excerpts(client, "packages", &document, 1, "library", NULL, NULL,
//!                                     &excerpts, &error);
//!     if (code == HAMIRROR_OK)
//!         printf("%.*s\n", (int)hamirror_excerpts_get(excerpts, 0).len,
//!                hamirror_excerpts_get(excerpts, 0).data);

use std::ffi::c_char;

use crate::arguments;
use crate::client::Client;
use crate::error::Error;
use crate::excerpt_options::{self, ExcerptOptions};
use crate::failed::Failed;
use crate::handle::{self, Handle, Owned, get, need};
use crate::options::{self, CallOptions};
use crate::panic::{fallible, getter};
use crate::text::Text;

/// Excerpts in the order of their documents. They never change, so any number of threads may read
/// them. End them with hamirror_excerpts_free().
pub struct Excerpts {
    _private: [u8; 0],
}

impl Handle for Excerpts {
    type Rust = Vec<Vec<u8>>;
    type Ownership = Owned;
}

/// Cuts an excerpt of each document around the words, and waits for all of them.
///
/// `documents` has `documents_len` texts in any encoding, or names of files; one of length 0 has
/// an empty excerpt. `words` is NUL-terminated UTF-8. `excerpt_options` and `options` may be NULL
/// for the defaults. Documents are split over the agents, which do as well as each other: if all
/// mirrors of one fail, the next agent is asked. End the excerpts with hamirror_excerpts_free().
///
/// HAMIRROR_ERROR_REQUEST if there are no words or a number of the options is too large; otherwise
/// the errors are those of hamirror_client_search().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_excerpts(
    client: *const Client,
    index: *const c_char,
    documents: *const Text,
    documents_len: usize,
    words: *const c_char,
    excerpt_options: *const ExcerptOptions,
    options: *const CallOptions,
    out_excerpts: *mut *mut Excerpts,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_excerpts = arguments::out_handle(out_excerpts, "out_excerpts")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let documents = texts(documents, documents_len)?;
        let words = arguments::text(words, "words")?;
        let excerpt_options = excerpt_options::read(excerpt_options)?;
        let options = options::call(options)?;
        let excerpts = client.excerpts(index, &documents, words, &excerpt_options, &options)?;
        out_excerpts.write(handle::new(excerpts));
        Ok(())
    })
}

/// # Safety
///
/// `documents` is NULL or points to `len` texts.
pub(crate) unsafe fn texts<'a>(
    documents: *const Text,
    len: usize,
) -> Result<Vec<&'a [u8]>, Failed> {
    // SAFETY: the caller's promise.
    let documents = unsafe { arguments::array(documents, len, "documents") }?.iter();
    let bytes = |text: &Text| {
        // SAFETY: the caller's promise.
        unsafe { arguments::array(text.data.cast::<u8>(), text.len, "a document of documents") }
    };
    documents.map(bytes).collect()
}

/// Number of excerpts, which is that of the documents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpts_count(excerpts: *const Excerpts) -> usize {
    getter!({ Some(get(excerpts)?.len()) })
}

/// The excerpt of the document of that number from 0, in the encoding of the index; empty if there
/// is none. It lives until the excerpts are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpts_get(excerpts: *const Excerpts, number: usize) -> Text {
    getter!({ Some(Text::from(get(excerpts)?.get(number)?.as_slice())) })
}

/// Ends excerpts and the texts that were borrowed from them. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_excerpts_free(excerpts: *mut Excerpts) {
    getter!({
        handle::free(excerpts);
        None
    })
}
