//! Query texts without operators.
//!
//!     char words[64];
//!     size_t len;
//!     code = hamirror_escape("what (is) it?", words, sizeof words, &len, NULL);
//!     if (code == HAMIRROR_OK && len <= sizeof words)
//!         printf("%.*s\n", (int)len, words);

use std::ffi::c_char;

use hamirror_core::command;

use crate::arguments;
use crate::error::Error;
use crate::panic::fallible;

/// Escapes what the extended query syntax takes for operators, so that the text of a user is words
/// alone: backslash ( ) | - ! @ ~ " & / ^ $ = <. Words with a meaning of their own, such as MAYBE
/// or NEAR/3, stay.
///
/// `text` is NUL-terminated UTF-8. Writes at most `capacity` bytes into `buffer`, without a NUL,
/// and the whole length into `out_len`: if that is more, call again with more room. Twice the
/// length of the text always suffices. `buffer` may be NULL if `capacity` is 0.
/// HAMIRROR_ERROR_ARGUMENT if the text is not UTF-8, and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_escape(
    text: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let escaped = command::escape(arguments::text(text, "text")?);
        arguments::copy_out(escaped.bytes(), buffer.cast::<u8>(), capacity, out_len)
    })
}
