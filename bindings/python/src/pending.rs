//! What a batch hands out for each thing asked of it: a place where the answer will be.

use std::sync::OnceLock;

use hamirror::{CallId, Error, SearchId};
use pyo3::PyClass;
use pyo3::prelude::*;

use crate::error::{exception, misuse};
use crate::reply::Reply;
use crate::result::SearchResult;

/// A search under way in a batch. Its result stays here when the batch is closed.
#[pyclass(frozen, weakref, module = "hamirror")]
pub(crate) struct PendingSearch {
    /// Distributed index that is searched.
    #[pyo3(get)]
    index: String,
    /// Number in its batch.
    pub(crate) id: SearchId,
    outcome: Outcome<SearchResult>,
}

#[pymethods]
impl PendingSearch {
    /// True if the search has ended, well or not; its batch finds out while it waits or is driven.
    #[getter]
    fn done(&self) -> bool {
        self.outcome.cell.get().is_some()
    }

    /// The merged result, or what went wrong as an exception; `MisuseError` while it runs.
    fn result(&self, py: Python<'_>) -> PyResult<Py<SearchResult>> {
        self.outcome.get(py)
    }

    fn __repr__(&self) -> String {
        format!("<hamirror.PendingSearch of {}, {}>", self.index, self.outcome.state())
    }
}

impl PendingSearch {
    pub(crate) fn new(index: &str, id: SearchId) -> Self {
        Self { index: index.to_owned(), id, outcome: Outcome { cell: OnceLock::new() } }
    }

    pub(crate) fn end(
        &self,
        py: Python<'_>,
        result: Result<hamirror::SearchResult, Error>,
    ) -> PyResult<()> {
        self.outcome.set(match result {
            Ok(result) => Ok(Py::new(py, SearchResult::new(result))?),
            Err(error) => Err(error),
        });
        Ok(())
    }
}

/// A request to one agent, under way in a batch. Its reply stays here when the batch is closed.
#[pyclass(frozen, weakref, module = "hamirror")]
pub(crate) struct PendingReply {
    /// Distributed index of the agent.
    #[pyo3(get)]
    index: String,
    /// Number of the agent in its index, from 0.
    #[pyo3(get)]
    agent: usize,
    /// Number in its batch.
    pub(crate) id: CallId,
    outcome: Outcome<Reply>,
}

#[pymethods]
impl PendingReply {
    /// True if the request has ended, well or not; its batch finds out while it waits or is
    /// driven.
    #[getter]
    fn done(&self) -> bool {
        self.outcome.cell.get().is_some()
    }

    /// The reply, or what went wrong as an exception; `MisuseError` while it runs.
    fn result(&self, py: Python<'_>) -> PyResult<Py<Reply>> {
        self.outcome.get(py)
    }

    fn __repr__(&self) -> String {
        let Self { index, agent, outcome, .. } = self;
        format!("<hamirror.PendingReply of {index}, agent {agent}, {}>", outcome.state())
    }
}

impl PendingReply {
    pub(crate) fn new(index: &str, agent: usize, id: CallId) -> Self {
        let outcome = Outcome { cell: OnceLock::new() };
        Self { index: index.to_owned(), agent, id, outcome }
    }

    pub(crate) fn end(&self, py: Python<'_>, reply: Result<Reply, Error>) -> PyResult<()> {
        self.outcome.set(match reply {
            Ok(reply) => Ok(Py::new(py, reply)?),
            Err(error) => Err(error),
        });
        Ok(())
    }
}

/// End of a call or a search, once it has one.
struct Outcome<T> {
    cell: OnceLock<Result<Py<T>, Error>>,
}

impl<T: PyClass> Outcome<T> {
    fn set(&self, outcome: Result<Py<T>, Error>) {
        // A batch ends each thing once; a second outcome would be dropped.
        let _ = self.cell.set(outcome);
    }

    fn get(&self, py: Python<'_>) -> PyResult<Py<T>> {
        match self.cell.get() {
            Some(Ok(value)) => Ok(value.clone_ref(py)),
            Some(Err(error)) => Err(exception(py, error)),
            None => Err(misuse("there is no result yet: wait for it, or drive its batch")),
        }
    }

    fn state(&self) -> &'static str {
        match self.cell.get() {
            Some(Ok(_)) => "answered",
            Some(Err(_)) => "failed",
            None => "running",
        }
    }
}
