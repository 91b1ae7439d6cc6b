//! The one background thread: name look-ups, pings, and sends to blackholes.
//!
//! It starts when there is something to do for the first time and is joined when the client goes,
//! unless it is in the middle of a look-up: then it ends by itself after it. Without it
//! (`ClientOptions::background`), names are looked up by the calling thread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::driver::{Driver, Mail, Waker};
use super::pinger::Pinger;
use super::pool::Others;
use super::{clock, process, resolver, seed};
use crate::agent::Agent;
use crate::call::Scope;
use crate::host::Host;
use crate::options::CallOptions;
use crate::wire::request::Request;

/// A handle on the thread, whether it runs or not.
pub struct Background {
    allowed: bool,
    inbox: Arc<Inbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
    process: process::Id,
}

#[derive(Default)]
struct Inbox {
    jobs: Mutex<Jobs>,
    pings: AtomicBool,
    is_looking_up: AtomicBool,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Jobs {
    pinged: Option<(Vec<Arc<Agent>>, Duration)>,
    /// Hosts to look up, each once, and who waits for it.
    lookups: VecDeque<(Arc<Host>, Vec<Arc<Mail>>)>,
    sends: VecDeque<(Arc<Agent>, usize, Arc<dyn Request>)>,
    waker: Option<Waker>,
    stop: bool,
}

impl Jobs {
    fn add_lookup(&mut self, host: Arc<Host>, mail: Option<Arc<Mail>>) {
        let same = |(other, _): &&mut (Arc<Host>, _)| other.number == host.number;
        match self.lookups.iter_mut().find(same) {
            Some((_, mails)) => mails.extend(mail),
            None => self.lookups.push_back((host, mail.into_iter().collect())),
        }
    }
}

impl Background {
    /// A thread that is not started yet, and never if not `allowed`.
    pub fn new(allowed: bool) -> Self {
        let (inbox, process) = (Arc::default(), process::id());
        Self { allowed, inbox, thread: Mutex::default(), process }
    }

    /// Sets which agents, of one mirror each, are pinged, and how often.
    pub fn ping(&self, agents: Vec<Arc<Agent>>, interval: Duration) {
        let pings = !agents.is_empty() && !interval.is_zero();
        self.inbox.jobs.lock().pinged = Some((agents, interval));
        self.inbox.pings.store(pings, Ordering::Relaxed);
        self.wake();
    }

    /// Starts the thread if there is anything to ping.
    pub fn start_pings(&self) {
        if self.allowed && self.inbox.pings.load(Ordering::Relaxed) {
            self.start();
        }
    }

    /// Sends to every mirror of a blackhole agent and forgets it; false if the backlog is full.
    pub fn send_to_blackhole(&self, agent: &Arc<Agent>, request: &Arc<dyn Request>) -> bool {
        let mut jobs = self.inbox.jobs.lock();
        let full = jobs.sends.len() + agent.mirrors.len() > BLACKHOLE_BACKLOG_MAX;
        if !self.allowed || full {
            self.inbox.dropped.fetch_add(agent.mirrors.len() as u64, Ordering::Relaxed);
            return false;
        }
        let sends =
            (0..agent.mirrors.len()).map(|mirror| (agent.clone(), mirror, request.clone()));
        jobs.sends.extend(sends);
        drop(jobs);
        self.start();
        self.wake();
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
        self.wake();
        None
    }

    fn wake(&self) {
        if let Some(waker) = &self.inbox.jobs.lock().waker {
            let _ = waker.wake();
        }
    }

    fn start(&self) {
        let mut thread = self.thread.lock();
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let worker = Background {
            allowed: false,
            inbox: self.inbox.clone(),
            thread: Mutex::default(),
            process: self.process,
        };
        *thread = spawn(worker);
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
            self.inbox.jobs.lock().stop = true;
            self.wake();
            // A look-up can't be ended, and may take half a minute: its thread goes alone then.
            if !self.inbox.is_looking_up.load(Ordering::SeqCst) {
                let _ = thread.join();
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one thread of the library")]
fn spawn(worker: Background) -> Option<JoinHandle<()>> {
    let run = move || {
        // Without a poll of its own the thread can do nothing; calls go on without pings.
        let _ = run(worker);
    };
    std::thread::Builder::new().name("hamirror".to_owned()).spawn(run).ok()
}

fn run(worker: Background) -> std::io::Result<()> {
    let inbox = worker.inbox.clone();
    let mut pinger = Pinger::default();
    let mut driver = Driver::new(seed(), Arc::new(worker), Others::new())?;
    inbox.jobs.lock().waker = Some(driver.waker());
    loop {
        let (lookup, sends) = {
            let mut jobs = inbox.jobs.lock();
            if jobs.stop {
                return Ok(());
            }
            if let Some((agents, interval)) = jobs.pinged.take() {
                pinger.ping(agents, interval);
            }
            for host in pinger.take_nameless() {
                jobs.add_lookup(host, None);
            }
            let room = BLACKHOLE_BACKLOG_MAX.saturating_sub(driver.engine().running());
            let room = room.min(jobs.sends.len());
            let sends: Vec<_> = jobs.sends.drain(..room).collect();
            (jobs.lookups.pop_front(), sends)
        };
        for (agent, mirror, request) in sends {
            let now = clock::now();
            let scope = Scope::Mirror(mirror);
            driver.engine().start(&agent, &request, &CallOptions::default(), scope, now);
        }
        let next_ping = pinger.start_due(driver.engine(), clock::now());
        driver.perform(clock::now());
        let wait = if lookup.is_some() { Some(Duration::ZERO) } else { next_ping };
        if let Some((host, mails)) = lookup {
            let begun = clock::now();
            inbox.is_looking_up.store(true, Ordering::SeqCst);
            look_up(&host);
            inbox.is_looking_up.store(false, Ordering::SeqCst);
            if clock::now().saturating_duration_since(begun) > LOOKUP_SLOW {
                // Nobody listened to their answers in the meantime.
                pinger.cancel(driver.engine(), clock::now());
            }
            for mail in mails {
                mail.deliver(host.clone());
            }
        }
        driver.turn(wait)?;
        while let Some(call) = driver.engine().poll_completion() {
            pinger.handle_end(call);
            driver.engine().take_outcome(call);
            driver.engine().forget(call);
        }
    }
}

fn look_up(host: &Host) {
    if let Some((name, port)) = host.lookup_name() {
        host.handle_lookup(resolver::look_up(name, port));
    }
}

/// A look-up that took longer has kept pings waiting.
const LOOKUP_SLOW: Duration = Duration::from_millis(100);

/// Requests waiting for blackholes, and so many under way; more are dropped, and counted.
const BLACKHOLE_BACKLOG_MAX: usize = 1_024;
