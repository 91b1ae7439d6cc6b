//! Which mirror of an agent is asked (manual: `ha_strategy`; core/docs/spec/distributed.md 6.5).
//!
//! The strategies' view of an agent, its ranking, is made when the health of a host changes,
//! at each half period, and a few times a minute; a pick in between reads only that, so it costs
//! the same with two mirrors and with a thousand. Dead hosts are left out by every strategy; each
//! gets its one trial query when that is due. If nothing else is left, the least bad is tried.

mod keyed;
mod nodeads;
mod noerrors;
mod random;
mod ranking;
mod roundrobin;
mod tried;
mod weights;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

pub(crate) use keyed::mirror_of_key;
pub(crate) use tried::Tried;

use crate::config::HaStrategy;
use crate::karma::BlockClock;
use crate::mirror::Mirror;
use crate::mirror_key::MirrorKey;
use ranking::Ranking;
use weights::Weights;

/// Picks mirrors of one agent; shared by all threads.
#[derive(Debug)]
pub struct Selector {
    strategy: HaStrategy,
    clock: BlockClock,
    health_changes: Arc<AtomicU64>,
    next: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    weights: Weights,
    ranking: Ranking,
    made_at: Option<Instant>,
    made_for: u64,
}

/// A mirror and why it was picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Position among the agent's mirrors.
    pub mirror: usize,
    /// True if the mirror is dead, and this is its one trial.
    pub on_trial: bool,
    /// A wait after which the best mirror would most likely have answered; `None` while no
    /// mirror has answered yet.
    pub patience: Option<Duration>,
}

/// The dead mirrors whose trial a query may be, if it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trials {
    /// None.
    None,
    /// Mirrors that did not fail their last ping. No other mirror could save the query, but
    /// without any trial a mirror that only such queries ask would stay dead for ever.
    Likely,
    /// All: another mirror can still save the query.
    All,
}

impl Selector {
    /// A selector for an agent of `mirrors` mirrors. `health_changes` counts up whenever a host
    /// changes between living and dead.
    pub fn new(
        strategy: HaStrategy,
        mirrors: usize,
        clock: BlockClock,
        health_changes: Arc<AtomicU64>,
    ) -> Self {
        let state = State {
            weights: Weights::even(mirrors),
            ranking: Ranking::default(),
            made_at: None,
            made_for: 0,
        };
        Self {
            strategy,
            clock,
            health_changes,
            next: AtomicUsize::new(0),
            state: Mutex::new(state),
        }
    }

    /// The strategy in use.
    pub fn strategy(&self) -> HaStrategy {
        self.strategy
    }

    /// Picks a mirror that is not in `tried`; `None` when all were tried. A trial is claimed only
    /// of a mirror that `trials` allows. With a key the strategy decides only when no other mirror
    /// lives.
    pub fn pick(
        &self,
        mirrors: &[Mirror],
        tried: &Tried,
        trials: Trials,
        (key, random): (Option<MirrorKey>, u64),
        now: Instant,
    ) -> Option<Pick> {
        if mirrors.len() == 1 {
            let only = Pick { mirror: 0, on_trial: false, patience: None };
            return (!tried.contains(0)).then_some(only);
        }
        let by_key = key.and_then(|key| keyed::pick(mirrors, tried, trials, key, now));
        let mut state = self.state.lock();
        self.refresh(&mut state, mirrors, now);
        let ranking = &state.ranking;
        let patience = ranking.patience();
        if let Some(pick) = by_key {
            return Some(Pick { patience: pick.patience.or(patience), ..pick });
        }
        if let Some(mirror) = claim_trial(ranking, mirrors, tried, trials, now) {
            return Some(Pick { mirror, on_trial: true, patience });
        }
        let mirror = match self.strategy {
            HaStrategy::RoundRobin => {
                let step = usize::from(tried.is_empty());
                let turn = self.next.fetch_add(step, Ordering::Relaxed);
                roundrobin::pick(ranking, tried, turn)
            }
            _ => ranking.pick(tried, random),
        };
        mirror.map(|mirror| Pick { mirror, on_trial: false, patience })
    }

    /// Share of each mirror in percent, as the strategy would hand out the next queries.
    pub fn shares(&self, mirrors: &[Mirror], now: Instant) -> Vec<f64> {
        let mut state = self.state.lock();
        self.refresh(&mut state, mirrors, now);
        state.ranking.shares(mirrors.len())
    }

    /// Weights in percent, whoever is dead or alive.
    pub fn weights(&self, mirrors: &[Mirror], now: Instant) -> Vec<f64> {
        let mut state = self.state.lock();
        self.refresh(&mut state, mirrors, now);
        state.weights.percent().to_vec()
    }

    fn refresh(&self, state: &mut State, mirrors: &[Mirror], now: Instant) {
        let changes = self.health_changes.load(Ordering::Acquire);
        let fresh = state.made_at.is_some_and(|made_at| {
            now.saturating_duration_since(made_at) < self.ranking_age_max()
        });
        if fresh && state.made_for == changes {
            return;
        }
        state.weights.refresh(&self.clock, mirrors, now);
        let weights = state.weights.percent();
        let ranking = &mut state.ranking;
        ranking.clear();
        match self.strategy {
            HaStrategy::Random => random::rank(mirrors, ranking),
            HaStrategy::RoundRobin => roundrobin::rank(mirrors, ranking),
            HaStrategy::NoDeads => nodeads::rank(mirrors, weights, ranking),
            HaStrategy::NoErrors => noerrors::rank(mirrors, weights, now, ranking),
        }
        ranking.finish();
        state.made_at = Some(now);
        state.made_for = changes;
    }

    fn ranking_age_max(&self) -> Duration {
        (self.clock.period() / RANKINGS_A_PERIOD).min(RANKING_AGE_MAX)
    }
}

fn claim_trial(
    ranking: &Ranking,
    mirrors: &[Mirror],
    tried: &Tried,
    trials: Trials,
    now: Instant,
) -> Option<usize> {
    if trials == Trials::None {
        return None;
    }
    let due = |mirror: &&usize| !tried.contains(**mirror);
    let mut due = ranking.dead().iter().filter(due).copied();
    due.find(|mirror| claim_trial_of(&mirrors[*mirror], trials, now))
}

/// Claims the trial of a dead mirror; false if it is not allowed, or not due.
fn claim_trial_of(mirror: &Mirror, trials: Trials, now: Instant) -> bool {
    trials != Trials::None
        && mirror.host.record(|karma| {
            let health = karma.health_mut();
            (trials == Trials::All || !health.failed_ping()) && health.claim_trial(now)
        })
}

/// Error ratios move with each query, so rankings are made anew at least this often.
const RANKINGS_A_PERIOD: u32 = 64;
const RANKING_AGE_MAX: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
