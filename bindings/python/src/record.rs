//! Records: frozen dataclasses of `types.py` and `status.py`, filled field by field.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyModule, PyTuple};

use hamirror::config::Diagnostic;
use hamirror::search::{AgentOutcome, SearchAttempt};
use hamirror::{AgentFailure, AttemptFailure, SearchResult};

use crate::text::snake_case;

/// Fields of a record to be.
pub(crate) struct Record<'py> {
    class: Class,
    fields: Bound<'py, PyDict>,
}

impl<'py> Record<'py> {
    /// A record of that class of `hamirror.types`.
    pub(crate) fn new(py: Python<'py>, name: &'static str) -> Self {
        Record { class: Class { module: &TYPES, name }, fields: PyDict::new(py) }
    }

    /// A record of that class of `hamirror.status`.
    pub(crate) fn of_status(py: Python<'py>, name: &'static str) -> Self {
        Record { class: Class { module: &STATUS, name }, fields: PyDict::new(py) }
    }

    /// Sets a field.
    pub(crate) fn set(self, field: &str, value: impl IntoPyObject<'py>) -> PyResult<Self> {
        self.fields.set_item(field, value)?;
        Ok(self)
    }

    /// The record.
    pub(crate) fn build(self) -> PyResult<Bound<'py, PyAny>> {
        let py = self.fields.py();
        let Class { module: Module { name, imported }, name: class } = self.class;
        let module = imported
            .get_or_try_init(py, || -> PyResult<_> { Ok(PyModule::import(py, name)?.unbind()) })?;
        module.bind(py).getattr(class)?.call((), Some(&self.fields))
    }
}

/// A class and where it is.
struct Class {
    module: &'static Module,
    name: &'static str,
}

/// A module of the package, imported when it is first needed.
struct Module {
    name: &'static str,
    imported: PyOnceLock<Py<PyModule>>,
}

static TYPES: Module = Module { name: "hamirror.types", imported: PyOnceLock::new() };
static STATUS: Module = Module { name: "hamirror.status", imported: PyOnceLock::new() };

/// A tuple of records, or of anything else that takes some making.
pub(crate) fn tuple<'py, T>(
    py: Python<'py>,
    items: &[T],
    make: impl Fn(Python<'py>, &T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let made: Vec<_> = items.iter().map(|item| make(py, item)).collect::<PyResult<_>>()?;
    PyTuple::new(py, made)
}

pub(crate) fn diagnostic<'py>(
    py: Python<'py>,
    diagnostic: &Diagnostic,
) -> PyResult<Bound<'py, PyAny>> {
    let Diagnostic { file, line, column, text, expected, kind, .. } = diagnostic;
    Record::new(py, "Diagnostic")
        .set("file", file)?
        .set("line", line)?
        .set("column", column)?
        .set("text", text)?
        .set("expected", expected)?
        .set("message", diagnostic.to_string())?
        .set("kind", snake_case(kind))?
        .set("rendered", diagnostic.rendered())?
        .build()
}

pub(crate) fn agent_failure<'py>(
    py: Python<'py>,
    failure: &AgentFailure,
) -> PyResult<Bound<'py, PyAny>> {
    Record::new(py, "AgentFailure")
        .set("index", &failure.index)?
        .set("agent", failure.agent)?
        .set("local", failure.local.as_deref())?
        .set("attempts", tuple(py, &failure.attempts, attempt_failure)?)?
        .set("query_error", failure.query_error.as_deref())?
        .set("deadline_passed", failure.deadline_passed)?
        .set("soft_timeout_passed", failure.soft_timeout_passed)?
        .set("cancelled", failure.cancelled)?
        .set("text", failure.to_string())?
        .set("may_be_applied", failure.may_be_applied())?
        .build()
}

pub(crate) fn attempt_failure<'py>(
    py: Python<'py>,
    failure: &AttemptFailure,
) -> PyResult<Bound<'py, PyAny>> {
    Record::new(py, "AttemptFailure")
        .set("host", &failure.host)?
        .set("kind", snake_case(failure.kind))?
        .set("phase", failure.phase.to_string())?
        .set("text", &failure.text)?
        .set("errno", failure.code)?
        .set("began_s", failure.began.as_secs_f64())?
        .set("elapsed_s", failure.elapsed.as_secs_f64())?
        .build()
}

/// Index, agent, host, start, length and failure of each attempt of a search.
pub(crate) fn attempts<'py>(
    py: Python<'py>,
    result: &SearchResult,
) -> PyResult<Bound<'py, PyList>> {
    let attempts = result.attempts().map(|attempt| {
        let failure = attempt.failure.map(|failure| attempt_failure(py, failure)).transpose()?;
        let SearchAttempt { outcome, host, began, elapsed, .. } = attempt;
        let (began, elapsed) = (began.as_secs_f64(), elapsed.as_secs_f64());
        (&outcome.index, outcome.agent, host, began, elapsed, failure).into_pyobject(py)
    });
    PyList::new(py, attempts.collect::<PyResult<Vec<_>>>()?)
}

/// What became of each agent of a search.
pub(crate) fn outcomes<'py>(
    py: Python<'py>,
    result: &SearchResult,
) -> PyResult<Bound<'py, PyTuple>> {
    tuple(py, &result.outcomes, |py, outcome| {
        let AgentOutcome { index, agent, local, host, elapsed, attempts, kept_mirror, .. } =
            outcome;
        let failure = result.failure_of(outcome);
        Record::new(py, "AgentOutcome")
            .set("index", index)?
            .set("agent", agent)?
            .set("local", local.as_deref())?
            .set("host", host.as_deref())?
            .set("failure", failure.map(|failure| agent_failure(py, failure)).transpose()?)?
            .set("elapsed_s", elapsed.as_secs_f64())?
            .set("attempts", attempts)?
            .set("kept_mirror", *kept_mirror)?
            .set("is_complete", outcome.is_complete())?
            .set("is_partial", outcome.is_partial())?
            .build()
    })
}

/// The part of the searched indexes that a result covers.
pub(crate) fn coverage<'py>(
    py: Python<'py>,
    result: &SearchResult,
) -> PyResult<Bound<'py, PyAny>> {
    let coverage = result.coverage();
    Record::new(py, "Coverage")
        .set("complete", coverage.complete)?
        .set("partial", coverage.partial)?
        .set("agents", coverage.agents)?
        .set("documents", coverage.documents)?
        .build()
}
