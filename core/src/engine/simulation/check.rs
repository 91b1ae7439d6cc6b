//! What must hold in every world.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::daemon::{ANSWER_MAX, Mode};
use crate::call::Answer;
use crate::error::AgentFailure;
use crate::host::EXTRA_DIAL_PAUSE;
use crate::wire::request::Access;

/// One call as the world knows it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: u64,
    pub(super) access: Access,
    pub(super) hosts: Vec<usize>,
    pub(super) started_at: Instant,
    pub(super) deadline: Instant,
    /// Neither failover nor attempts are limited.
    pub(super) free: bool,
    pub(super) ended: bool,
}

/// The modes of a host over time.
pub(super) type History = Vec<(Instant, Mode)>;

/// Checks one end of a call against everything that the world knows.
pub(super) fn check_end(
    asked: &mut Asked,
    outcome: &Result<Answer, AgentFailure>,
    histories: &[History],
    now: Instant,
) -> Result<(), String> {
    let id = asked.id;
    if std::mem::replace(&mut asked.ended, true) {
        return Err(format!("call {id} ended twice"));
    }
    if now > asked.deadline + TICK {
        let late = now - asked.deadline;
        return Err(format!("call {id} ended {late:?} after its deadline"));
    }
    match outcome {
        Ok(answer) => {
            let body = &answer.reply.body;
            if body[..8] != id.to_be_bytes() {
                return Err(format!("call {id} got the reply of another: {body:?}"));
            }
            let host = asked.hosts[answer.mirror] as u32;
            if body[8..] != host.to_be_bytes() {
                return Err(format!("call {id} names mirror {host}, but {body:?} answered"));
            }
            Ok(())
        }
        Err(failure) => match living_mirror(asked, histories) {
            Some(host) if asked.access == Access::Read && asked.free => Err(format!(
                "call {id} failed although host {host} lived and would have answered: {failure:?}"
            )),
            _ => Ok(()),
        },
    }
}

/// A mirror that answers during the whole call, fast enough for its share of the time: the last
/// of n mirrors is asked when an n-th of the deadline is left.
fn living_mirror(asked: &Asked, histories: &[History]) -> Option<usize> {
    let share = (asked.deadline - asked.started_at) / asked.hosts.len() as u32;
    if share < ANSWER_MAX * 2 + EXTRA_DIAL_PAUSE * 2 + TICK * 4 {
        return None;
    }
    asked.hosts.iter().copied().find(|&host| {
        let history = &histories[host];
        let at_start = history.iter().rev().find(|(from, _)| *from < asked.started_at);
        let during =
            history.iter().filter(|(at, _)| *at >= asked.started_at && *at <= asked.deadline);
        at_start.into_iter().chain(during).all(|(_, mode)| mode.answers())
    })
}

/// A write reaches each mirror at most once.
pub(super) fn check_writes(executed: &HashMap<(u64, usize), u32>) -> Result<(), String> {
    match executed.iter().find(|(_, count)| **count > 1) {
        Some(((id, host), count)) => {
            Err(format!("write {id} was executed {count} times by host {host}"))
        }
        None => Ok(()),
    }
}

/// How late the world lets the engine be.
pub(super) const TICK: Duration = Duration::from_millis(1);
