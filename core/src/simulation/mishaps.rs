//! What befalls the program and its packets while the sites are well: the process sleeps, many
//! calls begin at once, connections are forgotten on their way, first packets get lost.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::batches::PROOF_OF_HEALTH;
use super::check::TICK;
use super::world::{Event, World};
use crate::engine::ConnectionId;
use crate::host::Host;

/// A sleep of the process that ends in this turn.
pub(super) struct Sleep {
    /// Hosts that were alive and well before.
    beside: Vec<usize>,
}

impl World {
    /// The process is stopped for a while, and the sites go on.
    pub(super) fn sleep(&mut self) {
        if self.leap > Duration::ZERO {
            return self.come_again(Event::Sleep);
        }
        let before = self.now;
        let time = Duration::from_millis(self.random.u64(SLEEP_MS));
        self.note(format!("the process sleeps {time:?}"));
        self.pass(time);
        self.come_again(Event::Sleep);
        let is_well = |host: &Arc<Host>| {
            let since = self.sites[self.known[host.number].site].well_since();
            let is_well = since.is_some_and(|since| before > since + PROOF_OF_HEALTH);
            is_well && host.read(|karma| karma.health().is_living())
        };
        let well = self.hosts.iter().filter(|host| is_well(host));
        self.slept = Some(Sleep { beside: well.map(|host| host.number).collect() });
        for driver in &mut self.drivers {
            driver.engine.handle_absence(self.now);
            driver.engine.read_late(Some(before));
            for asked in driver.asked.values_mut() {
                asked.awake_since = self.now;
                if !asked.is_deadline_fixed {
                    asked.deadline += time + TICK;
                }
                asked.free &= self.now < asked.deadline;
            }
        }
    }

    /// The process is awake, and has read what came meanwhile.
    pub(super) fn wake(&mut self) {
        for driver in &mut self.drivers {
            driver.engine.handle_absence(self.now);
            driver.engine.read_late(None);
        }
    }

    /// Nobody is found dead for the sleep of others.
    pub(super) fn check_sleep(&self, sleep: &Sleep) -> Result<(), String> {
        let is_dead = |host: &&usize| !self.hosts[**host].read(|karma| karma.health().is_living());
        match sleep.beside.iter().find(is_dead) {
            Some(host) => Err(format!("host {host} was found dead by sleep alone")),
            None => Ok(()),
        }
    }

    /// Many calls begin at once.
    pub(super) fn burst(&mut self) -> Result<(), String> {
        self.come_again(Event::Burst);
        let calls = self.random.u32(BURST);
        self.note(format!("a burst of {calls}"));
        (0..calls).try_for_each(|_| self.ask_one())
    }

    /// Whatever stands between forgets the connections to a site; new ones work.
    pub(super) fn forget_connections(&mut self, site: usize) {
        self.come_again(Event::Forget(site));
        self.network.forget(site);
        for asked in self.drivers.iter_mut().flat_map(|driver| driver.asked.values_mut()) {
            // That a query under way is lost tells nobody where there is no other mirror.
            asked.free &= !asked.is_hasty && asked.hosts.len() > 1;
        }
        self.note(format!("connections to site {site} are forgotten"));
    }

    /// Time that the kernel takes longer to connect, for a packet that is lost and repeated.
    pub(super) fn lost_packet(&mut self, driver: usize, id: ConnectionId) -> Duration {
        if self.plan.upheaval.is_none() || self.random.u8(..) >= LOST_IN_256 {
            return Duration::ZERO;
        }
        let driver = &mut self.drivers[driver];
        let user = driver.engine.connections[id].user;
        if let Some(asked) = user.and_then(|user| driver.asked.get_mut(&user.call)) {
            asked.lost_packets += 1;
            // A ping is one connection.
            asked.free &= asked.agent.is_some();
            // A dead mirror that does not come back at once stays dead.
            let host = &driver.engine.connections[id].host;
            asked.free &= host.read(|karma| karma.health().is_living());
        }
        REPEATED_AFTER
    }

    /// Time passes in which this process does nothing.
    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.leap += time;
        self.leapt += time;
    }
}

/// Below this a wait for a mirror is too short to see that the connection was forgotten.
pub(super) const HASTE: Duration = Duration::from_millis(250);

/// How long the process sleeps, in milliseconds.
const SLEEP_MS: Range<u64> = 20..6_000;

/// Calls of a burst.
const BURST: Range<u32> = 2..40;

/// First packets that are lost, of 256.
const LOST_IN_256: u8 = 8;

/// The kernel repeats a first packet after so long (RFC 6298).
const REPEATED_AFTER: Duration = Duration::from_secs(1);
