//! Lines about hosts and configuration, for a log of the program's.
//!
//!     // In a hamirror_log_callback:
//!     const char *kind = level == HAMIRROR_LOG_WARNING ? "warning" : "info";
//!     fprintf(stderr, "%s: %.*s\n", kind, (int)line.len, line.data);

use std::ffi::c_void;

use hamirror_core::{Level, LogSink};

use crate::callback::{DropCallback, UserData};
use crate::client::Client;
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::need;
use crate::panic::fallible;
use crate::text::Text;

/// Somebody should look: a host was found dead, an agent has no living mirror left, a name has
/// no address.
pub const HAMIRROR_LOG_WARNING: i32 = 1;
/// Good to know: a host is back, an agent has a living mirror again, addresses changed, a
/// configuration was taken over.
pub const HAMIRROR_LOG_INFO: i32 = 2;
/// Each failed attempt.
pub const HAMIRROR_LOG_DEBUG: i32 = 3;

/// Takes a line without its end: HAMIRROR_LOG_*, and UTF-8.
///
/// Thread: whichever something happens on, the client's own thread too; several threads at a time.
/// It should be quick: a call waits meanwhile.
///
/// Pointers: the line is valid until it returns.
///
/// From it you may call what takes a const client, and anything of other clients; functions of a
/// batch that is at work answer HAMIRROR_ERROR_REENTRANT. Not the _free of the client, of its
/// batches and of its upkeep. It must not throw, nor leave by longjmp.
pub type LogCallback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, level: i32, line: Text)>;

/// Tells what happens to hosts and configuration to a callback from now on, in place of the one
/// before. `level` is HAMIRROR_LOG_*: the last kind of line that is told; the text of others is
/// never made. NULL for `log` ends it, whatever the level.
///
/// `drop` ends `user_data` when the callback is replaced and no line is under way any more, when
/// the client ends, which hamirror_client_free() waits for, or at once if this function fails. A
/// forked child begins without a callback.
/// HAMIRROR_ERROR_ARGUMENT if `level` is none of the constants.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_set_log(
    client: *const Client,
    level: i32,
    log: LogCallback,
    user_data: *mut c_void,
    drop: DropCallback,
    out_error: *mut *mut Error,
) -> i32 {
    let user_data = UserData::new(user_data, drop);
    fallible!(out_error, {
        let client = need(client, "client")?;
        let Some(log) = log else {
            client.set_log(None);
            return Ok(());
        };
        let level = match level {
            HAMIRROR_LOG_WARNING => Level::Warning,
            HAMIRROR_LOG_INFO => Level::Info,
            HAMIRROR_LOG_DEBUG => Level::Debug,
            other => return Err(Failed::number("level", other)),
        };
        client.set_log(Some((level, Box::new(Sink { log, user_data }))));
        Ok(())
    })
}

struct Sink {
    log: unsafe extern "C" fn(*mut c_void, i32, Text),
    user_data: UserData,
}

impl LogSink for Sink {
    fn log(&self, level: Level, line: &str) {
        let level = match level {
            Level::Warning => HAMIRROR_LOG_WARNING,
            Level::Info => HAMIRROR_LOG_INFO,
            Level::Debug => HAMIRROR_LOG_DEBUG,
        };
        // SAFETY: the line is valid until it returns, as the header says.
        unsafe { (self.log)(self.user_data.pointer(), level, Text::from(line)) };
    }
}
