//! The Python package `hamirror`: translates the crate `hamirror`, and decides nothing.
//!
//! One noun a file, under the name that it has in the crate. `waiting` is the one door through
//! which calls that may wait go, `callback` the one through which they come back. Records and
//! exceptions are Python's own (`types.py`, `status.py`, `_errors.py`); `record` and `error` make
//! them.

mod ask;
mod batch;
mod buffers;
mod callback;
mod cell;
mod client;
mod columns;
mod command;
mod config;
mod error;
mod escape;
mod excerpts;
mod filter;
mod grouping;
mod kept;
mod keywords;
mod local;
mod log;
mod mirrored;
mod options;
mod overrides;
mod pending;
mod ranker;
mod raw_merge;
mod record;
mod reply;
mod request;
mod result;
mod row;
mod search;
mod session;
mod sort;
mod start;
mod status;
mod table;
mod text;
mod update;
mod upkeep;
mod value;
mod verdict;
mod waiting;

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// The part of `hamirror` that is written in Rust.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // Types belong to the interpreter that makes the first one of them, so this comes before.
    check_interpreter()?;
    module.add_class::<batch::Batch>()?;
    module.add_class::<client::Client>()?;
    module.add_class::<command::PendingCommand>()?;
    module.add_class::<config::Config>()?;
    module.add_class::<filter::Filter>()?;
    module.add_class::<grouping::Grouping>()?;
    module.add_class::<overrides::Override>()?;
    module.add_class::<pending::PendingReply>()?;
    module.add_class::<pending::PendingSearch>()?;
    module.add_class::<pending::PendingSearches>()?;
    module.add_class::<ranker::Ranker>()?;
    module.add_class::<raw_merge::RawMerge>()?;
    module.add_class::<reply::Reply>()?;
    module.add_class::<request::Request>()?;
    module.add_class::<result::SearchResult>()?;
    module.add_class::<row::Row>()?;
    module.add_class::<search::Search>()?;
    module.add_class::<session::Answer>()?;
    module.add_class::<session::Session>()?;
    module.add_class::<sort::Sort>()?;
    module.add_class::<upkeep::Upkeep>()?;
    module.add_class::<verdict::Verdict>()?;
    module.add_function(wrap_pyfunction!(client::_at_close, module)?)?;
    module.add_function(wrap_pyfunction!(escape::escape, module)?)?;
    module.add_function(wrap_pyfunction!(result::_attempts, module)?)?;
    module.add_function(wrap_pyfunction!(result::_buffers, module)?)?;
    module.add_function(wrap_pyfunction!(result::_restored_result, module)?)?;
    module.add_function(wrap_pyfunction!(result::_restored_row, module)?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}

/// Refuses a sub-interpreter: it would share types and exceptions with the main one.
fn check_interpreter() -> PyResult<()> {
    // SAFETY: a module is made by a thread that is attached to the interpreter which is asked for.
    let number = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    if number == MAIN_INTERPRETER {
        return Ok(());
    }
    let text = "hamirror can't be imported in a sub-interpreter, use the main interpreter \
                (mod_wsgi: WSGIApplicationGroup %{GLOBAL})";
    Err(PyImportError::new_err(text))
}

/// The number of the interpreter that a process begins with.
const MAIN_INTERPRETER: i64 = 0;
