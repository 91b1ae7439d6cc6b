//! The client: a configuration at work, shared by any number of threads.

use std::sync::{Arc, Mutex};

use hamirror::Level;
use hamirror::status::Show;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::batch::Batch;
use crate::callback::Detached;
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
use crate::{ask, excerpts, keywords, log, mirrored, status, waiting};

/// Asks distributed indexes; any number of threads may share it.
///
/// It is a context manager that closes itself. Nothing is connected before the first call.
#[pyclass(frozen, weakref, module = "hamirror")]
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
        log::listen(py, &client)?;
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
        ask::search(py, &client, index, search_options("search", query, options)?, local)
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

    /// Runs an `INSERT`, `REPLACE`, `UPDATE` or `DELETE` on one agent of its index. A mirror
    /// that may have got it is not sent it again.
    ///
    /// Parameters
    /// ----------
    /// agent : int
    ///     Number of the agent in its index, from 0.
    /// statement : str
    ///     The statement.
    /// parameters : sequence or mapping, default none
    ///     Values for the free places, as those of `execute`.
    /// mirror : int, default all mirrors of the agent
    ///     Position of the one mirror that makes it, from 0.
    /// **options
    ///     Those of `CallOptions`.
    ///
    /// Returns
    /// -------
    /// Mirrored of Written
    ///     What became of it on each mirror.
    ///
    /// Raises
    /// ------
    /// NotFoundError
    ///     There is no such index, agent or mirror.
    /// StatementError
    ///     It is no such statement, or has no such values.
    /// Error
    ///     What `update` raises.
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
        let client = self.get()?;
        let parameters = session::parameters_of(parameters)?;
        let options = options::call_options("execute_on_agent", options)?;
        let start = || client.start_on_agent(agent, mirror, statement, &parameters, &options);
        mirrored::change(py, &ask::command(py, start)?)
    }

    /// Cuts an excerpt of each document around the words. Documents are split over the
    /// agents, which do as well as each other: if all mirrors of one fail, the next is asked.
    ///
    /// Parameters
    /// ----------
    /// index : str
    ///     A distributed index, whose settings are taken.
    /// documents : iterable of str
    ///     The documents, or names of files with `load_files`; an empty one has an empty excerpt.
    /// words : str
    ///     Words to look for.
    /// **options
    ///     Those of `ExcerptOptions`.
    ///
    /// Returns
    /// -------
    /// list of str
    ///     In the order of the documents.
    ///
    /// Raises
    /// ------
    /// RequestError
    ///     There are no words, or a number of the options is too large.
    /// Error
    ///     What `search` raises.
    #[pyo3(signature = (index, documents, words, **options))]
    fn excerpts<'py>(
        &self,
        py: Python<'py>,
        index: &str,
        documents: &Bound<'py, PyAny>,
        words: &str,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let client = self.get()?;
        let documents = excerpts::documents_of(documents)?;
        let (excerpt, options) = excerpts::options_of(options)?;
        let cut = ask::command(py, || {
            client.start_excerpts(index, &documents, words, &excerpt, &options)
        })?;
        excerpts::texts(py, &cut)
    }

    /// Splits a text into keywords as the index does.
    ///
    /// Parameters
    /// ----------
    /// index : str
    ///     A distributed index, or a list of them.
    /// text : str
    ///     The text.
    /// statistics : bool, default False
    ///     Sums documents and hits of each keyword over all agents.
    /// **options
    ///     Those of `CallOptions`.
    ///
    /// Returns
    /// -------
    /// Keywords
    ///     In the order of the text, with what came of each agent.
    ///
    /// Raises
    /// ------
    /// Error
    ///     What `search` raises.
    #[pyo3(signature = (index, text, *, statistics = false, **options))]
    fn keywords<'py>(
        &self,
        py: Python<'py>,
        index: &str,
        text: &str,
        statistics: bool,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.get()?;
        let options = options::call_options("keywords", options)?;
        let start = || client.start_keywords(index, text, statistics, &options);
        keywords::record(py, &ask::command(py, start)?)
    }

    /// Sets attributes of documents on every mirror of every agent. Agents pass over documents
    /// that they do not have. A mirror that may have got the update is not sent it again.
    ///
    /// Parameters
    /// ----------
    /// index : str
    ///     A distributed index, or a list of them.
    /// attributes : iterable of str
    ///     Names of attributes.
    /// documents : mapping of int to iterable of (int or iterable of int)
    ///     A value for each attribute by document id: 32 bits without a sign, or several for a
    ///     multi-value attribute. Other numbers are for `UPDATE` of SphinxQL.
    /// ignore_missing : bool, default False
    ///     Passes over attributes that an index does not have.
    /// **options
    ///     Those of `CallOptions`.
    ///
    /// Returns
    /// -------
    /// Mirrored of Written
    ///     What became of it on each mirror.
    ///
    /// Raises
    /// ------
    /// RequestError
    ///     A document has not as many values as there are attributes, or there is no document.
    /// UnansweredError
    ///     No agent, or fewer than `completeness` demands, has a mirror that made the update.
    /// Error
    ///     What `search` raises.
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
        let client = self.get()?;
        let update = update_of(attributes, documents, ignore_missing)?;
        let options = options::call_options("update", options)?;
        let start = || client.start_update(index, &update, &options);
        mirrored::change(py, &ask::command(py, start)?)
    }

    /// Has every mirror of every agent of an index write updated attributes to disk.
    ///
    /// Parameters
    /// ----------
    /// index : str
    ///     A distributed index, or a list of them.
    /// **options
    ///     Those of `CallOptions`.
    ///
    /// Returns
    /// -------
    /// Mirrored of int
    ///     The number of each mirror's flush, 0 if there was nothing to write.
    ///
    /// Raises
    /// ------
    /// Error
    ///     What `update` raises.
    #[pyo3(signature = (index, **options))]
    fn flush_attributes<'py>(
        &self,
        py: Python<'py>,
        index: &str,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.get()?;
        let options = options::call_options("flush_attributes", options)?;
        let start = || client.start_flush_attributes(index, &options);
        mirrored::flushes(py, &ask::command(py, start)?)
    }

    /// Asks every mirror of every agent of an index for the counters of its daemon: those of
    /// `SHOW STATUS` there. `status` has what the library itself knows, and asks nobody.
    ///
    /// Parameters
    /// ----------
    /// index : str
    ///     A distributed index, or a list of them.
    /// **options
    ///     Those of `CallOptions`.
    ///
    /// Returns
    /// -------
    /// Mirrored of tuple of (str, str)
    ///     Names and values of each mirror.
    ///
    /// Raises
    /// ------
    /// Error
    ///     What `update` raises.
    #[pyo3(signature = (index, **options))]
    fn daemon_status<'py>(
        &self,
        py: Python<'py>,
        index: &str,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.get()?;
        let options = options::call_options("daemon_status", options)?;
        let start = || client.start_daemon_status(index, &options);
        mirrored::counters(py, &ask::command(py, start)?)
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
