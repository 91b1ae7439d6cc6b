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
    host: usize,
    /// Its host was one to leave, at some time since it began.
    is_lost: bool,
    /// When the mirrors not asked yet are to be asked, if the last one shall have half of the
    /// time.
    pub(super) share_ends_at: Instant,
}

impl Attempt {
    /// The attempt of that number, seen for the first time.
    fn new(running: &Running, asked: &Asked, now: Instant) -> Self {
        let Running { number, host, is_on_trial, .. } = *running;
        let mirrors = asked.hosts.len() as u32;
        // Mirrors of attempts that wait for look-ups may be asked after this one.
        let number = if asked.has_waited { 0 } else { number };
        let left = asked.deadline.saturating_duration_since(now);
        let to_half = left.saturating_sub((asked.deadline - asked.started_at) / 2);
        let untried = (mirrors - 1).saturating_sub(number % mirrors).max(1);
        let share_ends_at = now + (to_half / untried).max(left / (2 * (untried + 1)));
        Self { number: running.number, host, is_lost: false, is_on_trial, share_ends_at }
    }
}

/// An attempt as its driver has it now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub(super) number: u32,
    pub(super) host: usize,
    /// It waits for a look-up.
    pub(super) waits: bool,
    pub(super) is_reached: bool,
    /// Its host is thought to be dead.
    pub(super) is_found_dead: bool,
    pub(super) is_on_trial: bool,
}

/// What becomes of a request to a host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wellness {
    /// It is executed, answered in time or not.
    pub(super) executes: bool,
    /// It is answered in time.
    pub(super) answers: bool,
}

impl Asked {
    /// Notes which attempts run; returns how many requests came to others that no failure and no
    /// want of time called for. What waits for a look-up is no request yet. The trial of a dead
    /// host is such a cause, too, and so is a host that is not reached yet, that was found dead,
    /// that executes nothing, or that is slow while another is not: to leave it adds to nobody's
    /// load that can't bear it.
    pub(super) fn note_attempts(
        &mut self,
        running: &[Running],
        well: &[Wellness],
        now: Instant,
    ) -> usize {
        self.has_waited |= running.iter().any(|each| each.waits);
        let before = self.attempts.len();
        for attempt in &mut self.attempts {
            let host = attempt.host;
            let has_other = self.hosts.iter().any(|other| *other != host && well[*other].answers);
            let is_worth_waiting = |each: &Running| {
                each.number == attempt.number && each.is_reached && !each.is_found_dead
            };
            let is_slow = !well[host].answers && has_other;
            attempt.is_lost |= !running.iter().any(is_worth_waiting);
            attempt.is_lost |= !well[host].executes || is_slow;
        }
        let is_called_for = |attempt: &Attempt| {
            attempt.share_ends_at <= now || attempt.is_on_trial || attempt.is_lost
        };
        let is_called_for = self.attempts.iter().any(is_called_for);
        let started_before = |number| self.attempts.iter().find(|known| known.number == number);
        // What was refused, and waits for another look-up, takes its place again.
        let is_asking = |each: &&Running| !each.waits || started_before(each.number).is_some();
        let asking = running.iter().filter(is_asking);
        self.attempts = asking
            .map(|each| match started_before(each.number) {
                Some(known) => *known,
                None => Attempt::new(each, self, now),
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

/// Extra requests that an agent may cause at once: ten that its budget allows, and six that are
/// left in a row before a mirror that stutters is wrongly held to be silent.
const BURST_MAX: u32 = 16;

/// With the smallest weight, one percent, chance passes a mirror over for so long once in
/// a hundred and seventy thousand times.
const PASSED_OVER_MAX: u32 = 1_200;
