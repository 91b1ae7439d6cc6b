//! What has to be done beside the calls: pings, sends to blackholes, and closing what is idle.

use std::collections::HashMap;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::driver::{Driver, Maker};
use super::inbox::{Inbox, Send};
use super::lookups::Lookups;
use super::mail::Mail;
use super::pinger::Pinger;
use super::{clock, seed};
use crate::call::Scope;
use crate::engine::CallId;
use crate::host::Host;
use crate::limits::BLACKHOLE_SENDS_MAX;
use crate::options::CallOptions;

/// Pings, sends to blackholes and closes what is idle, on whatever thread drives it.
pub(crate) struct Upkeep {
    inbox: Arc<Inbox>,
    driver: Driver,
    pinger: Pinger,
    next_ping: Option<Instant>,
    /// Sends to blackholes under way, with the numbers of their hosts, and how many each has.
    sends: HashMap<CallId, usize>,
    sends_by_host: HashMap<usize, usize>,
    /// When the client's idle connections are looked at next.
    tend_at: Instant,
}

impl Upkeep {
    /// Does what the client's inbox says.
    pub(super) fn new(inbox: Arc<Inbox>) -> io::Result<Self> {
        let driver = Driver::new(seed(), Box::new(inbox.lookups.clone()))?;
        let waker = driver.waker();
        // What was left before anybody could be woken.
        let _ = waker.wake();
        inbox.jobs.lock().waker = Some(waker);
        Ok(Self {
            inbox,
            driver,
            pinger: Pinger::default(),
            next_ping: None,
            sends: HashMap::new(),
            sends_by_host: HashMap::new(),
            tend_at: clock::now() + UPKEEP_TEND_PAUSE,
        })
    }

    /// In a forked child: lets the parent's sockets go. Its locks may be held for ever.
    pub(crate) fn abandon(mut self) {
        self.driver.close_inherited();
        std::mem::forget(self);
    }

    /// Does the upkeep until the client goes. Without a poll of its own it can do nothing: then
    /// calls go on without pings.
    pub(super) fn run(inbox: Arc<Inbox>) {
        let Ok(mut upkeep) = Self::new(inbox) else { return };
        while !upkeep.inbox.jobs.lock().stop && upkeep.turn(None).is_ok() {}
    }

    /// Readable when there is something to do.
    pub(crate) fn fd(&self) -> RawFd {
        self.driver.fd()
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.driver.as_fd()
    }

    /// When there is something to do though the fd stays quiet.
    pub(crate) fn next_timeout(&self) -> Instant {
        let engine = self.driver.engine_ref();
        let timer = engine.next_timeout().filter(|_| engine.running() > 0);
        [self.next_ping, timer].into_iter().flatten().fold(self.tend_at, Instant::min)
    }

    /// Does what is to be done, then waits for something to come for `limit` at most.
    pub(crate) fn turn(&mut self, limit: Option<Duration>) -> io::Result<()> {
        let now = clock::now();
        if now >= self.tend_at {
            self.tend_at = now + UPKEEP_TEND_PAUSE;
            if let Some(pool) = self.inbox.pool.upgrade() {
                pool.tend_if_due();
            }
        }
        self.pinger.ping(self.inbox.jobs.lock().pinged.clone());
        let next = self.pinger.start_due(self.driver.engine(), now);
        self.next_ping = next.map(|pause| now + pause);
        while let Some(host) = self.pinger.next_nameless() {
            self.inbox.lookups.ask(host, None);
        }
        self.start_sends(now);
        self.driver.perform(now);
        let wait = self.next_timeout().saturating_duration_since(now);
        let wait = limit.map_or(wait, |limit| limit.min(wait));
        self.driver.turn(Some(wait))?;
        self.take_ends();
        // What had to wait for these ends.
        let now = clock::now();
        self.start_sends(now);
        self.driver.perform(now);
        Ok(())
    }

    /// Hung blackholes hold few sockets and none that another one needs.
    fn start_sends(&mut self, now: Instant) {
        let under_way = |host| self.sends_by_host.get(&host).copied().unwrap_or_default();
        let room = |host| BLACKHOLE_SENDS_MAX - under_way(host);
        let sends = self.inbox.jobs.lock().take_sends(room);
        for (host, Send { agent, mirror, request, .. }) in sends {
            let (options, scope) = (CallOptions::default(), Scope::Mirror(mirror));
            let call = self.driver.engine().start(&agent, &request, &options, scope, now);
            self.sends.insert(call, host);
            *self.sends_by_host.entry(host).or_default() += 1;
        }
    }

    fn take_ends(&mut self) {
        while let Some(call) = self.driver.engine().poll_completion() {
            self.pinger.handle_end(call);
            if let Some(host) = self.sends.remove(&call)
                && let Some(count) = self.sends_by_host.get_mut(&host)
            {
                *count -= 1;
            }
            self.driver.engine().take_outcome(call);
            self.driver.engine().forget(call);
        }
        self.sends_by_host.retain(|_, count| *count > 0);
    }
}

/// The driver of the upkeep has connections of its own alone.
impl Maker for Arc<Lookups> {
    fn look_up(&self, host: Arc<Host>, mail: Option<Arc<Mail>>) {
        self.ask(host, mail);
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.inbox.jobs.lock().waker = None;
        // The next one sets a waker, which this one must not take away.
        self.inbox.is_driven.store(false, Ordering::Release);
    }
}

/// Pause between two looks of the upkeep at all idle connections of the client. It is far below
/// the time that they may be idle for, and rare enough to disturb nobody.
const UPKEEP_TEND_PAUSE: Duration = Duration::from_secs(10);
