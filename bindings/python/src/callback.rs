//! Calls back into Python, from threads that Python may not know; and what such threads need.
//!
//! The background thread of a client must neither wait for the GIL of an interpreter that ends,
//! nor be joined by a thread that holds the GIL.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use hamirror::ProgramError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyCFunction;

/// Runs `call` with the GIL; `None` if the interpreter ends or has ended.
pub(crate) fn enter<T>(call: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    INSIDE.fetch_add(1, Ordering::SeqCst);
    let returned = match HAS_ENDED.load(Ordering::SeqCst) {
        true => None,
        false => Python::try_attach(call),
    };
    INSIDE.fetch_sub(1, Ordering::SeqCst);
    returned
}

/// Runs a call whose exception is to reach the program's own call of this package.
pub(crate) fn call<T>(call: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, ProgramError> {
    match enter(call) {
        Some(returned) => returned.map_err(ProgramError::new),
        None => Err(ProgramError::new(Ended)),
    }
}

/// Sees to it that no callback is under way when the interpreter ends. To be called before any
/// callback is handed out; only the first time counts.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    static PREPARED: PyOnceLock<()> = PyOnceLock::new();
    PREPARED.get_or_try_init(py, || -> PyResult<()> {
        let end = PyCFunction::new_closure(py, None, None, |arguments, _| {
            arguments.py().detach(end_callbacks);
        })?;
        py.import("atexit")?.call_method1("register", (end,))?;
        Ok(())
    })?;
    Ok(())
}

fn end_callbacks() {
    HAS_ENDED.store(true, Ordering::SeqCst);
    for _ in 0..END_LIMIT.as_millis() {
        if INSIDE.load(Ordering::SeqCst) == 0 {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// What may join the background thread of a client when it is dropped: that happens without the
/// GIL, for which the thread may be waiting.
pub(crate) struct Detached<T: Send>(Option<T>);

impl<T: Send> Detached<T> {
    pub(crate) fn new(value: T) -> Self {
        Detached(Some(value))
    }
}

impl<T: Send> Deref for Detached<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl<T: Send> DerefMut for Detached<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("it is there until it is dropped")
    }
}

impl<T: Send> Drop for Detached<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        Python::try_attach(|py| py.detach(|| drop(value)));
    }
}

/// There is no interpreter any more to call back into.
#[derive(Debug)]
struct Ended;

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the Python interpreter ends")
    }
}

impl std::error::Error for Ended {}

static INSIDE: AtomicUsize = AtomicUsize::new(0);
static HAS_ENDED: AtomicBool = AtomicBool::new(false);

/// A callback that does not come back must not keep the interpreter from ending.
const END_LIMIT: Duration = Duration::from_secs(1);
