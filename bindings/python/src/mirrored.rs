//! What every mirror of an index answered.

use hamirror::command::{AgentAnswers, Counters, MirrorAnswer, Mirrored, Written};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::record::{self, Record};

/// What came of a change.
pub(crate) fn change<'py>(
    py: Python<'py>,
    told: &Mirrored<Written>,
) -> PyResult<Bound<'py, PyAny>> {
    let agents = record::tuple(py, &told.agents, |py, agent: &AgentAnswers<Written>| {
        of_agent(py, agent, written)?
            .set("documents", agent.documents())?
            .set("alike", agent.is_alike())?
            .build()
    })?;
    of_index(py, told, agents)?
        .set("documents", told.documents())?
        .set("warning", told.warning())?
        .build()
}

/// Numbers of flushes.
pub(crate) fn flushes<'py>(py: Python<'py>, told: &Mirrored<u32>) -> PyResult<Bound<'py, PyAny>> {
    plain(py, told, |py, flush| Ok(flush.into_pyobject(py)?.into_any()))
}

/// Counters of daemons.
pub(crate) fn counters<'py>(
    py: Python<'py>,
    told: &Mirrored<Counters>,
) -> PyResult<Bound<'py, PyAny>> {
    plain(py, told, |py, rows| Ok(PyTuple::new(py, rows)?.into_any()))
}

/// Answers to what changes no documents.
fn plain<'py, T>(
    py: Python<'py>,
    told: &Mirrored<T>,
    answer: impl Fn(Python<'py>, &T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let nothing = || py.None();
    let agents = record::tuple(py, &told.agents, |py, agent: &AgentAnswers<T>| {
        of_agent(py, agent, &answer)?.set("documents", nothing())?.set("alike", nothing())?.build()
    })?;
    of_index(py, told, agents)?.set("documents", nothing())?.set("warning", nothing())?.build()
}

fn of_index<'py, T>(
    py: Python<'py>,
    told: &Mirrored<T>,
    agents: Bound<'py, PyTuple>,
) -> PyResult<Record<'py>> {
    Record::new(py, "Mirrored")
        .set("agents", agents)?
        .set("locals", PyTuple::new(py, &told.locals)?)?
        .set("complete", told.is_complete())
}

fn of_agent<'py, T>(
    py: Python<'py>,
    agent: &AgentAnswers<T>,
    answer: impl Fn(Python<'py>, &T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Record<'py>> {
    let mirrors = record::tuple(py, &agent.mirrors, |py, mirror: &MirrorAnswer<T>| {
        let told = mirror.outcome.as_ref().ok().map(|told| answer(py, told)).transpose()?;
        let failure = mirror.outcome.as_ref().err();
        let failure = failure.map(|failure| record::agent_failure(py, failure)).transpose()?;
        Record::new(py, "MirrorAnswer")
            .set("host", &mirror.host)?
            .set("answer", told)?
            .set("failure", failure)?
            .build()
    })?;
    Record::new(py, "AgentAnswers")
        .set("index", &agent.index)?
        .set("number", agent.number)?
        .set("mirrors", mirrors)?
        .set("complete", agent.is_complete())
}

fn written<'py>(py: Python<'py>, written: &Written) -> PyResult<Bound<'py, PyAny>> {
    Record::new(py, "Written")
        .set("documents", written.documents)?
        .set("warning", written.warning.as_deref())?
        .build()
}
