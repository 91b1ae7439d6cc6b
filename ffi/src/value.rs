//! Values of rows, by their type.
//!
//!     int64_t size;
//!     hamirror_text name;
//!     if (hamirror_result_int64(result, 0, 1, &size, &error) == HAMIRROR_OK
//!         && hamirror_result_string(result, 0, 2, &name, &error) == HAMIRROR_OK)
//!         printf("%" PRId64 " %.*s\n", size, (int)name.len, name.data);

use std::ffi::c_char;

use hamirror_core::Value;

use crate::arguments::{copy_out, out};
use crate::code::{HAMIRROR_ERROR_TYPE, HAMIRROR_ERROR_UNKNOWN};
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{get, need};
use crate::panic::{fallible, getter};
use crate::result::SearchResult;
use crate::text::Text;

/// No value: a JSON field that is null or not there, or an attribute without a document. No getter
/// takes it.
pub const HAMIRROR_TYPE_NULL: i32 = 0;
/// Unsigned 32 bits: hamirror_result_int64(), hamirror_result_uint64().
pub const HAMIRROR_TYPE_UINT: i32 = 1;
/// True or false: hamirror_result_int64(), hamirror_result_uint64().
pub const HAMIRROR_TYPE_BOOL: i32 = 2;
/// 32 bits: hamirror_result_double().
pub const HAMIRROR_TYPE_FLOAT: i32 = 3;
/// Signed 64 bits: hamirror_result_int64().
pub const HAMIRROR_TYPE_BIGINT: i32 = 4;
/// Unsigned 64 bits, such as the column "id" of Sphinx: hamirror_result_uint64().
pub const HAMIRROR_TYPE_UINT64: i32 = 5;
/// 64 bits: hamirror_result_double().
pub const HAMIRROR_TYPE_DOUBLE: i32 = 6;
/// Bytes: hamirror_result_string().
pub const HAMIRROR_TYPE_STRING: i32 = 7;
/// A JSON document or a part of one: hamirror_result_json().
pub const HAMIRROR_TYPE_JSON: i32 = 8;
/// A set of unsigned 32 bits each, ascending: hamirror_result_int64s().
pub const HAMIRROR_TYPE_MULTI: i32 = 9;
/// A set of signed 64 bits each, ascending: hamirror_result_int64s().
pub const HAMIRROR_TYPE_MULTI64: i32 = 10;
/// Floats: hamirror_result_floats().
pub const HAMIRROR_TYPE_FLOATS: i32 = 11;
/// Ranking factors, a binary blob in the daemon's own layout: hamirror_result_string().
pub const HAMIRROR_TYPE_FACTORS: i32 = 12;

/// Type of a value, HAMIRROR_TYPE_*: it says which getter to use. HAMIRROR_TYPE_NULL also if there
/// is no such row or column; -1 for a type that this header does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_value_type(
    result: *const SearchResult,
    row: usize,
    column: usize,
) -> i32 {
    getter!({ Some(type_of(&get(result)?.result.row(row)?.value(column))) })
}

/// A value of type UINT, BOOL or BIGINT, or one of type UINT64 that fits.
///
/// HAMIRROR_ERROR_UNKNOWN if there is no such row or column, HAMIRROR_ERROR_TYPE for any other
/// type; so do all getters of values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_int64(
    result: *const SearchResult,
    row: usize,
    column: usize,
    out_value: *mut i64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_value = out(out_value, "out_value")?;
        out_value.write(int64(value(result, row, column)?)?);
        Ok(())
    })
}

/// A value of type UINT, BOOL or UINT64. The errors are those of hamirror_result_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_uint64(
    result: *const SearchResult,
    row: usize,
    column: usize,
    out_value: *mut u64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_value = out(out_value, "out_value")?;
        out_value.write(uint64(value(result, row, column)?)?);
        Ok(())
    })
}

/// A value of type FLOAT or DOUBLE. The errors are those of hamirror_result_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_double(
    result: *const SearchResult,
    row: usize,
    column: usize,
    out_value: *mut f64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_value = out(out_value, "out_value")?;
        out_value.write(real(value(result, row, column)?)?);
        Ok(())
    })
}

/// A value of type STRING or FACTORS. It lives until the result is freed. The errors are those of
/// hamirror_result_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_string(
    result: *const SearchResult,
    row: usize,
    column: usize,
    out_value: *mut Text,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_value = out(out_value, "out_value")?;
        out_value.write(match value(result, row, column)? {
            Value::String(bytes) | Value::Factors(bytes) => Text::from(bytes),
            other => return Err(wrong_type("string", &other)),
        });
        Ok(())
    })
}

/// A value of type JSON, as text.
///
/// Writes at most `capacity` bytes into `buffer`, without a NUL, and the whole length into
/// `out_len`: if that is more, call again with more room. `buffer` may be NULL if `capacity` is 0.
/// The errors are those of hamirror_result_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_json(
    result: *const SearchResult,
    row: usize,
    column: usize,
    buffer: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        match value(result, row, column)? {
            Value::Json(json) => {
                copy_out(json.text().into_iter(), buffer.cast::<u8>(), capacity, out_len)
            }
            other => Err(wrong_type("json", &other)),
        }
    })
}

/// A value of type MULTI or MULTI64.
///
/// Writes at most `capacity` numbers into `buffer`, and how many there are into `out_count`: if
/// that is more, call again with more room. `buffer` may be NULL if `capacity` is 0. The errors
/// are those of hamirror_result_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_int64s(
    result: *const SearchResult,
    row: usize,
    column: usize,
    buffer: *mut i64,
    capacity: usize,
    out_count: *mut usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        match value(result, row, column)? {
            Value::Multi(set) => copy_out(set.iter().map(i64::from), buffer, capacity, out_count),
            Value::Multi64(set) => copy_out(set.iter(), buffer, capacity, out_count),
            other => Err(wrong_type("int64s", &other)),
        }
    })
}

/// A value of type FLOATS.
///
/// Writes at most `capacity` numbers into `buffer`, and how many there are into `out_count`: if
/// that is more, call again with more room. `buffer` may be NULL if `capacity` is 0. The errors
/// are those of hamirror_result_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_result_floats(
    result: *const SearchResult,
    row: usize,
    column: usize,
    buffer: *mut f32,
    capacity: usize,
    out_count: *mut usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        match value(result, row, column)? {
            Value::Floats(vector) => copy_out(vector.iter(), buffer, capacity, out_count),
            other => Err(wrong_type("floats", &other)),
        }
    })
}

/// # Safety
///
/// `result` is NULL, or live for as long as the value is used.
unsafe fn value<'a>(
    result: *const SearchResult,
    row: usize,
    column: usize,
) -> Result<Value<'a>, Failed> {
    // SAFETY: the caller's promise.
    let result = &unsafe { need(result, "result") }?.result;
    check_place("result", [row, column], [result.len(), result.columns().len()])?;
    Ok(result.row(row).map_or(Value::Null, |row| row.value(column)))
}

/// Checks that what has so many rows and columns has that row and column.
pub(crate) fn check_place(
    of: &str,
    [row, column]: [usize; 2],
    [rows, columns]: [usize; 2],
) -> Result<(), Failed> {
    for (what, number, count) in [("column", column, columns), ("row", row, rows)] {
        if number >= count {
            let text = format!("no {what} {number} in the {of}, it has {count}");
            return Err(Failed::new(HAMIRROR_ERROR_UNKNOWN, text));
        }
    }
    Ok(())
}

/// What the int64 getters give.
pub(crate) fn int64(value: Value<'_>) -> Result<i64, Failed> {
    match value {
        Value::Uint(value) => Ok(i64::from(value)),
        Value::Bool(value) => Ok(i64::from(value)),
        Value::Bigint(value) => Ok(value),
        Value::Uint64(value) => i64::try_from(value).map_err(|_| {
            let text = format!("value {value} is for the uint64 getter: int64 is too small");
            Failed::new(HAMIRROR_ERROR_TYPE, text)
        }),
        other => Err(wrong_type("int64", &other)),
    }
}

/// What the uint64 getters give.
pub(crate) fn uint64(value: Value<'_>) -> Result<u64, Failed> {
    match value {
        Value::Uint(value) => Ok(u64::from(value)),
        Value::Bool(value) => Ok(u64::from(value)),
        Value::Uint64(value) => Ok(value),
        other => Err(wrong_type("uint64", &other)),
    }
}

/// What the double getters give.
pub(crate) fn real(value: Value<'_>) -> Result<f64, Failed> {
    match value {
        Value::Float(value) => Ok(f64::from(value)),
        Value::Double(value) => Ok(value),
        other => Err(wrong_type("double", &other)),
    }
}

/// HAMIRROR_TYPE_* of a value.
pub(crate) fn type_of(value: &Value<'_>) -> i32 {
    match value {
        Value::Null => HAMIRROR_TYPE_NULL,
        Value::Uint(_) => HAMIRROR_TYPE_UINT,
        Value::Bool(_) => HAMIRROR_TYPE_BOOL,
        Value::Float(_) => HAMIRROR_TYPE_FLOAT,
        Value::Bigint(_) => HAMIRROR_TYPE_BIGINT,
        Value::Uint64(_) => HAMIRROR_TYPE_UINT64,
        Value::Double(_) => HAMIRROR_TYPE_DOUBLE,
        Value::String(_) => HAMIRROR_TYPE_STRING,
        Value::Json(_) => HAMIRROR_TYPE_JSON,
        Value::Multi(_) => HAMIRROR_TYPE_MULTI,
        Value::Multi64(_) => HAMIRROR_TYPE_MULTI64,
        Value::Floats(_) => HAMIRROR_TYPE_FLOATS,
        Value::Factors(_) => HAMIRROR_TYPE_FACTORS,
        _ => -1,
    }
}

fn wrong_type(wanted: &str, value: &Value<'_>) -> Failed {
    let text = format!("value of type {} is not for the {wanted} getter", type_of(value));
    Failed::new(HAMIRROR_ERROR_TYPE, text)
}
