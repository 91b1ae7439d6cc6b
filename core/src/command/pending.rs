//! Commands under way.

use std::fmt;
use std::os::fd::RawFd;
use std::time::Duration;

use crate::batch::Batch;
use crate::error::Error;

/// A command under way. Dropped, it is taken back; what agents have got of it stays done.
///
/// ```no_run
/// use hamirror::{CallOptions, Client, Config};
///
/// # fn main() -> Result<(), hamirror::Error> {
/// let client = Client::new(&Config::read("sphinx.conf")?)?;
/// let asked = client.start_keywords("goods", "red shoes", true, &CallOptions::default())?;
/// // Agents work meanwhile.
/// println!("{} keywords", asked.finish()?.keywords.len());
/// # Ok(())
/// # }
/// ```
pub struct Pending<T> {
    /// `None` once it has ended.
    work: Option<Box<dyn Turns<T>>>,
}

/// What a command does, turn by turn.
pub(super) trait Turns<T>: Send + Sync {
    /// Goes on for at most that time, or until there is an outcome.
    fn go_on(&mut self, timeout: Option<Duration>) -> Result<Option<T>, Error>;

    /// The batch that it waits for, if for any.
    fn batch(&self) -> Option<&Batch>;
}

impl<T> Pending<T> {
    /// One that goes on by that work, until it returns something.
    pub(super) fn new(work: impl Turns<T> + 'static) -> Self {
        Pending { work: Some(Box::new(work)) }
    }

    /// One that ends with the calls of a batch.
    pub(super) fn of_batch(
        batch: Batch,
        take: impl FnMut(&mut Batch) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Self {
        Pending::new(Calls { batch, take })
    }

    /// Makes a command of this one, with the outcome that the function makes of its own.
    pub fn map<U>(self, change: impl FnOnce(T) -> U + Send + Sync + 'static) -> Pending<U>
    where
        T: 'static,
    {
        Pending::new(Mapped { inner: self, change: Some(change) })
    }

    /// The batch that the command waits for, if for any.
    pub(crate) fn batch(&self) -> Option<&Batch> {
        self.work.as_ref()?.batch()
    }

    /// Returns the descriptor that is readable when [`Pending::wait`] has something to do, for an
    /// event loop; `None` while no agent is at work.
    ///
    /// Some commands ask several times, each time with a batch of its own, so ask for it after
    /// each wait. It belongs to the command, as that of a batch does ([`Batch::fd`]). Take it out
    /// of your loop before you call `wait`, or drop the command.
    pub fn fd(&self) -> Option<RawFd> {
        self.batch().map(Batch::fd)
    }

    /// Returns the time after which [`Pending::wait`] is due even if the descriptor stays quiet;
    /// `None` once the command has ended.
    pub fn timeout(&self) -> Option<Duration> {
        self.work.as_ref().and_then(|work| due(work.batch()))
    }

    /// Waits for the outcome; `None` if agents are still at work after that time. Without one it
    /// may return `None` early, too: call it again. After an outcome there is none any more.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<Option<T>, Error> {
        let Some(work) = &mut self.work else {
            return Err(Error::Misuse("the command has ended: its outcome was taken".to_owned()));
        };
        let ended = work.go_on(timeout);
        if !matches!(ended, Ok(None)) {
            self.work = None;
        }
        ended
    }

    /// Waits for the outcome.
    pub fn finish(mut self) -> Result<T, Error> {
        loop {
            if let Some(outcome) = self.wait(None)? {
                return Ok(outcome);
            }
        }
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pending").finish_non_exhaustive()
    }
}

/// Returns the time after which a command that waits for that batch is due. It is due at once
/// without one, or if the batch has nothing under way.
pub(crate) fn due(batch: Option<&Batch>) -> Option<Duration> {
    match batch.filter(|batch| batch.pending() > 0) {
        Some(batch) => batch.timeout(),
        None => Some(Duration::ZERO),
    }
}

/// Calls of one batch, of which something is made once all have ended.
struct Calls<F> {
    batch: Batch,
    take: F,
}

impl<T, F> Turns<T> for Calls<F>
where
    F: FnMut(&mut Batch) -> Result<T, Error> + Send + Sync,
{
    fn go_on(&mut self, timeout: Option<Duration>) -> Result<Option<T>, Error> {
        match self.batch.wait_all(timeout)? {
            true => (self.take)(&mut self.batch).map(Some),
            false => Ok(None),
        }
    }

    fn batch(&self) -> Option<&Batch> {
        Some(&self.batch)
    }
}

/// A command whose outcome is changed.
struct Mapped<T, F> {
    inner: Pending<T>,
    change: Option<F>,
}

impl<T, U, F> Turns<U> for Mapped<T, F>
where
    F: FnOnce(T) -> U + Send + Sync,
{
    fn go_on(&mut self, timeout: Option<Duration>) -> Result<Option<U>, Error> {
        let outcome = self.inner.wait(timeout)?;
        Ok(outcome.and_then(|outcome| Some(self.change.take()?(outcome))))
    }

    fn batch(&self) -> Option<&Batch> {
        self.inner.batch()
    }
}
