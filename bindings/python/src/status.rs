//! What is known of every host, as records.

use hamirror::Status;
use hamirror::karma::{Counter, Window};
use hamirror::status::{AgentStatus, HostStatus};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::record::{self, Record};

/// The record of a client's status.
pub(crate) fn status<'py>(py: Python<'py>, status: &Status) -> PyResult<Bound<'py, PyAny>> {
    let rows: Vec<_> = status.rows();
    Record::new(py, "Status")
        .set("period_s", status.period.as_secs_f64())?
        .set("hosts", record::tuple(py, &status.hosts, host)?)?
        .set("agents", record::tuple(py, &status.agents, agent)?)?
        .set("blackhole_drops", status.blackhole_drops)?
        .set("rows", PyTuple::new(py, rows)?)?
        .build()
}

fn host<'py>(py: Python<'py>, host: &HostStatus) -> PyResult<Bound<'py, PyAny>> {
    let failure = host.last_failure.as_ref();
    let failure = failure.map(|(failure, _)| record::attempt_failure(py, failure)).transpose()?;
    Record::new(py, "HostStatus")
        .set("name", &host.name)?
        .set("references", host.references)?
        .set("is_living", host.is_living)?
        .set("dead_for_s", host.dead_for.map(|time| time.as_secs_f64()))?
        .set("errors_in_row", host.errors_in_row)?
        .set("last_query_s", host.last_query.map(|time| time.as_secs_f64()))?
        .set("last_answer_s", host.last_answer.map(|time| time.as_secs_f64()))?
        .set("last_period_s", host.last_period.as_secs_f64())?
        .set("kept_connections", host.kept_connections)?
        .set("addresses", PyTuple::new(py, &host.addresses)?)?
        .set("last_failure", failure)?
        .set("last_failure_s", host.last_failure.as_ref().map(|(_, ago)| ago.as_secs_f64()))?
        .set("windows", record::tuple(py, &host.windows, window)?)?
        .set("since_start", window(py, &host.since_start)?)?
        .build()
}

fn window<'py>(py: Python<'py>, window: &Window) -> PyResult<Bound<'py, PyAny>> {
    let counters = PyDict::new(py);
    for counter in Counter::ALL {
        counters.set_item(counter.name(), window.get(counter))?;
    }
    Record::new(py, "Window")
        .set("counters", counters)?
        .set("mean_latency_s", window.mean_latency().map(|time| time.as_secs_f64()))?
        .set("connect_count", window.connect_count())?
        .set("connect_us_mean", window.connect_us_mean())?
        .set("connect_us_max", window.connect_us_max())?
        .build()
}

fn agent<'py>(py: Python<'py>, agent: &AgentStatus) -> PyResult<Bound<'py, PyAny>> {
    let mirrors = record::tuple(py, &agent.mirrors, |py, mirror| {
        Record::new(py, "MirrorStatus")
            .set("id", &mirror.id)?
            .set("weight", mirror.weight)?
            .set("share", mirror.share)?
            .build()
    })?;
    Record::new(py, "AgentStatus")
        .set("index", &agent.index)?
        .set("number", agent.number)?
        .set("strategy", agent.strategy)?
        .set("mirrors", mirrors)?
        .build()
}
