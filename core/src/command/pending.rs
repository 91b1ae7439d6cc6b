//! Commands under way.

use std::fmt;
use std::time::Duration;

use crate::batch::Batch;
use crate::error::Error;

/// A command under way. Dropped, it is taken back; what agents have got of it stays done.
pub struct Pending<T> {
    turn: Turn<T>,
}

type Turn<T> = Box<dyn FnMut(Option<Duration>) -> Result<Option<T>, Error> + Send + Sync>;

impl<T> Pending<T> {
    /// One that goes on by that function, until it returns something.
    pub(super) fn new(
        turn: impl FnMut(Option<Duration>) -> Result<Option<T>, Error> + Send + Sync + 'static,
    ) -> Self {
        Pending { turn: Box::new(turn) }
    }

    /// One that ends with the calls of a batch.
    pub(super) fn of_batch(
        mut batch: Batch,
        mut take: impl FnMut(&mut Batch) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Self {
        Pending::new(move |timeout| match batch.wait_all(timeout)? {
            true => take(&mut batch).map(Some),
            false => Ok(None),
        })
    }

    /// Makes a command of this one, with the outcome that the function makes of its own.
    pub(crate) fn map<U>(
        mut self,
        change: impl FnOnce(T) -> U + Send + Sync + 'static,
    ) -> Pending<U>
    where
        T: 'static,
    {
        let mut change = Some(change);
        Pending::new(move |timeout| {
            let outcome = self.wait(timeout)?;
            Ok(outcome.and_then(|outcome| Some(change.take()?(outcome))))
        })
    }

    /// Waits for the outcome; `None` if agents are still at work after that time. Without one it
    /// may return `None` early, too: call it again. After an outcome there is none any more.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<Option<T>, Error> {
        let ended = (self.turn)(timeout);
        if !matches!(ended, Ok(None)) {
            self.turn = Box::new(|_| {
                Err(Error::Misuse("the command has ended: its outcome was taken".to_owned()))
            });
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
