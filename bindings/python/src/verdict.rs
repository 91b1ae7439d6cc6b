//! What a program thinks of a reply to its own request.

use pyo3::prelude::*;
use pyo3::types::PyString;

/// What the judge of a request thinks of a reply.
#[pyclass(frozen, eq, module = "hamirror")]
#[derive(Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) inner: hamirror::Verdict,
}

#[pymethods]
impl Verdict {
    /// The answer.
    #[classattr]
    const ACCEPT: Verdict = Verdict { inner: hamirror::Verdict::Accept };

    /// The answer, with warnings inside: counted as `warnings`.
    #[classattr]
    const WARNED: Verdict = Verdict { inner: hamirror::Verdict::AcceptWarned };

    /// Not an answer to this request: counted as `wrong_replies`, the next mirror is asked.
    #[staticmethod]
    fn malformed(text: String) -> Self {
        Self { inner: hamirror::Verdict::Malformed(text) }
    }

    /// The mirror understood and refused: one other mirror is asked before the query is blamed.
    #[staticmethod]
    fn refused(text: String) -> Self {
        Self { inner: hamirror::Verdict::Refused(text) }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (name, text) = match &self.inner {
            hamirror::Verdict::Malformed(text) => ("malformed", text),
            hamirror::Verdict::Refused(text) => ("refused", text),
            hamirror::Verdict::AcceptWarned => return Ok("Verdict.WARNED".to_owned()),
            _ => return Ok("Verdict.ACCEPT".to_owned()),
        };
        Ok(format!("Verdict.{name}({})", PyString::new(py, text).repr()?))
    }
}
