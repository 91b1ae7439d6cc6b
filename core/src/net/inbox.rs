//! What is to be done beside the calls, as all threads of a client say it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::lookups::Lookups;
use super::mail::Waker;
use super::pinger::Pinged;
use super::pool::Pool;
use super::thread::Thread;
use crate::agent::Agent;
use crate::limits::{BLACKHOLE_BACKLOG_BYTES_MAX, BLACKHOLE_BACKLOG_MAX};
use crate::request::Request;

/// Shared by a client and its threads.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) jobs: Mutex<Jobs>,
    /// There is a host to ping.
    pub(super) pings: AtomicBool,
    /// The program does the upkeep.
    pub(super) is_driven: AtomicBool,
    /// Requests to blackholes that were not sent.
    pub(super) dropped: AtomicU64,
    /// Drivers of the client.
    pub(super) pool: Weak<Pool>,
    pub(super) lookups: Arc<Lookups>,
    /// Does the upkeep, if the program does not.
    pub(super) thread: Mutex<Option<Thread>>,
}

#[derive(Default)]
pub(super) struct Jobs {
    pub(super) pinged: Arc<Pinged>,
    /// By number of the host.
    sends: HashMap<usize, Backlog>,
    pub(super) waker: Option<Waker>,
    pub(super) stop: bool,
}

/// Requests that wait for their turn to be sent to one blackhole.
#[derive(Default)]
struct Backlog {
    sends: VecDeque<Send>,
    bytes: usize,
}

/// A request to a mirror of a blackhole.
pub(super) struct Send {
    pub(super) agent: Arc<Agent>,
    pub(super) mirror: usize,
    pub(super) request: Arc<dyn Request>,
    /// Bytes of its body.
    pub(super) length: usize,
}

impl Jobs {
    /// Takes sends out, to each host as many as `room` says.
    pub(super) fn take_sends(&mut self, room: impl Fn(usize) -> usize) -> Vec<(usize, Send)> {
        let mut taken = Vec::new();
        for (host, backlog) in &mut self.sends {
            let count = room(*host).min(backlog.sends.len());
            for send in backlog.sends.drain(..count) {
                backlog.bytes -= send.length;
                taken.push((*host, send));
            }
        }
        self.sends.retain(|_, backlog| !backlog.sends.is_empty());
        taken
    }
}

impl Inbox {
    pub(super) fn wake(&self) {
        if let Some(waker) = &self.jobs.lock().waker {
            let _ = waker.wake();
        }
    }

    /// Keeps a request for a blackhole, unless too much waits for its host already.
    pub(super) fn add_send(&self, send: Send) -> bool {
        let host = send.agent.mirrors[send.mirror].host.number;
        let mut jobs = self.jobs.lock();
        let backlog = jobs.sends.entry(host).or_default();
        let bytes = backlog.bytes.saturating_add(send.length);
        let has_room = backlog.sends.len() < BLACKHOLE_BACKLOG_MAX
            && (bytes <= BLACKHOLE_BACKLOG_BYTES_MAX || backlog.sends.is_empty());
        if has_room {
            backlog.bytes = bytes;
            backlog.sends.push_back(send);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::testing::{agent, origin};
    use crate::config::HaStrategy;
    use crate::request::Ping;

    #[test]
    fn the_backlog_of_a_blackhole_is_bounded_in_requests_and_in_bytes() {
        let agent = Arc::new(agent(HaStrategy::Random, 2, origin()));
        let inbox = Inbox::default();
        let add = |mirror, length| {
            let request: Arc<dyn Request> = Arc::new(Ping { cookie: 1 });
            inbox.add_send(Send { agent: agent.clone(), mirror, request, length })
        };
        assert!((0..BLACKHOLE_BACKLOG_MAX).all(|_| add(0, 1)));
        assert!(!add(0, 1), "more wait than may");
        assert!(add(1, BLACKHOLE_BACKLOG_BYTES_MAX + 1), "alone it may be of any size");
        assert!(!add(1, 1), "more bytes wait than may");
        let taken = inbox.jobs.lock().take_sends(|_| 8);
        assert_eq!(taken.len(), 9);
        assert!((0..8).all(|_| add(0, 1)) && !add(0, 1) && add(1, 1));
    }
}
