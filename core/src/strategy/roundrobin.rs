//! `roundrobin`: one living mirror after the other, the same order for all threads.

use super::Tried;
use super::random::rank_living;
use super::ranking::Ranking;
use crate::mirror::Mirror;

pub(super) fn rank(mirrors: &[Mirror], ranking: &mut Ranking) {
    rank_living(mirrors, ranking, |_| (0, 1.0));
}

pub(super) fn pick(ranking: &Ranking, tried: &Tried, turn: usize) -> Option<usize> {
    let living = ranking.best_tier();
    let in_order = (0..living.len()).map(|step| &living[turn.wrapping_add(step) % living.len()]);
    let next = in_order.map(|ranked| ranked.mirror).find(|&mirror| !tried.contains(mirror));
    next.or_else(|| ranking.pick(tried, 0))
}
