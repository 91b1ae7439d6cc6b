//! Who does the upkeep: the one background thread, or the program.
//!
//! The thread starts when there is something to do for the first time and is joined when the
//! client goes, unless something holds it up: a look-up, a log sink, or the dynamic loader's lock,
//! which every thread needs when it begins and which a plugin's destructor holds. Then it ends by
//! itself. Without it (`ClientOptions::background`), names are looked up by the calling thread,
//! and the rest is done by a program that drives it ([`Background::drive`]), or by nobody.

use std::cell::Cell;
use std::io;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::driver::{Driver, Mail};
use super::pool::Others;
use super::upkeep::{BLACKHOLE_BACKLOG_MAX, Inbox, Upkeep, look_up};
use super::{process, seed};
use crate::agent::Agent;
use crate::host::Host;
use crate::limits;
use crate::wire::request::Request;

/// A handle on the thread, whether it runs or not.
pub struct Background {
    allowed: bool,
    is_driven: AtomicBool,
    inbox: Arc<Inbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
    process: process::Id,
}

impl Background {
    /// A thread that is not started yet, and never if not `allowed`.
    pub fn new(allowed: bool) -> Self {
        Self::with_inbox(allowed, Arc::default())
    }

    fn with_inbox(allowed: bool, inbox: Arc<Inbox>) -> Self {
        let (is_driven, process) = (AtomicBool::new(false), process::id());
        Self { allowed, is_driven, inbox, thread: Mutex::default(), process }
    }

    /// Whether the thread may run.
    pub fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// The program does it in place of the thread; `None` if it already does.
    pub fn drive(self: &Arc<Self>) -> Option<io::Result<Driven>> {
        if self.is_driven.swap(true, Ordering::AcqRel) {
            return None;
        }
        let worker = Arc::new(Self::with_inbox(false, self.inbox.clone()));
        let driver = Driver::new(seed(), worker, Others::new());
        if driver.is_err() {
            self.is_driven.store(false, Ordering::Release);
        }
        let (inbox, background) = (self.inbox.clone(), self.clone());
        Some(driver.map(|driver| Driven { upkeep: Upkeep::new(inbox, driver), background }))
    }

    /// Sets which agents, of one mirror each, are pinged, and how often.
    pub fn ping(&self, agents: Vec<Arc<Agent>>, interval: Duration) {
        let pings = !agents.is_empty() && !interval.is_zero();
        self.inbox.jobs.lock().pinged = Some((agents, interval));
        self.inbox.pings.store(pings, Ordering::Relaxed);
        self.inbox.wake();
    }

    /// Starts the thread if there is anything to ping.
    pub fn start_pings(&self) {
        if self.inbox.pings.load(Ordering::Relaxed) {
            self.start();
        }
    }

    /// Sends to every mirror of a blackhole agent and forgets it; false if the backlog is full.
    pub fn send_to_blackhole(&self, agent: &Arc<Agent>, request: &Arc<dyn Request>) -> bool {
        let mut jobs = self.inbox.jobs.lock();
        let full = jobs.sends.len() + agent.mirrors.len() > BLACKHOLE_BACKLOG_MAX;
        let is_done = self.allowed || self.is_driven.load(Ordering::Acquire);
        if !is_done || full {
            self.inbox.dropped.fetch_add(agent.mirrors.len() as u64, Ordering::Relaxed);
            return false;
        }
        let sends =
            (0..agent.mirrors.len()).map(|mirror| (agent.clone(), mirror, request.clone()));
        jobs.sends.extend(sends);
        drop(jobs);
        self.start();
        self.inbox.wake();
        true
    }

    /// Requests to blackholes that were not sent.
    pub fn dropped(&self) -> u64 {
        self.inbox.dropped.load(Ordering::Relaxed)
    }

    /// Has a name looked up again; nobody waits for it.
    pub fn refresh(&self, host: &Arc<Host>) {
        self.look_up(host.clone(), None);
    }

    /// Has a name looked up; the host comes back if that was done at once, by this thread.
    pub(super) fn look_up(&self, host: Arc<Host>, mail: Option<Arc<Mail>>) -> Option<Arc<Host>> {
        if !self.allowed {
            if mail.is_none() {
                host.expire_addresses();
                return None;
            }
            look_up(&host);
            return Some(host);
        }
        self.inbox.jobs.lock().add_lookup(host, mail);
        self.start();
        self.inbox.wake();
        None
    }

    fn start(&self) {
        if !self.allowed {
            return;
        }
        let mut thread = self.thread.lock();
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        self.inbox.jobs.lock().has_ended = false;
        *thread = spawn(self.inbox.clone());
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A thread does not come along into a forked child: there is nothing to join there.
        let thread = self.thread.get_mut().take();
        if self.process != process::id() {
            return std::mem::forget(thread);
        }
        if let Some(thread) = thread {
            // A log line of the thread itself may have had the last of the client.
            let is_this = SERVED.get() == Arc::as_ptr(&self.inbox);
            if self.inbox.stop(if is_this { Duration::ZERO } else { JOIN_PATIENCE }) {
                let _ = thread.join();
            }
        }
    }
}

/// The upkeep in the hands of the program.
pub struct Driven {
    upkeep: Upkeep,
    background: Arc<Background>,
}

impl Driven {
    /// Readable when there is something to do.
    pub fn fd(&self) -> RawFd {
        self.upkeep.fd()
    }

    /// When there is something to do though the fd stays quiet.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.upkeep.next_timeout()
    }

    /// Does what is to be done, then waits for something to come for `limit` at most.
    pub fn turn(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.upkeep.turn(limit)
    }

    /// Leaves the parent's sockets alone, in a forked child.
    pub fn abandon(self) {
        std::mem::forget(self);
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.background.is_driven.store(false, Ordering::Release);
    }
}

#[expect(clippy::disallowed_methods, reason = "the one thread of the library")]
fn spawn(inbox: Arc<Inbox>) -> Option<JoinHandle<()>> {
    let run = move || {
        let ending = Ending(inbox.clone());
        inbox.handle_begin();
        // Without a poll of its own the thread can do nothing; calls go on without pings.
        let _ = run(inbox);
        drop(ending);
    };
    let thread = std::thread::Builder::new().name("hamirror".to_owned());
    // Without a size of ours, the environment would be asked for one.
    thread.stack_size(limits::STACK_SIZE).spawn(run).ok()
}

/// Tells whoever waits that the thread ends, in a panic of a log sink too.
struct Ending(Arc<Inbox>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.handle_end();
    }
}

fn run(inbox: Arc<Inbox>) -> io::Result<()> {
    SERVED.set(Arc::as_ptr(&inbox));
    let worker = Background::with_inbox(false, inbox.clone());
    let driver = Driver::new(seed(), Arc::new(worker), Others::new())?;
    let mut upkeep = Upkeep::new(inbox, driver);
    while !upkeep.is_stopped() {
        upkeep.turn(None)?;
    }
    Ok(())
}

/// How long a client waits for its thread when it goes. Nothing but what is named above holds the
/// thread up for that long.
const JOIN_PATIENCE: Duration = Duration::from_secs(2);

thread_local! {
    /// Whose background thread this thread is.
    static SERVED: Cell<*const Inbox> = const { Cell::new(ptr::null()) };
}
