//! `random`: any living mirror, evenly.

use super::ranking::Ranking;
use crate::karma::Karma;
use crate::mirror::Mirror;

pub(super) fn rank(mirrors: &[Mirror], ranking: &mut Ranking) {
    rank_living(mirrors, ranking, |_| (0, 1.0));
}

/// Adds each mirror: the living with the tier and weight that `place` gives, the dead apart.
pub(super) fn rank_living(
    mirrors: &[Mirror],
    ranking: &mut Ranking,
    place: impl Fn(usize) -> (u64, f64),
) {
    for (number, mirror) in mirrors.iter().enumerate() {
        let read = |karma: &Karma| {
            (karma.health().is_living(), karma.failures_in_row(), *karma.latency())
        };
        let (living, failures, latency) = mirror.host.read(read);
        if living {
            let (tier, weight) = place(number);
            ranking.add(number, tier, weight, latency);
        } else {
            ranking.add_dead(number, failures);
        }
    }
}
