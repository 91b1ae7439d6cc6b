//! What a SHOW statement answers.

use crate::handle::{self, Handle, Owned, get};
use crate::panic::getter;
use crate::text::Text;

/// Rows of a key and a value. They never change, so any number of threads may read them. End them
/// with hamirror_rows_free().
pub struct Rows {
    _private: [u8; 0],
}

impl Handle for Rows {
    type Rust = RowsDetail;
    type Ownership = Owned;
}

/// What a pointer to [`Rows`] points to.
pub(crate) struct RowsDetail {
    pub(crate) columns: [&'static str; 2],
    pub(crate) rows: Vec<(String, String)>,
}

/// Rows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_rows_count(rows: *const Rows) -> usize {
    getter!({ Some(get(rows)?.rows.len()) })
}

/// Name of a column as the daemon has it: 0 for the keys, 1 for the values; empty if there is
/// none. It lives until the rows are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_rows_column_name(rows: *const Rows, column: usize) -> Text {
    getter!({ Some(Text::from(*get(rows)?.columns.get(column)?)) })
}

/// Key of the row of that number from 0; empty if there is none. It lives until the rows are
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_rows_key(rows: *const Rows, row: usize) -> Text {
    getter!({ Some(Text::from(get(rows)?.rows.get(row)?.0.as_str())) })
}

/// Value of the row of that number from 0; empty if there is none. It lives until the rows are
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_rows_value(rows: *const Rows, row: usize) -> Text {
    getter!({ Some(Text::from(get(rows)?.rows.get(row)?.1.as_str())) })
}

/// Ends rows and what was borrowed from them. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_rows_free(rows: *mut Rows) {
    getter!({
        handle::free(rows);
        None
    })
}
