//! The order of rows.

use hamirror::search;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// The order of rows; ties go to the lower document id.
#[pyclass(frozen, eq, module = "hamirror")]
#[derive(Clone, PartialEq)]
pub(crate) struct Sort {
    pub(crate) inner: search::Sort,
}

#[pymethods]
impl Sort {
    /// Weight, best first.
    #[classattr]
    const RELEVANCE: Sort = Sort { inner: search::Sort::Relevance };

    /// Sorts by that attribute of the select list, highest first, then by weight.
    #[staticmethod]
    fn descending(attribute: String) -> Self {
        Self { inner: search::Sort::Descending(attribute) }
    }

    /// Sorts by that attribute of the select list, lowest first, then by weight.
    #[staticmethod]
    fn ascending(attribute: String) -> Self {
        Self { inner: search::Sort::Ascending(attribute) }
    }

    /// Age by this attribute in steps (hour, day, week, month, three months, older), newest
    /// first, then weight.
    #[staticmethod]
    fn time_segments(attribute: String) -> Self {
        Self { inner: search::Sort::TimeSegments(attribute) }
    }

    /// Up to five keys, such as `price asc, @weight desc`.
    #[staticmethod]
    fn extended(clause: String) -> Self {
        Self { inner: search::Sort::Extended(clause) }
    }

    /// Value of this expression, highest first.
    #[staticmethod]
    fn expression(expression: String) -> Self {
        Self { inner: search::Sort::Expression(expression) }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (name, clause) = match &self.inner {
            search::Sort::Descending(clause) => ("descending", clause),
            search::Sort::Ascending(clause) => ("ascending", clause),
            search::Sort::TimeSegments(clause) => ("time_segments", clause),
            search::Sort::Extended(clause) => ("extended", clause),
            search::Sort::Expression(clause) => ("expression", clause),
            _ => return Ok("Sort.RELEVANCE".to_owned()),
        };
        Ok(format!("Sort.{name}({})", PyString::new(py, clause).repr()?))
    }
}
