//! The merge of replies that a program got by itself.

use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::SystemTime;

use hamirror::{Completeness, FailureKind, Product};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::error::misuse;
use crate::options;
use crate::search::searches_of;
use crate::{pending, waiting};

/// Merges the replies of agents that the program asked by itself.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct RawMerge {
    /// `None` once it is finished.
    inner: Mutex<Option<hamirror::search::RawMerge>>,
}

#[pymethods]
impl RawMerge {
    /// `searches` of `index`, 32 at most.
    #[new]
    fn new(py: Python<'_>, index: &str, searches: &Bound<'_, PyAny>) -> PyResult<Self> {
        let searches = searches_of(searches)?;
        let now = SystemTime::now();
        let make = || hamirror::search::RawMerge::new(index, &searches, now);
        Ok(RawMerge { inner: Mutex::new(Some(waiting::run(py, make)?)) })
    }

    /// Says how agents are asked from now on: version of SEARCH, master, and whose words.
    #[pyo3(signature = (*, version = None, master = None, product = None))]
    fn asked(
        &self,
        py: Python<'_>,
        version: Option<u16>,
        master: Option<u32>,
        product: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let product = options::choice_of("product", product, &PRODUCTS)?;
        let (version, master) = (version.unwrap_or(VERSION), master.unwrap_or(MASTER));
        let mut guard = self.lock()?;
        let merge = guard.as_mut().ok_or_else(finished)?;
        waiting::run(py, || merge.set_asked(version, master, product.unwrap_or(Product::Sphinx)))
    }

    /// The body of a request for an agent that is asked for that list of its indexes.
    fn request<'py>(&self, py: Python<'py>, index_list: &str) -> PyResult<Bound<'py, PyBytes>> {
        let mut guard = self.lock()?;
        let merge = guard.as_mut().ok_or_else(finished)?;
        let body = waiting::run(py, || merge.request(index_list))?;
        Ok(PyBytes::new(py, &body))
    }

    /// Adds what the next agent replied: status and version of the header, and the body.
    fn add_reply(
        &self,
        py: Python<'_>,
        agent: &str,
        status: u16,
        version: u16,
        body: Vec<u8>,
    ) -> PyResult<()> {
        let mut guard = self.lock()?;
        let merge = guard.as_mut().ok_or_else(finished)?;
        waiting::run(py, || merge.add_reply(agent, status, version, body))
    }

    /// Adds that the next agent has no answer, and why.
    fn add_failure(&self, agent: &str, kind: &Bound<'_, PyAny>, text: &str) -> PyResult<()> {
        let chosen = options::choice_of("kind", Some(kind), &KINDS)?;
        let mut guard = self.lock()?;
        let merge = guard.as_mut().ok_or_else(finished)?;
        merge.add_failure(agent, chosen.unwrap_or(FailureKind::RemoteError), text);
        Ok(())
    }

    /// Merges what was added, and finishes: a result for each search.
    #[pyo3(signature = (*, completeness = None, return_exceptions = false))]
    fn finish<'py>(
        &self,
        py: Python<'py>,
        completeness: Option<&Bound<'py, PyAny>>,
        return_exceptions: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let completeness = match completeness {
            Some(value) => options::completeness(value)
                .map_err(|error| options::about(py, "completeness", error))?,
            None => Completeness::BestEffort,
        };
        let merge = self.lock()?.take().ok_or_else(finished)?;
        let results = waiting::run(py, || merge.finish(completeness))?;
        pending::objects(py, results, return_exceptions)
    }
}

impl RawMerge {
    fn lock(&self) -> PyResult<MutexGuard<'_, Option<hamirror::search::RawMerge>>> {
        match self.inner.try_lock() {
            Ok(merge) => Ok(merge),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(misuse("the merge is in use by another call")),
        }
    }
}

fn finished() -> PyErr {
    misuse("the merge is finished: make another one")
}

const KINDS: [(&str, FailureKind); 10] = [
    ("query_timeout", FailureKind::QueryTimeout),
    ("connect_timeout", FailureKind::ConnectTimeout),
    ("connect_failure", FailureKind::ConnectFailure),
    ("network_error", FailureKind::NetworkError),
    ("wrong_reply", FailureKind::WrongReply),
    ("unexpected_closing", FailureKind::UnexpectedClosing),
    ("remote_error", FailureKind::RemoteError),
    ("remote_retry", FailureKind::RemoteRetry),
    ("overtaken", FailureKind::Overtaken),
    ("local", FailureKind::Local),
];

const PRODUCTS: [(&str, Product); 2] =
    [("sphinx", Product::Sphinx), ("manticore", Product::Manticore)];

/// Version of SEARCH that masters of 2.2.11 ask in.
const VERSION: u16 = 0x11f;
/// Number of masters of 2.2.11.
const MASTER: u32 = 14;
