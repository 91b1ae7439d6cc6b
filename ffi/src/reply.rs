//! What an agent answered to a request.
//!
//!     if (hamirror_reply_status(reply) == HAMIRROR_REPLY_WARNING) {
//!         hamirror_text warning = hamirror_reply_warning(reply);
//!         fprintf(stderr, "%.*s\n", (int)warning.len, warning.data);
//!     }
//!     fwrite(hamirror_reply_body(reply), 1, hamirror_reply_body_len(reply), stdout);

use hamirror_core::Reply as CoreReply;
use hamirror_core::internal::wire::header::Status;

use crate::handle::{self, Handle, Owned, get};
use crate::panic::getter;
use crate::text::Text;

/// The body is the answer.
pub const HAMIRROR_REPLY_OK: i32 = 0;
/// The body is the answer, and there is a warning.
pub const HAMIRROR_REPLY_WARNING: i32 = 3;

/// A whole reply of one agent. It never changes. End it with hamirror_reply_free() unless it was
/// borrowed by hamirror_batch_reply().
pub struct Reply {
    _private: [u8; 0],
}

impl Handle for Reply {
    type Rust = CoreReply;
    type Ownership = Owned;
}

/// Status of the reply, as the protocol numbers it: HAMIRROR_REPLY_*; -1 for NULL. Any other is
/// no reply, but a failure of its mirror.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_reply_status(reply: *const Reply) -> i32 {
    getter!({
        Some(get(reply).map_or(-1, |reply| match reply.status {
            Status::Ok => HAMIRROR_REPLY_OK,
            Status::Error => 1,
            Status::Retry => 2,
            Status::Warning => HAMIRROR_REPLY_WARNING,
            Status::InProgress => 4,
            Status::Unknown(number) => i32::from(number),
        }))
    })
}

/// The daemon's own version of the command.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_reply_version(reply: *const Reply) -> u16 {
    getter!({ Some(get(reply)?.version) })
}

/// Text of the warning; empty if there is none. It lives as long as the reply.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_reply_warning(reply: *const Reply) -> Text {
    getter!({ Some(Text::from(get(reply)?.warning.as_deref()?)) })
}

/// The command's answer, without the header and the warning. It lives as long as the reply; NULL
/// for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_reply_body(reply: *const Reply) -> *const u8 {
    getter!({ Some(get(reply)?.body.as_ptr()) })
}

/// Bytes of the body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_reply_body_len(reply: *const Reply) -> usize {
    getter!({ Some(get(reply)?.body.len()) })
}

/// Microseconds from the start of the attempt that brought the reply to its end; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_reply_elapsed_us(reply: *const Reply) -> u64 {
    getter!({ Some(get(reply)?.elapsed.as_micros().try_into().unwrap_or(u64::MAX)) })
}

/// Attempts that the call made, the one that brought the reply included. 0 for NULL, and for a
/// reply that a callback judges: its attempt has not succeeded yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_reply_attempts(reply: *const Reply) -> u32 {
    getter!({ Some(get(reply)?.attempts) })
}

/// Ends a reply and what was borrowed from it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_reply_free(reply: *mut Reply) {
    getter!({
        handle::free(reply);
        None
    })
}
