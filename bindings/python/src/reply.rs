//! A whole reply of one agent.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::text::snake_case;

/// A whole reply of one agent.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct Reply {
    inner: hamirror::Reply,
    /// The mirror's host that answered, as the configuration names it.
    #[pyo3(get)]
    host: Option<String>,
}

impl Reply {
    pub(crate) fn new(inner: hamirror::Reply, host: Option<String>) -> Self {
        Self { inner, host }
    }
}

#[pymethods]
impl Reply {
    /// `ok`, or `warning`.
    #[getter]
    fn status(&self) -> String {
        snake_case(self.inner.status)
    }

    /// The daemon's own version of the command.
    #[getter]
    fn version(&self) -> u16 {
        self.inner.version
    }

    /// Text of a reply with status `warning`.
    #[getter]
    fn warning(&self) -> Option<&str> {
        self.inner.warning.as_deref()
    }

    /// The command's answer, without the warning text.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.body)
    }

    fn __repr__(&self) -> String {
        let (status, version, bytes) = (self.status(), self.inner.version, self.inner.body.len());
        format!("<hamirror.Reply status={status} version={version:#x} body={bytes} bytes>")
    }
}
