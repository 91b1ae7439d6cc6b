//! A batch that is left to a thread of the library while the program works.

use std::error;
use std::fmt;
use std::panic;
use std::time::{Duration, Instant};

use super::{Batch, SearchId, end_of};
use crate::error::{Error, SystemError};
use crate::net::{End, Run, Waited, clock};
use crate::request::Reply;

/// A batch at work on a thread of the library. It sends, reads, fails over, hedges and keeps
/// deadlines though the program does nothing for it.
///
/// [`join`](Self::join) makes it a [`Batch`] again. Dropped, it cancels what still runs, once its
/// thread is done with what it is at; dropped by a [`Request`](crate::Request) on that thread,
/// right after. In a forked child it is [`Error::Forked`], as any batch; its descriptors stay open
/// there until the child ends, for the thread that has them did not come along.
#[derive(Debug)]
pub struct RunningBatch {
    batch: Batch,
}

/// A batch for which there is no thread, as it was.
pub struct NotRun {
    /// Why: [`Error::System`] if the system gives no thread, [`Error::Forked`] in a forked child.
    pub error: Error,
    /// The batch, to be waited for in place of it.
    pub batch: Box<Batch>,
}

impl Batch {
    /// Leaves the batch to a thread of its own, and returns at once. This is for work of the
    /// program that takes longer than a moment, such as a local search. No batch that runs so
    /// holds up another.
    ///
    /// A [`Request`](crate::Request) of the program builds and judges on that thread meanwhile.
    /// The thread handles no signal, and is there for clients without a background thread
    /// too.
    pub fn run(mut self) -> Result<RunningBatch, NotRun> {
        match self.begin_run() {
            Ok(()) => Ok(RunningBatch { batch: self }),
            Err(error) => Err(NotRun { error, batch: Box::new(self) }),
        }
    }

    pub(super) fn begin_run(&mut self) -> Result<(), Error> {
        self.check_process()?;
        let Some(driver) = self.driver.take() else { return Err(is_running()) };
        match Run::start(Box::new(driver)) {
            Ok(run) => self.run = Some(run),
            Err((driver, error)) => {
                self.driver = Some(*driver);
                return Err(Error::System(SystemError::new("starting a thread", error)));
            }
        }
        Ok(())
    }

    /// Waits for the thread until all calls have ended, or that time.
    pub(super) fn wait_run(&self, until: Option<Instant>) -> Result<Waited, Error> {
        self.check_process()?;
        let run = self.run.as_ref().ok_or_else(is_not_running)?;
        if run.is_here() {
            let text = "a request can't wait for the batch that it is part of";
            return Err(Error::Misuse(text.to_owned()));
        }
        Ok(run.wait(until))
    }

    /// Waits for the thread until all calls have ended, or that time, and takes the driver back;
    /// `false` if some calls still run.
    pub(super) fn end_run(&mut self, timeout: Option<Duration>) -> Result<bool, Error> {
        let until = end_of(timeout);
        let waited = self.wait_run(until)?;
        match self.stop() {
            // A thread that began at the last moment has done nothing either.
            Some(End::Unbegun | End::Done) if waited == Waited::Unbegun => {
                let left = until.map(|until| until.saturating_duration_since(clock::now()));
                self.wait_all(left)
            }
            None | Some(End::Done | End::Unbegun) => Ok(self.pending() == 0),
            Some(End::Failed(error)) => {
                Err(Error::System(SystemError::new("waiting for sockets", error)))
            }
            Some(End::Panicked(payload)) => panic::resume_unwind(payload),
        }
    }

    /// Takes the driver back as it is.
    pub(super) fn stop(&mut self) -> Option<End> {
        let back = self.run.take()?.take_back()?;
        self.driver = Some(*back.driver);
        // Its ends are news to an event loop.
        self.has_news = true;
        Some(back.end)
    }
}

impl RunningBatch {
    /// Waits for all calls to end, at most so long, and takes the batch back. Completions and
    /// results are taken from it as ever, and what still runs is driven by the program again.
    ///
    /// [`Waker::wake`](crate::Waker::wake) ends the wait too. A panic of the program's own
    /// [`Request`](crate::Request) on the thread goes on here. [`Error::Misuse`] on that thread
    /// itself, and [`Error::System`] if the system refused to wait for sockets: both cancel the
    /// batch.
    pub fn join(mut self, timeout: Option<Duration>) -> Result<Batch, Error> {
        self.batch.end_run(timeout)?;
        Ok(self.batch)
    }

    /// Waits for all calls to end and leaves the batch to its thread; `false` if they have not.
    /// The time is up then, [`Waker::wake`](crate::Waker::wake) was called, or the thread could
    /// not begin, for which only [`join`](Self::join) helps.
    pub fn wait_all(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        Ok(self.batch.wait_run(end_of(timeout))? == Waited::Ended)
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
}

impl fmt::Debug for NotRun {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(out)
    }
}

impl fmt::Display for NotRun {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(out)
    }
}

impl error::Error for NotRun {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.error.source()
    }
}

impl From<NotRun> for Error {
    fn from(not_run: NotRun) -> Error {
        not_run.error
    }
}

pub(super) fn is_running() -> Error {
    Error::Misuse("the batch runs on a thread of the library: join it first".to_owned())
}

fn is_not_running() -> Error {
    Error::Misuse("the batch does not run: only one that was run can be joined".to_owned())
}
