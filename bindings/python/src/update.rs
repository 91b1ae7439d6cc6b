//! New values of attributes.

use hamirror::command::{NewValue, Update};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyMapping, PyString};

use crate::options::{self, about};

/// An update of attributes in documents: a mapping of their ids to a value for each attribute.
pub(crate) fn update_of(
    attributes: &Bound<'_, PyAny>,
    documents: &Bound<'_, PyAny>,
    ignore_missing: bool,
) -> PyResult<Update> {
    let py = attributes.py();
    let update =
        Update::new(options::texts("attributes", attributes)?).ignore_missing(ignore_missing);
    let Ok(mapping) = documents.cast::<PyMapping>() else {
        let text = "argument 'documents': a mapping of ids to the values of each document";
        return Err(PyTypeError::new_err(text));
    };
    mapping.items()?.iter().try_fold(update, |update, item| {
        let wrong = |error| about(py, "documents", error);
        let (id, values): (u64, Bound<'_, PyAny>) = item.extract().map_err(wrong)?;
        let values = values.try_iter().map_err(wrong)?.map(|value| new_value(&value?));
        Ok(update.document(id, values.collect::<PyResult<Vec<_>>>().map_err(wrong)?))
    })
}

/// A number, or the numbers of a multi-value attribute.
fn new_value(value: &Bound<'_, PyAny>) -> PyResult<NewValue> {
    if value.is_instance_of::<PyInt>() {
        return Ok(NewValue::Uint(value.extract()?));
    }
    let kind = || PyTypeError::new_err("a new value is an int or an iterable of them");
    if value.is_instance_of::<PyString>() {
        return Err(kind());
    }
    let numbers = value.try_iter().map_err(|_| kind())?.map(|number| number?.extract());
    Ok(NewValue::Multi(numbers.collect::<PyResult<_>>()?))
}
