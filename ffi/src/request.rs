//! Requests that the library does not know by name.
//!
//!     static const uint8_t cookie[4] = {0xca, 0xfe, 0xba, 0xbe};
//!     // PING is command 4, of version 0x100.
//!     code = hamirror_request_new(4, 0x100, HAMIRROR_ACCESS_READ, cookie, 4, &request, &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_client_call(client, "packages", 0, request, NULL, &reply, &error);

use std::sync::Arc;

use hamirror_core::request::Command;
use hamirror_core::request::Raw;
use hamirror_core::{Access, Request as CoreRequest};

use crate::arguments;
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, Handle, Owned};
use crate::panic::{fallible, getter};

/// The command changes nothing on the daemon: it may be sent again at any point, and goes to one
/// mirror of each agent.
pub const HAMIRROR_ACCESS_READ: i32 = 1;
/// The command changes something: it is sent again only if no byte of it can have been executed,
/// and goes to every mirror.
pub const HAMIRROR_ACCESS_WRITE: i32 = 2;

/// A command of the searchd API as the caller's own bytes. It never changes, so any number of
/// threads may use it, and one request may be in any number of batches. End it with
/// hamirror_request_free().
pub struct Request {
    _private: [u8; 0],
}

impl Handle for Request {
    type Rust = Arc<dyn CoreRequest>;
    type Ownership = Owned;
}

/// A request: command number and version of the header, HAMIRROR_ACCESS_*, and the `body_len`
/// bytes of the body without the header. The bytes are copied.
///
/// HAMIRROR_ERROR_ARGUMENT, or HAMIRROR_ERROR_SYSTEM if there is no memory for them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_request_new(
    command: u16,
    version: u16,
    access: i32,
    body: *const u8,
    body_len: usize,
    out_request: *mut *mut Request,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_request = arguments::out_handle(out_request, "out_request")?;
        let access = self::access(access)?;
        let body = arguments::copy_of(arguments::array(body, body_len, "body")?)?;
        let raw = Raw { command: Command { id: command, version }, access, body };
        out_request.write(handle::new(Arc::new(raw) as Arc<dyn CoreRequest>));
        Ok(())
    })
}

/// Ends a request; calls that use it go on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_request_free(request: *mut Request) {
    getter!({
        handle::free(request);
        None
    })
}

/// HAMIRROR_ACCESS_*.
pub(crate) fn access(number: i32) -> Result<Access, Failed> {
    match number {
        HAMIRROR_ACCESS_READ => Ok(Access::Read),
        HAMIRROR_ACCESS_WRITE => Ok(Access::Write),
        other => Err(Failed::number("access", other)),
    }
}
