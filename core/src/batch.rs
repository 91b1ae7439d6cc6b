//! A batch: many calls under way at once, driven by one thread at a time.
//!
//! Block on it ([`Batch::wait_any`], [`Batch::wait_all`]), or put [`Batch::fd`] into an event
//! loop of your own: when it is readable, or [`Batch::timeout`] has passed, call
//! [`Batch::drive`] and take what has ended with [`Batch::next_completion`]. Or leave it to a
//! thread of the library while the program works ([`Batch::run`]).

mod adding;
mod handle;
mod running;
mod searches;

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::completeness::Completeness;
pub use crate::engine::CallId;
use crate::error::{AgentFailure, Error, SystemError, UnknownName};
use crate::limits::DEADLINE_MAX;
use crate::net::{Driver, Run, Waker, clock};
use crate::request::Reply;
use crate::search::{Local, Outcomes, Part, PartSource, SearchRequest, SearchResult};
use crate::shared::Shared;
pub use handle::BatchHandle;
pub use running::{NotRun, RunningBatch};
pub use searches::Completed;
use searches::{RunningSearch, Searches};

/// Calls under way. Dropped, it cancels those that still run. It may live as long as the program:
/// what was taken out of it costs no memory any more.
pub struct Batch {
    /// Of the process that made the batch.
    shared: Arc<Shared>,
    /// There until the batch is dropped, but for the time that it runs.
    driver: Option<Driver>,
    /// There while a thread of the library has the driver.
    run: Option<Run>,
    searches: Searches,
    /// Something ended while it was added or cancelled, which no fd tells.
    has_news: bool,
}

/// Number of a search within its batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchId(pub u32);

/// Calls that were started together, in the order of the agents (and for a write of the mirrors
/// of each).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    first: CallId,
    count: u32,
}

impl Calls {
    fn contains(&self, call: CallId) -> bool {
        call.0.wrapping_sub(self.first.0) < self.count
    }
}

impl Iterator for Calls {
    type Item = CallId;

    fn next(&mut self) -> Option<CallId> {
        self.count = self.count.checked_sub(1)?;
        let next = CallId(self.first.0.wrapping_add(1));
        Some(std::mem::replace(&mut self.first, next))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count as usize, Some(self.count as usize))
    }
}

impl ExactSizeIterator for Calls {}

/// Whom a call asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked<'a> {
    /// Name of the distributed index.
    pub index: &'a str,
    /// Number of the agent in its index, from 0.
    pub agent: usize,
    /// Name of the host that answered, or that a write is for; `None` for a read that runs or got
    /// no answer.
    pub host: Option<&'a str>,
}

impl Batch {
    pub(crate) fn new(shared: Arc<Shared>, driver: Driver) -> Self {
        Self {
            shared,
            driver: Some(driver),
            run: None,
            searches: Searches::default(),
            has_news: false,
        }
    }

    /// Local indexes of a search's distributed index that nobody has searched. The program may:
    /// on this thread after [`run`](Self::run), so that the agents work meanwhile, or on another.
    /// Those that are left are named in the result's warning; where the options ask for
    /// [completeness](crate::Completeness), they are missing from it.
    pub fn locals(&self, search: SearchId) -> impl Iterator<Item = &str> {
        let running = self.searches.get(search).into_iter();
        let locals = running.flat_map(|running| &running.locals);
        locals.filter(|local| !local.is_searched()).map(|local| local.name.as_str())
    }

    /// The body of a SEARCH request for a local index, as an agent would get it: see
    /// [`Command::SEARCH`](crate::wire::header::Command::SEARCH) and core/docs/spec/protocol.md 4.
    pub fn local_request(&self, search: SearchId, local: &str) -> Result<Vec<u8>, Error> {
        let running = self.searches.get(search).ok_or_else(|| unknown_search(search))?;
        let found = running.locals.iter().find(|found| found.name == local);
        found.ok_or_else(|| unknown_local(search, local, &running.locals))?.request()
    }

    /// Hands in what a local index answered ([`Reply::new`]), or why it could not.
    ///
    /// [`Error::Request`] if the answer is malformed, or its version says that the program reads
    /// the request otherwise than it was written. It may be answered again; in the second case
    /// [`Self::local_request`] is another one then.
    pub fn add_local(
        &mut self,
        search: SearchId,
        local: &str,
        answer: Result<Reply, String>,
    ) -> Result<(), Error> {
        let running = self.searches.get_mut(search).ok_or_else(|| unknown_search(search))?;
        let found = running.locals.iter().position(|found| found.name == local);
        let found = found.ok_or_else(|| unknown_local(search, local, &running.locals))?;
        let found = &mut running.locals[found];
        found.handle_answer(answer)
    }

    /// Waits until every request is on its way, so that the agents work while this thread does
    /// something else. `false` if the time is up before, or [`Waker::wake`] was called. Nobody
    /// fails over or looks at deadlines meanwhile: what takes long is for [`run`](Self::run).
    pub fn wait_sent(&mut self, timeout: Option<Duration>) -> Result<bool, Error> {
        self.check_process()?;
        self.has_news = true;
        let until = end_of(timeout);
        while !self.driver().engine().is_sent() {
            if !self.wait_once(until)? {
                return Ok(self.driver().engine().is_sent());
            }
        }
        Ok(true)
    }

    /// Waits for the next call or search to end; `None` if nothing runs, the time is up, or
    /// [`Waker::wake`] was called.
    pub fn wait_any(&mut self, timeout: Option<Duration>) -> Result<Option<Completed>, Error> {
        self.wait_for(timeout, Self::next_completion)
    }

    /// Waits for all calls to end; `false` if the time is up before, or [`Waker::wake`] was
    /// called.
    pub fn wait_all(&mut self, timeout: Option<Duration>) -> Result<bool, Error> {
        self.check_process()?;
        self.has_news = false;
        let until = end_of(timeout);
        while self.pending() > 0 {
            if !self.wait_once(until)? {
                return Ok(self.pending() == 0);
            }
        }
        Ok(true)
    }

    /// Readable when [`drive`](Self::drive) has something to do; for poll, select or an epoll of
    /// your own. It stays the same for the life of the batch, which owns it. Take it out of your
    /// loop before the batch is dropped: the descriptor lives on and may serve another batch.
    pub fn fd(&self) -> RawFd {
        self.driver_ref().fd()
    }

    /// When [`drive`](Self::drive) is due even if the fd stays quiet: at once if a call ended
    /// outside of it; `None` while nothing runs.
    pub fn timeout(&self) -> Option<Duration> {
        if self.has_news || self.driver_ref().has_unread() {
            return Some(Duration::ZERO);
        }
        let engine = self.driver_ref().engine_ref();
        let due = engine.next_timeout().filter(|_| engine.running() > 0)?;
        Some(due.saturating_duration_since(clock::now()))
    }

    /// Does what is to be done now, without waiting.
    pub fn drive(&mut self) -> Result<(), Error> {
        self.check_process()?;
        self.has_news = false;
        self.turn(Some(Duration::ZERO))
    }

    /// Returns a call or a search that ended, each once, and none whose outcome was taken before.
    /// A call was added as one, and a search ends with the last of its calls.
    pub fn next_completion(&mut self) -> Option<Completed> {
        let engine = self.driver.as_mut().expect(DRIVER_IS_HERE).engine();
        self.searches.next_completion(|| engine.poll_completion())
    }

    /// Calls that have not ended.
    pub fn pending(&self) -> usize {
        self.driver_ref().engine_ref().running()
    }

    /// Ends a call without an answer; one that has ended stays as it is.
    pub fn cancel(&mut self, call: CallId) -> Result<(), Error> {
        self.check_process()?;
        let (now, before) = (clock::now(), self.pending());
        self.driver().engine().cancel(call, now);
        self.driver().perform(now);
        self.has_news |= self.pending() < before;
        Ok(())
    }

    /// Ends all calls of a search without an answer; those that have ended stay as they are. A
    /// search that is unknown, or was taken, is no error.
    pub fn cancel_search(&mut self, search: SearchId) -> Result<(), Error> {
        let mut calls = self.search_calls(search).into_iter().flatten();
        calls.try_for_each(|call| self.cancel(call))
    }

    /// Returns the outcome of a call; `None` while it runs, once taken, and for a number that is
    /// not one.
    pub fn reply(&self, call: CallId) -> Option<Result<&Reply, &AgentFailure>> {
        let outcome = self.driver_ref().engine_ref().outcome(call)?;
        Some(outcome.as_ref().map(|answer| &answer.reply))
    }

    /// Takes the reply of a call out, or why there is none. That is [`Error::Unanswered`] with one
    /// failure, which has an [`Error::program`] if a request of the program's own ended the call.
    /// [`Error::Misuse`] if the call runs, was taken before, or belongs to a search.
    pub fn take_reply(&mut self, call: CallId) -> Result<Reply, Error> {
        if self.search_of(call).is_some() {
            let text = format!("call {} belongs to a search: take its result", call.0);
            return Err(Error::Misuse(text));
        }
        let outcome = self.driver().engine().take_outcome(call);
        let outcome = outcome.ok_or_else(|| {
            let CallId(number) = call;
            Error::Misuse(format!("call {number} has no outcome: it runs, or was taken before"))
        })?;
        self.driver().engine().forget(call);
        Ok(outcome?.reply)
    }

    /// Returns whom a call asks; `None` once its outcome was taken, and for a number that is not
    /// one.
    pub fn asked(&self, call: CallId) -> Option<Asked<'_>> {
        let (agent, mirror) = self.driver_ref().engine_ref().asked(call)?;
        let host = mirror.map(|mirror| agent.mirrors[mirror].host.name.as_str());
        Some(Asked { index: &agent.index, agent: agent.number, host })
    }

    /// Calls of a search, one an agent; `None` once its result is taken, and for a number that is
    /// not one.
    pub fn search_calls(&self, search: SearchId) -> Option<Calls> {
        Some(self.searches.get(search)?.calls.clone())
    }

    /// Number of queries of a search, each with a result; `None` once these are taken, and for a
    /// number that is not one.
    pub fn queries(&self, search: SearchId) -> Option<usize> {
        Some(self.searches.get(search)?.request.queries())
    }

    /// The search that a call belongs to; `None` for other calls, and once its result is taken.
    pub fn search_of(&self, call: CallId) -> Option<SearchId> {
        self.searches.of(call)
    }

    /// Takes the merged result of a search whose calls have all ended.
    pub fn take_search(&mut self, search: SearchId) -> Result<SearchResult, Error> {
        let running = self.check_ended(search)?;
        if running.request.queries() > 1 {
            let SearchId(number) = search;
            let text = format!("search {number} has several queries: take all of their results");
            return Err(Error::Misuse(text));
        }
        let (request, outcomes, completeness) = self.take_outcomes(search)?;
        outcomes.merge(&request, completeness)
    }

    /// Takes the merged result of each query of a search whose calls have all ended.
    pub fn take_searches(
        &mut self,
        search: SearchId,
    ) -> Result<Vec<Result<SearchResult, Error>>, Error> {
        self.check_ended(search)?;
        let (request, outcomes, completeness) = self.take_outcomes(search)?;
        Ok(outcomes.merge_all(&request, completeness))
    }

    /// Ends waits of this batch from another thread.
    pub fn waker(&self) -> Waker {
        self.driver_ref().waker()
    }

    /// Lets everything go as it is, after a panic that was caught on the way to the caller. Nobody
    /// knows in what state the rest was left. All that is left to do with it is to drop it.
    pub fn abandon(&mut self) {
        self.end(true);
    }

    fn check_ended(&self, search: SearchId) -> Result<&RunningSearch, Error> {
        let running = self.searches.get(search).ok_or_else(|| unknown_search(search))?;
        let engine = self.driver_ref().engine_ref();
        if running.calls.clone().any(|call| engine.outcome(call).is_none()) {
            let SearchId(number) = search;
            return Err(Error::Misuse(format!("search {number} has calls that still run")));
        }
        Ok(running)
    }

    fn take_outcomes(
        &mut self,
        search: SearchId,
    ) -> Result<(Arc<SearchRequest>, Outcomes<String>, Completeness), Error> {
        let running = self.searches.take(search).ok_or_else(|| unknown_search(search))?;
        let RunningSearch { request, calls, locals, options, .. } = running;
        let agents = calls.map(|call| self.search_outcome(call)).collect();
        let completeness = options.completeness;
        let mut outcomes = Outcomes { locals: Vec::new(), unsearched: Vec::new(), agents };
        for local in locals {
            match local.into_outcome(completeness) {
                Ok(outcome) => outcomes.locals.push(outcome),
                Err(name) => outcomes.unsearched.push(name),
            }
        }
        Ok((request, outcomes, completeness))
    }

    fn search_outcome(&mut self, call: CallId) -> (Part<String>, Result<Reply, AgentFailure>) {
        let asked = self.asked(call);
        let asked = asked.map(|asked| (asked.index.to_owned(), asked.agent, asked.host));
        let (index, number, host) = asked.unwrap_or_default();
        let source = PartSource::Agent(number, host.unwrap_or_default().to_owned());
        let effort = self.driver_ref().engine_ref().effort(call).unwrap_or_default();
        (Part { index, source, effort }, self.take_outcome(call))
    }

    /// Takes what became of a call that has ended.
    pub(crate) fn take_outcome(&mut self, call: CallId) -> Result<Reply, AgentFailure> {
        let engine = self.driver().engine();
        let outcome = engine.take_outcome(call);
        engine.forget(call);
        outcome.unwrap_or_else(|| Err(AgentFailure::default())).map(|answer| answer.reply)
    }

    fn next_call(&self) -> CallId {
        self.driver_ref().engine_ref().next_call()
    }

    /// Returns a call that ended, each once, whatever it is part of.
    fn next_call_of_any(&mut self) -> Option<CallId> {
        let engine = self.driver.as_mut().expect(DRIVER_IS_HERE).engine();
        self.searches.next_call(|| engine.poll_completion())
    }

    fn wait_for<T>(
        &mut self,
        timeout: Option<Duration>,
        next: fn(&mut Self) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        self.check_process()?;
        self.has_news = false;
        let until = end_of(timeout);
        loop {
            if let Some(ended) = next(self) {
                return Ok(Some(ended));
            }
            if self.pending() == 0 || !self.wait_once(until)? {
                return Ok(next(self));
            }
        }
    }

    fn wait_once(&mut self, until: Option<Instant>) -> Result<bool, Error> {
        // A wake-up may have been read by `drive`, which does not wait for one.
        if self.driver().take_woken() {
            return Ok(false);
        }
        let left = until.map(|until| until.saturating_duration_since(clock::now()));
        self.turn(left)?;
        Ok(!left.is_some_and(|left| left.is_zero()) && !self.driver().take_woken())
    }

    /// After a panic of the caller's own code nobody knows in what state the engine is.
    fn end(&mut self, after_panic: bool) {
        if self.check_process().is_err() {
            if let Some(run) = self.run.take() {
                run.abandon();
            }
            if let Some(driver) = self.driver.take() {
                driver.abandon();
            }
            return;
        }
        self.stop();
        let Some(mut driver) = self.driver.take() else { return };
        if after_panic || driver.is_broken() {
            return driver.let_go();
        }
        driver.end_batch();
        self.shared.pool.put(driver);
    }

    fn check_process(&self) -> Result<(), Error> {
        if self.shared.is_of_this_process() { Ok(()) } else { Err(Error::Forked) }
    }

    fn turn(&mut self, timeout: Option<Duration>) -> Result<(), Error> {
        let turned = self.driver().turn(timeout);
        turned.map_err(|error| Error::System(SystemError::new("waiting for sockets", error)))
    }

    fn driver(&mut self) -> &mut Driver {
        self.driver.as_mut().expect(DRIVER_IS_HERE)
    }

    fn driver_ref(&self) -> &Driver {
        self.driver.as_ref().expect(DRIVER_IS_HERE)
    }
}

fn unknown_search(search: SearchId) -> Error {
    let SearchId(number) = search;
    Error::Misuse(format!("search {number} is unknown, or was taken before"))
}

fn unknown_local(search: SearchId, local: &str, known: &[Local]) -> Error {
    let SearchId(number) = search;
    let text = format!("search {number} has no local index '{local}'");
    Error::Unknown(UnknownName::new(text, local, known.iter().map(|known| &known.name)))
}

/// When a wait of that length ends; a longer one than any call is as good as that.
fn end_of(timeout: Option<Duration>) -> Option<Instant> {
    timeout.map(|timeout| clock::now() + timeout.min(DEADLINE_MAX))
}

/// Whoever has a batch that runs can't reach what needs the driver.
const DRIVER_IS_HERE: &str = "a batch that does not run has its driver until it is dropped";

impl fmt::Debug for Batch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut batch = out.debug_struct("Batch");
        match &self.driver {
            Some(driver) => batch.field("pending", &driver.engine_ref().running()),
            None => batch.field("runs", &self.run.is_some()),
        };
        batch.finish_non_exhaustive()
    }
}

/// The descriptor of [`Batch::fd`], for event loops that take one by its type.
impl AsFd for Batch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.driver_ref().as_fd()
    }
}

impl AsRawFd for Batch {
    fn as_raw_fd(&self) -> RawFd {
        self.fd()
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.end(std::thread::panicking());
    }
}
