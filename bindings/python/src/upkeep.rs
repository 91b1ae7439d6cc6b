//! Upkeep in the hands of the program.

use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::callback::Detached;
use crate::error::misuse;
use crate::options;
use crate::waiting::{self, Limit};

/// Pings, and sends to blackholes, of a client without a background thread.
///
/// Put `fileno()` into an event loop: when it is readable, or `timeout` has passed, call
/// `drive()`; or call `wait()` in a thread of yours. It is a context manager that closes itself.
#[pyclass(frozen, module = "hamirror")]
pub(crate) struct Upkeep {
    open: Mutex<Option<Open>>,
}

type Open = Detached<hamirror::Upkeep>;

#[pymethods]
impl Upkeep {
    /// Readable when `drive()` has something to do. The upkeep owns it: take it out of your loop
    /// before the upkeep is closed.
    fn fileno(&self) -> PyResult<RawFd> {
        Ok(get(&mut self.lock()?)?.fd())
    }

    /// Seconds after which `drive()` is due even if `fileno()` stays quiet; `None` if nothing is.
    #[getter]
    fn timeout(&self) -> PyResult<Option<f64>> {
        Ok(get(&mut self.lock()?)?.timeout().map(|due| due.as_secs_f64()))
    }

    /// Reads and writes what sockets are ready for, without waiting.
    fn drive(&self, py: Python<'_>) -> PyResult<()> {
        let mut guard = self.lock()?;
        let upkeep = get(&mut guard)?;
        waiting::run(py, || upkeep.drive())
    }

    /// Drives the upkeep until that time is over.
    fn wait(&self, py: Python<'_>, limit: &Bound<'_, PyAny>) -> PyResult<()> {
        let limit = Limit::after(Some(options::duration(limit)?));
        let mut guard = self.lock()?;
        let upkeep = get(&mut guard)?;
        waiting::wait(py, |slice| {
            upkeep.wait(limit.slice(slice))?;
            Ok(limit.has_passed().then_some(()))
        })
    }

    /// Ends the upkeep, which the client hands out anew then. Any further use raises
    /// `MisuseError`. Closing twice does nothing.
    fn close(&self) -> PyResult<()> {
        let open = self.lock()?.take();
        drop(open);
        Ok(())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close()
    }
}

impl Upkeep {
    pub(crate) fn new(upkeep: hamirror::Upkeep) -> Self {
        Self { open: Mutex::new(Some(Detached::new(upkeep))) }
    }

    /// Never waits: the holder may be this very thread, in whose wait a callback runs.
    fn lock(&self) -> PyResult<MutexGuard<'_, Option<Open>>> {
        self.open.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => misuse("the upkeep is in use by another thread or call"),
            TryLockError::Poisoned(_) => misuse("the upkeep broke in an earlier call"),
        })
    }
}

fn get<'a>(guard: &'a mut MutexGuard<'_, Option<Open>>) -> PyResult<&'a mut hamirror::Upkeep> {
    let open = guard.as_mut().ok_or_else(|| misuse("the upkeep is closed"))?;
    Ok(open)
}
