//! Settings of how daemons run a search.
//!
//!     code = hamirror_search_collation(search, HAMIRROR_COLLATION_UTF8_GENERAL_CI, &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_search_flag(search, HAMIRROR_FLAG_BOOLEAN_SIMPLIFY, 1, &error);
//!     if (code == HAMIRROR_OK)
//!         code = hamirror_search_retries(search, 2, 50, &error);

use std::ffi::c_char;
use std::time::Duration;

use hamirror_core::Search as CoreSearch;
use hamirror_core::search::{Collation, Idf, Overrides, Ranker, SortMethod};

use crate::arguments;
use crate::error::Error;
use crate::failed::Failed;
use crate::panic::fallible;
use crate::search::{Search, change};
use crate::value::{HAMIRROR_TYPE_BIGINT, HAMIRROR_TYPE_BOOL, HAMIRROR_TYPE_UINT};

/// Begins a full scan at the last document. Manticore knows no such order.
pub const HAMIRROR_FLAG_REVERSE_SCAN: i32 = 0;
/// Keeps the best rows in a buffer that is sorted when it is full (kbuffer), and not in a queue.
pub const HAMIRROR_FLAG_KEEP_BUFFER: i32 = 1;
/// Simplifies boolean expressions of the query text before they run.
pub const HAMIRROR_FLAG_BOOLEAN_SIMPLIFY: i32 = 2;
/// Lets no word weigh less than nothing (idf=plain).
pub const HAMIRROR_FLAG_PLAIN_IDF: i32 = 3;
/// Takes the numbers of documents from the file of global_idf that an agent has.
pub const HAMIRROR_FLAG_GLOBAL_IDF: i32 = 4;
/// Divides the weights of words by their number in the query, the default (tfidf_normalized).
pub const HAMIRROR_FLAG_TFIDF_NORMALIZED: i32 = 5;
/// Searches with a lower priority of the thread. Sphinx 2.2 knows none.
pub const HAMIRROR_FLAG_LOW_PRIORITY: i32 = 6;

/// By bytes, with Latin letters of either case as one; the default.
pub const HAMIRROR_COLLATION_LIBC_CI: i32 = 0;
/// By bytes, as the locale of the daemon orders them.
pub const HAMIRROR_COLLATION_LIBC_CS: i32 = 1;
/// By letters of UTF-8, without case and accents.
pub const HAMIRROR_COLLATION_UTF8_GENERAL_CI: i32 = 2;
/// By bytes.
pub const HAMIRROR_COLLATION_BINARY: i32 = 3;

/// Overrides of a timestamp attribute, in seconds since 1970.
pub const HAMIRROR_OVERRIDE_TIMESTAMP: i32 = 100;

/// Sets a flag of the search, HAMIRROR_FLAG_*, if `on` is not 0, or takes it away. Where a daemon
/// does not know it, it answers with an error. The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_flag(
    search: *mut Search,
    flag: i32,
    on: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let is_on = on != 0;
        let set = flag_setter(flag)?;
        change(search, |search| set(search, is_on))
    })
}

/// Gives each row a column "@geodist": metres from the place at `latitude` and `longitude` to the
/// one in two float attributes. All are in radians. The errors are those of
/// hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_geo_anchor(
    search: *mut Search,
    latitude_attribute: *const c_char,
    longitude_attribute: *const c_char,
    latitude: f32,
    longitude: f32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let latitude_attribute = arguments::bytes(latitude_attribute, "latitude_attribute")?;
        let longitude_attribute = arguments::bytes(longitude_attribute, "longitude_attribute")?;
        change(search, |search| {
            search.geo_anchor(latitude_attribute, longitude_attribute, latitude, longitude)
        })
    })
}

/// Sets after how many milliseconds, by the daemon's own reckoning of work, an agent stops
/// looking; 0 is no end. Manticore knows none: an agent that runs it is an error. The errors are
/// those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_max_predicted_time(
    search: *mut Search,
    time_ms: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { change(search, |search| search.max_predicted_time_ms(time_ms)) })
}

/// Sets how strings compare in filters, orders and groups: HAMIRROR_COLLATION_*. The errors are
/// those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_collation(
    search: *mut Search,
    collation: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let collation = collation_of(collation)?;
        change(search, |search| search.collation(collation))
    })
}

/// Sets weights of full-text fields by their number, the first ones first; weights by name go
/// before them. The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_weights(
    search: *mut Search,
    weights: *const u32,
    weights_len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let weights = arguments::array(weights, weights_len, "weights")?.iter().copied();
        change(search, |search| search.weights(weights))
    })
}

/// Gives an attribute other values for some documents, in this search alone: `values[n]` for the
/// id `ids[n]`, `len` of both. `type` is HAMIRROR_TYPE_UINT, _BOOL or _BIGINT, or
/// HAMIRROR_OVERRIDE_TIMESTAMP; HAMIRROR_ERROR_ARGUMENT for a value beyond it. Manticore knows
/// none: an agent that runs it answers with an error. The errors are those of
/// hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_override(
    search: *mut Search,
    attribute: *const c_char,
    type_: i32,
    ids: *const u64,
    values: *const i64,
    len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        let values = pairs(ids, values, len)?;
        let values = overrides(type_, values)?;
        change(search, |search| search.override_attribute(attribute, values))
    })
}

/// Gives a float attribute other values for some documents, as hamirror_search_override() does.
/// The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_override_float(
    search: *mut Search,
    attribute: *const c_char,
    ids: *const u64,
    values: *const f32,
    len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let attribute = arguments::bytes(attribute, "attribute")?;
        let values = Overrides::Float(pairs(ids, values, len)?);
        change(search, |search| search.override_attribute(attribute, values))
    })
}

/// Weighs matches by the ranker plugin of that name, which each agent has; `options` may be NULL.
/// Both are in UTF-8. The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_ranker_plugin(
    search: *mut Search,
    name: *const c_char,
    options: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let name = arguments::text(name, "name")?.to_owned();
        let options = if options.is_null() { "" } else { arguments::text(options, "options")? };
        let options = options.to_owned();
        change(search, |search| search.ranker(Ranker::Plugin { name, options }))
    })
}

/// Splits the query text by the plugin of that name in this library of the agents; `options` may
/// be NULL. The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_token_filter(
    search: *mut Search,
    library: *const c_char,
    name: *const c_char,
    options: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let library = arguments::bytes(library, "library")?;
        let name = arguments::bytes(name, "name")?;
        let options = if options.is_null() { b"" } else { arguments::bytes(options, "options")? };
        change(search, |search| search.token_filter(library, name, options))
    })
}

/// Sets the rounds over the mirrors of an agent after the first one, in place of the
/// configuration's: 8 at most. Each has a pause in milliseconds before it, 1000 at most. Options
/// of the call go before them. The errors are those of hamirror_search_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_search_retries(
    search: *mut Search,
    count: u32,
    delay_ms: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let delay = Duration::from_millis(delay_ms.into());
        change(search, |search| search.retries(count, delay))
    })
}

fn flag_setter(flag: i32) -> Result<fn(CoreSearch, bool) -> CoreSearch, Failed> {
    Ok(match flag {
        HAMIRROR_FLAG_REVERSE_SCAN => CoreSearch::reverse_scan,
        HAMIRROR_FLAG_KEEP_BUFFER => |search, is_on| {
            let kept = if is_on { SortMethod::KeepBuffer } else { SortMethod::PriorityQueue };
            search.sort_method(kept)
        },
        HAMIRROR_FLAG_BOOLEAN_SIMPLIFY => CoreSearch::boolean_simplify,
        HAMIRROR_FLAG_PLAIN_IDF => {
            |search, is_on| search.idf(if is_on { Idf::Plain } else { Idf::Normalized })
        }
        HAMIRROR_FLAG_GLOBAL_IDF => CoreSearch::global_idf,
        HAMIRROR_FLAG_TFIDF_NORMALIZED => CoreSearch::tfidf_normalized,
        HAMIRROR_FLAG_LOW_PRIORITY => CoreSearch::low_priority,
        other => return Err(Failed::number("flag", other)),
    })
}

fn collation_of(collation: i32) -> Result<Collation, Failed> {
    Ok(match collation {
        HAMIRROR_COLLATION_LIBC_CI => Collation::LibcCi,
        HAMIRROR_COLLATION_LIBC_CS => Collation::LibcCs,
        HAMIRROR_COLLATION_UTF8_GENERAL_CI => Collation::Utf8GeneralCi,
        HAMIRROR_COLLATION_BINARY => Collation::Binary,
        other => return Err(Failed::number("collation", other)),
    })
}

/// # Safety
///
/// Both are NULL or point to `len` things that stay as they are.
unsafe fn pairs<T: Copy>(
    ids: *const u64,
    values: *const T,
    len: usize,
) -> Result<Vec<(u64, T)>, Failed> {
    // SAFETY: the caller's promise.
    let (ids, values) =
        unsafe { (arguments::array(ids, len, "ids")?, arguments::array(values, len, "values")?) };
    Ok(ids.iter().copied().zip(values.iter().copied()).collect())
}

fn overrides(kind: i32, values: Vec<(u64, i64)>) -> Result<Overrides, Failed> {
    fn narrow<T: TryFrom<i64>>(values: Vec<(u64, i64)>) -> Result<Vec<(u64, T)>, Failed> {
        let narrow = |(id, value): (u64, i64)| match T::try_from(value) {
            Ok(narrow) => Ok((id, narrow)),
            Err(_) => {
                let text = format!("value {value} of document {id} is beyond 32 bits");
                Err(Failed::argument(text))
            }
        };
        values.into_iter().map(narrow).collect()
    }
    Ok(match kind {
        HAMIRROR_TYPE_UINT => Overrides::Uint(narrow(values)?),
        HAMIRROR_OVERRIDE_TIMESTAMP => Overrides::Timestamp(narrow(values)?),
        HAMIRROR_TYPE_BOOL => {
            Overrides::Bool(values.into_iter().map(|(id, value)| (id, value != 0)).collect())
        }
        HAMIRROR_TYPE_BIGINT => Overrides::Bigint(values),
        other => return Err(Failed::number("type", other)),
    })
}
