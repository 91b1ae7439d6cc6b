//! Sockets of the simulated world: what a driver does on its actions, and what comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::Sabotage;
use super::batches::Driver;
use super::daemon::{Peer, Reaction, delay};
use super::extra_load::{Running, Wellness};
use super::site::Dialled;
use super::world::{Event, World};
use crate::engine::{Action, Closing, ConnectionId, ConnectionState};
use crate::host::{Endpoint, Host};
use crate::karma::Karma;
use crate::request::Access;

/// All wires between drivers and sites, by a number that is never used again.
#[derive(Debug, Default)]
pub(super) struct Network {
    wires: BTreeMap<u64, Wire>,
    numbers: BTreeMap<(usize, ConnectionId), u64>,
    last: u64,
    /// Hosts and wires of which the machine behind went away without a word.
    silent: BTreeSet<(usize, u64)>,
    /// Wires that whatever stands between has forgotten.
    forgotten: BTreeSet<(usize, u64)>,
}

#[derive(Debug)]
struct Wire {
    driver: usize,
    id: ConnectionId,
    /// Number of the host as the client knows it.
    host: usize,
    site: usize,
    endpoint: Endpoint,
    is_connected: bool,
    peer: Peer,
    /// What the daemon sends arrives in the order in which it was sent.
    busy_until: Instant,
}

/// What happens to a wire.
#[derive(Debug)]
pub(super) enum Happening {
    /// The other side says whether it takes the connection.
    Dialled,
    Bytes(Vec<u8>),
    Closed(Closing),
}

impl Network {
    pub(super) fn is_empty(&self) -> bool {
        self.wires.is_empty()
    }

    /// The connections to a site are dead, which nobody is told.
    pub(super) fn fall_silent(&mut self, site: usize) {
        let dead = self.wires.iter().filter(|(_, wire)| wire.site == site);
        self.silent.extend(dead.map(|(number, wire)| (wire.host, *number)));
    }

    /// The connections to a site that are open now lead nowhere, and new ones do. Nothing stands
    /// between the ends of a unix socket.
    pub(super) fn forget(&mut self, site: usize) {
        let of_site = |wire: &Wire| {
            wire.site == site && wire.is_connected && matches!(wire.endpoint, Endpoint::Inet(_))
        };
        let lost = self.wires.iter().filter(|(_, wire)| of_site(wire));
        self.forgotten.extend(lost.map(|(number, wire)| (wire.host, *number)));
    }

    /// Whether some wire was forgotten that its driver has not left yet.
    pub(super) fn has_forgotten(&self) -> bool {
        !self.forgotten.is_empty()
    }

    /// Whether nothing comes through a wire any more.
    fn is_dead(&self, wire: (usize, u64)) -> bool {
        self.silent.contains(&wire) || self.forgotten.contains(&wire)
    }

    /// Whether a call uses, or may come to use, a connection to the host that is dead.
    pub(super) fn has_silent_wire(&self, host: &Host, drivers: &[Driver]) -> bool {
        let number = host.number;
        let mut silent = self.silent.range((number, 0)..=(number, u64::MAX));
        silent.any(|(_, number)| {
            let Wire { driver, id, .. } = self.wires[number];
            let connection = drivers[driver].engine.connections.get(id);
            connection.is_some_and(|connection| {
                connection.user.is_some() || connection.retirements == host.kept.retirements()
            })
        })
    }

    fn kept(&self, host: usize) -> usize {
        let kept = |wire: &&Wire| wire.host == host && wire.peer.is_persistent();
        self.wires.values().filter(kept).count()
    }

    fn remove(&mut self, driver: usize, id: ConnectionId) {
        if let Some(number) = self.numbers.remove(&(driver, id))
            && let Some(wire) = self.wires.remove(&number)
        {
            self.silent.remove(&(wire.host, number));
            self.forgotten.remove(&(wire.host, number));
        }
    }

    fn number(&self, driver: usize, id: ConnectionId) -> Option<u64> {
        self.numbers.get(&(driver, id)).copied()
    }
}

impl World {
    /// Does what a driver's engine wants done.
    pub(super) fn act(&mut self, driver: usize) -> Result<(), String> {
        while let Some(action) = self.drivers[driver].engine.poll_action() {
            self.note_action(driver, &action);
            match action {
                Action::Connect(id, endpoint) => self.connect(driver, id, endpoint),
                Action::Send(id) => self.send(driver, id)?,
                Action::TakeOver(id, host) => self.take_over(driver, id, &host)?,
                Action::Close(id) => self.network.remove(driver, id),
                Action::Lookup(host, _) => self.look_up(driver, host),
            }
        }
        self.drivers[driver].engine.sweep();
        self.watch(driver)
    }

    /// Says what a driver does for which call, if every detail is traced.
    fn note_action(&mut self, driver: usize, action: &Action) {
        let (Action::Connect(id, _) | Action::Send(id) | Action::Close(id)) = action else {
            return;
        };
        let Driver { engine, asked, .. } = &self.drivers[driver];
        if let Some(connection) = engine.connections.get(*id).filter(|_| self.traces_actions) {
            let user =
                connection.user.and_then(|user| Some((asked.get(&user.call)?.id, user.attempt)));
            let host = &connection.host.name;
            self.note(format!(
                "  driver {driver}: {action:?} of {host} for call, attempt {user:?}"
            ));
        }
    }

    /// The daemons of a site close, or reset, the connections that they have.
    pub(super) fn cut(&mut self, site: usize) {
        let cut: Vec<u64> = self
            .network
            .wires
            .iter()
            .filter(|(_, wire)| wire.site == site && wire.is_connected)
            .map(|(number, _)| *number)
            .collect();
        for wire in cut {
            let after = delay(self.plan.delay_max, &mut self.random);
            let closing = match self.random.bool() {
                true => Closing::End,
                false => Closing::Broken("reset".into()),
            };
            self.schedule(after, Event::OnWire(wire, Happening::Closed(closing)));
        }
    }

    /// Tells the driver; one that waits for its next batch hears of it then.
    pub(super) fn happen_on_wire(
        &mut self,
        number: u64,
        happening: Happening,
    ) -> Result<(), String> {
        let Some(wire) = self.network.wires.get(&number) else { return Ok(()) };
        let driver = wire.driver;
        if self.pool.contains(&driver) {
            self.drivers[driver].held.push((number, happening));
            return Ok(());
        }
        self.deliver(number, happening);
        self.act(driver)?;
        self.take_ends(driver)
    }

    pub(super) fn deliver(&mut self, number: u64, happening: Happening) {
        let now = self.now;
        let Some(host) = self.network.wires.get(&number).map(|wire| wire.host) else { return };
        let is_dead = self.network.is_dead((host, number));
        let wire = self.network.wires.get_mut(&number).expect("it is there");
        let (driver, id) = (wire.driver, wire.id);
        let engine = &mut self.drivers[driver].engine;
        match happening {
            _ if is_dead => {}
            Happening::Dialled => match self.sites[wire.site].dial(&wire.endpoint) {
                Dialled::Unanswered => {}
                Dialled::Refused => {
                    self.known[wire.host].refusals += 1;
                    self.network.remove(driver, id);
                    engine.handle_connect_failed(id, "refused", now);
                }
                Dialled::Accepted => {
                    wire.is_connected = true;
                    let mode = self.sites[wire.site].mode;
                    let reactions = wire.peer.accept(mode, &mut self.random);
                    engine.handle_connected(id, now);
                    self.react(number, reactions);
                }
            },
            Happening::Bytes(bytes) => engine.handle_received(id, &bytes, now),
            Happening::Closed(closing) => engine.handle_closed(id, closing, now),
        }
    }

    /// Hands an idle connection of another driver over, of the one that was idle for longest.
    fn take_over(&mut self, driver: usize, id: ConnectionId, host: &Host) -> Result<(), String> {
        let now = self.now;
        let mut given = None;
        for giver in self.pool.clone() {
            let handover = self.drivers[giver].engine.give_idle(host, now);
            self.act(giver)?;
            if let Some((of_giver, handover)) = handover {
                given = Some((giver, of_giver, handover));
                break;
            }
        }
        let Some((giver, of_giver, handover)) = given else {
            self.drivers[driver].engine.handle_nothing_to_take(id, now);
            return Ok(());
        };
        let number = self.network.numbers.remove(&(giver, of_giver)).expect("it is open");
        self.network.numbers.insert((driver, id), number);
        let wire = self.network.wires.get_mut(&number).expect("it is open");
        (wire.driver, wire.id) = (driver, id);
        // What its socket has received comes with it.
        let held = &mut self.drivers[giver].held;
        let came: Vec<_> = held.extract_if(.., |(wire, _)| *wire == number).collect();
        for (wire, happening) in came {
            self.schedule(Duration::ZERO, Event::OnWire(wire, happening));
        }
        self.drivers[driver].engine.handle_taken_over(id, handover, now);
        Ok(())
    }

    fn connect(&mut self, driver: usize, id: ConnectionId, endpoint: Endpoint) {
        self.network.remove(driver, id);
        let engine = &mut self.drivers[driver].engine;
        if matches!(endpoint, Endpoint::Unix(_)) && self.random.u8(..) < 40 {
            return engine.handle_connect_busy(id, self.now);
        }
        let host = engine.connections[id].host.number;
        let site = self.known[host].site;
        let lost = match &endpoint {
            Endpoint::Inet(_) => self.lost_packet(driver, id),
            Endpoint::Unix(_) => Duration::ZERO,
        };
        self.network.last += 1;
        let number = self.network.last;
        let wire = Wire {
            driver,
            id,
            host,
            site,
            endpoint,
            is_connected: false,
            peer: Peer::new(self.plan.delay_max),
            busy_until: self.now,
        };
        self.network.wires.insert(number, wire);
        self.network.numbers.insert((driver, id), number);
        let after = delay(self.plan.delay_max, &mut self.random) + lost;
        self.schedule(after, Event::OnWire(number, Happening::Dialled));
    }

    fn send(&mut self, driver: usize, id: ConnectionId) -> Result<(), String> {
        let whole = self.drivers[driver].engine.output(id).len();
        let Some(number) = self.network.number(driver, id).filter(|_| whole > 0) else {
            return Ok(());
        };
        let part = if self.random.bool() { whole } else { self.random.usize(1..=whole) };
        for length in [part, whole - part] {
            let engine = &mut self.drivers[driver].engine;
            let bytes = engine.output(id)[..length].to_vec();
            engine.handle_sent(id, length);
            // Where the daemon is gone the kernel takes the bytes all the same.
            let is_dead = self.network.is_dead((self.network.wires[&number].host, number));
            let wire = self.network.wires.get_mut(&number).expect("it is open");
            let site = &self.sites[wire.site];
            if is_dead || !site.listens_at(&wire.endpoint) {
                continue;
            }
            let was_kept = wire.peer.is_persistent();
            let (site, mode) = (wire.site, site.mode);
            let reactions = wire.peer.receive(mode, site, &bytes, &mut self.random)?;
            if wire.peer.is_persistent() && !was_kept {
                self.check_kept(number)?;
            }
            self.react(number, reactions);
        }
        Ok(())
    }

    fn react(&mut self, number: u64, reactions: Vec<Reaction>) {
        for reaction in reactions {
            let (after, happening) = match reaction {
                Reaction::Bytes(after, bytes) => (after, Happening::Bytes(bytes)),
                Reaction::Close(after) => (after, Happening::Closed(Closing::End)),
                Reaction::Reset(after) => {
                    (after, Happening::Closed(Closing::Broken("reset".into())))
                }
                Reaction::Executed(request) => {
                    self.count_execution(number, request);
                    continue;
                }
            };
            let wire = self.network.wires.get_mut(&number).expect("it reacts");
            let lag = self.sites[wire.site].lag;
            wire.busy_until = wire.busy_until.max(self.now + after + lag);
            let after = wire.busy_until - self.now;
            self.schedule(after, Event::OnWire(number, happening));
        }
    }

    fn count_execution(&mut self, number: u64, request: u64) {
        let wire = &self.network.wires[&number];
        let mut asked = self.drivers[wire.driver].asked.values();
        let Some(asked) = asked.find(|asked| asked.id == request) else { return };
        if asked.access == Access::Write {
            *self.executed_writes.entry((request, wire.site)).or_default() += 1;
        }
        if let Some(load) = asked.agent {
            self.executed[wire.site] += 1;
            self.loads[load].handle_executed(wire.host);
        }
    }

    /// A connection was just declared one to keep: are there too many of its host now?
    ///
    /// Its place was taken at some time since its call began.
    fn check_kept(&self, number: u64) -> Result<(), String> {
        let Wire { driver, id, host, .. } = self.network.wires[&number];
        let Driver { engine, asked, .. } = &self.drivers[driver];
        let user = engine.connections[id].user.ok_or("bytes are sent for nobody")?;
        let since = asked[&user.call].started_at;
        let before = self.kept_limits.iter().rev().find(|(from, _)| *from < since);
        let during = self.kept_limits.iter().filter(|(from, _)| *from >= since);
        let limit = before.into_iter().chain(during).map(|(_, limit)| *limit).max();
        let kept = self.network.kept(host);
        match limit {
            Some(limit) if kept > limit as usize => {
                let name = &self.hosts[host].name;
                Err(format!("{kept} kept connections to {name} are above the limit {limit}"))
            }
            _ => Ok(()),
        }
    }

    /// Checks connections and attempts of a driver after each turn.
    fn watch(&mut self, driver: usize) -> Result<(), String> {
        let well: Vec<Wellness> = (0..self.hosts.len()).map(|host| self.wellness(host)).collect();
        let Driver { engine, asked, reloads_seen, .. } = &mut self.drivers[driver];
        for (_, connection) in &engine.connections {
            let idle = !connection.is_awaited() && connection.is_open();
            let removed_at = self.removed_at.get(&connection.host.number).filter(|_| idle);
            let is_late =
                |at: &Instant| connection.idle_since > *at || *reloads_seen == self.reloads;
            if removed_at.is_some_and(is_late) {
                let name = &connection.host.name;
                return Err(format!("an idle connection to {name} is kept, which was removed"));
            }
        }
        for (call, asked) in asked {
            let links = &engine.calls[*call].links;
            let running = |(attempt, id): &(u32, ConnectionId)| {
                let connection = &engine.connections[*id];
                let host = connection.host.number;
                let is_living = |karma: &Karma| karma.health().is_living();
                Running {
                    number: *attempt,
                    host,
                    is_found_dead: !self.hosts[host].read(is_living),
                    waits: matches!(connection.state, ConnectionState::Resolving { .. }),
                    is_reached: connection.is_open(),
                    is_on_trial: self.hosts[host].read(|karma| karma.health().is_on_trial()),
                }
            };
            let running: Vec<Running> = links.iter().map(running).collect();
            let extra = asked.note_attempts(&running, &well, self.now);
            if let Some(load) = asked.agent.filter(|_| extra > 0) {
                self.loads[load].handle_extra(extra)?;
            }
        }
        Ok(())
    }

    fn wellness(&self, number: usize) -> Wellness {
        let host = &self.hosts[number];
        let site = &self.sites[self.known[number].site];
        let is_silent = self.network.has_silent_wire(host, &self.drivers);
        Wellness {
            executes: site.executes_for_who_knows(&host.addresses.lookup()) && !is_silent,
            answers: site.answers_who_knows(&host.addresses.lookup()),
        }
    }

    pub(super) fn is_sabotaged(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }
}
