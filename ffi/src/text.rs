//! Texts on their way out: borrowed, with their length.
//!
//!     hamirror_text message = hamirror_error_message(error);
//!     fprintf(stderr, "%.*s\n", (int)message.len, message.data);
//!     hamirror_error_free(error); // message.data lived until here

use std::ffi::c_char;

/// A borrowed text: `len` bytes from `data`. It is not NUL-terminated; print it with `"%.*s"`,
/// `(int)text.len, text.data`.
///
/// `data` is never NULL. The text lives as long as the handle that it was asked of. It is UTF-8
/// except for values of rows, which have whatever encoding the daemon was fed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// First byte.
    pub data: *const c_char,
    /// Number of bytes.
    pub len: usize,
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Text {
        Text { data: bytes.as_ptr().cast(), len: bytes.len() }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::from(text.as_bytes())
    }
}
