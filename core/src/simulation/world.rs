//! The simulated world: a clock that jumps from event to event, sites, drivers, one client.
//!
//! What a client does around its engines is done here: drivers take turns with batches
//! (`batches`), a new configuration is taken over, names are looked up. The sockets are in
//! `network`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Sabotage;
use super::batches::Driver;
use super::check::{Known, TICK, check_writes};
use super::cluster::site_of;
use super::daemon::delay;
use super::extra_load::Load;
use super::mishaps::Sleep;
use super::network::{Happening, Network};
use super::plan::Plan;
use super::site::Site;
use super::wakers::Woken;
use crate::agent::{Agent, testing};
use crate::host::{Host, Lookup, Unresolved};
use crate::karma::{Counter, Karma};
use crate::options::ClientOptions;
use crate::topology::Topology;

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) random: fastrand::Rng,
    pub(super) sabotage: Option<Sabotage>,
    pub(super) start: Instant,
    pub(super) now: Instant,
    /// How far time leapt in this turn, and in all of them.
    pub(super) leap: Duration,
    pub(super) leapt: Duration,
    pub(super) slept: Option<Sleep>,
    pub(super) sites: Vec<Site>,
    pub(super) topology: Topology,
    pub(super) agents: Vec<Arc<Agent>>,
    pub(super) reloads: u64,
    /// Every host there ever was, by number, and what is known of it.
    pub(super) hosts: Vec<Arc<Host>>,
    pub(super) known: Vec<Known>,
    /// `persistent_connections_limit`, since when.
    pub(super) kept_limits: Vec<(Instant, u32)>,
    pub(super) removed_at: BTreeMap<usize, Instant>,
    pub(super) loads: Vec<Load>,
    pub(super) drivers: Vec<Driver>,
    pub(super) woken: Woken,
    /// Drivers without a batch, the last one used on top.
    pub(super) pool: Vec<usize>,
    pub(super) network: Network,
    events: BTreeMap<(Instant, u64), Event>,
    sequence: u64,
    pub(super) to_ask: u32,
    pub(super) sequence_of_calls: u64,
    pub(super) crowd: usize,
    pub(super) executed_writes: BTreeMap<(u64, usize), u32>,
    /// Requests that each site executed, pings left out.
    pub(super) executed: Vec<u64>,
    /// True if the trace tells what drivers do, too.
    pub(super) traces_actions: bool,
    trace: Vec<(Duration, String)>,
}

#[derive(Debug)]
pub(super) enum Event {
    Ask,
    Ping,
    ChangeMode(usize),
    /// The daemon of a site goes elsewhere.
    Move(usize),
    /// Name servers hear of it.
    Publish(usize),
    /// Name servers begin to be slow about a site, or are quick again.
    ChangeResolver(usize),
    Reload,
    /// The machine slept: minutes are gone, and whatever should have happened in them is late.
    Leap,
    /// The process is stopped for a while, and the sites go on.
    Sleep,
    /// Many calls begin at once.
    Burst,
    /// Whatever stands between forgets the connections to a site.
    Forget(usize),
    Resolved {
        driver: usize,
        host: Arc<Host>,
        result: Result<Vec<std::net::SocketAddr>, Unresolved>,
        begun_at: Instant,
    },
    /// Something happened to the wire of that number.
    OnWire(u64, Happening),
}

impl World {
    pub(super) fn new(seed: u64, sabotage: Option<Sabotage>) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let is_steady = seed.is_multiple_of(STEADY_EVERY);
        let plan = if is_steady { Plan::steady(&mut random) } else { Plan::wild(&mut random) };
        Self::with_plan(plan, random, sabotage)
    }

    pub(super) fn with_plan(
        plan: Plan,
        mut random: fastrand::Rng,
        sabotage: Option<Sabotage>,
    ) -> Self {
        let start = testing::origin();
        let config = plan.cluster.config(&mut random);
        let topology = Topology::new(&config, &ClientOptions::default(), start);
        let sites = plan.cluster.sites;
        let mut world = Self {
            random,
            sabotage,
            start,
            now: start,
            leap: Duration::ZERO,
            leapt: Duration::ZERO,
            slept: None,
            sites: (0..sites).map(|number| Site::new(number, start)).collect(),
            topology,
            agents: Vec::new(),
            reloads: 0,
            hosts: Vec::new(),
            known: Vec::new(),
            kept_limits: Vec::new(),
            removed_at: BTreeMap::new(),
            loads: Vec::new(),
            drivers: Vec::new(),
            woken: Woken::default(),
            pool: Vec::new(),
            network: Network::default(),
            events: BTreeMap::new(),
            sequence: 0,
            to_ask: plan.calls,
            sequence_of_calls: 0,
            crowd: 0,
            executed_writes: BTreeMap::new(),
            executed: vec![0; sites],
            traces_actions: false,
            trace: Vec::new(),
            plan,
        };
        world.take_over_topology();
        world.schedule(Duration::ZERO, Event::Ask);
        world.schedule_upheaval();
        world
    }

    /// Runs until every call has ended; says what should not have happened.
    pub(super) fn run(&mut self) -> Result<(), String> {
        while self.to_ask > 0 || self.pool.len() < self.drivers.len() {
            self.advance()?;
        }
        check_writes(&self.executed_writes)?;
        for driver in 0..self.drivers.len() {
            let now = self.now;
            self.drivers[driver].engine.close_all(now);
            self.act(driver)?;
        }
        for host in &self.hosts {
            let failures = |karma: &Karma| karma.since_start().get(Counter::ConnectFailures);
            let (failures, refusals) = (host.read(failures), self.known[host.number].refusals);
            if failures > refusals {
                let name = &host.name;
                return Err(format!(
                    "{failures} failures of {name}, which refused {refusals} times"
                ));
            }
            let in_flight = host.read(|karma| karma.in_flight());
            let left = [host.kept.count(), host.kept.busy(), in_flight];
            if left != [0, 0, 0] {
                let name = &host.name;
                return Err(format!("kept, busy, in flight of {name} after the end: {left:?}"));
            }
        }
        if self.network.is_empty() { Ok(()) } else { Err("sockets are left open".to_owned()) }
    }

    /// Runs for some time.
    pub(super) fn run_for(&mut self, time: Duration) -> Result<(), String> {
        let end = self.now + time;
        while self.now < end {
            self.advance()?;
        }
        Ok(())
    }

    /// Everything that happened, with its time.
    pub(super) fn trace(&self) -> &[(Duration, String)] {
        &self.trace
    }

    pub(super) fn note(&mut self, text: String) {
        self.trace.push((self.now - self.start, text));
    }

    pub(super) fn schedule(&mut self, after: Duration, event: Event) {
        self.sequence += 1;
        self.events.insert((self.now + after, self.sequence), event);
    }

    fn schedule_upheaval(&mut self) {
        self.schedule(PING_PAUSE, Event::Ping);
        let Some(upheaval) = self.plan.upheaval.clone() else { return };
        for site in 0..self.sites.len() {
            self.schedule(Duration::ZERO, Event::ChangeMode(site));
            let pause = upheaval.pause(&mut self.random);
            self.schedule(pause, Event::Move(site));
            let pause = upheaval.pause(&mut self.random);
            self.schedule(pause, Event::ChangeResolver(site));
            let pause = upheaval.pause(&mut self.random);
            self.schedule(pause, Event::Forget(site));
        }
        for event in [Event::Reload, Event::Leap, Event::Sleep, Event::Burst] {
            let pause = upheaval.pause(&mut self.random);
            self.schedule(pause, event);
        }
    }

    /// Goes to the next event or timer, sometimes a little past it.
    fn advance(&mut self) -> Result<(), String> {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let running = self.drivers.iter().filter(|driver| driver.engine.running() > 0);
        let timer = running.filter_map(|driver| driver.engine.next_timeout()).min();
        let Some(next) = [event, timer].into_iter().flatten().min() else {
            return Err("calls run, but nothing is going to happen".to_owned());
        };
        let jitter_us = self.random.u64(..TICK.as_micros() as u64);
        self.now = self.now.max(next) + Duration::from_micros(jitter_us);
        self.leap = Duration::ZERO;
        if self.now > self.start + self.leapt + LIFE_MAX {
            // Only an engine that never ends its calls gets here.
            return Err("a call still runs long after its deadline".to_owned());
        }
        while let Some(next) = self.events.first_entry() {
            if next.key().0 > self.now {
                break;
            }
            let event = next.remove();
            let is_programs =
                matches!(event, Event::Ask | Event::Ping | Event::Burst | Event::Reload);
            if is_programs && self.slept.is_some() {
                // What came during the sleep lies in the sockets before the program does more.
                self.schedule(Duration::from_nanos(1), event);
                continue;
            }
            self.happen(event)?;
        }
        let slept = self.slept.take();
        if slept.is_some() {
            self.wake();
        }
        for driver in 0..self.drivers.len() {
            let engine = &self.drivers[driver].engine;
            let is_due = engine.next_timeout().is_some_and(|due| due <= self.now);
            if is_due && engine.running() > 0 {
                self.drivers[driver].engine.handle_timeout(self.now);
                self.act(driver)?;
                self.take_ends(driver)?;
            }
        }
        while let Some(driver) = self.woken.take() {
            self.drivers[driver].engine.handle_called(self.now);
            self.act(driver)?;
            self.take_ends(driver)?;
        }
        slept.map_or(Ok(()), |sleep| self.check_sleep(&sleep))
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Ask => self.ask()?,
            Event::Ping => self.ping()?,
            Event::ChangeMode(site) => self.change_mode(site),
            Event::Move(site) => self.move_site(site),
            Event::Publish(site) => self.sites[site].publish(&mut self.random, self.now),
            Event::ChangeResolver(site) => self.change_resolver(site),
            Event::Reload => self.reload()?,
            Event::Leap => self.leap(),
            Event::Sleep => self.sleep(),
            Event::Burst => self.burst()?,
            Event::Forget(site) => self.forget_connections(site),
            Event::Resolved { driver, host, result, begun_at } => {
                host.handle_lookup(result);
                self.drivers[driver].engine.handle_lookup(&host, begun_at, self.now);
                self.act(driver)?;
                self.take_ends(driver)?;
            }
            Event::OnWire(wire, happening) => self.happen_on_wire(wire, happening)?,
        }
        self.note_who_answers();
        Ok(())
    }

    fn change_mode(&mut self, site: usize) {
        let Some(upheaval) = self.plan.upheaval.clone() else { return };
        let (mode, time) = upheaval.next_mode(self.sites[site].mode, &mut self.random);
        self.sites[site].change_mode(mode, self.now);
        self.note(format!("site {site} is now {mode:?}"));
        if self.to_ask > 0 {
            self.schedule(time, Event::ChangeMode(site));
        }
        // A daemon that changes often restarts: its connections are gone.
        if self.random.bool() && !mode.answers() {
            self.cut(site);
        }
    }

    fn move_site(&mut self, site: usize) {
        self.come_again(Event::Move(site));
        if !self.sites[site].can_move() {
            return;
        }
        let is_silent_elsewhere = self.random.u8(..) < 80;
        self.sites[site].move_home(is_silent_elsewhere, self.now);
        // Whom its move cuts off it does not answer, however soon its name is right again.
        self.note_who_answers();
        self.note(format!("site {site} moves"));
        if self.random.bool() {
            self.cut(site);
        } else {
            self.network.fall_silent(site);
        }
        if self.random.u8(..) < 60 {
            let pause = Duration::from_millis(self.random.u64(100..3_000));
            self.schedule(pause, Event::Publish(site));
        } else {
            self.sites[site].publish(&mut self.random, self.now);
        }
    }

    fn change_resolver(&mut self, site: usize) {
        if self.sites[site].slow_until().is_some() {
            self.sites[site].slow_names(None, self.now);
            return self.come_again(Event::ChangeResolver(site));
        }
        let time = Duration::from_millis(self.random.u64(50..LOOKUP_MS_MAX));
        self.sites[site].slow_names(Some(self.now + time), self.now);
        self.note(format!("name servers are slow about site {site} for {time:?}"));
        self.schedule(time, Event::ChangeResolver(site));
    }

    fn reload(&mut self) -> Result<(), String> {
        self.come_again(Event::Reload);
        let config = self.plan.cluster.config(&mut self.random);
        self.topology = self.topology.reload(&config, &ClientOptions::default(), self.now);
        self.reloads += 1;
        self.note(format!("reload {}", self.reloads));
        self.take_over_topology();
        self.pool.clone().into_iter().try_for_each(|driver| self.tend(driver))
    }

    fn leap(&mut self) {
        if self.slept.is_some() {
            return self.come_again(Event::Leap);
        }
        let leap = Duration::from_secs(self.random.u64(30..1_200));
        self.pass(leap);
        self.come_again(Event::Leap);
        self.note(format!("time leaps {leap:?}"));
        for asked in self.drivers.iter_mut().flat_map(|driver| driver.asked.values_mut()) {
            asked.free = false;
        }
    }

    pub(super) fn come_again(&mut self, event: Event) {
        if let Some(upheaval) = &self.plan.upheaval
            && self.to_ask > 0
        {
            let pause = upheaval.pause(&mut self.random);
            self.schedule(pause, event);
        }
    }

    fn take_over_topology(&mut self) {
        let mut indexes: Vec<_> = self.topology.indexes.values().collect();
        indexes.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        self.agents = indexes.into_iter().flat_map(|index| index.agents.clone()).collect();
        self.loads.extend(self.agents.iter().cloned().map(Load::new));
        for host in &self.topology.hosts {
            if host.number == self.hosts.len() {
                self.hosts.push(host.clone());
                let site = site_of(&host.address);
                self.known.push(Known { site, answers: Vec::new(), refusals: 0 });
            }
            if self.sabotage == Some(Sabotage::KeepsTooMany) {
                host.kept.set_limit(u32::MAX);
            }
        }
        let limit = self.topology.config.searchd.persistent_connections_limit;
        self.kept_limits.push((self.now, limit.expect("every configuration has one")));
        for host in &self.hosts {
            if host.removed.load(std::sync::atomic::Ordering::Relaxed) {
                self.removed_at.entry(host.number).or_insert(self.now);
            }
        }
        self.note_who_answers();
    }

    /// Keeps the history of who would answer a call.
    pub(super) fn note_who_answers(&mut self) {
        let now = self.now;
        for (host, known) in self.hosts.iter().zip(&mut self.known) {
            let answers = self.sites[known.site].answers_who_knows(&host.addresses.lookup())
                && !self.network.has_silent_wire(host, &self.drivers);
            if known.answers.last().is_none_or(|(_, last)| *last != answers) {
                known.answers.push((now, answers));
                let text = format!("{} would answer now: {answers}", host.name);
                self.trace.push((now - self.start, text));
            }
        }
    }

    pub(super) fn look_up(&mut self, driver: usize, host: Arc<Host>) {
        let is_known = matches!(host.addresses.lookup(), Lookup::Known(_));
        if self.sabotage == Some(Sabotage::ForgetsNames) && is_known {
            return;
        }
        let mut result = self.sites[site_of(&host.address)].resolve();
        if self.sabotage == Some(Sabotage::FirstAddressOnly)
            && let Ok(found) = &mut result
        {
            found.truncate(1);
        }
        let slow_until = self.sites[site_of(&host.address)].slow_until();
        let slow = slow_until.map(|until| until.saturating_duration_since(self.now));
        let after = slow.unwrap_or_default() + delay(self.plan.delay_max, &mut self.random);
        let begun_at = self.now;
        self.schedule(after, Event::Resolved { driver, host, result, begun_at });
    }
}

/// The longest that a look-up takes, in milliseconds.
const LOOKUP_MS_MAX: u64 = 6_000;

/// Every so many seeds the world is a steady one.
const STEADY_EVERY: u64 = 20;

/// Time that no world lasts, leaps left out.
const LIFE_MAX: Duration = Duration::from_secs(900);

pub(super) const PING_PAUSE: Duration = Duration::from_secs(1);
