//! Values beside the text of a statement.

use std::ffi::c_char;

use hamirror_core::sphinxql::{Parameter, Parameters as CoreParameters};

use crate::arguments;
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, Exclusive, Handle, Owned, need};
use crate::panic::{fallible, getter};

/// Values for the free places of a statement of SphinxQL: `?` in turn, or `:name` by name. They
/// are never read as a part of the statement. One thread at a time may change them; unchanged, any
/// number of threads may use them. End them with hamirror_parameters_free().
pub struct Parameters {
    _private: [u8; 0],
}

impl Handle for Parameters {
    type Rust = Exclusive<Given>;
    type Ownership = Owned;
}

/// What a pointer to [`Parameters`] points to.
#[derive(Default)]
pub(crate) struct Given {
    in_turn: Vec<Parameter>,
    by_name: Vec<(String, Parameter)>,
}

impl Given {
    fn add(&mut self, name: Option<&str>, value: Parameter) {
        match name {
            Some(name) => self.by_name.push((name.to_owned(), value)),
            None => self.in_turn.push(value),
        }
    }

    fn get(&self) -> Result<CoreParameters, Failed> {
        match (self.in_turn.is_empty(), self.by_name.is_empty()) {
            (true, true) => Ok(CoreParameters::none()),
            (false, true) => Ok(CoreParameters::positional(self.in_turn.iter().cloned())),
            (true, false) => Ok(CoreParameters::named(self.by_name.iter().cloned())),
            (false, false) => Err(Failed::argument(
                "parameters have values with names and values without: choose one".to_owned(),
            )),
        }
    }
}

/// The values, none for NULL.
///
/// # Safety
///
/// `parameters` is NULL or live.
pub(crate) unsafe fn read(parameters: *const Parameters) -> Result<CoreParameters, Failed> {
    // SAFETY: the caller's promise.
    match unsafe { handle::get(parameters) } {
        Some(parameters) => parameters.read("parameters")?.get(),
        None => Ok(CoreParameters::none()),
    }
}

/// # Safety
///
/// `parameters` is NULL or live, `name` NULL or a NUL-terminated text.
unsafe fn add(
    parameters: *mut Parameters,
    name: *const c_char,
    value: impl FnOnce() -> Result<Parameter, Failed>,
) -> Result<(), Failed> {
    // SAFETY: the caller's promise.
    let mut given = unsafe { need(parameters.cast_const(), "parameters") }?.write("parameters")?;
    let name = match name.is_null() {
        true => None,
        // SAFETY: the caller's promise.
        false => Some(unsafe { arguments::text(name, "name") }?),
    };
    given.add(name, value()?);
    Ok(())
}

/// No values yet. HAMIRROR_ERROR_ARGUMENT for NULL, and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_parameters_new(
    out_parameters: *mut *mut Parameters,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_parameters = arguments::out_handle(out_parameters, "out_parameters")?;
        out_parameters.write(handle::new(Exclusive::new(Given::default())));
        Ok(())
    })
}

/// Adds a whole number: the next value for a `?`, or with a NUL-terminated `name` the one for
/// `:name`. Values with names and values without do not go together.
///
/// HAMIRROR_ERROR_ARGUMENT if `name` is not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_parameters_int64(
    parameters: *mut Parameters,
    name: *const c_char,
    value: i64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { add(parameters, name, || Ok(Parameter::Int(value))) })
}

/// Adds a whole number without a sign, such as a document id. Errors are those of
/// hamirror_parameters_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_parameters_uint64(
    parameters: *mut Parameters,
    name: *const c_char,
    value: u64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { add(parameters, name, || Ok(Parameter::Uint(value))) })
}

/// Adds a number with decimals, which has to be finite where it is used. Errors are those of
/// hamirror_parameters_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_parameters_double(
    parameters: *mut Parameters,
    name: *const c_char,
    value: f64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, { add(parameters, name, || Ok(Parameter::Float(value))) })
}

/// Adds a text of `len` bytes of UTF-8; `data` may be NULL if there are none.
/// HAMIRROR_ERROR_ARGUMENT if it or `name` is not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_parameters_text(
    parameters: *mut Parameters,
    name: *const c_char,
    data: *const c_char,
    len: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let bytes = arguments::array(data.cast::<u8>(), len, "data")?;
        let text = || {
            let text = String::from_utf8(arguments::copy_of(bytes)?);
            let text = text.map_err(|_| Failed::argument("data is not UTF-8".to_owned()))?;
            Ok(Parameter::Text(text))
        };
        add(parameters, name, text)
    })
}

/// Adds `count` numbers as one value, for `IN ?`; `values` may be NULL if there are none. Errors
/// are those of hamirror_parameters_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_parameters_int64s(
    parameters: *mut Parameters,
    name: *const c_char,
    values: *const i64,
    count: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let values = arguments::array(values, count, "values")?;
        let list = || Ok(Parameter::List(values.iter().copied().map(Parameter::Int).collect()));
        add(parameters, name, list)
    })
}

/// Ends values; statements under way have their own copy. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_parameters_free(parameters: *mut Parameters) {
    getter!({
        handle::free(parameters);
        None
    })
}
