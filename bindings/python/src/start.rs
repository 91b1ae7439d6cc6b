//! Starts of commands, of whose outcomes objects of Python are made.

use hamirror::command::{ExcerptOptions, Update};
use hamirror::{CallOptions, Client};
use pyo3::prelude::*;

use crate::command::PendingCommand;
use crate::{excerpts as texts, keywords as words_of, mirrored, session};

pub(crate) fn excerpts(
    py: Python<'_>,
    client: &Client,
    index: &str,
    documents: &Bound<'_, PyAny>,
    words: &str,
    (excerpt, options): &(ExcerptOptions, CallOptions),
) -> PyResult<PendingCommand> {
    let documents = texts::documents_of(documents)?;
    let start = || client.start_excerpts(index, &documents, words, excerpt, options);
    PendingCommand::start(py, start, |py, cut| Ok(texts::texts(py, cut)?.into_any()))
}

pub(crate) fn keywords(
    py: Python<'_>,
    client: &Client,
    index: &str,
    text: &str,
    statistics: bool,
    options: &CallOptions,
) -> PyResult<PendingCommand> {
    let start = || client.start_keywords(index, text, statistics, options);
    PendingCommand::start(py, start, words_of::record)
}

pub(crate) fn update(
    py: Python<'_>,
    client: &Client,
    index: &str,
    update: &Update,
    options: &CallOptions,
) -> PyResult<PendingCommand> {
    PendingCommand::start(py, || client.start_update(index, update, options), mirrored::change)
}

pub(crate) fn flush_attributes(
    py: Python<'_>,
    client: &Client,
    index: &str,
    options: &CallOptions,
) -> PyResult<PendingCommand> {
    let start = || client.start_flush_attributes(index, options);
    PendingCommand::start(py, start, mirrored::flushes)
}

pub(crate) fn daemon_status(
    py: Python<'_>,
    client: &Client,
    index: &str,
    options: &CallOptions,
) -> PyResult<PendingCommand> {
    PendingCommand::start(py, || client.start_daemon_status(index, options), mirrored::counters)
}

/// Starts a change on one agent, and there on the mirror at that position or on all.
pub(crate) fn on_agent(
    py: Python<'_>,
    client: &Client,
    (agent, mirror): (usize, Option<usize>),
    statement: &str,
    parameters: Option<&Bound<'_, PyAny>>,
    options: &CallOptions,
) -> PyResult<PendingCommand> {
    let parameters = session::parameters_of(parameters)?;
    let start = || client.start_on_agent(agent, mirror, statement, &parameters, options);
    PendingCommand::start(py, start, mirrored::change)
}
