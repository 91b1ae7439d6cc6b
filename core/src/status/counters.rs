//! The agent counters of SHOW STATUS (core/docs/spec/distributed.md 7.3, 7.4).
//!
//! Rows of a daemon that concern its own work are left out: it listens, searches locally and
//! counts its disk and processor, and this library does not. So are `dist_wall`, `dist_local`,
//! `dist_wait` and their means: who drives a batch does other things in between, and that time
//! would be counted as the agents'.

use std::time::Duration;

use super::Status;
use super::rows::{
    MANTICORE_COUNTERS, Rows, SPHINX_COUNTERS, manticore_count, manticore_name, milliseconds,
};
use super::show::Flavour;
use crate::karma::{Counter, Window};
use crate::traffic::TrafficCounters;

/// Counters of the whole client since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections begun, pings included.
    pub agent_connects: u64,
    /// Attempts of a call beyond its first.
    pub agent_retries: u64,
    /// Requests to a distributed index.
    pub dist_queries: u64,
}

impl Traffic {
    pub(super) fn new(counters: &TrafficCounters) -> Self {
        Self {
            agent_connects: counters.connects(),
            agent_retries: counters.retries(),
            dist_queries: counters.queries(),
        }
    }
}

/// All that is known, in a daemon's order; indexes by name.
pub(super) fn rows(status: &Status, flavour: Flavour) -> Rows {
    let mut rows = Vec::new();
    let mut put = |key: &str, value: u64| rows.push((key.to_owned(), value.to_string()));
    put("agent_connect", status.traffic.agent_connects);
    put("agent_retry", status.traffic.agent_retries);
    put("dist_queries", status.traffic.dist_queries);
    for index in &status.indexes {
        for agent in status.lines_of(&index.name) {
            for (number, mirror) in agent.mirrors.iter().enumerate() {
                let prefix = format!("ag_{}_{}_{}_", index.name, agent.number + 1, number + 1);
                put_mirror(&mirror.since_start, &prefix, flavour, &mut rows);
            }
        }
    }
    rows
}

/// The last four are always 0 in 2.2.11; here they are microseconds, as the same keys of
/// SHOW AGENT STATUS are.
fn put_mirror(window: &Window, prefix: &str, flavour: Flavour, rows: &mut Rows) {
    let mut put = |key: &str, value: String| rows.push((format!("{prefix}{key}"), value));
    let time: fn(u64) -> String = match flavour {
        Flavour::Sphinx2211 => {
            for counter in SPHINX_COUNTERS {
                put(counter.name(), window.get(counter).to_string());
            }
            |time_us| time_us.to_string()
        }
        Flavour::Manticore => {
            put("query_timeouts", window.get(Counter::QueryTimeouts).to_string());
            for counter in MANTICORE_COUNTERS {
                put(manticore_name(counter), manticore_count(window, counter).to_string());
            }
            |time_us| milliseconds(Duration::from_micros(time_us))
        }
    };
    put("total_query_time", time(window.query_us()));
    put("connect_count", window.connect_count().to_string());
    put("connect_avg", time(window.connect_us_mean()));
    put("connect_max", time(window.connect_us_max()));
}
