//! Commands under way.

use std::fmt;
use std::time::Duration;

use crate::batch::Batch;
use crate::error::Error;

/// A command under way. Dropped, it is taken back; what agents have got of it stays done.
pub struct Pending<T> {
    work: Box<dyn Turns<T>>,
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
        Pending { work: Box::new(work) }
    }

    /// One that ends with the calls of a batch.
    pub(super) fn of_batch(
        batch: Batch,
        take: impl FnMut(&mut Batch) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Self {
        Pending::new(Calls { batch, take })
    }

    /// Makes a command of this one, with the outcome that the function makes of its own.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U + Send + Sync + 'static) -> Pending<U>
    where
        T: 'static,
    {
        Pending::new(Mapped { inner: self, change: Some(change) })
    }

    /// The batch that the command waits for, if for any.
    pub(crate) fn batch(&self) -> Option<&Batch> {
        self.work.batch()
    }

    /// Waits for the outcome; `None` if agents are still at work after that time. Without one it
    /// may return `None` early, too: call it again. After an outcome there is none any more.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<Option<T>, Error> {
        let ended = self.work.go_on(timeout);
        if !matches!(ended, Ok(None)) {
            self.work = Box::new(Over);
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

/// A command that has ended.
struct Over;

impl<T> Turns<T> for Over {
    fn go_on(&mut self, _timeout: Option<Duration>) -> Result<Option<T>, Error> {
        Err(Error::Misuse("the command has ended: its outcome was taken".to_owned()))
    }

    fn batch(&self) -> Option<&Batch> {
        None
    }
}
