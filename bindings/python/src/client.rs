//! The client: a configuration at work, shared by any number of threads.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::batch::Batch;
use crate::config::Config;
use crate::error::{exception, misuse, of_one_agent};
use crate::options::{self, Keywords};
use crate::reply::Reply;
use crate::request::Request;
use crate::result::SearchResult;
use crate::search::search_options;
use crate::text::Text;
use crate::{status, waiting};

/// Asks distributed indexes; any number of threads may share it.
///
/// It is a context manager that closes itself. Nothing is connected before the first call.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct Client {
    inner: Mutex<Option<hamirror::Client>>,
}

#[pymethods]
impl Client {
    /// `options` are those of `ClientOptions`.
    #[new]
    #[pyo3(signature = (config, **options))]
    fn new(py: Python<'_>, config: &Config, options: Option<&Keywords<'_>>) -> PyResult<Self> {
        let options = options::client_options(options)?;
        let client = waiting::run(py, || hamirror::Client::with_options(&config.inner, options))?;
        Ok(Self { inner: Mutex::new(Some(client)) })
    }

    /// Searches all agents of an index and merges their answers as a master does.
    ///
    /// `options` are those of `SearchOptions`.
    #[pyo3(signature = (index, query, **options))]
    fn search(
        &self,
        py: Python<'_>,
        index: &str,
        query: Text,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<SearchResult> {
        let client = self.get()?;
        let (search, options) = search_options("search", query, options)?;
        let mut asked = None;
        let result = waiting::wait(py, |slice| {
            let (batch, id) = match &mut asked {
                Some(asked) => asked,
                empty => {
                    let mut batch = client.batch()?;
                    let id = batch.add_search(index, &search, &options)?;
                    empty.insert((batch, id))
                }
            };
            if !batch.wait_all(Some(slice))? {
                return Ok(None);
            }
            batch.take_search(*id).map(Some)
        })?;
        Ok(SearchResult::new(result))
    }

    /// Asks one agent of an index, by its number from 0.
    ///
    /// `options` are those of `CallOptions`.
    #[pyo3(signature = (index, agent, request, **options))]
    fn call(
        &self,
        py: Python<'_>,
        index: &str,
        agent: usize,
        request: &Request,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Reply> {
        let client = self.get()?;
        let options = options::call_options("call", options)?;
        let mut asked = None;
        let outcome = waiting::wait(py, |slice| {
            let (batch, call) = match &mut asked {
                Some(asked) => asked,
                empty => {
                    let mut batch = client.batch()?;
                    let call = batch.add_agent(index, agent, &request.inner, &options)?;
                    empty.insert((batch, call))
                }
            };
            if !batch.wait_all(Some(slice))? {
                return Ok(None);
            }
            let host = batch.asked(*call).and_then(|(_, host)| host).map(str::to_owned);
            let outcome = batch.take_reply(*call)?;
            Ok(Some(outcome.map(|reply| Reply::new(reply, host))))
        })?;
        outcome.map_err(|failure| exception(py, &of_one_agent(failure)))
    }

    /// An empty batch: many calls under way at once.
    fn batch(&self, py: Python<'_>) -> PyResult<Batch> {
        let client = self.get()?;
        Ok(Batch::new(waiting::run(py, || client.batch())?))
    }

    /// The record of every host, as it is now; waits for nothing.
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let client = self.get()?;
        let picture = waiting::run(py, || Ok(client.status()))?;
        status::status(py, &picture)
    }

    /// Takes over a new configuration. Calls under way end as they began; hosts that stay keep
    /// their record and their connections.
    fn reload(&self, py: Python<'_>, config: &Config) -> PyResult<()> {
        let client = self.get()?;
        py.detach(|| client.reload(&config.inner));
        Ok(())
    }

    /// Names of the distributed indexes, sorted.
    #[getter]
    fn indexes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.get()?.indexes())
    }

    /// Ends the client: its connections and its thread go when the last call and the last batch
    /// has ended, and any further use raises `MisuseError`. Closing twice does nothing.
    fn close(&self, py: Python<'_>) {
        let client = self.lock().take();
        py.detach(|| drop(client));
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) {
        self.close(py);
    }

    fn __repr__(&self) -> String {
        match self.lock().as_ref() {
            Some(client) => format!("<hamirror.Client of {}>", client.indexes().join(", ")),
            None => "<hamirror.Client, closed>".to_owned(),
        }
    }
}

impl Client {
    fn get(&self) -> PyResult<hamirror::Client> {
        self.lock().clone().ok_or_else(|| misuse("the client is closed"))
    }

    /// Held for a moment, by nobody who forks, waits, or may panic.
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<hamirror::Client>> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
