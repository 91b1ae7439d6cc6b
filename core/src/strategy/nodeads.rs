//! `nodeads`: among the living, by latency.

use super::random::rank_living;
use super::ranking::Ranking;
use crate::mirror::Mirror;

pub(super) fn rank(mirrors: &[Mirror], weights: &[f64], ranking: &mut Ranking) {
    rank_living(mirrors, ranking, |number| (0, weights[number]));
}
