//! What is known of every host, as records.

use std::time::Duration;

use hamirror::Status;
use hamirror::status::{AgentStatus, Flavour, HostStatus, IndexStatus, Show};
use hamirror::status::{Counter, Latencies, Window};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::record::{self, Record};

/// The record of a client's status.
pub(crate) fn status<'py>(py: Python<'py>, status: &Status) -> PyResult<Bound<'py, PyAny>> {
    let rows: Vec<_> = status.rows();
    Record::of_status(py, "Status")
        .set("period_s", status.period.as_secs_f64())?
        .set("hosts", record::tuple(py, &status.hosts, host)?)?
        .set("indexes", record::tuple(py, &status.indexes, index)?)?
        .set("agents", record::tuple(py, &status.agents, agent)?)?
        .set("blackholes", record::tuple(py, &status.blackholes, agent)?)?
        .set("agent_connects", status.traffic.agent_connects)?
        .set("agent_retries", status.traffic.agent_retries)?
        .set("dist_queries", status.traffic.dist_queries)?
        .set("blackhole_drops", status.blackhole_drops)?
        .set("rows", PyTuple::new(py, rows)?)?
        .build()
}

/// The answer to a SHOW statement.
pub(crate) fn rows<'py>(
    py: Python<'py>,
    status: &Status,
    show: &Show,
) -> PyResult<Bound<'py, PyAny>> {
    Record::new(py, "Rows")
        .set("columns", PyTuple::new(py, show.columns())?)?
        .set("rows", PyTuple::new(py, status.show(show))?)?
        .build()
}

/// Whose keys and formats rows may have.
pub(crate) const FLAVOURS: [(&str, Flavour); 2] =
    [("sphinx", Flavour::Sphinx2211), ("manticore", Flavour::Manticore)];

fn index<'py>(py: Python<'py>, index: &IndexStatus) -> PyResult<Bound<'py, PyAny>> {
    Record::of_status(py, "IndexStatus")
        .set("name", &index.name)?
        .set("locals", PyTuple::new(py, &index.locals)?)?
        .build()
}

fn host<'py>(py: Python<'py>, host: &HostStatus) -> PyResult<Bound<'py, PyAny>> {
    let failure = host.last_failure.as_ref();
    let failure = failure.map(|(failure, _)| record::attempt_failure(py, failure)).transpose()?;
    Record::of_status(py, "HostStatus")
        .set("name", &host.name)?
        .set("references", host.references)?
        .set("is_living", host.is_living)?
        .set("dead_for_s", seconds(host.dead_for))?
        .set("state", host.state.name())?
        .set("state_for_s", host.state_for.as_secs_f64())?
        .set("next_trial_s", seconds(host.next_trial))?
        .set("errors_in_row", host.errors_in_row)?
        .set("last_query_s", seconds(host.last_query))?
        .set("last_answer_s", seconds(host.last_answer))?
        .set("last_period_s", host.last_period.as_secs_f64())?
        .set("is_pinged", host.is_pinged)?
        .set("ping_trip_s", seconds(host.ping_trip))?
        .set("keeps_connections", host.keeps_connections)?
        .set("kept_connections", host.kept_connections)?
        .set("busy_connections", host.busy_connections)?
        .set("in_flight", host.in_flight)?
        .set("addresses", PyTuple::new(py, &host.addresses)?)?
        .set("needs_lookup", host.needs_lookup)?
        .set("last_failure", failure)?
        .set("last_failure_s", host.last_failure.as_ref().map(|(_, ago)| ago.as_secs_f64()))?
        .set("windows", record::tuple(py, &host.windows, window)?)?
        .set("since_start", window(py, &host.since_start)?)?
        .set("latencies", record::tuple(py, &host.latencies, latencies)?)?
        .set("latencies_since_start", latencies(py, &host.latencies_since_start)?)?
        .build()
}

fn latencies<'py>(py: Python<'py>, latencies: &Latencies) -> PyResult<Bound<'py, PyAny>> {
    Record::of_status(py, "Latencies")
        .set("count", latencies.count())?
        .set("sum_s", latencies.sum().as_secs_f64())?
        .set("p50_s", seconds(latencies.p50()))?
        .set("p90_s", seconds(latencies.p90()))?
        .set("p99_s", seconds(latencies.p99()))?
        .set("max_s", seconds(latencies.max()))?
        .build()
}

fn window<'py>(py: Python<'py>, window: &Window) -> PyResult<Bound<'py, PyAny>> {
    let counters = PyDict::new(py);
    for counter in Counter::ALL {
        counters.set_item(counter.name(), window.get(counter))?;
    }
    let connects = |time_us| (window.connect_count() > 0).then(|| Duration::from_micros(time_us));
    Record::of_status(py, "Window")
        .set("counters", counters)?
        .set("mean_latency_s", seconds(window.mean_latency()))?
        .set("connect_count", window.connect_count())?
        .set("connect_mean_s", seconds(connects(window.connect_us_mean())))?
        .set("connect_max_s", seconds(connects(window.connect_us_max())))?
        .build()
}

fn agent<'py>(py: Python<'py>, agent: &AgentStatus) -> PyResult<Bound<'py, PyAny>> {
    let mirrors = record::tuple(py, &agent.mirrors, |py, mirror| {
        Record::of_status(py, "MirrorStatus")
            .set("id", &mirror.id)?
            .set("host", &mirror.host)?
            .set("weight", mirror.weight)?
            .set("share", mirror.share)?
            .set("since_start", window(py, &mirror.since_start)?)?
            .build()
    })?;
    Record::of_status(py, "AgentStatus")
        .set("index", &agent.index)?
        .set("number", agent.number)?
        .set("strategy", agent.strategy)?
        .set("is_blackhole", agent.is_blackhole)?
        .set("is_persistent", agent.is_persistent)?
        .set("unanswered", agent.unanswered)?
        .set("mirrors", mirrors)?
        .build()
}

fn seconds(time: Option<Duration>) -> Option<f64> {
    time.map(|time| time.as_secs_f64())
}
