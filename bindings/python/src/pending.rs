//! What a batch hands out for each thing asked of it: a place where the answer will be.

use std::sync::OnceLock;

use hamirror::{CallId, Error, SearchId};
use pyo3::PyClass;
use pyo3::prelude::*;
use pyo3::types::PyList;

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

/// Several searches in one request to each agent, under way in a batch. Their results stay here
/// when the batch is closed.
#[pyclass(frozen, weakref, module = "hamirror")]
pub(crate) struct PendingSearches {
    /// Distributed index that is searched.
    #[pyo3(get)]
    index: String,
    /// Number in its batch.
    pub(crate) id: SearchId,
    outcome: OnceLock<Result<Vec<Ended>, Error>>,
}

/// A result, made an object once, or why there is none.
type Ended = Result<Py<SearchResult>, Error>;

#[pymethods]
impl PendingSearches {
    /// True if the searches have ended, well or not; their batch finds out while it waits or is
    /// driven.
    #[getter]
    fn done(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// The merged result of each search, in their order; `MisuseError` while they run. What went
    /// wrong with one is raised, or stands in its place with `return_exceptions`.
    #[pyo3(signature = (*, return_exceptions = false))]
    fn results<'py>(
        &self,
        py: Python<'py>,
        return_exceptions: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let ended = match self.outcome.get() {
            Some(ended) => ended.as_ref().map_err(|error| exception(py, error))?,
            None => return Err(misuse("there is no result yet: wait for it, or drive its batch")),
        };
        list(py, ended, return_exceptions)
    }

    fn __repr__(&self) -> String {
        let state = match self.outcome.get() {
            Some(Ok(_)) => "answered",
            Some(Err(_)) => "failed",
            None => "running",
        };
        format!("<hamirror.PendingSearches of {}, {state}>", self.index)
    }
}

impl PendingSearches {
    pub(crate) fn new(index: &str, id: SearchId) -> Self {
        Self { index: index.to_owned(), id, outcome: OnceLock::new() }
    }

    pub(crate) fn end(&self, py: Python<'_>, results: Results) -> PyResult<()> {
        let ended = match results {
            Ok(results) => Ok(made(py, results)?),
            Err(error) => Err(error),
        };
        // A batch ends each thing once; a second outcome would be dropped.
        let _ = self.outcome.set(ended);
        Ok(())
    }
}

/// The list of results that several searches end with.
pub(crate) fn objects(
    py: Python<'_>,
    results: Vec<Result<hamirror::SearchResult, Error>>,
    return_exceptions: bool,
) -> PyResult<Bound<'_, PyList>> {
    list(py, &made(py, results)?, return_exceptions)
}

fn made(
    py: Python<'_>,
    results: Vec<Result<hamirror::SearchResult, Error>>,
) -> PyResult<Vec<Ended>> {
    let object = |result| match result {
        Ok(result) => Ok(Ok(Py::new(py, SearchResult::new(result))?)),
        Err(error) => Ok(Err(error)),
    };
    results.into_iter().map(object).collect()
}

fn list<'py>(
    py: Python<'py>,
    ended: &[Ended],
    return_exceptions: bool,
) -> PyResult<Bound<'py, PyList>> {
    let each = ended.iter().map(|result| match result {
        Ok(result) => Ok(result.clone_ref(py).into_any()),
        Err(error) if return_exceptions => Ok(exception(py, error).into_value(py).into_any()),
        Err(error) => Err(exception(py, error)),
    });
    PyList::new(py, each.collect::<PyResult<Vec<_>>>()?)
}

/// What a batch says of several searches.
pub(crate) type Results = Result<Vec<Result<hamirror::SearchResult, Error>>, Error>;

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
