//! A batch in a language whose types can't tell one that runs.

use std::time::Duration;

use super::running::is_running;
use super::{Batch, CallId, SearchId};
use crate::error::Error;
use crate::net::Waited;
use crate::request::Reply;

/// A batch that knows whether it runs: what can't be done meanwhile is [`Error::Misuse`]. For
/// bindings; in Rust [`Batch`] and [`RunningBatch`](super::RunningBatch) are two types.
#[derive(Debug)]
pub struct BatchHandle {
    batch: Batch,
}

impl From<Batch> for BatchHandle {
    fn from(batch: Batch) -> Self {
        BatchHandle { batch }
    }
}

impl BatchHandle {
    /// The batch, unless it runs.
    pub fn get(&mut self) -> Result<&mut Batch, Error> {
        if self.batch.run.is_none() {
            return Ok(&mut self.batch);
        }
        self.batch.check_process()?;
        Err(is_running())
    }

    /// Leaves the batch to a thread ([`Batch::run`]); after an error it is as it was.
    pub fn run(&mut self) -> Result<(), Error> {
        self.batch.begin_run()
    }

    /// Waits until it is time to [`join`](Self::join), at most so long, and leaves the batch to
    /// its thread. All calls have ended then, a waker was used, or no thread came to it. `false`
    /// if not.
    pub fn wait_due(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        Ok(self.batch.wait_run(super::end_of(timeout))? != Waited::TimeUp)
    }

    /// Waits for all calls to end, at most so long, and takes the batch back, whatever still runs
    /// ([`RunningBatch::join`](super::RunningBatch::join)); `false` if some do. After
    /// [`Error::System`] it is back too.
    pub fn join(&mut self, timeout: Option<Duration>) -> Result<bool, Error> {
        self.batch.end_run(timeout)
    }

    /// Returns a call that ended, each once, whether it was added by itself or for a search. The C
    /// functions of 0.1 tell these, in place of [`Batch::next_completion`]. That tells a search
    /// nevertheless, and not the calls that were told here.
    pub fn next_call(&mut self) -> Result<Option<CallId>, Error> {
        Ok(self.get()?.next_call_of_any())
    }

    /// Waits for the next call to end, as [`Batch::wait_any`] does for calls and searches.
    pub fn wait_any_call(&mut self, timeout: Option<Duration>) -> Result<Option<CallId>, Error> {
        self.get()?.wait_for(timeout, Batch::next_call_of_any)
    }

    /// True if the result of a search was not taken yet.
    pub fn has_search(&self, search: SearchId) -> bool {
        self.batch.searches.get(search).is_some()
    }

    /// Local indexes of a search that nobody has searched ([`Batch::locals`]).
    pub fn locals(&self, search: SearchId) -> impl Iterator<Item = &str> {
        self.batch.locals(search)
    }

    /// The request for a local index ([`Batch::local_request`]).
    pub fn local_request(&self, search: SearchId, local: &str) -> Result<Vec<u8>, Error> {
        self.batch.local_request(search, local)
    }

    /// Hands in what a local index answered ([`Batch::add_local`]).
    pub fn add_local(
        &mut self,
        search: SearchId,
        local: &str,
        answer: Result<Reply, String>,
    ) -> Result<(), Error> {
        self.batch.add_local(search, local, answer)
    }

    /// Lets everything go as it is ([`Batch::abandon`]).
    pub fn abandon(&mut self) {
        self.batch.abandon();
    }
}
