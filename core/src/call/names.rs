//! What a call does while names of its mirrors are looked up: that is no silence of theirs, and
//! nothing was sent to them.

use std::time::{Duration, Instant};

use super::attempt::Attempt;
use super::{Call, Command};
use crate::error::{FailureKind, FaultText, Phase};
use crate::strategy::Pick;

impl Call {
    /// The attempt waits for a look-up from now on, which is not its mirror's time.
    pub fn handle_resolving(&mut self, attempt: u32, random: u64, now: Instant) {
        if let Some(attempt) = self.find(attempt) {
            attempt.resolving_since = Some(now);
        }
        self.end_round_of_names(random, now);
    }

    /// Goes on with an attempt whose look-up has brought an address. False, and the attempt is
    /// forgotten, if another mirror was asked in its place meanwhile: it may be asked later, as if
    /// it had not been.
    pub fn handle_resolved(&mut self, attempt: u32, now: Instant) -> bool {
        let number = attempt;
        let Some(attempt) = self.attempts.iter().find(|running| running.number == number) else {
            return false;
        };
        let race = attempt.race;
        let took_its_place = |other: &Attempt| {
            other.resolving_since.is_none() && (other.race == race || other.number > number)
        };
        let is_replaced = race.is_some() && self.attempts.iter().any(took_its_place);
        if is_replaced {
            let attempt = self.remove(number).expect("it was just found");
            self.release(&attempt);
            self.tried.remove(attempt.mirror);
            self.attempts_withdrawn += 1;
            return false;
        }
        let limits = self.limits;
        let share = self.share(self.untried() + self.waiting().saturating_sub(1), now);
        if let Some(attempt) = self.find(number) {
            attempt.end_wait(share, now);
            attempt.is_booked = false;
            attempt.handle_late_dial(&limits, now);
        }
        true
    }

    /// The mirror refused at all addresses that were known. The failure is booked, and the next
    /// mirror asked, while a new look-up may save the attempt.
    pub fn handle_refused(&mut self, attempt: u32, text: FaultText, random: u64, now: Instant) {
        let Some(mut attempt) = self.remove(attempt) else { return };
        self.fail_attempt(&attempt, FailureKind::ConnectFailure, Phase::Connect, text, now);
        attempt.on_trial = false;
        attempt.is_booked = true;
        attempt.resolving_since = Some(now);
        attempt.phase_ends_at = now + self.limits.connect_timeout;
        self.attempts.push(attempt);
        self.start_stand_in(self.attempts.len() - 1, random, now);
    }

    /// Attempts that wait for look-ups.
    pub(super) fn waiting(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.resolving_since.is_some()).count()
    }

    /// Asks another mirror beside one that waits for a look-up, unless one was that waits no
    /// longer. Whichever has its address first is sent the request. Nothing is spent on it, for
    /// nothing was sent.
    pub(super) fn race_look_ups(&mut self, position: usize, random: u64, now: Instant) {
        let race = self.attempts[position].race;
        let is_on = |other: &Attempt| other.race == race && other.resolving_since.is_none();
        if race.is_none() || !self.attempts.iter().any(is_on) {
            self.start_stand_in(position, random, now);
        }
    }

    fn start_stand_in(&mut self, position: usize, random: u64, now: Instant) {
        let place = self.attempts.len();
        if self.is_over || !self.failover || !self.start_attempt(None, random, now) {
            return;
        }
        let waiting = &mut self.attempts[position];
        let race = Some(waiting.race.unwrap_or(waiting.number));
        waiting.race = race;
        self.attempts[place].race = race;
    }

    /// A new look-up says that a mirror which refused is still there.
    pub fn handle_not_moved(&mut self, attempt: u32, random: u64, now: Instant) {
        if let Some(attempt) = self.remove(attempt) {
            self.proceed_after(attempt.remains(), FailureKind::ConnectFailure, random, now);
        }
    }

    /// The pick, unless its name has to be looked up first and another mirror's has not.
    pub(super) fn prefer_known(&mut self, pick: Pick, random: u64, now: Instant) -> Pick {
        let mirrors = &self.agent.mirrors;
        if !self.failover || !mirrors[pick.mirror].host.addresses.needs_lookup() {
            return pick;
        }
        let mut passed_over = self.tried.clone();
        for (position, mirror) in mirrors.iter().enumerate() {
            if mirror.host.addresses.needs_lookup() {
                passed_over.insert(position);
            }
        }
        let (chance, trials) = ((self.key, random), self.trials());
        let other = self.agent.selector.pick(mirrors, &passed_over, trials, chance, now);
        let Some(other) = other else { return pick };
        if pick.on_trial {
            self.host(pick.mirror).record(|karma| karma.health_mut().postpone_trial());
        }
        self.commands.push(Command::LookUp { mirror: pick.mirror });
        other
    }

    /// Says which attempts have been silent for so long that their names are looked up again.
    pub(super) fn look_after_silent(&mut self, now: Instant) {
        for attempt in &mut self.attempts {
            if attempt.look_again_at.is_some_and(|at| now >= at) {
                attempt.look_again_at = Some(now + attempt.elapsed(now));
                if attempt.resolving_since.is_none() {
                    self.commands.push(Command::Follow { attempt: attempt.number });
                }
            }
        }
    }
}

impl Attempt {
    /// The time that it waited is moved out of all that its mirror is judged by.
    fn end_wait(&mut self, share: Duration, now: Instant) {
        let Some(since) = self.resolving_since.take() else { return };
        let waited = now.saturating_duration_since(since);
        self.started_at += waited;
        if let Some(hedge) = &mut self.hedge {
            hedge.begin_anew(waited, share, now);
        }
        self.look_again_at = self.look_again_at.map(|at| at + waited);
    }

    /// Watches the name of the mirror, which is looked up again if it is not reached for long.
    pub(super) fn watch_name(&mut self) {
        self.look_again_at = Some(self.started_at + SILENCE_MIN);
    }

    /// Waits for the reply of a mirror that is reached: for twice its usual time, as it may be at
    /// work.
    pub(super) fn await_reply(&mut self, timeout: Duration, now: Instant) {
        let usual = self.usual.map_or(timeout / 2, |usual| usual * 2);
        self.look_again_at = self.look_again_at.map(|_| now + usual.max(SILENCE_MIN));
    }
}

/// Silence that is worth a look-up: far more than a connection takes.
const SILENCE_MIN: Duration = Duration::from_millis(250);
