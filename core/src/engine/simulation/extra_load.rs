//! What the world notes of each agent: extra requests, and mirrors that nobody asks.

use std::sync::Arc;
use std::time::Instant;

use super::check::Asked;
use crate::agent::Agent;

/// An attempt under way as the world sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) number: u32,
    /// It may be the one trial of a dead host.
    pub(super) is_on_trial: bool,
    /// When the mirrors not asked yet have no more than their equal share of the time left.
    pub(super) share_ends_at: Instant,
}

impl Attempt {
    /// The attempt of that number, seen for the first time.
    pub(super) fn new(number: u32, is_on_trial: bool, asked: &Asked, now: Instant) -> Self {
        let mirrors = asked.hosts.len() as u32;
        let left = asked.deadline.saturating_duration_since(now);
        let share_ends_at = now + left / (mirrors - number % mirrors);
        Self { number, is_on_trial, share_ends_at }
    }
}

impl Asked {
    /// Notes which attempts run, each with its host; returns how many came to others that no
    /// failure and no want of time called for. The trial of a dead host is no such cause either.
    pub(super) fn note_attempts(
        &mut self,
        running: impl Iterator<Item = (u32, usize)> + Clone,
        is_on_trial: impl Fn(usize) -> bool,
        now: Instant,
    ) -> usize {
        let before = self.attempts.len();
        let is_called_for =
            |attempt: &Attempt| attempt.share_ends_at <= now || attempt.is_on_trial;
        let is_called_for = self.attempts.iter().any(is_called_for);
        let started_before = |number| self.attempts.iter().find(|known| known.number == number);
        self.attempts = running
            .map(|(number, host)| match started_before(number) {
                Some(known) => *known,
                None => Attempt::new(number, is_on_trial(host), self, now),
            })
            .collect();
        let more = self.attempts.len().saturating_sub(before);
        if before == 0 || is_called_for { 0 } else { more }
    }
}

/// What one agent was asked.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) agent: Arc<Agent>,
    calls: u32,
    /// Requests sent beside another that was under way, before time alone called for them.
    extra: u32,
    /// Reads that went by since a mirror which was well all the time executed one.
    passed_over: Vec<u32>,
}

impl Load {
    pub(super) fn new(agent: Arc<Agent>) -> Self {
        let passed_over = vec![0; agent.mirrors.len()];
        Self { agent, calls: 0, extra: 0, passed_over }
    }

    pub(super) fn handle_call(&mut self) {
        self.calls += 1;
    }

    /// Extra requests stay below a tenth of all, and a small constant.
    pub(super) fn handle_extra(&mut self, count: usize) -> Result<(), String> {
        self.extra += count as u32;
        if self.extra > self.calls / 10 + BURST_MAX {
            let Self { calls, extra, .. } = self;
            return Err(format!("{extra} extra requests beside {calls} calls of an agent"));
        }
        Ok(())
    }

    /// A read begins; `is_well` tells of each mirror whether nothing was wrong with it for long.
    pub(super) fn handle_read(&mut self, is_well: impl Fn(usize) -> bool) -> Result<(), String> {
        for (mirror, passed_over) in self.passed_over.iter_mut().enumerate() {
            *passed_over = if is_well(mirror) { *passed_over + 1 } else { 0 };
            if *passed_over > PASSED_OVER_MAX {
                let name = &self.agent.mirrors[mirror].host.name;
                let strategy = self.agent.selector.strategy();
                return Err(format!(
                    "{name} is starved: well, but {strategy:?} passed it over {passed_over} times"
                ));
            }
        }
        Ok(())
    }

    /// A host executed a request.
    pub(super) fn handle_executed(&mut self, host: usize) {
        for (mirror, passed_over) in self.agent.mirrors.iter().zip(&mut self.passed_over) {
            if mirror.host.number == host {
                *passed_over = 0;
            }
        }
    }
}

/// Extra requests that an agent may cause at once.
const BURST_MAX: u32 = 10;

/// With the smallest weight, one percent, chance passes a mirror over for so long once in
/// a hundred and seventy thousand times.
const PASSED_OVER_MAX: u32 = 1_200;
