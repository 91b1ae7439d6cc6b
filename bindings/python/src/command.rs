//! Commands under way: what is asked beside searches.

use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use hamirror::Error;
use hamirror::command::Pending;
use pyo3::prelude::*;

use crate::callback::Detached;
use crate::error::{exception, misuse};
use crate::options;
use crate::waiting::{self, Limit};

/// A command under way. Dropped, it is taken back; what agents have got of it stays done.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct PendingCommand {
    state: Mutex<State>,
}

enum State {
    Running(Detached<Box<dyn Work>>),
    /// No exception is kept: its traceback would have the frame that has the command.
    Ended(Result<Py<PyAny>, Error>),
}

#[pymethods]
impl PendingCommand {
    /// Waits for the command to end; `False` if the time is up before.
    #[pyo3(signature = (timeout = None))]
    fn wait(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        self.go_on(py, Limit::after(timeout.map(options::duration).transpose()?))
    }

    /// Reads and writes what sockets are ready for; `True` once the command has ended.
    fn drive(&self, py: Python<'_>) -> PyResult<bool> {
        self.go_on(py, Limit::after(Some(Duration::ZERO)))
    }

    /// What came of the command, or why nothing did.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match &*self.lock()? {
            State::Running(_) => Err(misuse("the command is under way: wait for it")),
            State::Ended(Ok(object)) => Ok(object.clone_ref(py)),
            State::Ended(Err(error)) => Err(exception(py, error)),
        }
    }

    /// The command has ended.
    #[getter]
    fn done(&self) -> PyResult<bool> {
        Ok(matches!(&*self.lock()?, State::Ended(_)))
    }

    /// Readable when `drive()` has something to do.
    fn fileno(&self) -> PyResult<RawFd> {
        let nobody = || misuse("no agent is at work: drive the command, or take its result");
        match &*self.lock()? {
            State::Running(work) => work.fd().ok_or_else(nobody),
            State::Ended(_) => Err(nobody()),
        }
    }

    /// Seconds after which `drive()` is due even if `fileno()` stays quiet; `None` once the
    /// command has ended.
    #[getter]
    fn timeout(&self) -> PyResult<Option<f64>> {
        match &*self.lock()? {
            State::Running(work) => Ok(work.timeout().map(|due| due.as_secs_f64())),
            State::Ended(_) => Ok(None),
        }
    }

    /// Takes the command back, unless it has ended.
    fn cancel(&self) -> PyResult<()> {
        let mut state = self.lock()?;
        if matches!(&*state, State::Running(_)) {
            *state = State::Ended(Err(Error::Misuse("the command was taken back".to_owned())));
        }
        Ok(())
    }

    fn __repr__(&self) -> PyResult<&'static str> {
        Ok(match self.done()? {
            true => "<hamirror.PendingCommand, done>",
            false => "<hamirror.PendingCommand, pending>",
        })
    }
}

impl PendingCommand {
    /// Starts a command, of whose outcome that function makes an object.
    pub(crate) fn start<T: Send + 'static>(
        py: Python<'_>,
        start: impl FnOnce() -> Result<Pending<T>, Error> + Send,
        object: impl for<'py> Fn(Python<'py>, &T) -> PyResult<Bound<'py, PyAny>> + Send + 'static,
    ) -> PyResult<Self> {
        let pending = waiting::run(py, start)?;
        let work: Box<dyn Work> = Box::new(Started { pending, told: None, object });
        Ok(PendingCommand { state: Mutex::new(State::Running(Detached::new(work))) })
    }

    /// Waits for the outcome. What ends the wait takes the command back.
    pub(crate) fn finish<'py>(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go_on(py, Limit::after(None))?;
        Ok(self.result(py)?.into_bound(py))
    }

    fn go_on(&self, py: Python<'_>, limit: Limit) -> PyResult<bool> {
        let mut state = self.lock()?;
        let State::Running(work) = &mut *state else { return Ok(true) };
        // What the command fails by is its result; signals end the wait alone.
        let ended = waiting::wait(py, |slice| match work.go_on(limit.slice(slice)) {
            Ok(false) if !limit.has_passed() => Ok(None),
            ended => Ok(Some(ended)),
        })?;
        let outcome = match ended {
            Ok(false) => return Ok(false),
            // Where there is no memory for the object, the next call tries again.
            Ok(true) => Ok(work.object(py)?),
            Err(error) => Err(error),
        };
        *state = State::Ended(outcome);
        Ok(true)
    }

    fn lock(&self) -> PyResult<MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(misuse("the command is in use by another call")),
        }
    }
}

/// A command with an outcome of any type.
trait Work: Send {
    /// Goes on for at most that time; true once there is an outcome.
    fn go_on(&mut self, timeout: Duration) -> Result<bool, Error>;

    /// The outcome as an object of Python.
    fn object(&self, py: Python<'_>) -> PyResult<Py<PyAny>>;

    fn fd(&self) -> Option<RawFd>;

    fn timeout(&self) -> Option<Duration>;
}

struct Started<T, F> {
    pending: Pending<T>,
    told: Option<T>,
    object: F,
}

impl<T, F> Work for Started<T, F>
where
    T: Send,
    F: for<'py> Fn(Python<'py>, &T) -> PyResult<Bound<'py, PyAny>> + Send,
{
    fn go_on(&mut self, timeout: Duration) -> Result<bool, Error> {
        if self.told.is_none() {
            self.told = self.pending.wait(Some(timeout))?;
        }
        Ok(self.told.is_some())
    }

    fn object(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match &self.told {
            Some(told) => Ok((self.object)(py, told)?.unbind()),
            None => Err(misuse("the command has no outcome")),
        }
    }

    fn fd(&self) -> Option<RawFd> {
        self.pending.fd()
    }

    fn timeout(&self) -> Option<Duration> {
        self.pending.timeout()
    }
}
