//! Error objects.
//!
//!     hamirror_error *error;
//!     if (hamirror_config_read("sphinx.conf", &config, &error) != HAMIRROR_OK) {
//!         hamirror_text message = hamirror_error_message(error);
//!         fprintf(stderr, "%.*s\n", (int)message.len, message.data);
//!         hamirror_error_free(error);
//!     }

use crate::diagnostic::Diagnostic;
use crate::failed::ErrorDetail;
use crate::failure::Failure;
use crate::handle::{self, Handle, Owned, get, view};
use crate::panic::getter;
use crate::text::Text;

/// An error: code, message and details. It never changes, so any number of threads may read it.
/// End it with hamirror_error_free().
pub struct Error {
    _private: [u8; 0],
}

impl Handle for Error {
    type Rust = ErrorDetail;
    type Ownership = Owned;
}

/// Code of the error: HAMIRROR_ERROR_*, or HAMIRROR_OK for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_code(error: *const Error) -> i32 {
    getter!({ Some(get(error)?.code) })
}

/// What is wrong in words, with the names and values concerned; of a configuration each fault
/// with its line and a caret below the place. UTF-8; empty for NULL. It lives until the error is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_message(error: *const Error) -> Text {
    getter!({ Some(Text::from(get(error)?.message.as_str())) })
}

/// Whether time ran out for every agent that failed, and no mirror said no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_is_timeout(error: *const Error) -> bool {
    getter!({ Some(get(error)?.is_timeout) })
}

/// Whether the query itself is at fault: mirrors were reached and refused it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_is_query_error(error: *const Error) -> bool {
    getter!({ Some(get(error)?.is_query_error) })
}

/// The number that a callback of the program's own returned, as it was, where the code is
/// HAMIRROR_ERROR_CALLBACK; 0 otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_callback_code(error: *const Error) -> i32 {
    getter!({ Some(get(error)?.callback_code) })
}

/// Agents that were asked; 0 where the error is none of agents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_agents(error: *const Error) -> usize {
    getter!({ Some(get(error)?.agents) })
}

/// Agents that answered nevertheless.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_agents_answered(error: *const Error) -> usize {
    getter!({ Some(get(error)?.agents_answered) })
}

/// Agents that failed, each with a hamirror_failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_failure_count(error: *const Error) -> usize {
    getter!({ Some(get(error)?.failures.len()) })
}

/// The failure of that number from 0; NULL if there is none. It lives until the error is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_failure(
    error: *const Error,
    number: usize,
) -> *const Failure {
    getter!({ Some(view(get(error)?.failures.get(number)?)) })
}

/// Faults of the configuration, or the one of the statement, each with a hamirror_diagnostic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_diagnostic_count(error: *const Error) -> usize {
    getter!({ Some(get(error)?.diagnostics.len()) })
}

/// The fault of that number from 0; NULL if there is none. It lives until the error is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_diagnostic(
    error: *const Error,
    number: usize,
) -> *const Diagnostic {
    getter!({ Some(view(get(error)?.diagnostics.get(number)?)) })
}

/// Ends an error and everything that was borrowed from it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_error_free(error: *mut Error) {
    getter!({
        handle::free(error);
        None
    })
}
