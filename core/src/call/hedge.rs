//! When a second mirror is asked while the first is still silent (Dean and Barroso, The Tail at
//! Scale, 2013: hedged requests).
//!
//! A mirror that has been silent for much longer than the best one usually takes gets company, as
//! long as such extra requests stay under a tenth of all. A mirror that was left behind so is
//! waited for twice as long the next time, up to its own usual time: so one that is merely slower
//! can answer, and one that hangs can be told from it.
//!
//! What all calls know of the mirror comes first: to leave one that is dead, or silent to
//! everybody while others answer, costs no budget, and no more goes to the others at once than
//! they were lately seen to carry. While nobody answers nothing is free: then it is the load that
//! is slow.
//!
//! Without budget or evidence the second mirror is asked in time to leave half of the deadline to
//! the last one. Where all are too slow to answer in that, this, too, stays within the tenth.

use std::time::{Duration, Instant};

use super::Call;
use super::attempt::Attempt;
use crate::error::Phase;
use crate::hedge_budget::Fund;
use crate::karma::{Karma, PATIENCE_MIN, UNKNOWN_PATIENCE};
use crate::strategy::Pick;

/// What the record of a picked mirror tells of how long to wait for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// A wait that it, if well, rarely exceeds; of one that never answered several times what
    /// the best one gets.
    pub(super) usual: Option<Duration>,
    /// Number of times in a row that the mirror was left behind before it had its usual time.
    left_behind: u32,
    /// Longest time that a trial of the mirror may hold up a query.
    trial_delay_max: Duration,
}

impl Standing {
    pub(super) fn new(karma: &Karma, pick: &Pick) -> Self {
        let presumed = pick.patience.map(|best| delay_min(best) * UNKNOWN_FACTOR);
        Self {
            usual: karma.latency().patience().or(presumed),
            left_behind: karma.left_behind(),
            trial_delay_max: karma.health().trial_delay_max(),
        }
    }

    /// Returns the time to wait for the mirror alone; `best` is a wait after which the best mirror
    /// would most likely have answered.
    fn delay(&self, best: Option<Duration>, on_trial: bool) -> Duration {
        let Some(best) = best else { return UNKNOWN_PATIENCE };
        let usual = self.usual.unwrap_or_default();
        if on_trial {
            // Its record is older than its death, so it may take longer now: as rarely as it is
            // tried, it may.
            return best.max(usual.max(TRIAL_DELAY).min(self.trial_delay_max));
        }
        let delay = delay_min(best);
        let longer = delay * 2_u32.pow(self.left_behind.min(LEFT_BEHIND_MAX));
        longer.min(usual.max(delay))
    }
}

fn delay_min(best: Duration) -> Duration {
    (best * PATIENCE_FACTOR).max(PATIENCE_MIN)
}

/// When an attempt gets company.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hedge {
    /// When to look next.
    pub(super) at: Instant,
    /// When the mirror has been waited for long enough to spend an extra request.
    early_at: Instant,
    /// When a connection that does not come about is begun anew.
    redial_at: Instant,
    /// When the mirrors not asked yet have to be, if each shall have its time.
    share_ends_at: Instant,
    /// Another mirror is asked beside it: what is left is another connection to its own.
    is_accompanied: bool,
}

impl Hedge {
    /// Sets the next look: after `pause`, later the longer the attempt has waited.
    fn wait_on(&mut self, pause: Duration, waited: Duration, now: Instant) {
        let at = now + pause.max(waited / LOOKS_A_DOUBLING);
        let known = [self.early_at, self.redial_at, self.share_ends_at];
        self.at = known.into_iter().filter(|other| *other > now).fold(at, Instant::min);
    }

    /// The request is sent only now, after a look-up, with that share of the time.
    pub(super) fn begin_anew(&mut self, waited: Duration, share: Duration, now: Instant) {
        self.early_at += waited;
        self.redial_at += waited;
        self.share_ends_at = now + share;
        self.at = self.share_ends_at.min(now + PATIENCE_MIN);
    }

    pub(super) fn move_on(&mut self, missed: Duration, share_ends_at: Instant) {
        self.early_at += missed;
        self.redial_at += missed;
        self.share_ends_at = (self.share_ends_at + missed).min(share_ends_at);
        self.at = (self.at + missed).min(self.share_ends_at);
    }
}

impl Call {
    /// When to look whether an attempt needs another beside it, with `untried` others left.
    pub(super) fn hedge(
        &self,
        pick: &Pick,
        standing: &Standing,
        untried: usize,
        now: Instant,
    ) -> Hedge {
        let share = self.share(untried, now);
        let delay = standing.delay(pick.patience, pick.on_trial);
        let (share_ends_at, redial) = (now + share, self.redial_pause());
        Hedge {
            at: share_ends_at
                .min(now + if untried > 0 { PATIENCE_MIN } else { delay.min(redial) }),
            early_at: now + delay,
            redial_at: now + redial,
            share_ends_at,
            is_accompanied: false,
        }
    }

    /// Time for one mirror with `untried` others left. The last is asked when half of the deadline
    /// is left, or gets an equal part of what is.
    pub(super) fn share(&self, untried: usize, now: Instant) -> Duration {
        let left = self.deadline.saturating_duration_since(now);
        let to_half = left.saturating_sub((self.deadline - self.begun_at) / 2);
        let untried = untried.max(1) as u32;
        (to_half / untried).max(left / (2 * (untried + 1)))
    }

    /// Asks another mirror beside one that has been silent for long.
    pub(super) fn hedge_silent(
        &mut self,
        phase_of: impl Fn(u32) -> Option<Phase>,
        random: u64,
        now: Instant,
    ) {
        for position in 0..self.attempts.len() {
            let attempt = &self.attempts[position];
            let Some(mut hedge) = attempt.hedge.filter(|hedge| now >= hedge.at) else { continue };
            if attempt.resolving_since.is_some() {
                self.race_look_ups(position, random, now);
                let pause = self.look_pause(self.untried() > 0);
                hedge.wait_on(pause, self.attempts[position].elapsed(now), now);
                self.attempts[position].hedge = Some(hedge);
                continue;
            }
            if !self.may_resend() {
                self.attempts[position].hedge = None;
                continue;
            }
            let phase = phase_of(attempt.number);
            let has_untried = self.failover && self.untried() > 0 && !hedge.is_accompanied;
            let open = if self.failover && !has_untried { self.open_mirror() } else { None };
            let can_renew =
                !has_untried && (open.is_some() || self.can_renew(attempt, phase, now));
            let fund = self.fund(attempt, &hedge, phase, open.is_some(), now);
            let fund = fund.filter(|_| has_untried || can_renew);
            if fund.is_some_and(|fund| self.agent.hedges.spend(fund)) && !self.is_capped() {
                let (since, mirror) = (attempt.started_at, attempt.mirror);
                hedge.is_accompanied = true;
                hedge.at = now + self.redial_pause();
                // Another connection to its own mirror looks after itself, and then some.
                let goes_on = has_untried || open.is_some();
                self.attempts[position].hedge = Some(hedge).filter(|_| goes_on);
                if has_untried {
                    self.start_attempt(Some(since), random, now);
                } else {
                    self.renew(open.unwrap_or(mirror), since, now);
                }
                continue;
            }
            hedge.wait_on(self.look_pause(has_untried), attempt.waited(now), now);
            self.attempts[position].hedge = Some(hedge).filter(|_| hedge.at < self.deadline);
        }
    }

    /// What another request beside the attempt is paid from; `None` if it is not called for yet.
    /// With `has_open`, nothing is proven about a mirror that was tried.
    fn fund(
        &self,
        attempt: &Attempt,
        hedge: &Hedge,
        phase: Option<Phase>,
        has_open: bool,
        now: Instant,
    ) -> Option<Fund> {
        let is_share_over = now >= hedge.share_ends_at;
        if attempt.on_trial {
            return (is_share_over || now >= hedge.early_at).then_some(Fund::Free);
        }
        let is_early = is_share_over || now >= hedge.early_at;
        if self.is_known_silent(attempt, hedge, phase, now) {
            return Some(Fund::Free);
        }
        if !is_share_over {
            return is_early.then_some(Fund::Early);
        }
        let left = self.deadline.saturating_duration_since(now);
        let is_left_out = self.host(attempt.mirror).read(|karma| {
            let evidence = karma.evidence();
            let is_heard = evidence.was_heard_after(attempt.started_at);
            !is_heard || evidence.answers_within(attempt.waited(now))
        });
        // Where a greeting is waited for each new connection makes the daemon's queue longer.
        let may_pile_up = phase == Some(Phase::Handshake) && self.untried() == 0;
        let is_hung = is_left_out && attempt.is_late(now) && !may_pile_up;
        let is_promising =
            || self.agent.is_promising(&self.tried, left) || self.untried() == 0 && has_open;
        let is_worth_it = is_hung || is_promising();
        Some(if is_worth_it { Fund::Late } else { Fund::Early })
    }

    /// True if what all calls know of the mirror says that the attempt waits in vain.
    fn is_known_silent(
        &self,
        attempt: &Attempt,
        hedge: &Hedge,
        phase: Option<Phase>,
        now: Instant,
    ) -> bool {
        let (mirror, begun) = (attempt.mirror, attempt.started_at);
        let (is_dead, is_forgotten, is_heard) = self.host(mirror).read(|karma| {
            let evidence = karma.evidence();
            let is_forgotten = attempt.is_reused && evidence.is_forgotten(begun);
            (!karma.health().is_living(), is_forgotten, evidence.was_heard_after(begun))
        });
        if is_forgotten {
            return true;
        }
        // To reach a mirror costs its daemon no query; but where the way is long it takes time.
        let is_share_over = now >= hedge.share_ends_at;
        let takes_long = is_share_over || now >= hedge.early_at.min(hedge.redial_at);
        let is_unreached =
            takes_long && phase == Some(Phase::Connect) || self.is_passed_over(attempt, phase);
        if is_unreached && self.untried() == 0 {
            return true;
        }
        let is_unheard = !is_heard && self.agent.has_answer_elsewhere(mirror, begun);
        let is_silent = is_dead
            || is_unreached
            || is_share_over && is_unheard
            || self.agent.is_suspect(mirror, now);
        is_silent && self.agent.has_room(&self.tried, now)
    }

    /// True if the mirror of an attempt may be asked once more over another connection, for want
    /// of another mirror. The connection in use may be dead, or its first packet lost.
    fn can_renew(&self, attempt: &Attempt, phase: Option<Phase>, now: Instant) -> bool {
        let under_way = self.attempts.iter().filter(|other| other.mirror == attempt.mirror);
        let under_way = under_way.count();
        let waited = attempt.waited(now);
        let pause = self.redial_pause() * (1 << under_way.min(CONNECTIONS_MAX)) / 2;
        let is_lost = match phase {
            None | Some(Phase::Resolve | Phase::Read) => false,
            Some(Phase::Connect) => waited >= pause,
            // Of those that nobody waits for, a mirror that hangs gets one connection each.
            Some(Phase::Handshake) => {
                waited >= pause && (self.failover || self.is_passed_over(attempt, phase))
            }
            Some(Phase::Send | Phase::Wait) => {
                let has_overtaken =
                    |karma: &Karma| karma.evidence().has_overtaken(attempt.started_at, waited);
                self.failover && self.host(attempt.mirror).read(has_overtaken)
            }
        };
        under_way < CONNECTIONS_MAX && (attempt.is_reused || is_lost)
    }

    /// Pause before a connection that does not come about is begun anew: 20 ms at least.
    pub(super) fn redial_pause(&self) -> Duration {
        let part = (self.deadline - self.begun_at) / REDIALS_A_DEADLINE;
        REDIAL_PAUSE.min(part).min(self.limits.connect_timeout / 2).max(PATIENCE_MIN)
    }

    /// Pause between two looks at a silent attempt, with `has_untried` for evidence against its
    /// mirror, too.
    fn look_pause(&self, has_untried: bool) -> Duration {
        if has_untried { LOOK_PAUSE } else { self.redial_pause() }
    }

    /// True if the daemon has greeted a connection that was begun later. Where its queue was full
    /// the kernel drops the end of a handshake, and only this side thinks that it is connected.
    fn is_passed_over(&self, attempt: &Attempt, phase: Option<Phase>) -> bool {
        let begun = attempt.started_at;
        phase == Some(Phase::Handshake)
            && self.host(attempt.mirror).read(|karma| karma.evidence().was_greeted_after(begun))
    }
}

/// Usual time and four deviations, twice over: what remains is a hang, not a slow query.
const PATIENCE_FACTOR: u32 = 2;

/// A mirror that never answered may be so much slower than the best one is expected to be.
const UNKNOWN_FACTOR: u32 = 8;

/// After so many doublings, of 20 ms to five seconds, a mirror had all the time there is.
const LEFT_BEHIND_MAX: u32 = 8;

/// A mirror that was found dead may take so long again before it is known better.
const TRIAL_DELAY: Duration = Duration::from_millis(100);

/// A connection is begun anew after so long: the kernel repeats a lost packet after a second
/// (RFC 6298). It is twice as long the next time.
pub(crate) const REDIAL_PAUSE: Duration = Duration::from_millis(250);

/// A connection is begun anew after that part of a short deadline, and after half of a short
/// `agent_connect_timeout`.
const REDIALS_A_DEADLINE: u32 = 8;

/// Connections to one mirror that one call has under way at once.
const CONNECTIONS_MAX: usize = 4;

/// Pause between two looks at what is known of a silent mirror, at first.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// Looks while the time waited doubles: fewer and fewer a second.
const LOOKS_A_DOUBLING: u32 = 8;
