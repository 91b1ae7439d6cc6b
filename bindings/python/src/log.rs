//! Lines about hosts and configuration, for Python's `logging` or any other function.

use hamirror::{Level, LogSink};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::callback;

/// Hands lines to a function of Python, which gets the level as `logging` numbers it.
struct Sink(Py<PyAny>);

impl LogSink for Sink {
    fn log(&self, level: Level, line: &str) {
        callback::enter(|py| {
            if let Err(error) = self.0.call1(py, (number(level), line)) {
                error.write_unraisable(py, Some(self.0.bind(py)));
            }
        });
    }

    /// Whatever Python's own locks are, they are set right in a child.
    fn outlives_fork(&self) -> bool {
        true
    }
}

/// Sends lines of a new client to the logger of the package. Those of each failed attempt may be
/// many, and are sent only if the logger wants them now.
pub(crate) fn listen(py: Python<'_>, client: &hamirror::Client) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", (LOGGER,))?;
    let wants_all = logger.call_method1("isEnabledFor", (number(Level::Debug),))?.is_truthy()?;
    let level = if wants_all { Level::Debug } else { Level::Info };
    let sink = sink(py, logger.getattr("log")?.unbind())?;
    py.detach(|| client.set_log(Some((level, sink))));
    Ok(())
}

/// A sink for a function of Python.
pub(crate) fn sink(py: Python<'_>, log: Py<PyAny>) -> PyResult<Box<dyn LogSink>> {
    if !log.bind(py).is_callable() {
        return Err(PyTypeError::new_err("argument 'log': it can't be called"));
    }
    callback::prepare(py)?;
    Ok(Box::new(Sink(log)))
}

/// The level as `logging` numbers it.
fn number(level: Level) -> u8 {
    match level {
        Level::Warning => 30,
        Level::Info => 20,
        Level::Debug => 10,
    }
}

const LOGGER: &str = "hamirror";

/// Levels by their names: up to which one lines are told.
pub(crate) const LEVELS: [(&str, Level); 3] =
    [("warning", Level::Warning), ("info", Level::Info), ("debug", Level::Debug)];
