//! Which mirror is asked next, until a round over all of them ends, and what comes after it.

use std::time::{Duration, Instant};

use super::attempt::{Attempt, Remains};
use super::hedge::Standing;
use super::{Call, Command, Refusal, Scope};
use crate::error::FailureKind;
use crate::hedge_budget::Fund;
use crate::request::Access;
use crate::strategy::{Pick, Trials, Tried};

impl Call {
    /// Goes on after a failure, if what was sent may be sent again (design: Replay safety).
    pub(super) fn proceed_after(
        &mut self,
        failed: Remains,
        kind: FailureKind,
        random: u64,
        now: Instant,
    ) {
        let unexecuted = !failed.handed_over || kind == FailureKind::RemoteRetry;
        if self.request.access() == Access::Write && !unexecuted {
            return self.finish_failed(None, false);
        }
        self.note_unproven(&failed, kind);
        let of_its_race = |other: &Attempt| failed.race.is_some() && other.race == failed.race;
        let of_its_race = self.attempts.iter().enumerate().filter(|(_, other)| of_its_race(other));
        if let Some((position, last)) = of_its_race.max_by_key(|(_, other)| other.number) {
            if last.number < failed.number {
                self.race_look_ups(position, random, now);
            }
            return self.end_round_of_names(random, now);
        }
        let again = self.mirror_to_ask_again(&failed, now);
        match again.filter(|_| !self.is_over && self.next_round_at.is_none()) {
            Some(mirror) => self.renew(mirror, now, now),
            None => self.proceed(random, now),
        }
    }

    /// Notes a mirror about which its failure proves nothing: a first packet may be lost, and a
    /// kept connection forgotten on its way. That costs a query more if it was only slow.
    fn note_unproven(&mut self, failed: &Remains, kind: FailureKind) {
        if failed.is_booked || !self.may_resend() || !self.failover {
            return;
        }
        let is_forgotten = || {
            self.host(failed.mirror).read(|karma| karma.evidence().is_forgotten(failed.started_at))
        };
        let is_unproven = match kind {
            FailureKind::ConnectTimeout => true,
            FailureKind::QueryTimeout => {
                failed.is_reused && (is_forgotten() || self.agent.hedges.spend(Fund::Late))
            }
            _ => false,
        };
        if is_unproven {
            self.unproven.insert(failed.mirror);
        }
    }

    /// Returns the mirror that is asked once more at once after one was not reached. That is the
    /// failed one if it greets others and none that was not tried is likelier to answer. With all
    /// tried, while some are waited for, it is the likeliest of those that are unproven.
    fn mirror_to_ask_again(&self, failed: &Remains, now: Instant) -> Option<usize> {
        let waited = now.saturating_duration_since(failed.started_at);
        let is_open = self.unproven.contains(failed.mirror) && waited >= self.redial_pause();
        if !is_open || self.is_capped() || now >= self.deadline {
            return None;
        }
        let greets_others = self
            .host(failed.mirror)
            .read(|karma| karma.evidence().was_greeted_after(failed.started_at));
        if greets_others && !self.agent.has_room(&self.tried, now) {
            return Some(failed.mirror);
        }
        if self.untried() > 0 || self.attempts.is_empty() { None } else { self.open_mirror() }
    }

    /// Returns the likeliest to answer of the mirrors about which this round has proven nothing,
    /// and of which no new connection is under way.
    pub(super) fn open_mirror(&self) -> Option<usize> {
        let is_open = |mirror: &usize| {
            self.unproven.contains(*mirror)
                && self.attempts.iter().all(|other| other.mirror != *mirror || other.is_reused)
        };
        let standing = |mirror: &usize| {
            self.host(*mirror)
                .read(|karma| (karma.health().is_living(), karma.evidence().answered_at()))
        };
        (0..self.agent.mirrors.len()).filter(is_open).max_by_key(standing)
    }

    /// True if the mirror was found dead before this call began.
    fn was_dead(&self, mirror: usize) -> bool {
        let dead_since = self.host(mirror).read(|karma| karma.health().dead_since());
        dead_since.is_some_and(|since| since < self.begun_at)
    }

    /// Asks the next mirror; without one waits for those that are asked, or ends the round.
    ///
    /// Who waits for a look-up is not asked, and may never be: a round does not last until then.
    pub(super) fn proceed(&mut self, random: u64, now: Instant) {
        if self.is_over || self.next_round_at.is_some() {
            return;
        }
        if !self.start_attempt(None, random, now) && self.waiting() == self.attempts.len() {
            self.end_round(random, now);
        }
    }

    /// Ends the round if all mirrors of it were asked that can be before a look-up ends.
    pub(super) fn end_round_of_names(&mut self, random: u64, now: Instant) {
        let has_asked = self.attempts_started as usize > self.attempts.len();
        if has_asked && self.untried() == 0 {
            self.proceed(random, now);
        }
    }

    /// Begins the round whose pause is over, if it is.
    pub(super) fn begin_round(&mut self, random: u64, now: Instant) {
        if self.next_round_at.is_none_or(|at| now < at) {
            return;
        }
        self.next_round_at = None;
        // A mirror whose look-up goes on is in this round as it was in the one before.
        for attempt in &self.attempts {
            self.tried.insert(attempt.mirror);
        }
        self.proceed(random, now);
    }

    /// Asks a mirror that was not tried; false if there is none. With `fresh_since`, not over a
    /// connection that was idle then.
    pub(super) fn start_attempt(
        &mut self,
        fresh_since: Option<Instant>,
        random: u64,
        now: Instant,
    ) -> bool {
        let is_pause = self.next_round_at.is_some();
        if is_pause || self.is_capped() || now >= self.deadline {
            return false;
        }
        let first = self.tried.is_empty();
        if !first && !self.failover {
            return false;
        }
        let only = match self.scope {
            Scope::Agent => self.stays_with,
            Scope::Mirror(mirror) | Scope::Ping(mirror) => Some(mirror),
        };
        let pick = match only {
            None => self.pick(random, now),
            Some(mirror) => {
                let pick = Pick { mirror, on_trial: false, patience: None };
                (!self.tried.contains(mirror)).then_some(pick)
            }
        };
        let Some(pick) = pick else { return false };
        let pick = self.prefer_known(pick, random, now);
        self.stays_with = (!self.failover).then_some(pick.mirror);
        // After a first round connections that were kept are not trusted any more.
        let fresh_since = fresh_since.or_else(|| self.has_had_a_round().then_some(now));
        self.ask(&pick, fresh_since, now);
        true
    }

    /// Asks a mirror of this call once more, over a new connection.
    pub(super) fn renew(&mut self, mirror: usize, fresh_since: Instant, now: Instant) {
        let pick = Pick { mirror, on_trial: false, patience: None };
        let unreached = |other: &&Attempt| other.mirror == mirror && !other.is_connected;
        let ends_at = self.attempts.iter().find(unreached).map(|other| other.phase_ends_at);
        self.ask(&pick, Some(fresh_since), now);
        if let (Some(ends_at), Some(new)) = (ends_at, self.attempts.last_mut()) {
            new.phase_ends_at = ends_at;
        }
    }

    /// Picks a mirror, and not one that is silent to others while a living one is there. A silent
    /// one is asked now and then, to see whether it is back.
    fn pick(&self, random: u64, now: Instant) -> Option<Pick> {
        let agent = &self.agent;
        let pick_from = |tried: &Tried, trials| {
            agent.selector.pick(&agent.mirrors, tried, trials, (self.key, random), now)
        };
        let first = pick_from(&self.tried, self.trials())?;
        if first.on_trial || !self.failover || !agent.is_suspect(first.mirror, now) {
            return Some(first);
        }
        let last = self.host(first.mirror).read(|karma| karma.last_query());
        if last.is_none_or(|last| now.saturating_duration_since(last) >= PROBE_PAUSE) {
            return Some(first);
        }
        let mut tried = self.tried.clone();
        let mut next = first;
        while agent.is_suspect(next.mirror, now) {
            tried.insert(next.mirror);
            match pick_from(&tried, Trials::None) {
                Some(other) => next = other,
                None => return Some(first),
            }
        }
        let is_living = self.host(next.mirror).read(|karma| karma.health().is_living());
        Some(if is_living { next } else { first })
    }

    fn has_had_a_round(&self) -> bool {
        self.round > 0 || self.is_second_chance_used
    }

    fn ask(&mut self, pick: &Pick, fresh_since: Option<Instant>, now: Instant) {
        self.tried.insert(pick.mirror);
        self.unproven.remove(pick.mirror);
        let number = self.attempts_started;
        self.attempts_started += 1;
        if number > 0 {
            self.agent.traffic.handle_retry();
        }
        let (in_flight, standing) = self.host(pick.mirror).record(|karma| {
            karma.handle_start(now);
            (karma.begin_attempt(), Standing::new(karma, pick))
        });
        let mut attempt = Attempt::new(number, pick.mirror, in_flight, &self.limits, now);
        attempt.on_trial = pick.on_trial;
        attempt.usual = standing.usual;
        let may_wait = self.failover && self.host(pick.mirror).addresses.needs_lookup();
        if (self.may_resend() || may_wait) && !self.is_ping() {
            let untried = self.untried() + self.waiting();
            attempt.hedge = Some(self.hedge(pick, &standing, untried, now));
        }
        if self.host(pick.mirror).addresses.may_move() {
            attempt.watch_name();
        }
        self.attempts.push(attempt);
        self.commands.push(Command::Start { attempt: number, mirror: pick.mirror, fresh_since });
    }

    /// The dead mirrors that this attempt may be spent on.
    pub(super) fn trials(&self) -> Trials {
        if !self.tried.is_empty() || self.round > 0 || !self.may_resend() {
            return Trials::None;
        }
        let has_another = self.failover && self.agent.attempts_max.is_none_or(|max| max > 1);
        if has_another { Trials::All } else { Trials::Likely }
    }

    fn end_round(&mut self, random: u64, now: Instant) {
        let is_refused = !self.refusals.is_empty() && !self.takes_second_chance();
        let left = self.deadline.saturating_duration_since(now);
        let next = if self.is_capped() { None } else { self.next_round(is_refused, random, left) };
        let Some((pause, scope)) = next.filter(|(pause, _)| *pause < left) else {
            if !self.attempts.is_empty() {
                return;
            }
            return match is_refused {
                true => self.finish_refused(false, now),
                false => self.finish_failed(None, now >= self.deadline),
            };
        };
        match scope {
            Round::All => self.tried.clear(),
            Round::Unproven => {
                for mirror in 0..self.agent.mirrors.len() {
                    if self.unproven.contains(mirror) {
                        self.tried.remove(mirror);
                    }
                }
            }
        }
        self.obstacles = Obstacles::default();
        self.unproven.clear();
        self.next_round_at = Some(now + pause);
    }

    /// Returns the pause before the next round, and which mirrors that asks; `None` if there is
    /// none. A query that a mirror refused goes only to those about which nothing is proven.
    fn next_round(
        &mut self,
        is_refused: bool,
        random: u64,
        left: Duration,
    ) -> Option<(Duration, Round)> {
        let Obstacles { is_busy, is_starved, is_passing } = self.obstacles;
        if is_passing {
            return Some((PASSING_PAUSE, Round::All));
        }
        let are_dead = (0..self.agent.mirrors.len()).all(|mirror| self.was_dead(mirror));
        if !is_refused && self.round < self.limits.retry_count {
            self.round += 1;
            // No pause of this length brings back what was found dead before.
            let is_worth_it = !are_dead || is_busy;
            return is_worth_it.then_some((self.limits.retry_delay, Round::All));
        }
        // A daemon without capacity said when to come back: soon. It lives, so the query is not
        // lost as long as there is time. So it is when this process has no socket, and where
        // nothing is proven about one of several mirrors.
        let is_crowded = is_busy && !self.limits.is_retry_count_given;
        let is_open = self.open_mirror().is_some_and(|mirror| !self.was_dead(mirror))
            && self.agent.mirrors.len() > 1;
        let scope = match !is_refused && (is_crowded || is_starved) {
            true => Round::All,
            false => Round::Unproven,
        };
        let is_over = is_refused && self.busy_rounds >= REFUSED_ROUNDS_MAX;
        if self.is_ping() || scope == Round::Unproven && (!is_open || is_over) {
            return None;
        }
        self.busy_rounds += 1;
        let mut pause = BUSY_PAUSE_MIN * (1 << self.busy_rounds.min(BUSY_DOUBLINGS_MAX));
        if is_crowded && !self.agent.hedges.spend(Fund::Retry) {
            pause *= CROWDED_FACTOR;
        }
        // Clients that were refused together do not come back together.
        let jitter = 0.5 + (random >> 11) as f64 / (1_u64 << 53) as f64;
        let pause = pause.mul_f64(jitter).min(left / 2);
        Some((pause, scope)).filter(|(pause, _)| *pause >= BUSY_PAUSE_MIN)
    }

    /// Whether a daemon that is just being restarted or rotated is asked once more: what it said
    /// is no answer to the query.
    fn takes_second_chance(&mut self) -> bool {
        let passes = |refusal: &Refusal| refusal.is_whole() && is_passing(&refusal.failure.text);
        let is_taken =
            !self.is_second_chance_used && self.may_resend() && self.refusals.iter().any(passes);
        if is_taken {
            self.is_second_chance_used = true;
            self.obstacles.is_passing = true;
            for refusal in std::mem::take(&mut self.refusals) {
                if refusal.on_trial {
                    self.postpone_trial(refusal.mirror);
                }
                self.failures.push(refusal.failure);
            }
        }
        is_taken
    }
}

/// Mirrors that a round asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    All,
    /// Mirrors about which the round before has proven nothing.
    Unproven,
}

/// What kept the mirrors of a round from answering.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Obstacles {
    /// A mirror had no capacity.
    is_busy: bool,
    /// True if this process had no capacity.
    is_starved: bool,
    /// A mirror was in a state that passes by itself.
    is_passing: bool,
}

impl Obstacles {
    pub(super) fn note(&mut self, kind: FailureKind) {
        match kind {
            FailureKind::RemoteRetry => self.is_busy = true,
            FailureKind::Local => self.is_starved = true,
            _ => {}
        }
    }
}

/// True if an ERROR text is of a state that a daemon is in for some milliseconds. It is rotated,
/// restarted or replaced by a new child of `workers = prefork` then.
pub(super) fn is_passing(text: &str) -> bool {
    PASSING_TEXTS.iter().any(|passing| text.contains(passing))
}

/// Pause between two queries that a mirror is asked which is silent to others.
const PROBE_PAUSE: Duration = Duration::from_millis(250);

const PASSING_TEXTS: [&str; 4] =
    ["not preread", "server maxed out", "maximum connections", "shutting down"];

/// Pause before a daemon in such a state is asked again.
const PASSING_PAUSE: Duration = Duration::from_millis(20);

/// Pause after the first round in which every mirror was busy, halved; it doubles up to 640 ms.
const BUSY_PAUSE_MIN: Duration = Duration::from_millis(10);
const BUSY_DOUBLINGS_MAX: u32 = 6;

/// Rounds over what is unproven before an ERROR is told: the query is most likely at fault.
const REFUSED_ROUNDS_MAX: u32 = 2;

/// Factor by which pauses grow when more than a fifth of the queries come back.
const CROWDED_FACTOR: u32 = 4;
