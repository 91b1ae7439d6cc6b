//! Which hosts are due for a ping (manual: `ha_ping_interval`; distributed.md 6.7).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::agent::Agent;
use crate::call::Scope;
use crate::engine::{CallId, Engine};
use crate::host::{Host, Lookup};
use crate::options::CallOptions;
use crate::wire::ping::Ping;
use crate::wire::request::Request;

/// Whom to ping, and how often.
pub(super) type Pinged = (Vec<Arc<Agent>>, Duration);

/// Pings hosts whose last answer, good or bad, is older than the interval; each on a connection
/// of its own, none waiting for another.
#[derive(Default)]
pub(super) struct Pinger {
    pinged: Arc<Pinged>,
    started_at: Option<Instant>,
    /// Numbers of the hosts that are being pinged.
    running: HashMap<CallId, usize>,
    is_running: HashSet<usize>,
    /// Hosts to look up before they can be pinged.
    nameless: Vec<Arc<Host>>,
    /// When that was asked for last, by number of the host.
    looked_up_at: HashMap<usize, Instant>,
}

impl Pinger {
    /// Sets whom to ping, and how often.
    pub(super) fn ping(&mut self, pinged: Arc<Pinged>) {
        self.pinged = pinged;
    }

    /// Starts pings that are due; returns the time until the next one is.
    pub(super) fn start_due(&mut self, engine: &mut Engine, now: Instant) -> Option<Duration> {
        let pinged = self.pinged.clone();
        let (agents, interval) = (&pinged.0, pinged.1);
        if interval.is_zero() || agents.is_empty() {
            return None;
        }
        let started_at = *self.started_at.get_or_insert(now);
        let mut next = interval;
        for agent in agents {
            let host = &agent.mirrors[0].host;
            if self.is_running.contains(&host.number) {
                continue;
            }
            let last = host.read(|karma| karma.last_answer());
            let due = last.map_or(started_at, |last| last + interval);
            if due > now {
                next = next.min(due - now);
                continue;
            }
            if !matches!(host.lookup(), Lookup::Known(_)) {
                let last = self.looked_up_at.get(&host.number);
                if last.is_none_or(|last| now.saturating_duration_since(*last) >= interval) {
                    self.looked_up_at.insert(host.number, now);
                    self.nameless.push(host.clone());
                }
                continue;
            }
            let cookie = now.saturating_duration_since(started_at).as_micros() as u32;
            let request: Arc<dyn Request> = Arc::new(Ping { cookie });
            let options = CallOptions::default();
            let call = engine.start(agent, &request, &options, Scope::Ping(0), now);
            self.running.insert(call, host.number);
            self.is_running.insert(host.number);
        }
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
