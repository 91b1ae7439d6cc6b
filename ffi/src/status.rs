//! What is known of the hosts, as rows of SHOW AGENT STATUS.

use crate::arguments;
use crate::client::Client;
use crate::error::Error;
use crate::handle::{self, Handle, Owned, get, need};
use crate::panic::{fallible, getter};
use crate::text::Text;

/// The record of every host at one time, as rows of a key and a value: keys, order, formats and
/// units are those of SHOW AGENT STATUS. It never changes. End it with hamirror_status_free().
pub struct Status {
    _private: [u8; 0],
}

impl Handle for Status {
    type Rust = Vec<(String, String)>;
    type Ownership = Owned;
}

/// The record of every host of a client, as it is now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_new(
    client: *const Client,
    out_status: *mut *mut Status,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_status = arguments::out_handle(out_status, "out_status")?;
        *out_status = handle::new(need(client, "client")?.status().rows());
        Ok(())
    })
}

/// Rows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_row_count(status: *const Status) -> usize {
    getter!({ Some(get(status)?.len()) })
}

/// Key of the row of that number from 0; empty if there is none. It lives until the status is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_key(status: *const Status, row: usize) -> Text {
    getter!({ Some(Text::from(get(status)?.get(row)?.0.as_str())) })
}

/// Value of the row of that number from 0; empty if there is none. It lives until the status is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_value(status: *const Status, row: usize) -> Text {
    getter!({ Some(Text::from(get(status)?.get(row)?.1.as_str())) })
}

/// Ends a status and what was borrowed from it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_status_free(status: *mut Status) {
    getter!({
        handle::free(status);
        None
    })
}
