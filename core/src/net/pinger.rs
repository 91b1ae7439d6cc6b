//! Which hosts are due for a ping (manual: `ha_ping_interval`; core/docs/spec/distributed.md 6.7).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::agent::Agent;
use crate::call::Scope;
use crate::engine::{CallId, Engine};
use crate::host::Host;
use crate::karma::Karma;
use crate::limits::PING_STRETCH_MAX;
use crate::options::CallOptions;
use crate::request::Ping;
use crate::request::Request;

/// Whom to ping, and how often.
pub(super) type Pinged = (Vec<Arc<Agent>>, Duration);

/// Pings hosts whose last answer, good or bad, is older than the interval; each on a connection
/// of its own, none waiting for another. A host that is well and that nobody asks is pinged more
/// rarely the longer that lasts, down to once in [`PING_STRETCH_MAX`] intervals: a failover would
/// find out as soon.
#[derive(Default)]
pub(super) struct Pinger {
    pinged: Arc<Pinged>,
    /// When all hosts are looked at next; `None`: at once.
    look_at: Option<Instant>,
    started_at: Option<Instant>,
    /// Numbers of the hosts that are being pinged.
    running: HashMap<CallId, usize>,
    is_running: HashSet<usize>,
    /// Hosts to look up before they can be pinged.
    nameless: Vec<Arc<Host>>,
    /// What is known of a host, by its number.
    notes: HashMap<usize, Note>,
}

/// What is known of a host that is pinged.
#[derive(Clone, Copy, Debug)]
struct Note {
    /// No query was begun since.
    quiet_since: Instant,
    pinged_at: Option<Instant>,
    /// When its name was asked for last.
    looked_up_at: Option<Instant>,
}

impl Note {
    fn new(now: Instant) -> Self {
        Self { quiet_since: now, pinged_at: None, looked_up_at: None }
    }

    /// The pause after its last answer.
    fn pause(&mut self, karma: &Karma, interval: Duration, now: Instant) -> Duration {
        let asked_at = karma.last_query().filter(|at| Some(*at) != self.pinged_at);
        self.quiet_since = asked_at.map_or(self.quiet_since, |at| at.max(self.quiet_since));
        if !karma.health().is_living() || karma.failures_in_row() > 0 {
            return interval;
        }
        let quiet = now.saturating_duration_since(self.quiet_since);
        (quiet / QUIET_PART).clamp(interval, interval * PING_STRETCH_MAX)
    }
}

impl Pinger {
    /// Sets whom to ping, and how often.
    pub(super) fn ping(&mut self, pinged: Arc<Pinged>) {
        if !Arc::ptr_eq(&self.pinged, &pinged) {
            let numbers = pinged.0.iter().map(|agent| agent.mirrors[0].host.number);
            let numbers: HashSet<usize> = numbers.collect();
            self.notes.retain(|number, _| numbers.contains(number));
            self.look_at = None;
            self.pinged = pinged;
        }
    }

    /// Starts pings that are due; returns the time until the next one is.
    pub(super) fn start_due(&mut self, engine: &mut Engine, now: Instant) -> Option<Duration> {
        let pinged = self.pinged.clone();
        let (agents, interval) = (&pinged.0, pinged.1);
        if interval.is_zero() || agents.is_empty() {
            return None;
        }
        if let Some(look_at) = self.look_at.filter(|look_at| now < *look_at) {
            return Some(look_at - now);
        }
        let started_at = *self.started_at.get_or_insert(now);
        let mut next = interval;
        for agent in agents {
            let host = &agent.mirrors[0].host;
            if self.is_running.contains(&host.number) {
                continue;
            }
            let note = self.notes.entry(host.number).or_insert_with(|| Note::new(now));
            let due = host.read(|karma| {
                let pause = note.pause(karma, interval, now);
                karma.last_answer().map_or(started_at, |last| last + pause)
            });
            if due > now {
                next = next.min(due - now);
                continue;
            }
            if host.addresses.needs_lookup() {
                let last = note.looked_up_at.map(|last| now.saturating_duration_since(last));
                if last.is_none_or(|last| last >= interval) {
                    note.looked_up_at = Some(now);
                    self.nameless.push(host.clone());
                }
                continue;
            }
            note.pinged_at = Some(now);
            let cookie = now.saturating_duration_since(started_at).as_micros() as u32;
            let request: Arc<dyn Request> = Arc::new(Ping { cookie });
            let options = CallOptions::default();
            let call = engine.start(agent, &request, &options, Scope::Ping(0), now);
            self.running.insert(call, host.number);
            self.is_running.insert(host.number);
        }
        self.look_at = Some(now + next);
        Some(next)
    }

    /// A host that was due, but has no address.
    pub(super) fn next_nameless(&mut self) -> Option<Arc<Host>> {
        self.nameless.pop()
    }

    pub(super) fn handle_end(&mut self, call: CallId) {
        if let Some(host) = self.running.remove(&call) {
            self.is_running.remove(&host);
        }
    }
}

/// A host is pinged after this part of the time for which nobody has asked it.
const QUIET_PART: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::testing;
    use crate::config::HaStrategy;
    use crate::error::FailureKind;

    /// Pings in ten minutes of one mirror that an event befalls each second, if any does.
    fn pings(befalls: impl Fn(&Host, Instant)) -> u32 {
        let start = testing::origin();
        let agent = Arc::new(testing::agent(HaStrategy::Random, 1, start));
        let host = agent.mirrors[0].host.clone();
        let (mut engine, mut pinger) = (Engine::new(1), Pinger::default());
        pinger.ping(Arc::new((vec![agent], Duration::from_secs(1))));
        let mut count = 0;
        for second in 0..600 {
            let now = start + Duration::from_secs(second);
            befalls(&host, now);
            pinger.start_due(&mut engine, now);
            for call in pinger.running.clone().into_keys() {
                count += 1;
                if host.read(|karma| karma.errors_in_row()) == 0 {
                    host.record(|karma| karma.handle_ping_success(now));
                } else {
                    host.record(|karma| {
                        karma.handle_ping_failure(FailureKind::ConnectFailure, now)
                    });
                }
                engine.cancel(call, now);
                pinger.handle_end(call);
            }
        }
        count
    }

    #[test]
    fn who_is_well_and_asked_by_nobody_is_pinged_more_and_more_rarely() {
        let idle = pings(|_, _| {});
        assert!((600 / PING_STRETCH_MAX..100).contains(&idle), "{idle} pings in ten minutes");
        let asked = pings(|host, now| host.record(|karma| karma.handle_start(now)));
        assert!(asked >= 590, "{asked} pings of a host whose queries do not end");
        let dead = pings(|host, now| {
            if host.read(|karma| karma.errors_in_row()) == 0 {
                let kind = FailureKind::ConnectFailure;
                host.record(|karma| karma.handle_failure(kind, Duration::ZERO, false, now));
            }
        });
        assert!(dead >= 590, "{dead} pings of a host that fails");
    }
}
