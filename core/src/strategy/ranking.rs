//! A strategy's view of an agent: who is preferred, with which weight, and who is dead.

use std::time::Duration;

use super::Tried;
use crate::karma::Latency;

/// Mirrors in tiers, best first; within a tier chance decides by weight.
#[derive(Debug, Default)]
pub(super) struct Ranking {
    ranked: Vec<Ranked>,
    dead: Vec<usize>,
    patience: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Ranked {
    tier: u64,
    pub(super) mirror: usize,
    weight: f64,
    /// Sum of the weights of its tier up to and including this one.
    reach: f64,
}

impl Ranking {
    pub(super) fn clear(&mut self) {
        self.ranked.clear();
        self.dead.clear();
        self.patience = None;
    }

    /// A wait after which the best living mirror would most likely have answered.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// Adds a living mirror; a lower tier is better.
    pub(super) fn add(&mut self, mirror: usize, tier: u64, weight: f64, latency: Latency) {
        debug_assert!(tier < DEAD, "tier {tier} is kept for the dead");
        let shortest = [self.patience, latency.patience()].into_iter().flatten().min();
        self.patience = shortest;
        self.ranked.push(Ranked { tier, mirror, weight, reach: 0.0 });
    }

    /// Adds a dead mirror: asked only when all others were tried, the least bad first.
    pub(super) fn add_dead(&mut self, mirror: usize, failures: u32) {
        let tier = DEAD + u64::from(failures);
        self.ranked.push(Ranked { tier, mirror, weight: 1.0, reach: 0.0 });
        self.dead.push(mirror);
    }

    pub(super) fn finish(&mut self) {
        self.ranked.sort_by_key(|ranked| (ranked.tier, ranked.mirror));
        let mut reach = 0.0;
        let mut tier = None;
        for ranked in &mut self.ranked {
            if tier != Some(ranked.tier) {
                tier = Some(ranked.tier);
                reach = 0.0;
            }
            reach += ranked.weight;
            ranked.reach = reach;
        }
    }

    pub(super) fn dead(&self) -> &[usize] {
        &self.dead
    }

    /// Living mirrors in order of their position within the best tier.
    pub(super) fn best_tier(&self) -> &[Ranked] {
        &self.ranked[..self.tier_end(0)]
    }

    /// A mirror of the best tier that has one left, by weight.
    pub(super) fn pick(&self, tried: &Tried, random: u64) -> Option<usize> {
        let mut start = 0;
        while start < self.ranked.len() {
            let end = self.tier_end(start);
            let tier = &self.ranked[start..end];
            if tried.is_empty() {
                return Some(pick_from(tier, random));
            }
            if let Some(mirror) = pick_untried(tier, tried, random) {
                return Some(mirror);
            }
            start = end;
        }
        None
    }

    /// Percent of the next queries that each mirror gets.
    pub(super) fn shares(&self, mirrors: usize) -> Vec<f64> {
        let mut shares = vec![0.0; mirrors];
        let best = self.best_tier();
        let total: f64 = best.iter().map(|ranked| ranked.weight).sum();
        for ranked in best {
            shares[ranked.mirror] = 100.0 * ranked.weight / total;
        }
        shares
    }

    fn tier_end(&self, start: usize) -> usize {
        let Some(first) = self.ranked.get(start) else { return start };
        start + self.ranked[start..].partition_point(|ranked| ranked.tier == first.tier)
    }
}

/// Tiers from here on hold the dead.
const DEAD: u64 = 1 << 32;

fn pick_from(tier: &[Ranked], random: u64) -> usize {
    let point = fraction(random) * tier[tier.len() - 1].reach;
    let position = tier.partition_point(|ranked| ranked.reach <= point);
    tier[position.min(tier.len() - 1)].mirror
}

fn pick_untried(tier: &[Ranked], tried: &Tried, random: u64) -> Option<usize> {
    let left = || tier.iter().filter(|ranked| !tried.contains(ranked.mirror));
    let mut point = fraction(random) * left().map(|ranked| ranked.weight).sum::<f64>();
    for ranked in left() {
        point -= ranked.weight;
        if point < 0.0 {
            return Some(ranked.mirror);
        }
    }
    left().next_back().map(|ranked| ranked.mirror)
}

/// Random bits as a number in [0, 1).
fn fraction(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}
