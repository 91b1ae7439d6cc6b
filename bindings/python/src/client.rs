//! The client: a configuration at work, shared by any number of threads.

use std::sync::{Arc, Mutex};

use hamirror::internal::BatchHandle;
use hamirror::status::Show;
use hamirror::{Level, LogSink};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::batch::Batch;
use crate::callback::{self, Detached};
use crate::config::Config;
use crate::error::misuse;
use crate::options::{self, Keywords, about};
use crate::reply::Reply;
use crate::request::Request;
use crate::result::SearchResult;
use crate::search::{search_options, searches_of};
use crate::session::{self, Session};
use crate::text::Text;
use crate::upkeep::Upkeep;
use crate::{local, log, pending, status, waiting};

/// Asks distributed indexes; any number of threads may share it.
///
/// It is a context manager that closes itself. Nothing is connected before the first call.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct Client {
    inner: Mutex<Option<Arc<Detached<hamirror::Client>>>>,
}

#[pymethods]
impl Client {
    /// `options` are those of `ClientOptions`.
    #[new]
    #[pyo3(signature = (config, **options))]
    fn new(py: Python<'_>, config: &Config, options: Option<&Keywords<'_>>) -> PyResult<Self> {
        let options = options::client_options(options)?;
        let client = waiting::run(py, || hamirror::Client::with_options(&config.inner, options))?;
        Ok(Self { inner: Mutex::new(Some(Arc::new(Detached::new(client)))) })
    }

    /// Searches all agents of an index and merges their answers as a master does.
    ///
    /// `local` searches a local index: it gets its name and the body of a SEARCH request, and
    /// returns that of the reply. `options` are those of `SearchOptions`.
    #[pyo3(signature = (index, query, *, local = None, **options))]
    fn search(
        &self,
        py: Python<'_>,
        index: &str,
        query: Text,
        local: Option<&Bound<'_, PyAny>>,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<SearchResult> {
        let client = self.get()?;
        let (search, options) = search_options("search", query, options)?;
        let ask = || {
            let mut batch = Detached::new(BatchHandle::from(client.batch()?));
            let id = batch.get()?.add_search_with(index, &search, &options)?;
            Ok((batch, id))
        };
        let mut asked = None;
        if let Some(local) = local {
            let (batch, id) = asked.insert(waiting::run(py, ask)?);
            local::search_locals(py, batch, *id, local)?;
        }
        let result = waiting::wait(py, |slice| {
            let (batch, id) = match &mut asked {
                Some(asked) => asked,
                empty => empty.insert(ask()?),
            };
            let batch = batch.get()?;
            if !batch.wait_all(Some(slice))? {
                return Ok(None);
            }
            batch.take_search(*id).map(Some)
        })?;
        Ok(SearchResult::new(result))
    }

    /// Runs several searches of the same agents in one request to each, and waits. A daemon does
    /// once what they have in common.
    ///
    /// Parameters
    /// ----------
    /// index : str
    ///     A distributed index, or a list of them.
    /// searches : iterable of Search
    ///     1 to 32 searches.
    /// return_exceptions : bool, default False
    ///     Puts what went wrong with one search in its place, and does not raise it.
    /// **options
    ///     Those of `CallOptions`.
    ///
    /// Returns
    /// -------
    /// list of SearchResult
    ///     In the order of the searches.
    ///
    /// Raises
    /// ------
    /// Error
    ///     What `search` raises. A select list that a daemon can't read fails all of them;
    ///     a query text, or a filter of a column that is not there, fails alone.
    #[pyo3(signature = (index, searches, *, return_exceptions = false, **options))]
    fn search_all<'py>(
        &self,
        py: Python<'py>,
        index: &str,
        searches: &Bound<'py, PyAny>,
        return_exceptions: bool,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let client = self.get()?;
        let searches = searches_of(searches)?;
        let options = options::call_options("search_all", options)?;
        let mut asked = None;
        let results = waiting::wait(py, |slice| {
            let (batch, id) = match &mut asked {
                Some(asked) => asked,
                empty => {
                    let mut batch = Detached::new(client.batch()?);
                    let id = batch.add_searches_with(index, &searches, &options)?;
                    empty.insert((batch, id))
                }
            };
            if !batch.wait_all(Some(slice))? {
                return Ok(None);
            }
            batch.take_searches(*id).map(Some)
        })?;
        pending::objects(py, results, return_exceptions)
    }

    /// Runs a statement of SphinxQL, or several between semicolons; an answer for each.
    ///
    /// `options` are those of `CallOptions`.
    #[pyo3(signature = (statement, parameters = None, /, **options))]
    fn execute<'py>(
        &self,
        py: Python<'py>,
        statement: &str,
        parameters: Option<&Bound<'py, PyAny>>,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let client = self.get()?;
        let parameters = session::parameters_of(parameters)?;
        let options = options::call_options("execute", options)?;
        let mut session = Detached::new(client.session());
        session::execute(py, &mut session, statement, &parameters, &options)
    }

    /// A session of SphinxQL, which remembers its last search.
    fn session(&self) -> PyResult<Session> {
        Ok(Session::new(self.get()?.session()))
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
        waiting::wait(py, |slice| {
            let (batch, call) = match &mut asked {
                Some(asked) => asked,
                empty => {
                    let mut batch = Detached::new(client.batch()?);
                    let call = batch.add_agent_with(index, agent, &request.inner, &options)?;
                    empty.insert((batch, call))
                }
            };
            if !batch.wait_all(Some(slice))? {
                return Ok(None);
            }
            let host = batch.asked(*call).and_then(|asked| asked.host).map(str::to_owned);
            Ok(Some(Reply::new(batch.take_reply(*call)?, host)))
        })
    }

    /// An empty batch: many calls under way at once.
    fn batch(&self, py: Python<'_>) -> PyResult<Batch> {
        let client = self.get()?;
        Ok(Batch::new(waiting::run(py, || client.batch())?))
    }

    /// Pings and sends to blackholes, for a program that drives them itself.
    fn upkeep(&self, py: Python<'_>) -> PyResult<Upkeep> {
        let client = self.get()?;
        Ok(Upkeep::new(waiting::run(py, || client.upkeep())?))
    }

    /// The record of every host, as it is now; waits for nothing.
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let client = self.get()?;
        let picture = waiting::run(py, || Ok(client.status()))?;
        status::status(py, &picture)
    }

    /// The rows of a SHOW statement, as they are now.
    #[pyo3(signature = (statement, *, flavour = None))]
    fn show<'py>(
        &self,
        py: Python<'py>,
        statement: &str,
        flavour: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.get()?;
        let flavour = flavour.map(|flavour| options::choice(flavour, &status::FLAVOURS));
        let flavour = flavour.transpose().map_err(|error| about(py, "flavour", error))?;
        let (picture, show) = waiting::run(py, || {
            let show = Show::parse(statement)?.flavour(flavour.unwrap_or_default());
            Ok((client.status(), show))
        })?;
        status::rows(py, &picture, &show)
    }

    /// The record of every host as text for Prometheus.
    fn prometheus(&self, py: Python<'_>) -> PyResult<String> {
        let client = self.get()?;
        waiting::run(py, || Ok(client.status().prometheus()))
    }

    /// Tells what happens to hosts and configuration to a function from now on; `None` ends it.
    #[pyo3(signature = (log, *, level = None))]
    fn set_log(
        &self,
        py: Python<'_>,
        log: Option<Py<PyAny>>,
        level: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let client = self.get()?;
        let level = level.map(|level| options::choice(level, &log::LEVELS)).transpose();
        let level = level.map_err(|error| about(py, "level", error))?.unwrap_or(Level::Info);
        let sink = match log {
            Some(log) if !log.bind(py).is_callable() => {
                return Err(PyTypeError::new_err("argument 'log': it can't be called"));
            }
            Some(log) => {
                callback::prepare(py)?;
                let sink: Box<dyn LogSink> = Box::new(log::Sink(log));
                Some((level, sink))
            }
            None => None,
        };
        py.detach(|| client.set_log(sink));
        Ok(())
    }

    /// Looks all host names up again, as `FLUSH HOSTNAMES` of a daemon does.
    fn flush_hostnames(&self, py: Python<'_>) -> PyResult<()> {
        let client = self.get()?;
        py.detach(|| client.flush_hostnames());
        Ok(())
    }

    /// Says where a host of the configuration listens, in place of what look-ups say.
    fn set_addresses(
        &self,
        py: Python<'_>,
        host: &str,
        addresses: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let client = self.get()?;
        if addresses.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("argument 'addresses': one text is no list of them"));
        }
        let texts = addresses.try_iter()?.map(|text| text?.extract());
        let texts: Vec<String> =
            texts.collect::<PyResult<_>>().map_err(|error| about(py, "addresses", error))?;
        waiting::run(py, || client.set_address_texts(host, &texts))
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
    fn close(&self) {
        let client = self.lock().take();
        drop(client);
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) {
        self.close();
    }

    fn __repr__(&self) -> String {
        match self.lock().as_ref() {
            Some(client) => format!("<hamirror.Client of {}>", client.indexes().join(", ")),
            None => "<hamirror.Client, closed>".to_owned(),
        }
    }
}

impl Client {
    fn get(&self) -> PyResult<Arc<Detached<hamirror::Client>>> {
        self.lock().clone().ok_or_else(|| misuse("the client is closed"))
    }

    /// Held for a moment, by nobody who forks, waits, or may panic.
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Detached<hamirror::Client>>>> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
