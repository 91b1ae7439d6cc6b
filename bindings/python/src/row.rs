//! A row of a result.

use std::borrow::Cow;
use std::sync::Arc;

use pyo3::basic::CompareOp;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyIterator, PyMapping, PyModule, PyNotImplemented, PyTuple};

use crate::kept::Kept;

/// A row of a result: document id, weight, and a mapping of column names to values.
#[pyclass(frozen, mapping, module = "hamirror")]
pub(crate) struct Row {
    kept: Arc<Kept>,
    number: usize,
}

#[pymethods]
impl Row {
    /// Document id.
    #[getter]
    fn id(&self) -> u64 {
        self.kept.id(self.number)
    }

    /// Weight of the match.
    #[getter]
    fn weight(&self) -> i32 {
        self.kept.weight(self.number)
    }

    /// Names of the columns.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.kept.names(py))
    }

    /// Values in the order of the columns.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.kept.values(py, self.number)
    }

    /// Names and values in the order of the columns.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let names = self.kept.names(py).iter().enumerate();
        let items: Vec<_> = names
            .map(|(column, name)| Ok((name, self.value(py, column)?)))
            .collect::<PyResult<_>>()?;
        PyTuple::new(py, items)
    }

    /// The value in the column of that name, or else the default.
    #[pyo3(signature = (name, default = None, /))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let column = name.extract::<Cow<'_, str>>().ok();
        match column.and_then(|name| self.kept.column(&name)) {
            Some(column) => self.value(py, column),
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    /// Values by the names of their columns.
    fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let values = PyDict::new(py);
        for (column, name) in self.kept.names(py).iter().enumerate() {
            values.set_item(name, self.value(py, column)?)?;
        }
        Ok(values)
    }

    /// The JSON document, or the field of one, in the column of that name, as Python's own values.
    ///
    /// Parameters
    /// ----------
    /// name : str
    ///     The column: a JSON attribute, or an alias of a field of one.
    ///
    /// Returns
    /// -------
    /// dict, list, str, int, float, bool or None
    ///     None for null and for what is not there.
    ///
    /// Raises
    /// ------
    /// KeyError
    ///     No column has that name.
    /// TypeError
    ///     The value is no JSON.
    fn json<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let column = self.kept.column(name).ok_or_else(|| PyKeyError::new_err(name.to_owned()))?;
        let Some(text) = self.kept.json(py, self.number, column)? else {
            return Ok(py.None().into_bound(py));
        };
        // Daemons print control characters of strings as they are.
        let options = [("strict", false)];
        let options = pyo3::types::IntoPyDict::into_py_dict(options, py)?;
        PyModule::import(py, "json")?.getattr("loads")?.call((text,), Some(&options))
    }

    fn __len__(&self) -> usize {
        self.kept.width()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let column = self.kept.column(name);
        self.value(py, column.ok_or_else(|| PyKeyError::new_err(name.to_owned()))?)
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> bool {
        let name = name.extract::<Cow<'_, str>>();
        name.is_ok_and(|name| self.kept.column(&name).is_some())
    }

    /// As mappings are: the same names with equal values.
    fn __eq__<'py>(
        &self,
        py: Python<'py>,
        other: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Ok(other) = other.cast::<PyMapping>() else {
            return Ok(PyNotImplemented::get(py).to_owned().into_any());
        };
        let values = PyDict::new(py);
        values.update(other)?;
        self.as_dict(py)?.rich_compare(values, CompareOp::Eq)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.keys(py)?.try_iter()
    }

    /// A row never changes, and its values are new objects each time.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let make = PyModule::import(py, "hamirror._native")?.getattr("_restored_row")?;
        let state = self.kept.state(py, self.number..self.number + 1)?;
        (make, (state,)).into_pyobject(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let values = self.as_dict(py)?.repr()?;
        Ok(format!("<hamirror.Row id={} weight={} {values}>", self.id(), self.weight()))
    }
}

impl Row {
    pub(crate) fn new(kept: Arc<Kept>, number: usize) -> Self {
        Row { kept, number }
    }

    fn value<'py>(&self, py: Python<'py>, column: usize) -> PyResult<Bound<'py, PyAny>> {
        self.kept.value(py, self.number, column)
    }
}

/// The rows of a result, one after the other.
#[pyclass(module = "hamirror")]
pub(crate) struct RowIterator {
    pub(crate) kept: Arc<Kept>,
    pub(crate) next: usize,
}

#[pymethods]
impl RowIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&mut self) -> Option<Row> {
        let number = self.next;
        if number >= self.kept.len() {
            return None;
        }
        self.next += 1;
        Some(Row::new(self.kept.clone(), number))
    }
}
