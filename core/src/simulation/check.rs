//! What must hold in every world: of calls, and of writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::daemon::ANSWER_MAX;
use super::extra_load::Attempt;
use crate::call::{Answer, REDIAL_PAUSE};
use crate::error::AgentFailure;
use crate::host::{EXTRA_DIAL_PAUSE, Host};
use crate::request::Access;

/// One call as the world knows it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: u64,
    pub(super) access: Access,
    /// Number of the agent among all that there ever were; `None` for a ping's.
    pub(super) agent: Option<usize>,
    /// Numbers of the hosts of its mirrors, as they were when it began.
    pub(super) hosts: Vec<usize>,
    pub(super) started_at: Instant,
    /// When the process last woke up; without a sleep, when the call began.
    pub(super) awake_since: Instant,
    pub(super) deadline: Instant,
    /// The program gave it, so that it does not move while the process sleeps.
    pub(super) is_deadline_fixed: bool,
    /// First packets of its connections that were lost.
    pub(super) lost_packets: u32,
    /// Its mirror's time is too short to see that a connection was forgotten on its way.
    pub(super) is_hasty: bool,
    /// Neither failover nor attempts are limited, and time did not leap.
    pub(super) free: bool,
    pub(super) attempts: Vec<Attempt>,
    /// One of them, or of those before, waited for a look-up.
    pub(super) has_waited: bool,
}

/// A host object as the world knows it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) site: usize,
    /// Whether a call would get its answer there, from some time on.
    pub(super) answers: Vec<(Instant, bool)>,
    /// Connections that it refused.
    pub(super) refusals: u64,
}

/// What the end of a call is held against.
pub(super) struct Circumstances<'a> {
    pub(super) known: &'a [Known],
    pub(super) hosts: &'a [Arc<Host>],
    pub(super) now: Instant,
    /// How far time leapt before this turn.
    pub(super) leap: Duration,
    /// Calls that ran at once, at most.
    pub(super) crowd: usize,
}

impl Circumstances<'_> {
    /// Checks one end of a call against everything that the world knows.
    pub(super) fn check_end(
        &self,
        asked: &Asked,
        outcome: &Result<Answer, AgentFailure>,
    ) -> Result<(), String> {
        let id = asked.id;
        if self.now > asked.deadline + TICK + self.leap {
            let late = self.now - asked.deadline;
            return Err(format!("call {id} ended {late:?} after its deadline"));
        }
        match outcome {
            Ok(answer) => {
                let body = &answer.reply.body;
                if body[..8] != id.to_be_bytes() {
                    return Err(format!("call {id} got the reply of another: {body:?}"));
                }
                let site = self.known[asked.hosts[answer.mirror]].site as u32;
                if body[8..] != site.to_be_bytes() {
                    return Err(format!("call {id} names site {site}, but {body:?} answered"));
                }
                Ok(())
            }
            Err(failure) => match self.living_mirror(asked) {
                Some(host) if asked.access == Access::Read && asked.free => Err(format!(
                    "call {id} failed although host {host} lived and would have answered: \
                     {failure:?}"
                )),
                _ => Ok(()),
            },
        }
    }

    /// A mirror that answers during the whole call, fast enough for its share of the time: the
    /// last of n mirrors is asked when an n-th of the deadline is left.
    fn living_mirror(&self, asked: &Asked) -> Option<usize> {
        let left = asked.deadline.saturating_duration_since(asked.awake_since);
        let share = left / asked.hosts.len() as u32;
        // Whoever lost a packet waits for its turn once more; who lost two had bad luck.
        let turn = EXTRA_DIAL_PAUSE * self.crowd as u32;
        let again = (REDIAL_PAUSE * 2 + turn) * asked.lost_packets;
        if asked.lost_packets > 1 || share < ANSWER_MAX * 2 + turn + again + TICK * 4 {
            return None;
        }
        asked.hosts.iter().copied().find(|&host| {
            let history = &self.known[host].answers;
            let at_start = history.iter().rev().find(|(from, _)| *from < asked.started_at);
            let during =
                history.iter().filter(|(at, _)| *at >= asked.started_at && *at <= asked.deadline);
            at_start.into_iter().chain(during).all(|(_, answers)| *answers)
                && !self.seems_slow(host, asked.started_at, share)
        })
    }

    /// True if the last answer of the host came while the call ran and took longer than its share
    /// of the time: it was asked before the host was well, and so far it seems merely slow.
    fn seems_slow(&self, host: usize, begun_at: Instant, share: Duration) -> bool {
        self.hosts[host].read(|karma| {
            let evidence = karma.evidence();
            evidence.has_answered_after(begun_at) && !evidence.answers_within(share)
        })
    }
}

/// A write reaches each mirror at most once.
pub(super) fn check_writes(executed: &BTreeMap<(u64, usize), u32>) -> Result<(), String> {
    match executed.iter().find(|(_, count)| **count > 1) {
        Some(((id, site), count)) => {
            Err(format!("write {id} was executed {count} times by site {site}"))
        }
        None => Ok(()),
    }
}

/// How late the world lets the engine be.
pub(super) const TICK: Duration = Duration::from_millis(1);
