//! Drivers that no batch uses, with their kept connections.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::Mutex;

use super::driver::{Driver, Maker, TEND_PAUSE};
use super::lookups::Lookups;
use super::mail::Mail;
use super::socket::Socket;
use super::{clock, process};
use crate::engine::Handover;
use crate::host::Host;
use crate::limits::DRIVERS_KEPT_MAX;

/// Drivers of one client. Each goes to one batch at a time, the last used one first: it has the
/// warmest connections.
pub(crate) struct Pool {
    idle: Mutex<Idle>,
    pub(super) lookups: Arc<Lookups>,
    made: AtomicU64,
    seed: u64,
    process: process::Id,
}

#[derive(Default)]
struct Idle {
    drivers: Vec<Driver>,
    tended_at: Option<Instant>,
}

impl Pool {
    /// An empty one; drivers draw their seeds from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        let (idle, lookups, made) = Default::default();
        Self { idle, lookups, made, seed, process: process::id() }
    }

    /// A driver for a batch.
    pub(crate) fn take(self: &Arc<Self>) -> io::Result<Driver> {
        let idle = self.idle.lock().drivers.pop();
        if let Some(mut driver) = idle {
            // What happened to its kept connections in the meantime.
            driver.look()?;
            return Ok(driver);
        }
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let seed = self.seed.wrapping_add(number.wrapping_mul(SEED_STEP));
        Driver::new(seed, Box::new(Arc::downgrade(self)))
    }

    /// Keeps a driver for the next batch.
    pub(crate) fn put(&self, mut driver: Driver) {
        if driver.is_broken() {
            return;
        }
        driver.close_unfit();
        let mut idle = self.idle.lock();
        if idle.drivers.len() < DRIVERS_KEPT_MAX {
            idle.drivers.push(driver);
        }
        drop(idle);
        self.tend_if_due();
    }

    /// Closes what idle drivers need not hold any longer. These are connections that the daemon
    /// closed, old ones, those of hosts that are gone, and drivers without any. Waits for nothing.
    ///
    /// Each is taken out while it is looked at, for no call may wait for the lock so long.
    pub(crate) fn tend(&self) {
        let mut idle = self.idle.lock();
        idle.tended_at = Some(clock::now());
        let mut place = 0;
        while place < idle.drivers.len() {
            let mut driver = idle.drivers.remove(place);
            drop(idle);
            let is_well = driver.tend().is_ok();
            idle = self.idle.lock();
            place = place.min(idle.drivers.len());
            let is_newest = place == idle.drivers.len();
            if is_well && (is_newest || driver.engine_ref().has_connections()) {
                idle.drivers.insert(place, driver);
                place += 1;
            } else {
                drop(idle);
                drop(driver);
                idle = self.idle.lock();
            }
        }
    }

    /// Calls [`Self::tend`], unless it ran just before.
    pub(crate) fn tend_if_due(&self) {
        let now = clock::now();
        let last = self.idle.lock().tended_at;
        let pause = last.map(|last| now.saturating_duration_since(last));
        if pause.is_none_or(|pause| pause >= TEND_PAUSE) {
            self.tend();
        }
    }

    /// In a forked child: lets the parent's drivers go, unless a thread of it was at them.
    pub(crate) fn abandon(&self) {
        if let Some(mut idle) = self.idle.try_lock() {
            idle.drivers.drain(..).for_each(Driver::abandon);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.process != process::id() {
            self.idle.get_mut().drivers.drain(..).for_each(Driver::abandon);
        }
    }
}

/// The pool as its drivers know it; without it nobody waits for them any more.
impl Maker for Weak<Pool> {
    fn look_up(&self, host: Arc<Host>, mail: Option<Arc<Mail>>) {
        if let Some(pool) = self.upgrade() {
            pool.lookups.ask(host, mail);
        }
    }

    /// Takes it out of the driver that has been idle for longest.
    fn take_connection(&self, host: &Host) -> Option<(Socket, Handover)> {
        let pool = self.upgrade()?;
        let mut idle = pool.idle.lock();
        let now = clock::now();
        idle.drivers.iter_mut().find_map(|driver| driver.give_connection(host, now))
    }
}

/// Odd, so that drivers of one client never share a seed (the golden ratio in 64 bits).
const SEED_STEP: u64 = 0x9e37_79b9_7f4a_7c15;
