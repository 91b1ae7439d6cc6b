//! What is known of one host.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::error::AttemptFailure;
use crate::host::{Host, Lookup};
use crate::karma::{Karma, Latencies, Window};

/// What is known of one host.
#[derive(Clone, Debug)]
pub struct HostStatus {
    /// Name in the configuration.
    pub name: String,
    /// Mirrors that name it.
    pub references: u32,
    /// True if the host gets queries; a dead one gets a trial now and then.
    pub is_living: bool,
    /// Time since the host was found dead.
    pub dead_for: Option<Duration>,
    /// Living, dead, or dead and on trial.
    pub state: HostState,
    /// Time that the host has been living or dead; from the start, if it was never anything else.
    pub state_for: Duration,
    /// Time until a dead host may get its next trial, zero if that is due; `None` while it is
    /// living or on trial.
    pub next_trial: Option<Duration>,
    /// Failures since its last success.
    pub errors_in_row: u32,
    /// Since the start of its last query or ping.
    pub last_query: Option<Duration>,
    /// Since the end of its last query or ping.
    pub last_answer: Option<Duration>,
    /// From the start of the last query to the last end.
    pub last_period: Duration,
    /// True if the host is pinged while idle.
    pub is_pinged: bool,
    /// Time that the last answered ping took.
    pub ping_trip: Option<Duration>,
    /// Some agent keeps its connections to it.
    pub keeps_connections: bool,
    /// Kept connections, idle and in use.
    pub kept_connections: u32,
    /// Kept connections in use.
    pub busy_connections: u32,
    /// Attempts and pings under way.
    pub in_flight: u32,
    /// Addresses in use, or why there are none.
    pub addresses: Vec<String>,
    /// True if the name has to be looked up before anything can be sent.
    pub needs_lookup: bool,
    /// The last failure and how long ago it was.
    pub last_failure: Option<(AttemptFailure, Duration)>,
    /// Counters of the last 1, 5 and 15 periods.
    pub windows: [Window; 3],
    /// Counters since the client was made.
    pub since_start: Window,
    /// Times that queries of the last 1, 5 and 15 periods took.
    pub latencies: [Latencies; 3],
    /// Times that all queries since the client was made took.
    pub latencies_since_start: Latencies,
}

/// Whether a host gets queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostState {
    /// Living: the host gets its share.
    Living,
    /// Dead: the host gets nothing until its next trial.
    Dead,
    /// Found dead, and the one trial query is under way.
    OnTrial,
}

impl HostState {
    /// Returns the name of the state: `living`, `dead` or `on_trial`.
    pub fn name(self) -> &'static str {
        match self {
            HostState::Living => "living",
            HostState::Dead => "dead",
            HostState::OnTrial => "on_trial",
        }
    }
}

/// The windows of status, in periods (core/docs/spec/distributed.md 7.1).
pub const WINDOWS: [usize; 3] = [1, 5, 15];

impl HostStatus {
    pub(super) fn new(host: &Host, now: Instant) -> Self {
        let (addresses, needs_lookup) = addresses(host);
        let last_failure = host.last_failure(now);
        let ago = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        host.read(|karma| {
            let (query, answer) = (karma.last_query(), karma.last_answer());
            let last_period = match (query, answer) {
                (Some(query), Some(answer)) => answer.saturating_duration_since(query),
                _ => Duration::ZERO,
            };
            let (state, since) = state(karma);
            Self {
                name: host.name.clone(),
                references: host.references.load(Ordering::Relaxed),
                is_living: karma.health().is_living(),
                dead_for: ago(karma.health().dead_since()),
                state,
                state_for: now.saturating_duration_since(since),
                next_trial: next_trial(karma, now),
                errors_in_row: karma.errors_in_row(),
                last_query: ago(query),
                last_answer: ago(answer),
                last_period,
                is_pinged: host.pinged.load(Ordering::Relaxed),
                ping_trip: karma.ping_trip(),
                keeps_connections: false,
                kept_connections: host.kept.count(),
                busy_connections: host.kept.busy(),
                in_flight: karma.in_flight(),
                addresses,
                needs_lookup,
                last_failure,
                windows: WINDOWS.map(|periods| karma.window(periods, now)),
                since_start: karma.since_start(),
                latencies: WINDOWS.map(|periods| karma.latencies(periods, now)),
                latencies_since_start: karma.latencies_since_start(),
            }
        })
    }
}

fn state(karma: &Karma) -> (HostState, Instant) {
    let health = karma.health();
    match health.dead_since() {
        Some(since) if health.is_on_trial() => (HostState::OnTrial, since),
        Some(since) => (HostState::Dead, since),
        None => (HostState::Living, health.revived_at().unwrap_or(karma.clock().origin())),
    }
}

fn next_trial(karma: &Karma, now: Instant) -> Option<Duration> {
    karma.health().trial_at().map(|at| at.saturating_duration_since(now))
}

fn addresses(host: &Host) -> (Vec<String>, bool) {
    match host.addresses.lookup() {
        Lookup::Known(endpoints) => (endpoints.iter().map(ToString::to_string).collect(), false),
        Lookup::Needed => (Vec::new(), true),
        Lookup::Failed(failure) => (vec![format!("none: {}", failure.text)], true),
    }
}
