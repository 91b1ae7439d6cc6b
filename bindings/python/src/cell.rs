//! A value on its way into a column: of a result as it came, or of one that was pickled.

use std::borrow::Cow;

use hamirror::Value;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString};

use crate::text::Text;

/// A value, with as few types as columns need to tell apart.
pub(crate) enum Cell<'a> {
    /// No value.
    Null,
    /// A whole number, a truth value too: all of 64 bits, signed or not.
    Int(i128),
    /// A float of 32 or 64 bits.
    Real(f64),
    /// A text, or bytes.
    Bytes(Cow<'a, [u8]>),
    /// A set.
    Ints(Vec<i64>),
    /// Floats.
    Reals(Vec<f32>),
}

impl<'a> From<Value<'a>> for Cell<'a> {
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Uint(value) => Cell::Int(value.into()),
            Value::Bool(value) => Cell::Int(value.into()),
            Value::Bigint(value) => Cell::Int(value.into()),
            Value::Uint64(value) => Cell::Int(value.into()),
            Value::Float(value) => Cell::Real(value.into()),
            Value::Double(value) => Cell::Real(value),
            Value::String(bytes) | Value::Factors(bytes) => Cell::Bytes(bytes.into()),
            Value::Json(json) => Cell::Bytes(json.text().into()),
            Value::Multi(set) => Cell::Ints(set.iter().map(i64::from).collect()),
            Value::Multi64(set) => Cell::Ints(set.iter().collect()),
            Value::Floats(floats) => Cell::Reals(floats.iter().collect()),
            // A type that came later stands as a text, which no other column takes.
            Value::Null => Cell::Null,
            unknown => Cell::Bytes(format!("{unknown:?}").into_bytes().into()),
        }
    }
}

impl Cell<'static> {
    /// Reads a value that was handed out as an object of Python, and pickled.
    pub(crate) fn of_object(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if value.is_none() {
            return Ok(Cell::Null);
        }
        if value.is_instance_of::<PyBool>() || value.is_instance_of::<PyInt>() {
            return Ok(Cell::Int(match value.extract::<i64>() {
                Ok(number) => number.into(),
                Err(_) => value.extract::<u64>()?.into(),
            }));
        }
        if value.is_instance_of::<PyFloat>() {
            return Ok(Cell::Real(value.extract()?));
        }
        if value.is_instance_of::<PyString>() {
            return Ok(Cell::Bytes(value.extract::<Text>()?.0.into()));
        }
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return Ok(Cell::Bytes(bytes.as_bytes().to_vec().into()));
        }
        let Ok(list) = value.cast::<PyList>() else {
            let kind = value.get_type().name()?;
            return Err(PyTypeError::new_err(format!("{kind} is no value of a result")));
        };
        match list.extract() {
            Ok(numbers) => Ok(Cell::Ints(numbers)),
            Err(_) => Ok(Cell::Reals(list.extract()?)),
        }
    }
}
