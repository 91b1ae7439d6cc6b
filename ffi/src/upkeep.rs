//! Upkeep in the hands of the program.
//!
//!     struct pollfd entry = {0, POLLIN, 0};
//!     entry.fd = hamirror_upkeep_fd(upkeep);
//!     poll(&entry, 1, hamirror_upkeep_timeout_ms(upkeep));
//!     code = hamirror_upkeep_drive(upkeep, &error);

use std::os::fd::RawFd;
use std::time::Duration;

use hamirror_core::Upkeep as CoreUpkeep;

use crate::arguments;
use crate::batch::poll_timeout_ms;
use crate::client::Client;
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, Exclusive, Handle, Owned, get, need};
use crate::panic::{fallible, getter};

/// Pings, and sends to blackholes, for a program whose client has no thread of its own
/// (hamirror_client_options, no_background): it does them where it likes. One of a client at a
/// time. One thread at a time may use it; a second one gets HAMIRROR_ERROR_REENTRANT. End it with
/// hamirror_upkeep_free(), before or after its client.
///
/// Put hamirror_upkeep_fd() into an event loop, and when it is readable, or
/// hamirror_upkeep_timeout_ms() has passed, call hamirror_upkeep_drive(); or call
/// hamirror_upkeep_wait() in a thread of yours, again and again.
pub struct Upkeep {
    _private: [u8; 0],
}

impl Handle for Upkeep {
    type Rust = UpkeepDetail;
    type Ownership = Owned;
}

/// What a pointer to [`Upkeep`] points to.
pub(crate) struct UpkeepDetail {
    fd: RawFd,
    upkeep: Exclusive<CoreUpkeep>,
}

/// Takes over the upkeep of a client.
///
/// HAMIRROR_ERROR_MISUSE if the client has a thread for it, or its upkeep is taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_upkeep_new(
    client: *const Client,
    out_upkeep: *mut *mut Upkeep,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_upkeep = arguments::out_handle(out_upkeep, "out_upkeep")?;
        let upkeep = need(client, "client")?.upkeep()?;
        out_upkeep
            .write(handle::new(UpkeepDetail { fd: upkeep.fd(), upkeep: Exclusive::new(upkeep) }));
        Ok(())
    })
}

/// Readable when hamirror_upkeep_drive() has something to do, for poll, select or epoll. The
/// upkeep owns it: never read from it and never close it, and take it out of your loop before
/// hamirror_upkeep_free(). -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_upkeep_fd(upkeep: *const Upkeep) -> i32 {
    getter!({ Some(get(upkeep).map_or(-1, |upkeep| upkeep.fd)) })
}

/// Milliseconds until hamirror_upkeep_drive() is due even if the fd stays quiet, as poll() takes
/// them: -1 if nothing is. Ask anew after each hamirror_upkeep_drive(). 0 where
/// hamirror_upkeep_drive() would answer with an error of the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_upkeep_timeout_ms(upkeep: *mut Upkeep) -> i32 {
    getter!({ Some(poll_timeout_ms(write(upkeep).ok()?.timeout())) })
}

/// Does what is to be done now, without waiting.
///
/// HAMIRROR_ERROR_FORKED in a forked child, HAMIRROR_ERROR_SYSTEM if the operating system refuses
/// to wait for sockets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_upkeep_drive(
    upkeep: *mut Upkeep,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { Ok(write(upkeep)?.drive()?) })
}

/// Does what is to be done, then waits for more for `limit_ms` at most; the errors are those of
/// hamirror_upkeep_drive(). Nothing ends the wait early but something to do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_upkeep_wait(
    upkeep: *mut Upkeep,
    limit_ms: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let limit = Duration::from_millis(limit_ms.into());
        Ok(write(upkeep)?.wait(limit)?)
    })
}

/// Ends the upkeep, which may be taken over anew. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_upkeep_free(upkeep: *mut Upkeep) {
    getter!({
        handle::free(upkeep);
        None
    })
}

/// # Safety
///
/// `upkeep` is NULL, or live for as long as the guard is used.
unsafe fn write<'a>(
    upkeep: *mut Upkeep,
) -> Result<std::sync::RwLockWriteGuard<'a, CoreUpkeep>, Failed> {
    // SAFETY: the caller's promise.
    unsafe { need(upkeep.cast_const(), "upkeep") }?.upkeep.write("upkeep")
}
