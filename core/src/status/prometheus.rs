//! The picture as text for Prometheus (exposition format 0.0.4).
//!
//! Counters begin at 0 when the client is made. Times are seconds, ratios run from 0 to 1.
//! Everything is as one client in one process saw it: the text has no label for that, so each
//! process of a prefork server is to be scraped, or labelled, on its own.

use std::collections::HashSet;
use std::fmt::{Display, Write};
use std::time::Duration;

use super::{AgentStatus, HostState, HostStatus, MirrorStatus, Status, WINDOWS};
use crate::karma::{Counter, Latencies};

pub(super) fn text(status: &Status) -> String {
    let mut out = Exposition { text: String::new() };
    put_outcomes(status, &mut out);
    put_states(status, &mut out);
    put_connections(status, &mut out);
    put_latencies(status, &mut out);
    put_agents(status, &mut out);
    put_mirrors(status, &mut out);
    put_traffic(status, &mut out);
    out.text
}

fn put_outcomes(status: &Status, out: &mut Exposition) {
    let name = "hamirror_host_queries_total";
    out.begin(name, "counter", "Queries and pings that ended, by outcome.");
    for host in &status.hosts {
        for counter in Counter::ALL {
            let labels = [("host", host.name.as_str()), ("outcome", outcome(counter))];
            out.put(name, &labels, host.since_start.get(counter));
        }
    }
    let name = "hamirror_host_errors_in_row";
    out.begin(name, "gauge", "Failures since the last success.");
    put_hosts(status, out, name, |host| f64::from(host.errors_in_row));
}

fn put_states(status: &Status, out: &mut Exposition) {
    let name = "hamirror_host_up";
    out.begin(name, "gauge", "1 if the host gets its share of queries, 0 if it was found dead.");
    put_hosts(status, out, name, |host| f64::from(u8::from(host.state == HostState::Living)));
    let name = "hamirror_host_state";
    out.begin(name, "gauge", "1 for the state that the host is in, 0 for the others.");
    for host in &status.hosts {
        for state in [HostState::Living, HostState::Dead, HostState::OnTrial] {
            let labels = [("host", host.name.as_str()), ("state", state.name())];
            out.put(name, &labels, u8::from(host.state == state));
        }
    }
    let name = "hamirror_host_state_seconds";
    out.begin(name, "gauge", "Time since the host was last found dead or alive.");
    put_hosts(status, out, name, |host| host.state_for.as_secs_f64());
    let name = "hamirror_host_last_failure_age_seconds";
    out.begin(name, "gauge", "Time since the last failure, by its kind and phase.");
    for host in &status.hosts {
        let Some((failure, age)) = &host.last_failure else { continue };
        let phase = failure.phase.to_string();
        let kind = outcome(Counter::from(failure.kind));
        let labels = [("host", host.name.as_str()), ("kind", kind), ("phase", phase.as_str())];
        out.put(name, &labels, age.as_secs_f64());
    }
}

fn put_connections(status: &Status, out: &mut Exposition) {
    let name = "hamirror_host_in_flight";
    out.begin(name, "gauge", "Attempts and pings under way.");
    put_hosts(status, out, name, |host| f64::from(host.in_flight));
    let name = "hamirror_host_kept_connections";
    out.begin(name, "gauge", "Kept connections, by whether an attempt uses them.");
    for host in &status.hosts {
        let busy = host.busy_connections;
        // The two are read one after the other, while connections come and go.
        let idle = host.kept_connections.saturating_sub(busy);
        for (state, count) in [("busy", busy), ("idle", idle)] {
            out.put(name, &[("host", &host.name), ("state", state)], count);
        }
    }
    let name = "hamirror_host_connects_total";
    out.begin(name, "counter", "Connections made.");
    put_hosts(status, out, name, |host| host.since_start.connect_count() as f64);
    let name = "hamirror_host_connect_seconds_total";
    out.begin(name, "counter", "Time spent in making connections.");
    put_hosts(status, out, name, |host| host.since_start.connect_us() as f64 / 1e6);
}

fn put_latencies(status: &Status, out: &mut Exposition) {
    let name = "hamirror_host_query_duration_seconds";
    out.begin(name, "histogram", "Time of queries, pings left out.");
    for host in &status.hosts {
        put_histogram(&host.name, &host.latencies_since_start, name, out);
    }
    let name = "hamirror_host_recent_query_duration_seconds";
    let help = "Time of queries within the last karma periods; percentile 100 is the longest.";
    out.begin(name, "gauge", help);
    for host in &status.hosts {
        for (periods, latencies) in WINDOWS.iter().zip(&host.latencies) {
            // A label "quantile" is for summaries alone.
            let percentiles = [
                ("50", latencies.p50()),
                ("90", latencies.p90()),
                ("99", latencies.p99()),
                ("100", latencies.max()),
            ];
            let periods = periods.to_string();
            for (percentile, time) in percentiles {
                let host = host.name.as_str();
                let labels = [("host", host), ("periods", &periods), ("percentile", percentile)];
                out.put(name, &labels, time.map_or(f64::NAN, |time| time.as_secs_f64()));
            }
        }
    }
}

fn put_histogram(host: &str, latencies: &Latencies, name: &str, out: &mut Exposition) {
    let bucket = format!("{name}_bucket");
    for (bound, count) in latencies.doublings() {
        let bound = seconds(bound);
        out.put(&bucket, &[("host", host), ("le", &bound)], count);
    }
    out.put(&bucket, &[("host", host), ("le", "+Inf")], latencies.count());
    out.put(&format!("{name}_sum"), &[("host", host)], latencies.sum().as_secs_f64());
    out.put(&format!("{name}_count"), &[("host", host)], latencies.count());
}

fn put_agents(status: &Status, out: &mut Exposition) {
    let living = status.hosts.iter().filter(|host| host.state == HostState::Living);
    let living: HashSet<&str> = living.map(|host| host.name.as_str()).collect();
    let name = "hamirror_agent_mirrors_up";
    out.begin(name, "gauge", "Mirrors of the agent whose host gets its share of queries.");
    put_each_agent(status, out, name, |agent| {
        let mirrors = agent.mirrors.iter();
        mirrors.filter(|mirror| living.contains(mirror.host.as_str())).count() as u64
    });
    let name = "hamirror_agent_unanswered_total";
    out.begin(name, "counter", "Requests that no mirror of the agent answered.");
    put_each_agent(status, out, name, |agent| agent.unanswered);
}

fn put_each_agent(
    status: &Status,
    out: &mut Exposition,
    name: &str,
    value: impl Fn(&AgentStatus) -> u64,
) {
    for agent in &status.agents {
        let number = agent.number.to_string();
        out.put(name, &[("index", &agent.index), ("agent", &number)], value(agent));
    }
}

fn put_mirrors(status: &Status, out: &mut Exposition) {
    let families: [(&str, &str, Part); 2] = [
        (
            "hamirror_mirror_weight_ratio",
            "Weight of the mirror by its latency, among those of its agent.",
            |mirror| mirror.weight / 100.0,
        ),
        (
            "hamirror_mirror_share_ratio",
            "Part of the agent's next queries that the mirror gets.",
            |mirror| mirror.share / 100.0,
        ),
    ];
    for (name, help, value) in families {
        out.begin(name, "gauge", help);
        for agent in &status.agents {
            let line = agent.number.to_string();
            for (number, mirror) in agent.mirrors.iter().enumerate() {
                let number = number.to_string();
                let labels = [
                    ("index", agent.index.as_str()),
                    ("agent", &line),
                    ("mirror", &number),
                    ("host", &mirror.host),
                ];
                out.put(name, &labels, value(mirror));
            }
        }
    }
}

fn put_traffic(status: &Status, out: &mut Exposition) {
    let traffic = &status.traffic;
    let families = [
        (
            "hamirror_blackhole_drops_total",
            "Requests to blackholes that were not sent.",
            status.blackhole_drops,
        ),
        (
            "hamirror_connects_begun_total",
            "Connections begun, pings included.",
            traffic.agent_connects,
        ),
        ("hamirror_retries_total", "Attempts beyond a call's first.", traffic.agent_retries),
        (
            "hamirror_distributed_queries_total",
            "Requests to distributed indexes.",
            traffic.dist_queries,
        ),
    ];
    for (name, help, value) in families {
        out.begin(name, "counter", help);
        out.put(name, &[], value);
    }
}

fn put_hosts(
    status: &Status,
    out: &mut Exposition,
    name: &str,
    value: impl Fn(&HostStatus) -> f64,
) {
    for host in &status.hosts {
        out.put(name, &[("host", &host.name)], value(host));
    }
}

fn outcome(counter: Counter) -> &'static str {
    match counter {
        Counter::QueryTimeouts => "query_timeout",
        Counter::ConnectTimeouts => "connect_timeout",
        Counter::ConnectFailures => "connect_failure",
        Counter::NetworkErrors => "network_error",
        Counter::WrongReplies => "wrong_reply",
        Counter::UnexpectedClosings => "unexpected_closing",
        Counter::Warnings => "warned",
        Counter::SucceededQueries => "succeeded",
        Counter::RemoteErrors => "remote_error",
        Counter::RemoteRetries => "remote_retry",
        Counter::Overtaken => "overtaken",
        Counter::LocalFailures => "local_failure",
    }
}

fn seconds(time: Duration) -> String {
    time.as_secs_f64().to_string()
}

type Part = fn(&MirrorStatus) -> f64;

struct Exposition {
    text: String,
}

impl Exposition {
    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn put(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.text.push_str(name);
        for (number, (label, value)) in labels.iter().enumerate() {
            let before = if number == 0 { '{' } else { ',' };
            self.write(format_args!("{before}{label}=\"{}\"", Escaped(value)));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        self.write(format_args!("{end} {value}\n"));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("a String takes any text");
    }
}

/// A label's value: names come from the configuration, and a path may hold anything.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => out.write_str("\\\\")?,
                '"' => out.write_str("\\\"")?,
                '\n' => out.write_str("\\n")?,
                other => out.write_char(other)?,
            }
        }
        Ok(())
    }
}
