//! Values of rows as Python's own.

use hamirror::Value;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::text;

/// The value: numbers as `int` and `float`, texts and JSON as `str`, sets as `list`, factors as
/// `bytes`, no value as `None`.
///
/// JSON stays the text that a daemon prints: a string inside a document loses its quotes there,
/// so only whoever asks for a field knows what it is.
pub(crate) fn object<'py>(py: Python<'py>, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Uint(value) => value.into_bound_py_any(py),
        Value::Bool(value) => value.into_bound_py_any(py),
        Value::Float(value) => value.into_bound_py_any(py),
        Value::Bigint(value) => value.into_bound_py_any(py),
        Value::Uint64(value) => value.into_bound_py_any(py),
        Value::Double(value) => value.into_bound_py_any(py),
        Value::String(bytes) => text::decode(py, bytes),
        Value::Json(json) => text::decode(py, &json.text()),
        Value::Multi(set) => Ok(PyList::new(py, set.iter())?.into_any()),
        Value::Multi64(set) => Ok(PyList::new(py, set.iter())?.into_any()),
        Value::Floats(floats) => Ok(PyList::new(py, floats.iter())?.into_any()),
        Value::Factors(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
        Value::Null => Ok(py.None().into_bound(py)),
        unknown => Err(PyNotImplementedError::new_err(format!("a value of type {unknown:?}"))),
    }
}
