//! The one door for calls that may wait: it releases the GIL, answers Ctrl-C, and maps errors.

use std::time::{Duration, Instant};

use hamirror::Error;
use pyo3::prelude::*;

use crate::error::exception;

/// Runs `step` without the GIL until it has something to return.
///
/// A step that waits does so for the slice of time that it is given; between steps Python's
/// signal handlers run. What they raise, such as KeyboardInterrupt, ends the wait.
pub(crate) fn wait<T: Send>(
    py: Python<'_>,
    mut step: impl FnMut(Duration) -> Result<Option<T>, Error> + Send,
) -> PyResult<T> {
    loop {
        match py.detach(|| step(SLICE)) {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => py.check_signals()?,
            Err(error) => return Err(exception(py, &error)),
        }
    }
}

/// Runs what does not wait, but takes its time, without the GIL.
pub(crate) fn run<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    py.detach(work).map_err(|error| exception(py, &error))
}

/// When to give up.
#[derive(Clone, Copy)]
pub(crate) struct Limit(Option<Instant>);

impl Limit {
    /// After that time; never, if there is none, or if it is beyond what clocks count.
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        Limit(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    /// What is left, at most a slice.
    pub(crate) fn slice(self, slice: Duration) -> Duration {
        self.left().map_or(slice, |left| left.min(slice))
    }

    /// Returns the time that is left; `None` without end.
    fn left(self) -> Option<Duration> {
        self.0.map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// Nothing is left.
    pub(crate) fn has_passed(self) -> bool {
        self.0.is_some_and(|until| until <= Instant::now())
    }
}

/// Longest time that Ctrl-C may have to wait.
const SLICE: Duration = Duration::from_millis(50);
