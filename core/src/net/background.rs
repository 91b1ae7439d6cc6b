//! Who does the upkeep: threads of the library, or the program.
//!
//! One pings and sends to blackholes; it starts when there is something to do for the first time.
//! Others look names up, which blocks, so that nothing else may be done on them; each is there
//! while there are names to look up. All are joined when the client goes, unless something holds
//! them up: a look-up, a log sink, or the dynamic loader's lock, which every thread needs when it
//! begins and which a plugin's destructor holds. Then they end by themselves. Without the first
//! (`ClientOptions::background`), its work is done by a program that drives it
//! ([`Background::drive`]), or by nobody; names are looked up on threads all the same, for no
//! deadline holds on a thread that blocks in the resolver. Threads that have a batch belong to it
//! (`run.rs`).

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::clock;
use super::descriptor::Own;
use super::inbox::{Inbox, Send};
use super::pool::Pool;
use super::thread::Thread;
use super::upkeep::Upkeep;
use crate::agent::Agent;
use crate::host::Host;
use crate::request::Request;

/// A handle on the threads, whether they run or not.
pub(crate) struct Background {
    allowed: bool,
    /// A thread does not come along into a forked child. There is nothing to join or to detach
    /// there, and locks may be held for ever.
    inbox: Own<Arc<Inbox>>,
}

impl Background {
    /// Threads that are not started yet, and never if not `allowed`; `pool` is the client's.
    pub(crate) fn new(allowed: bool, pool: &Arc<Pool>) -> Self {
        let (pool, lookups) = (Arc::downgrade(pool), pool.lookups.clone());
        let inbox = Arc::new(Inbox { pool, lookups, ..Inbox::default() });
        Self { allowed, inbox: Own::new(inbox) }
    }

    /// Whether the threads may run.
    pub(crate) fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// The program does it in place of the thread; `None` if it already does.
    pub(crate) fn drive(&self) -> Option<io::Result<Upkeep>> {
        if self.inbox.is_driven.swap(true, Ordering::AcqRel) {
            return None;
        }
        let upkeep = Upkeep::new(Arc::clone(&self.inbox));
        self.inbox.is_driven.store(upkeep.is_ok(), Ordering::Release);
        Some(upkeep)
    }

    /// Sets which agents, of one mirror each, are pinged, and how often.
    pub(crate) fn ping(&self, agents: Vec<Arc<Agent>>, interval: Duration) {
        let pings = !agents.is_empty() && !interval.is_zero();
        self.inbox.jobs.lock().pinged = Arc::new((agents, interval));
        self.inbox.pings.store(pings, Ordering::Relaxed);
        self.inbox.wake();
    }

    /// Starts the thread if there is anything to ping.
    pub(crate) fn start_pings(&self) {
        if self.inbox.pings.load(Ordering::Relaxed) {
            self.start();
        }
    }

    /// Sends to every mirror of a blackhole agent, a body of that length, and forgets it. What
    /// finds its host's backlog full is counted.
    pub(crate) fn send_to_blackhole(
        &self,
        agent: &Arc<Agent>,
        request: &Arc<dyn Request>,
        length: usize,
    ) {
        let is_done = self.allowed || self.inbox.is_driven.load(Ordering::Acquire);
        for mirror in 0..agent.mirrors.len() {
            let (agent, request) = (agent.clone(), request.clone());
            let send = Send { agent, mirror, request, length };
            if !(is_done && self.inbox.add_send(send)) {
                self.inbox.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.start();
        self.inbox.wake();
    }

    /// Requests to blackholes that were not sent.
    pub(crate) fn dropped(&self) -> u64 {
        self.inbox.dropped.load(Ordering::Relaxed)
    }

    /// Has a name looked up again; nobody waits for it.
    pub(crate) fn refresh(&self, host: &Arc<Host>) {
        self.inbox.lookups.ask(host.clone(), None);
    }

    /// The client goes: its threads end.
    pub(crate) fn end(&self) {
        let Inbox { thread, lookups, .. } = &**self.inbox;
        // A log line of a thread itself may have had the last of the client.
        let is_own = thread.lock().as_ref().is_some_and(Thread::is_here) || lookups.is_here();
        let until = clock::now() + if is_own { Duration::ZERO } else { JOIN_PATIENCE };
        lookups.stop();
        self.inbox.jobs.lock().stop = true;
        self.inbox.wake();
        let thread = thread.lock().take();
        thread.into_iter().for_each(|thread| thread.join_until(until));
        lookups.join_until(until);
    }

    fn start(&self) {
        // Whoever has the lock is just starting it.
        if self.allowed
            && let Some(mut thread) = self.inbox.thread.try_lock()
            && thread.as_ref().is_none_or(Thread::has_ended)
        {
            let inbox = Arc::clone(&self.inbox);
            *thread = Thread::start("hamirror", move |_| Upkeep::run(inbox)).ok();
            thread.iter().for_each(Thread::await_begin);
        }
    }
}

/// Time that a client waits for its threads when it goes. Nothing but what is named above holds
/// them up for that long.
const JOIN_PATIENCE: Duration = Duration::from_secs(2);
