//! The client: a configuration at work, shared by any number of threads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hamirror::Level;
use hamirror::status::Show;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::batch::Batch;
use crate::callback::Detached;
use crate::command::PendingCommand;
use crate::config::Config;
use crate::error::misuse;
use crate::options::{self, Keywords};
use crate::reply::Reply;
use crate::request::Request;
use crate::result::SearchResult;
use crate::search::{search_options, searches_of};
use crate::session::{self, Session};
use crate::text::Text;
use crate::update::update_of;
use crate::upkeep::Upkeep;
use crate::{ask, excerpts, log, start, status, waiting};

/// Asks distributed indexes; any number of threads may share it.
///
/// It is a context manager that closes itself. Nothing is connected before the first call.
#[pyclass(frozen, weakref, module = "hamirror")]
pub(crate) struct Client {
    inner: Mutex<Option<Arc<Detached<hamirror::Client>>>>,
    /// What is called once when the client is closed.
    at_close: Mutex<Option<Py<PyAny>>>,
}

#[pymethods]
impl Client {
    /// `options` are those of `ClientOptions`.
    #[new]
    #[pyo3(signature = (config, **options))]
    fn new(py: Python<'_>, config: &Config, options: Option<&Keywords<'_>>) -> PyResult<Self> {
        let options = options::client_options(options)?;
        let client = waiting::run(py, || hamirror::Client::with_options(&config.inner, options))?;
        log::listen(py, &client)?;
        let inner = Mutex::new(Some(Arc::new(Detached::new(client))));
        Ok(Self { inner, at_close: Mutex::new(None) })
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
        ask::search(py, &client, index, search_options("search", query, options)?, local)
    }

    /// Runs several searches of the same agents in one request to each, and waits. A daemon does
    /// once what they have in common.
    ///
    /// `searches` are 1 to 32; with `return_exceptions` what went wrong with one is in its place.
    /// `options` are those of `CallOptions`.
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
        let asked = (searches_of(searches)?, options::call_options("search_all", options)?);
        ask::search_all(py, &client, index, asked, return_exceptions)
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

    /// Runs an `INSERT`, `REPLACE`, `UPDATE` or `DELETE` on one agent of its index: on all of its
    /// mirrors, or on the one at position `mirror`. One that may have got it is not sent it again.
    ///
    /// `options` are those of `CallOptions`.
    #[pyo3(signature = (agent, statement, parameters = None, /, *, mirror = None, **options))]
    fn execute_on_agent<'py>(
        &self,
        py: Python<'py>,
        agent: usize,
        statement: &str,
        parameters: Option<&Bound<'py, PyAny>>,
        mirror: Option<usize>,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = options::call_options("execute_on_agent", options)?;
        let place = (agent, mirror);
        let client = self.get()?;
        start::on_agent(py, &client, place, statement, parameters, &options)?.finish(py)
    }

    /// Starts what `execute_on_agent` does.
    #[pyo3(signature = (agent, statement, parameters = None, /, *, mirror = None, **options))]
    fn start_on_agent(
        &self,
        py: Python<'_>,
        agent: usize,
        statement: &str,
        parameters: Option<&Bound<'_, PyAny>>,
        mirror: Option<usize>,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<PendingCommand> {
        let options = options::call_options("start_on_agent", options)?;
        let place = (agent, mirror);
        let client = self.get()?;
        start::on_agent(py, &client, place, statement, parameters, &options)
    }

    /// Cuts an excerpt of each document around the words, as a list in their order. Documents are
    /// split over the agents, which do as well as each other.
    ///
    /// `options` are those of `ExcerptOptions`.
    #[pyo3(signature = (index, documents, words, **options))]
    fn excerpts<'py>(
        &self,
        py: Python<'py>,
        index: &str,
        documents: &Bound<'py, PyAny>,
        words: &str,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = excerpts::options_of("excerpts", options)?;
        let client = self.get()?;
        start::excerpts(py, &client, index, documents, words, &options)?.finish(py)
    }

    /// Starts what `excerpts` does.
    #[pyo3(signature = (index, documents, words, **options))]
    fn start_excerpts(
        &self,
        py: Python<'_>,
        index: &str,
        documents: &Bound<'_, PyAny>,
        words: &str,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<PendingCommand> {
        let options = excerpts::options_of("start_excerpts", options)?;
        let client = self.get()?;
        start::excerpts(py, &client, index, documents, words, &options)
    }

    /// Splits a text into keywords as the index does; with `statistics` documents and hits are
    /// summed over all agents.
    ///
    /// `options` are those of `CallOptions`.
    #[pyo3(signature = (index, text, *, statistics = false, **options))]
    fn keywords<'py>(
        &self,
        py: Python<'py>,
        index: &str,
        text: &str,
        statistics: bool,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = options::call_options("keywords", options)?;
        let client = self.get()?;
        start::keywords(py, &client, index, text, statistics, &options)?.finish(py)
    }

    /// Starts what `keywords` does.
    #[pyo3(signature = (index, text, *, statistics = false, **options))]
    fn start_keywords(
        &self,
        py: Python<'_>,
        index: &str,
        text: &str,
        statistics: bool,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<PendingCommand> {
        let options = options::call_options("start_keywords", options)?;
        let client = self.get()?;
        start::keywords(py, &client, index, text, statistics, &options)
    }

    /// Sets attributes of documents on every mirror of every agent: `documents` is a mapping of
    /// ids to a value for each attribute. A mirror that may have got it is not sent it again.
    ///
    /// `options` are those of `CallOptions`.
    #[pyo3(signature = (index, attributes, documents, *, ignore_missing = false, **options))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        index: &str,
        attributes: &Bound<'py, PyAny>,
        documents: &Bound<'py, PyAny>,
        ignore_missing: bool,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let update = update_of(attributes, documents, ignore_missing)?;
        let options = options::call_options("update", options)?;
        let client = self.get()?;
        start::update(py, &client, index, &update, &options)?.finish(py)
    }

    /// Starts what `update` does.
    #[pyo3(signature = (index, attributes, documents, *, ignore_missing = false, **options))]
    fn start_update(
        &self,
        py: Python<'_>,
        index: &str,
        attributes: &Bound<'_, PyAny>,
        documents: &Bound<'_, PyAny>,
        ignore_missing: bool,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<PendingCommand> {
        let update = update_of(attributes, documents, ignore_missing)?;
        let options = options::call_options("start_update", options)?;
        let client = self.get()?;
        start::update(py, &client, index, &update, &options)
    }

    /// Has every mirror of every agent of an index write updated attributes to disk.
    ///
    /// `options` are those of `CallOptions`.
    #[pyo3(signature = (index, **options))]
    fn flush_attributes<'py>(
        &self,
        py: Python<'py>,
        index: &str,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = options::call_options("flush_attributes", options)?;
        let client = self.get()?;
        start::flush_attributes(py, &client, index, &options)?.finish(py)
    }

    /// Starts what `flush_attributes` does.
    #[pyo3(signature = (index, **options))]
    fn start_flush_attributes(
        &self,
        py: Python<'_>,
        index: &str,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<PendingCommand> {
        let options = options::call_options("start_flush_attributes", options)?;
        let client = self.get()?;
        start::flush_attributes(py, &client, index, &options)
    }

    /// Asks every mirror of every agent of an index for the counters of its daemon: those of
    /// `SHOW STATUS` there. `status` has what the library itself knows, and asks nobody.
    ///
    /// `options` are those of `CallOptions`.
    #[pyo3(signature = (index, **options))]
    fn daemon_status<'py>(
        &self,
        py: Python<'py>,
        index: &str,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = options::call_options("daemon_status", options)?;
        let client = self.get()?;
        start::daemon_status(py, &client, index, &options)?.finish(py)
    }

    /// Starts what `daemon_status` does.
    #[pyo3(signature = (index, **options))]
    fn start_daemon_status(
        &self,
        py: Python<'_>,
        index: &str,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<PendingCommand> {
        let options = options::call_options("start_daemon_status", options)?;
        let client = self.get()?;
        start::daemon_status(py, &client, index, &options)
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
        ask::call(py, &client, index, agent, (&request.inner, options))
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
        let flavour = options::choice_of("flavour", flavour, &status::FLAVOURS)?;
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
        let level = options::choice_of("level", level, &log::LEVELS)?.unwrap_or(Level::Info);
        let sink = log.map(|log| log::sink(py, log)).transpose()?.map(|sink| (level, sink));
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
        let texts = options::texts("addresses", addresses)?;
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
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let client = self.lock().take();
        drop(client);
        let at_close = held(&self.at_close).take();
        at_close.map_or(Ok(()), |callback| callback.call0(py).map(drop))
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
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

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Detached<hamirror::Client>>>> {
        held(&self.inner)
    }
}

/// Has `callback` called once when the client is closed; it must not keep the client alive.
#[pyfunction]
pub(crate) fn _at_close(client: &Client, callback: Py<PyAny>) {
    *held(&client.at_close) = Some(callback);
}

/// Held for a moment, by nobody who forks, waits, or may panic.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
