//! What has to be done beside the calls: pings, name look-ups, sends to blackholes.

use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::driver::{Driver, Mail, Waker};
use super::pinger::Pinger;
use super::{clock, resolver};
use crate::agent::Agent;
use crate::call::Scope;
use crate::host::Host;
use crate::options::CallOptions;
use crate::wire::request::Request;

/// What is to be done, as all threads of a client say it.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) jobs: Mutex<Jobs>,
    /// There is a host to ping.
    pub(super) pings: AtomicBool,
    /// Signalled when the thread ends.
    end: Condvar,
    /// Requests to blackholes that were not sent.
    pub(super) dropped: AtomicU64,
}

#[derive(Default)]
pub(super) struct Jobs {
    pub(super) pinged: Option<(Vec<Arc<Agent>>, Duration)>,
    /// Hosts to look up, each once, and who waits for it.
    lookups: VecDeque<(Arc<Host>, Vec<Arc<Mail>>)>,
    pub(super) sends: VecDeque<(Arc<Agent>, usize, Arc<dyn Request>)>,
    pub(super) waker: Option<Waker>,
    /// Someone is at one of them, which can't be ended and may take half a minute.
    is_looking_up: bool,
    stop: bool,
    pub(super) has_ended: bool,
}

impl Jobs {
    pub(super) fn add_lookup(&mut self, host: Arc<Host>, mail: Option<Arc<Mail>>) {
        let same = |(other, _): &&mut (Arc<Host>, _)| other.number == host.number;
        match self.lookups.iter_mut().find(same) {
            Some((_, mails)) => mails.extend(mail),
            None => self.lookups.push_back((host, mail.into_iter().collect())),
        }
    }
}

impl Inbox {
    pub(super) fn wake(&self) {
        if let Some(waker) = &self.jobs.lock().waker {
            let _ = waker.wake();
        }
    }

    /// The thread begins. Its first parking needs the dynamic loader's lock, which may be held by
    /// whoever waits for its end later; so it parks at once, for no time.
    pub(super) fn handle_begin(&self) {
        self.end.wait_for(&mut self.jobs.lock(), Duration::ZERO);
    }

    /// Has the thread end; whether it did within that time. Nobody waits for a look-up.
    pub(super) fn stop(&self, patience: Duration) -> bool {
        let mut jobs = self.jobs.lock();
        jobs.stop = true;
        if let Some(waker) = &jobs.waker {
            let _ = waker.wake();
        }
        let until = clock::now() + patience;
        while !jobs.has_ended && !jobs.is_looking_up {
            if self.end.wait_until(&mut jobs, until).timed_out() {
                break;
            }
        }
        jobs.has_ended
    }

    /// The thread ends.
    pub(super) fn handle_end(&self) {
        self.jobs.lock().has_ended = true;
        self.end.notify_all();
    }
}

/// Does it, on whatever thread drives it.
pub(super) struct Upkeep {
    inbox: Arc<Inbox>,
    driver: Driver,
    pinger: Pinger,
    next_ping: Option<Instant>,
}

impl Upkeep {
    pub(super) fn new(inbox: Arc<Inbox>, driver: Driver) -> Self {
        let waker = driver.waker();
        // What was left before anybody could be woken.
        let _ = waker.wake();
        inbox.jobs.lock().waker = Some(waker);
        Self { inbox, driver, pinger: Pinger::default(), next_ping: None }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.inbox.jobs.lock().stop
    }

    /// Readable when there is something to do.
    pub(super) fn fd(&self) -> RawFd {
        self.driver.fd()
    }

    /// When there is something to do though nothing comes.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let engine = self.driver.engine_ref();
        let timer = engine.next_timeout().filter(|_| engine.running() > 0);
        [self.next_ping, timer].into_iter().flatten().min()
    }

    /// Does what is to be done, then waits for something to come for `limit` at most.
    pub(super) fn turn(&mut self, limit: Option<Duration>) -> io::Result<()> {
        let lookup = self.take_jobs();
        let now = clock::now();
        let next = self.pinger.start_due(self.driver.engine(), now);
        self.next_ping = next.map(|pause| now + pause);
        self.driver.perform(now);
        let wait = match lookup {
            Some((host, mails)) => {
                self.look_up(&host, mails);
                Some(Duration::ZERO)
            }
            None => [limit, next].into_iter().flatten().min(),
        };
        self.driver.turn(wait)?;
        while let Some(call) = self.driver.engine().poll_completion() {
            self.pinger.handle_end(call);
            self.driver.engine().take_outcome(call);
            self.driver.engine().forget(call);
        }
        Ok(())
    }

    /// Starts sends; gives back one look-up, which blocks.
    fn take_jobs(&mut self) -> Option<(Arc<Host>, Vec<Arc<Mail>>)> {
        let (lookup, sends) = {
            let mut jobs = self.inbox.jobs.lock();
            if let Some((agents, interval)) = jobs.pinged.take() {
                self.pinger.ping(agents, interval);
            }
            for host in self.pinger.take_nameless() {
                jobs.add_lookup(host, None);
            }
            let room = BLACKHOLE_BACKLOG_MAX.saturating_sub(self.driver.engine_ref().running());
            let room = room.min(jobs.sends.len());
            let sends: Vec<_> = jobs.sends.drain(..room).collect();
            let lookup = if jobs.stop { None } else { jobs.lookups.pop_front() };
            jobs.is_looking_up = lookup.is_some();
            (lookup, sends)
        };
        for (agent, mirror, request) in sends {
            let (now, options) = (clock::now(), CallOptions::default());
            let scope = Scope::Mirror(mirror);
            self.driver.engine().start(&agent, &request, &options, scope, now);
        }
        lookup
    }

    fn look_up(&mut self, host: &Arc<Host>, mails: Vec<Arc<Mail>>) {
        let begun = clock::now();
        look_up(host);
        self.inbox.jobs.lock().is_looking_up = false;
        if clock::now().saturating_duration_since(begun) > LOOKUP_SLOW {
            // Nobody listened to their answers in the meantime.
            self.pinger.cancel(self.driver.engine(), clock::now());
        }
        for mail in mails {
            mail.deliver(host.clone(), begun);
        }
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.inbox.jobs.lock().waker = None;
    }
}

/// Looks a host's name up on this thread.
pub(super) fn look_up(host: &Host) {
    if let Some((name, port)) = host.lookup_name() {
        host.handle_lookup(resolver::look_up(name, port));
    }
}

/// A look-up that took longer has kept pings waiting.
const LOOKUP_SLOW: Duration = Duration::from_millis(100);

/// Requests waiting for blackholes, and so many under way; more are dropped, and counted.
pub(super) const BLACKHOLE_BACKLOG_MAX: usize = 1_024;
