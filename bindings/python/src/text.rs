//! Texts: daemons keep whatever bytes they were fed, Python has characters.

use std::fmt::Debug;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// Characters of bytes that should be UTF-8; a byte that is none becomes a lone surrogate
/// (`surrogateescape`), and [`Text`] turns it back.
pub(crate) fn decode<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(PyString::new(py, text).into_any()),
        Err(_) => PyBytes::new(py, bytes).call_method1("decode", ("utf-8", "surrogateescape")),
    }
}

/// An argument's bytes.
pub(crate) struct Text(pub(crate) Vec<u8>);

impl FromPyObject<'_, '_> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let text = object.cast::<PyString>()?;
        if let Ok(text) = text.to_cow() {
            return Ok(Text(text.as_bytes().to_vec()));
        }
        let bytes = text.call_method1("encode", ("utf-8", "surrogateescape"))?;
        Ok(Text(bytes.cast::<PyBytes>()?.as_bytes().to_vec()))
    }
}

/// The name of an enum's variant as Python writes it: `QueryTimeout` is `query_timeout`.
pub(crate) fn snake_case(variant: impl Debug) -> String {
    let mut name = String::new();
    for letter in format!("{variant:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
