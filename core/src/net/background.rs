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
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::descriptor::Own;
use super::driver::Driver;
use super::inbox::{Inbox, Send};
use super::mail::Mail;
use super::pool::Others;
use super::thread::Thread;
use super::upkeep::Upkeep;
use super::{clock, seed};
use crate::agent::Agent;
use crate::host::Host;
use crate::request::Request;

/// A handle on the threads, whether they run or not.
pub struct Background {
    allowed: bool,
    is_driven: AtomicBool,
    /// A thread does not come along into a forked child: there is nothing to join or to detach
    /// there, and locks may be held for ever.
    inbox: Own<Arc<Inbox>>,
}

impl Background {
    /// Threads that are not started yet, and never if not `allowed`; `pool` is the client's.
    pub fn new(allowed: bool, pool: Others) -> Self {
        Self::with_inbox(allowed, Inbox::new(pool))
    }

    fn with_inbox(allowed: bool, inbox: Arc<Inbox>) -> Self {
        Self { allowed, is_driven: AtomicBool::new(false), inbox: Own::new(inbox) }
    }

    /// Whether the threads may run.
    pub fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// The program does it in place of the thread; `None` if it already does.
    pub fn drive(self: &Arc<Self>) -> Option<io::Result<Driven>> {
        if self.is_driven.swap(true, Ordering::AcqRel) {
            return None;
        }
        let turn = Turn(self.clone());
        let worker = Arc::new(Self::with_inbox(false, Arc::clone(&self.inbox)));
        let driver = Driver::new(seed(), worker, Others::new());
        let inbox = Arc::clone(&self.inbox);
        let driven = |driver| Driven { upkeep: Upkeep::new(inbox, driver), _turn: turn };
        Some(driver.map(driven))
    }

    /// Sets which agents, of one mirror each, are pinged, and how often.
    pub fn ping(&self, agents: Vec<Arc<Agent>>, interval: Duration) {
        let pings = !agents.is_empty() && !interval.is_zero();
        self.inbox.jobs.lock().pinged = Arc::new((agents, interval));
        self.inbox.pings.store(pings, Ordering::Relaxed);
        self.inbox.wake();
    }

    /// Starts the thread if there is anything to ping.
    pub fn start_pings(&self) {
        if self.inbox.pings.load(Ordering::Relaxed) {
            self.start();
        }
    }

    /// Sends to every mirror of a blackhole agent, a body of that length, and forgets it. What
    /// finds its host's backlog full is counted.
    pub fn send_to_blackhole(
        &self,
        agent: &Arc<Agent>,
        request: &Arc<dyn Request>,
        length: usize,
    ) {
        let is_done = self.allowed || self.is_driven.load(Ordering::Acquire);
        for mirror in 0..agent.mirrors.len() {
            let (agent, request) = (agent.clone(), request.clone());
            let send = Send { agent, mirror, request, length };
            if !(is_done && self.inbox.add_send(send)) {
                self.inbox.handle_dropped();
            }
        }
        self.start();
        self.inbox.wake();
    }

    /// Requests to blackholes that were not sent.
    pub fn dropped(&self) -> u64 {
        self.inbox.dropped()
    }

    /// Has a name looked up again; nobody waits for it.
    pub fn refresh(&self, host: &Arc<Host>) {
        self.look_up(host.clone(), None);
    }

    /// Has a name looked up.
    pub(super) fn look_up(&self, host: Arc<Host>, mail: Option<Arc<Mail>>) {
        self.inbox.lookups.ask(host, mail);
    }

    /// The client goes: its threads end.
    pub fn end(&self) {
        let Inbox { thread, lookups, .. } = &**self.inbox;
        // A log line of a thread itself may have had the last of the client.
        let is_own = thread.lock().as_ref().is_some_and(Thread::is_here) || lookups.is_here();
        let until = clock::now() + if is_own { Duration::ZERO } else { JOIN_PATIENCE };
        lookups.stop();
        self.inbox.stop();
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
            *thread = Thread::start("hamirror", move |_| run(inbox)).ok();
            thread.iter().for_each(Thread::await_begin);
        }
    }
}

/// The upkeep in the hands of the program.
pub struct Driven {
    upkeep: Upkeep,
    /// Given back last: the next one sets a waker, which this upkeep takes away when it ends.
    _turn: Turn,
}

/// Nobody else drives the upkeep.
struct Turn(Arc<Background>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.is_driven.store(false, Ordering::Release);
    }
}

impl Driven {
    /// Readable when there is something to do.
    pub fn fd(&self) -> RawFd {
        self.upkeep.fd()
    }

    /// When there is something to do though the fd stays quiet.
    pub fn next_timeout(&self) -> Option<Instant> {
        Some(self.upkeep.next_timeout())
    }

    /// Does what is to be done, then waits for something to come for `limit` at most.
    pub fn turn(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.upkeep.turn(limit)
    }

    /// Leaves the parent's sockets alone, in a forked child.
    pub fn abandon(self) {
        let Self { upkeep, _turn: turn } = self;
        upkeep.abandon();
        std::mem::forget(turn);
    }
}

/// What the thread does, until the client goes. Without a poll of its own it can do nothing: then
/// calls go on without pings.
pub(super) fn run(inbox: Arc<Inbox>) {
    let worker = Background::with_inbox(true, inbox.clone());
    let Ok(driver) = Driver::new(seed(), Arc::new(worker), Others::new()) else { return };
    let mut upkeep = Upkeep::new(inbox, driver);
    while !upkeep.is_stopped() && upkeep.turn(None).is_ok() {}
}

/// How long a client waits for its threads when it goes. Nothing but what is named above holds
/// them up for that long.
const JOIN_PATIENCE: Duration = Duration::from_secs(2);
