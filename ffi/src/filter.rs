//! Filters: which documents a search keeps, by their attributes.
//!
//!     const int64_t kinds[] = {3, 7};
//!     code = hamirror_search_filter_values(search, HAMIRROR_FILTER_KEEP, "kind", kinds, 2,
//!                                          &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_search_filter_bound(search, HAMIRROR_FILTER_KEEP, "size",
//!                                             HAMIRROR_BOUND_ABOVE, 99, &error);

use std::ffi::c_char;

use hamirror_core::search::{Condition, Number};

use crate::arguments;
use crate::error::Error;
use crate::failed::Failed;
use crate::panic::fallible;
use crate::search::{Search, change, change_group};

/// A filter keeps the documents that it describes.
pub const HAMIRROR_FILTER_KEEP: i32 = 0;
/// A filter drops the documents that it describes.
pub const HAMIRROR_FILTER_DROP: i32 = 1;
/// A filter keeps the groups that it describes (HAVING): its attribute is an alias or an
/// expression of the select list, such as "count(*)". A search has one of these, the last that was
/// set. HAMIRROR_ERROR_MISUSE if the search is not grouped.
pub const HAMIRROR_FILTER_KEEP_GROUPS: i32 = 2;
/// A filter drops the groups that it describes, otherwise as HAMIRROR_FILTER_KEEP_GROUPS.
pub const HAMIRROR_FILTER_DROP_GROUPS: i32 = 3;

/// The number or a higher one.
pub const HAMIRROR_BOUND_AT_LEAST: i32 = 0;
/// A higher number.
pub const HAMIRROR_BOUND_ABOVE: i32 = 1;
/// The number or a lower one.
pub const HAMIRROR_BOUND_AT_MOST: i32 = 2;
/// A lower number.
pub const HAMIRROR_BOUND_BELOW: i32 = 3;

/// Adds a filter: the attribute is one of `values_len` values. `filter` is HAMIRROR_FILTER_*;
/// the attribute "id" is the document id, and an id from 2^63 on is the int64_t of the same bits.
///
/// The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_filter_values(
    search: *mut Search,
    filter: i32,
    attribute: *const c_char,
    values: *const i64,
    values_len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        let values = arguments::array(values, values_len, "values")?.iter().copied();
        add_filter(search, filter, attribute, Condition::any_of(values))
    })
}

/// Adds a filter: the integer attribute is from `from` to `to`, both included. The errors are
/// those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_filter_range(
    search: *mut Search,
    filter: i32,
    attribute: *const c_char,
    from: i64,
    to: i64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        add_filter(search, filter, attribute, Condition::range(from, to))
    })
}

/// Adds a filter: the float attribute is from `from` to `to`, both included. The errors are those
/// of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_filter_float_range(
    search: *mut Search,
    filter: i32,
    attribute: *const c_char,
    from: f32,
    to: f32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        add_filter(search, filter, attribute, Condition::range(from, to))
    })
}

/// Adds a filter: the string attribute equals `text` by the daemon's collation. The errors are
/// those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_filter_string(
    search: *mut Search,
    filter: i32,
    attribute: *const c_char,
    text: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        let text = arguments::bytes(text, "text")?;
        add_filter(search, filter, attribute, Condition::text(text))
    })
}

/// Adds a filter: that field of a JSON attribute, such as "facts.size", is null or not there. The
/// errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_filter_null(
    search: *mut Search,
    filter: i32,
    attribute: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        add_filter(search, filter, attribute, Condition::null())
    })
}

/// Adds a filter: the document id is from `from` to `to`, both included. The errors are those of
/// hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_id_range(
    search: *mut Search,
    from: u64,
    to: u64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(search, |search| search.id_range(from, to)) })
}

/// Adds a filter: the string attribute is one of `texts_len` texts by the collation. Each is NUL-
/// terminated, and none is empty. The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_filter_strings(
    search: *mut Search,
    filter: i32,
    attribute: *const c_char,
    texts: *const *const c_char,
    texts_len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        let texts = arguments::array(texts, texts_len, "texts")?.iter();
        let texts =
            texts.map(|text| arguments::bytes(*text, "a text of texts").map(<[u8]>::to_vec));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        add_filter(search, filter, attribute, Condition::any_text(texts))
    })
}

/// Adds a filter: the attribute is one of the numbers of a global variable, such as "@allowed",
/// that each agent has. The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_filter_variable(
    search: *mut Search,
    filter: i32,
    attribute: *const c_char,
    variable: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        let variable = arguments::bytes(variable, "variable")?;
        add_filter(search, filter, attribute, Condition::in_variable(variable))
    })
}

/// Adds a filter: the integer attribute is above, below or at the number, as `bound` says
/// (HAMIRROR_BOUND_*). For the attribute "id" an open end is the highest of all ids. The errors
/// are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_filter_bound(
    search: *mut Search,
    filter: i32,
    attribute: *const c_char,
    bound: i32,
    number: i64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        add_filter(search, filter, attribute, bounded(bound, number)?)
    })
}

/// Adds a filter: the float attribute is above, below or at the number, as `bound` says
/// (HAMIRROR_BOUND_*). The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_filter_float_bound(
    search: *mut Search,
    filter: i32,
    attribute: *const c_char,
    bound: i32,
    number: f32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        add_filter(search, filter, attribute, bounded(bound, number)?)
    })
}

/// Adds a filter: all values of a multi-value attribute are among `values_len` values, where
/// hamirror_search_filter_values() asks for any of them. Sphinx 2.2 knows no such filter: an agent
/// that runs it is an error. The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_filter_all_values(
    search: *mut Search,
    filter: i32,
    attribute: *const c_char,
    values: *const i64,
    values_len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        let values = arguments::array(values, values_len, "values")?.iter().copied();
        add_filter(search, filter, attribute, Condition::any_of(values).of_all_values())
    })
}

/// # Safety
///
/// `search` is NULL or live.
unsafe fn add_filter(
    search: *mut Search,
    filter: i32,
    attribute: &[u8],
    condition: Condition,
) -> Result<(), Failed> {
    let condition = match filter {
        HAMIRROR_FILTER_KEEP | HAMIRROR_FILTER_KEEP_GROUPS => condition,
        HAMIRROR_FILTER_DROP | HAMIRROR_FILTER_DROP_GROUPS => condition.negated(),
        other => return Err(Failed::number("filter", other)),
    };
    // SAFETY: the caller's promise.
    unsafe {
        match filter {
            HAMIRROR_FILTER_KEEP | HAMIRROR_FILTER_DROP => {
                change(search, |search| search.filter(attribute, condition))
            }
            _ => change_group(search, |group| group.having(attribute, condition)),
        }
    }
}

fn bounded(bound: i32, number: impl Into<Number>) -> Result<Condition, Failed> {
    Ok(match bound {
        HAMIRROR_BOUND_AT_LEAST => Condition::at_least(number),
        HAMIRROR_BOUND_ABOVE => Condition::above(number),
        HAMIRROR_BOUND_AT_MOST => Condition::at_most(number),
        HAMIRROR_BOUND_BELOW => Condition::below(number),
        other => return Err(Failed::number("bound", other)),
    })
}
