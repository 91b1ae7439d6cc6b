//! The Python package `hamirror`: translates the crate `hamirror`, and decides nothing.
//!
//! One noun a file, under the name that it has in the crate. `waiting` is the one door through
//! which calls that may wait go, `callback` the one through which they come back. Records and
//! exceptions are Python's own (`_records.py`, `_errors.py`); `record` and `error` make them.

mod batch;
mod callback;
mod client;
mod config;
mod error;
mod filter;
mod local;
mod log;
mod options;
mod pending;
mod ranker;
mod record;
mod reply;
mod request;
mod result;
mod search;
mod sort;
mod status;
mod text;
mod upkeep;
mod value;
mod verdict;
mod waiting;

use pyo3::prelude::*;

/// The part of `hamirror` that is written in Rust.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::batch::Batch;
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::config::Config;
    #[pymodule_export]
    use super::filter::Filter;
    #[pymodule_export]
    use super::pending::{PendingReply, PendingSearch};
    #[pymodule_export]
    use super::ranker::Ranker;
    #[pymodule_export]
    use super::reply::Reply;
    #[pymodule_export]
    use super::request::Request;
    #[pymodule_export]
    use super::result::{Row, SearchResult};
    #[pymodule_export]
    use super::sort::Sort;
    #[pymodule_export]
    use super::upkeep::Upkeep;
    #[pymodule_export]
    use super::verdict::Verdict;

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's own name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
