//! Picks by a key: the mirror that ranks first by it, while that lives.

use std::cmp::Reverse;
use std::time::Instant;

use smallvec::SmallVec;

use super::{Pick, Trials, Tried, claim_trial_of};
use crate::mirror::Mirror;
use crate::mirror_key::MirrorKey;

/// Picks the first living mirror of the key that was not tried, or one before it for its trial;
/// `None` if none of these lives.
pub(super) fn pick(
    mirrors: &[Mirror],
    tried: &Tried,
    trials: Trials,
    key: MirrorKey,
    now: Instant,
) -> Option<Pick> {
    let mut ranked: SmallVec<[usize; 4]> = (0..mirrors.len()).collect();
    ranked.sort_by_cached_key(|mirror| rank(&mirrors[*mirror], key));
    for mirror in ranked {
        if tried.contains(mirror) {
            continue;
        }
        let (is_living, patience) = mirrors[mirror]
            .host
            .read(|karma| (karma.health().is_living(), karma.latency().patience()));
        if is_living {
            // To be slower than the others is no reason to leave it.
            return Some(Pick { mirror, on_trial: false, patience });
        }
        if claim_trial_of(&mirrors[mirror], trials, now) {
            return Some(Pick { mirror, on_trial: true, patience });
        }
    }
    None
}

/// Returns the mirror that ranks first by the key, whether it lives or not.
pub(crate) fn mirror_of_key(mirrors: &[Mirror], key: MirrorKey) -> Option<usize> {
    (0..mirrors.len()).min_by_key(|mirror| rank(&mirrors[*mirror], key))
}

fn rank(mirror: &Mirror, key: MirrorKey) -> Reverse<u64> {
    Reverse(key.score(&mirror.host.name, &mirror.index_list))
}
