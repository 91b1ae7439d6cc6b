//! Lines about hosts and configuration, for Python's `logging` or any other function.

use hamirror::{Level, LogSink};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::callback;

/// Hands lines to a function of Python, which gets the level as `logging` numbers it.
struct Sink(Py<PyAny>);

impl LogSink for Sink {
    fn log(&self, level: Level, line: &str) {
        let level = match level {
            Level::Warning => 30,
            Level::Info => 20,
            Level::Debug => 10,
        };
        callback::enter(|py| {
            if let Err(error) = self.0.call1(py, (level, line)) {
                error.write_unraisable(py, Some(self.0.bind(py)));
            }
        });
    }
}

/// A sink for a function of Python.
pub(crate) fn sink(py: Python<'_>, log: Py<PyAny>) -> PyResult<Box<dyn LogSink>> {
    if !log.bind(py).is_callable() {
        return Err(PyTypeError::new_err("argument 'log': it can't be called"));
    }
    callback::prepare(py)?;
    Ok(Box::new(Sink(log)))
}

/// Levels by their names: up to which one lines are told.
pub(crate) const LEVELS: [(&str, Level); 3] =
    [("warning", Level::Warning), ("info", Level::Info), ("debug", Level::Debug)];
