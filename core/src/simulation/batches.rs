//! Batches of calls on drivers that take turns, as a client's do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::Sabotage;
use super::check::{Asked, Circumstances};
use super::mishaps::HASTE;
use super::network::Happening;
use super::world::{Event, PING_PAUSE, World};
use crate::agent::Agent;
use crate::call::Scope;
use crate::deadline::CallLimits;
use crate::engine::{CallId, Sabotaged};
use crate::error::Error;
use crate::host::Lookup;
use crate::karma::health::TRIAL_PAUSE_MAX;
use crate::options::CallOptions;
use crate::request::{Access, Reply, Request, Target, Verdict};
use crate::wire::Writer;
use crate::wire::header::Command;

/// An engine and what the world knows of its batch.
pub(super) struct Driver {
    pub(super) engine: Sabotaged,
    pub(super) reloads_seen: u64,
    /// Calls that run.
    pub(super) asked: BTreeMap<CallId, Asked>,
    /// Calls of the batch that have ended.
    ended: BTreeSet<CallId>,
    /// What happened to its wires since its last batch.
    pub(super) held: Vec<(u64, Happening)>,
}

/// Its body is its number; the answer repeats it, and adds who answered.
struct Numbered {
    id: u64,
    access: Access,
    command: Command,
}

impl Request for Numbered {
    fn command(&self) -> Command {
        self.command
    }

    fn access(&self) -> Access {
        self.access
    }

    fn encode(&self, _: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        body.put_u64(self.id);
        Ok(())
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        match reply.body.len() {
            12 => Verdict::Accept,
            length => Verdict::Malformed(format!("{length} bytes")),
        }
    }
}

impl World {
    /// Starts a call now, and the next one after a pause.
    pub(super) fn ask(&mut self) -> Result<(), String> {
        let asked = self.ask_one();
        if self.to_ask > 0 {
            let pause = Duration::from_micros(self.random.u64(self.plan.pause_us.clone()));
            self.schedule(pause, Event::Ask);
        }
        asked
    }

    /// Starts a call, in a batch that runs or in a new one.
    pub(super) fn ask_one(&mut self) -> Result<(), String> {
        // Programs wait for answers, too.
        let running: usize = self.drivers.iter().map(|driver| driver.engine.running()).sum();
        if running >= CALLS_AT_ONCE || self.to_ask == 0 {
            return Ok(());
        }
        self.to_ask -= 1;
        if self.is_sabotaged(Sabotage::NeverTries) {
            for host in &self.hosts {
                let late = self.now + Duration::from_secs(3_600);
                host.record(|karma| karma.health_mut().claim_trial(late));
            }
        }
        let driver = self.driver_for_call()?;
        let agent = self.agents[self.random.usize(..self.agents.len())].clone();
        let write = self.random.u8(..) < self.plan.writes;
        let access = if write { Access::Write } else { Access::Read };
        let scope = match write {
            true => Scope::Mirror(self.random.usize(..agent.mirrors.len())),
            false => Scope::Agent,
        };
        let options = self.options();
        let call = self.start(driver, &agent, access, &options, scope)?;
        self.act(driver)?;
        if self.plan.upheaval.is_some() && self.random.u8(..) < 5 {
            let now = self.now;
            self.drivers[driver].engine.cancel(call, now);
            if let Some(asked) = self.drivers[driver].asked.get_mut(&call) {
                asked.free = false;
            }
            self.act(driver)?;
        }
        if self.plan.upheaval.is_some() && self.random.u8(..) < 2 {
            return self.end_batch(driver);
        }
        self.take_ends(driver)
    }

    /// Pings the hosts that were not heard of for a while.
    pub(super) fn ping(&mut self) -> Result<(), String> {
        if self.to_ask == 0 {
            return Ok(());
        }
        self.schedule(PING_PAUSE, Event::Ping);
        // Drivers without a batch are looked at as often (`Pool::tend`).
        for driver in self.pool.clone() {
            self.look(driver)?;
        }
        for agent in self.topology.pinged.clone() {
            let host = &agent.mirrors[0].host;
            let last = host.read(|karma| karma.last_answer());
            if last.is_some_and(|last| self.now < last + self.topology.ping_interval) {
                continue;
            }
            let driver = self.driver_for_call()?;
            if matches!(host.addresses.lookup(), Lookup::Known(_)) {
                let options = CallOptions::default();
                self.start(driver, &agent, Access::Read, &options, Scope::Ping(0))?;
                self.act(driver)?;
            } else {
                self.look_up(driver, host.clone());
            }
            self.take_ends(driver)?;
        }
        Ok(())
    }

    /// Takes the ends of calls, and ends the batch after the last one.
    pub(super) fn take_ends(&mut self, driver: usize) -> Result<(), String> {
        let now = self.now;
        let mut notes = Vec::new();
        let Driver { engine, asked, ended, .. } = &mut self.drivers[driver];
        let (known, hosts, leap, crowd) = (&self.known, &self.hosts, self.leap, self.crowd);
        let circumstances = Circumstances { known, hosts, now, leap, crowd };
        while let Some(call) = engine.poll_completion() {
            if !ended.insert(call) {
                return Err(format!("{call:?} ended twice"));
            }
            let asked = asked.remove(&call).ok_or("an unknown call ended")?;
            let outcome = engine.take_outcome(call).ok_or("a call ended without an outcome")?;
            circumstances.check_end(&asked, &outcome)?;
            if self.random.bool() {
                engine.forget(call);
            }
            notes.push(match &outcome {
                Ok(answer) => format!("call {} answered by mirror {}", asked.id, answer.mirror),
                Err(failure) => format!("call {} failed: {failure}", asked.id),
            });
        }
        let is_over = engine.running() == 0;
        if let Some(asked) = asked.values().next().filter(|_| is_over) {
            return Err(format!("call {} never ended", asked.id));
        }
        for note in notes {
            self.note(note);
        }
        if is_over && !self.pool.contains(&driver) { self.end_batch(driver) } else { Ok(()) }
    }

    fn options(&mut self) -> CallOptions {
        let random = &mut self.random;
        let mut milliseconds = |range| Duration::from_millis(random.u64(range));
        let deadline = Some(milliseconds(self.plan.deadline_ms.clone()));
        let retry_delay = Some(milliseconds(0..300));
        let connect_timeout = milliseconds(80..1_500);
        let query_timeout = milliseconds(80..4_000);
        CallOptions {
            deadline,
            retry_delay,
            connect_timeout: random.bool().then_some(connect_timeout),
            query_timeout: random.bool().then_some(query_timeout),
            retry_count: Some(random.u32(0..3)),
            failover: self.plan.upheaval.is_none() || random.u8(..) >= 10,
            ..CallOptions::default()
        }
    }

    fn start(
        &mut self,
        driver: usize,
        agent: &Arc<Agent>,
        access: Access,
        options: &CallOptions,
        scope: Scope,
    ) -> Result<CallId, String> {
        let load = self.loads.iter().rposition(|load| Arc::ptr_eq(&load.agent, agent));
        if let Some(load) = load {
            self.loads[load].handle_call();
            let is_tested = self.plan.upheaval.is_some();
            if is_tested && scope == Scope::Agent && options.failover {
                self.check_starved(load)?;
            }
        }
        if self.is_sabotaged(Sabotage::HedgesFreely) {
            (0..100).for_each(|_| agent.hedges.earn());
        }
        self.sequence_of_calls += 1;
        let id = self.sequence_of_calls;
        let is_ping = matches!(scope, Scope::Ping(_));
        let command = if is_ping { Command::PING } else { Command::SEARCH };
        let request: Arc<dyn Request> = Arc::new(Numbered { id, access, command });
        let now = self.now;
        let Driver { engine, asked, .. } = &mut self.drivers[driver];
        let call = engine.start(agent, &request, options, scope, now);
        let limits = CallLimits::new(options, &agent.settings);
        let is_hasty = load.is_none() || limits.query_timeout < HASTE;
        let may_forget = is_hasty && self.network.has_forgotten();
        let new = Asked {
            id,
            access,
            agent: load,
            hosts: agent.mirrors.iter().map(|mirror| mirror.host.number).collect(),
            started_at: now,
            awake_since: now,
            deadline: now + limits.deadline,
            is_deadline_fixed: limits.is_deadline_fixed,
            lost_packets: 0,
            is_hasty,
            free: options.failover && agent.attempts_max.is_none() && !may_forget,
            attempts: Vec::new(),
            has_waited: false,
        };
        asked.insert(call, new);
        let running = self.drivers.iter().map(|driver| driver.engine.running()).sum();
        self.crowd = self.crowd.max(running);
        Ok(call)
    }

    fn check_starved(&mut self, load: usize) -> Result<(), String> {
        let (sites, known, now) = (&self.sites, &self.known, self.now);
        let load = &mut self.loads[load];
        let agent = load.agent.clone();
        let host = |mirror: usize| &agent.mirrors[mirror].host;
        let trial_at = |mirror| host(mirror).read(|karma| karma.health().trial_at());
        load.handle_read(|mirror| {
            let since = sites[known[host(mirror).number].site].well_since();
            // Who died twice within one illness may be tried as seldom as anybody ever is.
            let is_tried_later = trial_at(mirror).is_some_and(|at| at > now);
            let proof = if is_tried_later { TRIAL_PAUSE_MAX } else { PROOF_OF_HEALTH };
            since.is_some_and(|since| now > since + proof)
        })
    }

    /// A driver with a batch, from now on if need be.
    fn driver_for_call(&mut self) -> Result<usize, String> {
        let running = |driver: &usize| !self.pool.contains(driver);
        let running: Vec<usize> = (0..self.drivers.len()).filter(running).collect();
        let has_room = |driver: &&usize| self.drivers[**driver].asked.len() < CALLS_A_BATCH;
        let room = running.iter().find(has_room).copied();
        if let Some(driver) = room
            && self.random.bool()
        {
            return Ok(driver);
        }
        if let Some(driver) = self.pool.pop() {
            self.look(driver)?;
            return Ok(driver);
        }
        if self.drivers.len() == DRIVERS_MAX {
            return Ok(running[self.random.usize(..running.len())]);
        }
        let mut engine = Sabotaged::new(self.random.u64(..), self.sabotage);
        engine.wake_by(self.woken.waker(self.drivers.len()));
        self.drivers.push(Driver {
            engine,
            reloads_seen: self.reloads,
            asked: BTreeMap::new(),
            ended: BTreeSet::new(),
            held: Vec::new(),
        });
        Ok(self.drivers.len() - 1)
    }

    /// Hands a driver without a batch what came for it.
    fn look(&mut self, driver: usize) -> Result<(), String> {
        let now = self.now;
        for (wire, happening) in std::mem::take(&mut self.drivers[driver].held) {
            self.deliver(wire, happening);
        }
        self.drivers[driver].engine.handle_timeout(now);
        self.act(driver)
    }

    /// Gives the driver back, whatever still runs.
    fn end_batch(&mut self, driver: usize) -> Result<(), String> {
        let now = self.now;
        let Driver { engine, asked, ended, .. } = &mut self.drivers[driver];
        engine.reset(now);
        asked.clear();
        ended.clear();
        if engine.running() > 0 || engine.poll_completion().is_some() {
            return Err("a batch that was ended has calls that run".to_owned());
        }
        self.pool.push(driver);
        self.tend(driver)
    }

    /// Closes idle connections of a driver that no call should use.
    pub(super) fn tend(&mut self, driver: usize) -> Result<(), String> {
        self.drivers[driver].reloads_seen = self.reloads;
        if !self.is_sabotaged(Sabotage::KeepsRemoved) {
            self.drivers[driver].engine.close_unfit(self.now);
        }
        self.act(driver)
    }
}

/// Drivers of one client: as many threads use it.
const DRIVERS_MAX: usize = 4;

/// Calls that the programs of this world have under way at once.
const CALLS_AT_ONCE: usize = 48;

/// A batch with more calls gets no further ones, if another driver is free.
const CALLS_A_BATCH: usize = 8;

/// After so long nothing that was wrong with a site may count against it: windows have passed,
/// and a trial is due before [`Load`](super::extra_load::Load) has lost its patience, though two
/// illnesses with a leap between them may have brought its pause to 16 seconds.
pub(super) const PROOF_OF_HEALTH: Duration = Duration::from_secs(14);
