//! Rows of SHOW AGENT STATUS (core/docs/spec/distributed.md 7.1, 7.2, 7.4).

use std::time::Duration;

use super::show::Flavour;
use super::{AgentStatus, HostStatus, Status, WINDOWS};
use crate::karma::{Counter, Window};
use crate::limits::KARMA_BLOCKS;

/// Key and value, in a daemon's order.
pub(super) type Rows = Vec<(String, String)>;

/// All hosts.
pub(super) fn hosts(status: &Status, flavour: Flavour) -> Rows {
    let mut rows = vec![
        ("status_period_seconds".to_owned(), status.period.as_secs().to_string()),
        ("status_stored_periods".to_owned(), KARMA_BLOCKS.to_string()),
    ];
    for (number, host) in status.hosts.iter().enumerate() {
        put_host(host, &format!("ag_{number}_"), flavour, &mut rows);
    }
    rows
}

/// A distributed index, or else a host.
pub(super) fn named(status: &Status, name: &str, flavour: Flavour) -> Rows {
    let mut rows = Vec::new();
    if let Some(index) = status.index(name) {
        for (number, local) in index.locals.iter().enumerate() {
            rows.push((format!("dstindex_local_{}", number + 1), local.clone()));
        }
        for agent in status.lines_of(name) {
            put_agent(agent, flavour, &mut rows);
        }
    } else if let Some(host) = status.host(name) {
        put_host(host, "agent_", flavour, &mut rows);
    } else {
        let text = match flavour {
            Flavour::Sphinx2211 => format!("No such agent: {name}"),
            Flavour::Manticore => format!("No such distributed table or agent: {name}"),
        };
        rows.push(("status_error".to_owned(), text));
    }
    rows
}

fn put_agent(agent: &AgentStatus, flavour: Flavour, rows: &mut Rows) {
    let line = agent.number + 1;
    let flag = |is_set: bool| u8::from(is_set).to_string();
    rows.push((format!("dstindex_{line}_is_ha"), flag(agent.is_ha())));
    for (number, mirror) in agent.mirrors.iter().enumerate() {
        let prefix = match agent.is_ha() {
            true => format!("dstindex_{line}mirror{}_", number + 1),
            false => format!("dstindex_{line}agent_"),
        };
        let mut put = |key: &str, value: String| rows.push((format!("{prefix}{key}"), value));
        put("id", mirror.id.clone());
        if agent.is_ha() {
            put("probability_weight", weight(mirror.weight, flavour));
        }
        put("is_blackhole", flag(agent.is_blackhole));
        put("is_persistent", flag(agent.is_persistent));
    }
}

/// Sphinx has weights of 16 bits, and cuts the rest off.
fn weight(percent: f64, flavour: Flavour) -> String {
    match flavour {
        Flavour::Sphinx2211 => ((percent / 100.0 * f64::from(u16::MAX)) as u16).to_string(),
        Flavour::Manticore => format!("{percent:.2}%"),
    }
}

fn put_host(host: &HostStatus, prefix: &str, flavour: Flavour, rows: &mut Rows) {
    let mut put = |key: &str, value: String| rows.push((format!("{prefix}{key}"), value));
    let seconds = |ago: Option<Duration>| format!("{:.2}", ago.unwrap_or_default().as_secs_f64());
    put("hostname", host.name.clone());
    put("references", host.references.to_string());
    if flavour == Flavour::Manticore {
        put("ping", yes_no(host.is_pinged));
        put("has_perspool", yes_no(host.keeps_connections));
        put("need_resolve", yes_no(host.needs_lookup));
    }
    put("lastquery", seconds(host.last_query));
    put("lastanswer", seconds(host.last_answer));
    match flavour {
        Flavour::Sphinx2211 => put("lastperiodmsec", host.last_period.as_millis().to_string()),
        Flavour::Manticore => {
            put("lastperiodmsec", milliseconds(host.last_period));
            put("pingtripmsec", milliseconds(host.ping_trip.unwrap_or_default()));
        }
    }
    put("errorsarow", host.errors_in_row.to_string());
    for (periods, window) in WINDOWS.iter().zip(&host.windows) {
        let mut put = |key: &str, value: String| put(&format!("{periods}periods_{key}"), value);
        match flavour {
            Flavour::Sphinx2211 => put_window_of_sphinx(window, &mut put),
            Flavour::Manticore => put_window_of_manticore(window, &mut put),
        }
    }
}

fn put_window_of_sphinx(window: &Window, put: &mut dyn FnMut(&str, String)) {
    for counter in SPHINX_COUNTERS {
        put(counter.name(), window.get(counter).to_string());
    }
    // The key is misspelt in the daemon, and monitoring reads it so.
    put("msecsperqueryy", msecs_per_query(window));
    put_connects(window, put);
}

/// The daemon's keys in its order, with two that only its manual has: `query_timeouts` and the
/// well-spelt `msecsperquery`. They have the numbers that they promise: Manticore itself never
/// counts a `total_query_time` here and divides some counters by a thousand. What its SHOW STATUS
/// has, in milliseconds, is the unit.
fn put_window_of_manticore(window: &Window, put: &mut dyn FnMut(&str, String)) {
    put("query_timeouts", window.get(Counter::QueryTimeouts).to_string());
    put("msecsperqueryy", msecs_per_query(window));
    for counter in MANTICORE_COUNTERS {
        put(manticore_name(counter), manticore_count(window, counter).to_string());
    }
    put("msecsperquery", msecs_per_query(window));
    put("total_query_time", milliseconds(Duration::from_micros(window.query_us())));
    put_connects(window, put);
}

fn put_connects(window: &Window, put: &mut dyn FnMut(&str, String)) {
    put("connect_count", window.connect_count().to_string());
    put("connect_avg", window.connect_us_mean().to_string());
    put("connect_max", window.connect_us_max().to_string());
}

/// The counters that 2.2.11 shows, in its order.
pub(super) const SPHINX_COUNTERS: [Counter; 8] = [
    Counter::QueryTimeouts,
    Counter::ConnectTimeouts,
    Counter::ConnectFailures,
    Counter::NetworkErrors,
    Counter::WrongReplies,
    Counter::UnexpectedClosings,
    Counter::Warnings,
    Counter::SucceededQueries,
];

/// The counters that Manticore shows behind its `query_timeouts`, in its order.
pub(super) const MANTICORE_COUNTERS: [Counter; 8] = [
    Counter::ConnectTimeouts,
    Counter::ConnectFailures,
    Counter::NetworkErrors,
    Counter::RemoteErrors,
    Counter::WrongReplies,
    Counter::UnexpectedClosings,
    Counter::Warnings,
    Counter::SucceededQueries,
];

/// An ERROR reply is what it calls a wrong query.
pub(super) fn manticore_name(counter: Counter) -> &'static str {
    if counter == Counter::RemoteErrors { "wrong_query" } else { counter.name() }
}

/// Counts as Manticore does, which finds a refused connection when it reads: such ones are among
/// its network errors.
pub(super) fn manticore_count(window: &Window, counter: Counter) -> u64 {
    match counter {
        Counter::ConnectFailures => 0,
        Counter::NetworkErrors => window.get(counter) + window.get(Counter::ConnectFailures),
        counter => window.get(counter),
    }
}

/// Milliseconds with three decimals.
pub(super) fn milliseconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}

fn msecs_per_query(window: &Window) -> String {
    match window.status_outcomes() {
        0 => "n/a".to_owned(),
        outcomes => format!("{:.2}", window.query_us() as f64 / 1e3 / outcomes as f64),
    }
}

fn yes_no(is_set: bool) -> String {
    (if is_set { "yes" } else { "no" }).to_owned()
}
