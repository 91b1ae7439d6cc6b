//! Which hosts are due for a ping (manual: `ha_ping_interval`; distributed.md 6.7).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::agent::Agent;
use crate::call::Scope;
use crate::engine::{CallId, Engine};
use crate::options::CallOptions;
use crate::wire::ping::Ping;
use crate::wire::request::Request;

/// Pings hosts whose last answer, good or bad, is older than the interval; each on a connection
/// of its own, none waiting for another.
pub(super) struct Pinger {
    agents: Vec<Arc<Agent>>,
    interval: Duration,
    started_at: Option<Instant>,
    running: HashMap<CallId, usize>,
    is_running: Vec<bool>,
}

impl Pinger {
    pub(super) fn new(agents: Vec<Arc<Agent>>, interval: Duration) -> Self {
        let is_running = vec![false; agents.len()];
        Self { agents, interval, started_at: None, running: HashMap::new(), is_running }
    }

    /// Starts pings that are due; returns the time until the next one is.
    pub(super) fn start_due(&mut self, engine: &mut Engine, now: Instant) -> Option<Duration> {
        if self.interval.is_zero() || self.agents.is_empty() {
            return None;
        }
        let started_at = *self.started_at.get_or_insert(now);
        let mut next = self.interval;
        for number in 0..self.agents.len() {
            if self.is_running[number] {
                continue;
            }
            let last = self.agents[number].mirrors[0].host.read(|karma| karma.last_answer());
            let due = last.map_or(started_at, |last| last + self.interval);
            if due > now {
                next = next.min(due - now);
                continue;
            }
            let cookie = now.saturating_duration_since(started_at).as_micros() as u32;
            let request: Arc<dyn Request> = Arc::new(Ping { cookie });
            let options = CallOptions::default();
            let agent = &self.agents[number];
            let call = engine.start(agent, &request, &options, Scope::Ping(0), now);
            self.running.insert(call, number);
            self.is_running[number] = true;
        }
        Some(next)
    }

    pub(super) fn handle_end(&mut self, call: CallId) {
        if let Some(number) = self.running.remove(&call) {
            self.is_running[number] = false;
        }
    }
}
