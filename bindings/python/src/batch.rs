//! A batch: many calls under way at once, driven by one thread at a time.

use std::collections::{HashMap, VecDeque};
use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use hamirror::internal::BatchHandle;
use hamirror::{CallId, Completed, Error, SearchId};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use crate::callback::Detached;
use crate::error::{exception, misuse};
use crate::local::LOCAL_VERSION;
use crate::options::{self, Keywords};
use crate::pending::{PendingReply, PendingSearch, PendingSearches, Results};
use crate::reply::Reply;
use crate::request::Request;
use crate::search::{search_options, searches_of};
use crate::text::Text;
use crate::waiting::{self, Limit};

/// Many calls under way at once, driven by one thread at a time.
///
/// Wait for all of them, iterate over them as they end, or put `fileno()` into an event loop:
/// when it is readable, or `timeout` has passed, call `drive()`. Or leave it to a thread of the
/// library by `run()`, until `join()`. It is a context manager that
/// closes itself, which ends what still runs.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct Batch {
    open: Mutex<Option<Open>>,
}

#[pymethods]
impl Batch {
    /// Starts a search of every agent of an index.
    ///
    /// `options` are those of `SearchOptions`.
    #[pyo3(signature = (index, query, **options))]
    fn add_search(
        &self,
        py: Python<'_>,
        index: &str,
        query: Text,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Py<PendingSearch>> {
        let (search, options) = search_options("add_search", query, options)?;
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        let batch = &mut open.batch;
        let id = waiting::run(py, || batch.get()?.add_search_with(index, &search, &options))?;
        let pending = Py::new(py, PendingSearch::new(index, id))?;
        open.running.insert(Completed::Search(id), Pending::Search(pending.clone_ref(py)));
        Ok(pending)
    }

    /// Starts several searches of the same agents in one request to each, 32 at most.
    ///
    /// `options` are those of `CallOptions`.
    #[pyo3(signature = (index, searches, **options))]
    fn add_searches(
        &self,
        py: Python<'_>,
        index: &str,
        searches: &Bound<'_, PyAny>,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Py<PendingSearches>> {
        let searches = searches_of(searches)?;
        let options = options::call_options("add_searches", options)?;
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        let batch = &mut open.batch;
        let id = waiting::run(py, || batch.get()?.add_searches_with(index, &searches, &options))?;
        let pending = Py::new(py, PendingSearches::new(index, id))?;
        open.running.insert(Completed::Search(id), Pending::Searches(pending.clone_ref(py)));
        Ok(pending)
    }

    /// Starts a request to every agent of an index: a read to one mirror of each, a write to all
    /// mirrors of each.
    ///
    /// `options` are those of `CallOptions`.
    #[pyo3(signature = (index, request, **options))]
    fn add_index(
        &self,
        py: Python<'_>,
        index: &str,
        request: &Request,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Vec<Py<PendingReply>>> {
        let options = options::call_options("add_index", options)?;
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        let batch = &mut open.batch;
        let calls =
            waiting::run(py, || batch.get()?.add_index_with(index, &request.inner, &options))?;
        calls.map(|call| open.add_reply(py, index, call)).collect()
    }

    /// Starts a request to one agent of an index, by its number from 0.
    ///
    /// `options` are those of `CallOptions`.
    #[pyo3(signature = (index, agent, request, **options))]
    fn add_agent(
        &self,
        py: Python<'_>,
        index: &str,
        agent: usize,
        request: &Request,
        options: Option<&Keywords<'_>>,
    ) -> PyResult<Py<PendingReply>> {
        let options = options::call_options("add_agent", options)?;
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        let batch = &mut open.batch;
        let call = waiting::run(py, || {
            batch.get()?.add_agent_with(index, agent, &request.inner, &options)
        })?;
        open.add_reply(py, index, call)
    }

    /// Waits for everything to end; `False` if the time is up before.
    #[pyo3(signature = (timeout = None))]
    fn wait(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let limit = Limit::after(timeout.map(options::duration).transpose()?);
        get(&mut self.lock()?)?.wait_all(py, limit)
    }

    /// Waits until every request is on its way; `False` if the time is up before. The agents work
    /// while this thread does something else.
    #[pyo3(signature = (timeout = None))]
    fn wait_sent(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let limit = Limit::after(timeout.map(options::duration).transpose()?);
        let mut guard = self.lock()?;
        let batch = &mut get(&mut guard)?.batch;
        waiting::wait(py, |slice| {
            let is_sent = batch.get()?.wait_sent(Some(limit.slice(slice)))?;
            Ok((is_sent || limit.has_passed()).then_some(is_sent))
        })
    }

    /// Leaves the batch to a thread of the library while the program works: it fails over and
    /// keeps deadlines meanwhile.
    fn run(&self, py: Python<'_>) -> PyResult<()> {
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        waiting::run(py, || open.batch.run())
    }

    /// Waits for everything to end and takes the batch back; `False` if the time is up before.
    #[pyo3(signature = (timeout = None))]
    fn join(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let limit = Limit::after(timeout.map(options::duration).transpose()?);
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        waiting::wait(py, |slice| {
            let is_due = open.batch.wait_due(Some(limit.slice(slice)))?;
            Ok((is_due || limit.has_passed()).then_some(()))
        })?;
        waiting::run(py, || open.batch.join(Some(Duration::ZERO)))?;
        // What is left where no thread came to it is waited for as ever, so that Ctrl-C ends that.
        open.wait_all(py, limit)
    }

    /// Local indexes of a search that nobody has searched.
    fn locals<'py>(
        &self,
        py: Python<'py>,
        search: &Bound<'py, PendingSearch>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        let locals: Vec<&str> = open.batch.locals(open.search_id(search)?).collect();
        PyTuple::new(py, locals)
    }

    /// The body of a SEARCH request for a local index, as an agent would get it.
    fn local_request<'py>(
        &self,
        py: Python<'py>,
        search: &Bound<'py, PendingSearch>,
        local: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        let id = open.search_id(search)?;
        let request = waiting::run(py, || open.batch.local_request(id, local))?;
        Ok(PyBytes::new(py, &request))
    }

    /// Hands in what a local index answered: the body of its reply, and its version, that of the
    /// request unless given.
    #[pyo3(signature = (search, local, body, *, version = None))]
    fn add_local(
        &self,
        py: Python<'_>,
        search: &Bound<'_, PendingSearch>,
        local: &str,
        body: Vec<u8>,
        version: Option<u16>,
    ) -> PyResult<()> {
        let reply = hamirror::Reply::new(version.unwrap_or(LOCAL_VERSION), body);
        self.end_local(py, search, local, Ok(reply))
    }

    /// Says why a local index has no answer.
    fn fail_local(
        &self,
        py: Python<'_>,
        search: &Bound<'_, PendingSearch>,
        local: &str,
        text: String,
    ) -> PyResult<()> {
        self.end_local(py, search, local, Err(text))
    }

    /// Reads and writes what sockets are ready for, and returns what has ended since the last
    /// time. Searches and replies are those that their `add_` returned.
    fn drive<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        open.drive(py)?;
        PyList::new(py, open.ended.drain(..))
    }

    /// Ends a search or a request without an answer; it comes back as what has ended does.
    fn cancel(&self, py: Python<'_>, pending: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        let found = open.find(pending);
        waiting::run(py, || {
            let batch = open.batch.get()?;
            match found {
                Some(Completed::Call(call)) => batch.cancel(call),
                Some(Completed::Search(search)) => batch.cancel_search(search),
                None => Ok(()),
            }
        })
    }

    /// Readable when `drive()` has something to do. The batch owns it: take it out of your loop
    /// before the batch is closed.
    fn fileno(&self) -> PyResult<RawFd> {
        Ok(get(&mut self.lock()?)?.fd)
    }

    /// Seconds after which `drive()` is due even if `fileno()` stays quiet; `None` while nothing
    /// runs.
    #[getter]
    fn timeout(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        let due = get(&mut self.lock()?)?.here(py)?.timeout();
        Ok(due.map(|due| due.as_secs_f64()))
    }

    /// Calls that have not ended; a search has one for each agent.
    #[getter]
    fn pending(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(get(&mut self.lock()?)?.here(py)?.pending())
    }

    /// Ends what still runs. Any further use raises `MisuseError`; what has ended keeps its
    /// result. Closing twice does nothing.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let open = self.lock()?.take();
        py.detach(|| drop(open));
        Ok(())
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Waits for the next search or reply to end.
    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        while open.ended.is_empty() && !open.running.is_empty() {
            open.wait_some(py, Limit::after(None))?;
        }
        Ok(open.ended.pop_front())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }
}

impl Batch {
    pub(crate) fn new(batch: hamirror::Batch) -> Self {
        let open = Open {
            fd: batch.fd(),
            batch: Detached::new(batch.into()),
            running: HashMap::new(),
            ended: VecDeque::new(),
        };
        Self { open: Mutex::new(Some(open)) }
    }

    fn end_local(
        &self,
        py: Python<'_>,
        search: &Bound<'_, PendingSearch>,
        local: &str,
        answer: Result<hamirror::Reply, String>,
    ) -> PyResult<()> {
        let mut guard = self.lock()?;
        let open = get(&mut guard)?;
        let id = open.search_id(search)?;
        waiting::run(py, || open.batch.add_local(id, local, answer))
    }

    /// Never waits: the holder may be this very thread, in whose wait a signal handler runs.
    fn lock(&self) -> PyResult<MutexGuard<'_, Option<Open>>> {
        self.open.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => misuse("the batch is in use by another thread or call"),
            TryLockError::Poisoned(_) => misuse("the batch broke in an earlier call"),
        })
    }
}

/// A batch that is not closed.
struct Open {
    batch: Detached<BatchHandle>,
    fd: RawFd,
    /// Calls and searches that were added and have not ended, as the program knows them.
    running: HashMap<Completed, Pending>,
    /// Handed out by iteration and by `drive`.
    ended: VecDeque<Py<PyAny>>,
}

enum Pending {
    Reply(Py<PendingReply>),
    Search(Py<PendingSearch>),
    Searches(Py<PendingSearches>),
}

/// Something that ended, with how it did.
enum Ended {
    Reply(Py<PendingReply>, Result<Reply, Error>),
    Search(Py<PendingSearch>, Result<Box<hamirror::SearchResult>, Error>),
    Searches(Py<PendingSearches>, Results),
}

impl Open {
    /// The batch, unless it runs.
    fn here(&mut self, py: Python<'_>) -> PyResult<&mut hamirror::Batch> {
        self.batch.get().map_err(|error| exception(py, &error))
    }

    /// The number of what runs in this batch.
    fn find(&self, pending: &Bound<'_, PyAny>) -> Option<Completed> {
        let number = if let Ok(reply) = pending.cast::<PendingReply>() {
            Completed::Call(reply.get().id)
        } else if let Ok(search) = pending.cast::<PendingSearch>() {
            Completed::Search(search.get().id)
        } else {
            Completed::Search(pending.cast::<PendingSearches>().ok()?.get().id)
        };
        let is_it = match self.running.get(&number)? {
            Pending::Reply(reply) => reply.is(pending),
            Pending::Search(search) => search.is(pending),
            Pending::Searches(searches) => searches.is(pending),
        };
        is_it.then_some(number)
    }

    /// The number of a search that runs in this batch.
    fn search_id(&self, search: &Bound<'_, PendingSearch>) -> PyResult<SearchId> {
        match self.find(search) {
            Some(Completed::Search(id)) => Ok(id),
            _ => Err(misuse("the search does not run in this batch")),
        }
    }

    fn add_reply(
        &mut self,
        py: Python<'_>,
        index: &str,
        call: CallId,
    ) -> PyResult<Py<PendingReply>> {
        let agent = self.here(py)?.asked(call).map_or(0, |asked| asked.agent);
        let pending = Py::new(py, PendingReply::new(index, agent, call))?;
        self.running.insert(Completed::Call(call), Pending::Reply(pending.clone_ref(py)));
        Ok(pending)
    }

    /// Waits for everything to end; `false` if the time is up before.
    fn wait_all(&mut self, py: Python<'_>, limit: Limit) -> PyResult<bool> {
        while !self.running.is_empty() && !limit.has_passed() {
            self.wait_some(py, limit)?;
            // Ends that come one after the other must not keep Ctrl-C waiting.
            py.check_signals()?;
        }
        if !self.running.is_empty() {
            // A wait without any time still takes what is there.
            self.drive(py)?;
        }
        Ok(self.running.is_empty())
    }

    /// Waits until something ends or the time is up.
    fn wait_some(&mut self, py: Python<'_>, limit: Limit) -> PyResult<()> {
        let ended = waiting::wait(py, |slice| {
            let first = self.batch.get()?.wait_any(Some(limit.slice(slice)))?;
            let ended = self.take_ended(first)?;
            let is_over = !ended.is_empty() || self.running.is_empty() || limit.has_passed();
            Ok(is_over.then_some(ended))
        })?;
        self.store(py, ended)
    }

    fn drive(&mut self, py: Python<'_>) -> PyResult<()> {
        let ended = waiting::run(py, || {
            self.batch.get()?.drive()?;
            self.take_ended(None)
        })?;
        self.store(py, ended)
    }

    /// Takes the outcomes of all that has ended; this merges results.
    fn take_ended(&mut self, first: Option<Completed>) -> Result<Vec<Ended>, Error> {
        let mut ended = Vec::new();
        let batch = self.batch.get()?;
        let mut next = first.or_else(|| batch.next_completion());
        while let Some(completed) = next {
            match (completed, self.running.remove(&completed)) {
                (Completed::Call(call), Some(Pending::Reply(pending))) => {
                    let host = batch.asked(call).and_then(|asked| asked.host);
                    let host = host.map(str::to_owned);
                    let reply = batch.take_reply(call).map(|reply| Reply::new(reply, host));
                    ended.push(Ended::Reply(pending, reply));
                }
                (Completed::Search(search), Some(Pending::Search(pending))) => {
                    let result = batch.take_search(search).map(Box::new);
                    ended.push(Ended::Search(pending, result));
                }
                (Completed::Search(search), Some(Pending::Searches(pending))) => {
                    ended.push(Ended::Searches(pending, batch.take_searches(search)));
                }
                // No object could be made when it was added.
                _ => {}
            }
            next = batch.next_completion();
        }
        Ok(ended)
    }

    fn store(&mut self, py: Python<'_>, ended: Vec<Ended>) -> PyResult<()> {
        for one in ended {
            let pending = match one {
                Ended::Reply(pending, reply) => {
                    pending.get().end(py, reply)?;
                    pending.into_any()
                }
                Ended::Search(pending, result) => {
                    pending.get().end(py, result.map(|result| *result))?;
                    pending.into_any()
                }
                Ended::Searches(pending, results) => {
                    pending.get().end(py, results)?;
                    pending.into_any()
                }
            };
            self.ended.push_back(pending);
        }
        Ok(())
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if let Err(broken) = self.open.get_mut()
            && let Some(open) = broken.into_inner()
        {
            // Its thread, which ends first, may be waiting for the GIL.
            let batch = &mut open.batch;
            Python::try_attach(|py| py.detach(|| batch.abandon()));
        }
    }
}

fn get<'a>(guard: &'a mut MutexGuard<'_, Option<Open>>) -> PyResult<&'a mut Open> {
    guard.as_mut().ok_or_else(|| misuse("the batch is closed"))
}
