use super::*;
use crate::agent::Agent;
use crate::agent::testing::{self, PERIOD};
use crate::error::FailureKind;
use crate::karma::TRIAL_PAUSE_MIN;

/// An agent of some mirrors, at a time that the test sets.
struct Bed {
    mirrors: Vec<Mirror>,
    selector: Selector,
    now: Instant,
    random: fastrand::Rng,
}

impl Bed {
    fn new(strategy: HaStrategy, mirrors: usize) -> Self {
        let now = testing::origin();
        let Agent { mirrors, selector, .. } = testing::agent(strategy, mirrors, now);
        Self { mirrors, selector, now, random: fastrand::Rng::with_seed(1) }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn pick(&mut self, tried: &Tried) -> Option<usize> {
        let random = self.random.u64(..);
        let pick =
            self.selector.pick(&self.mirrors, tried, Trials::None, (None, random), self.now);
        pick.map(|pick| pick.mirror)
    }

    fn succeed(&mut self, mirror: usize, latency_ms: u64) {
        let latency = Duration::from_millis(latency_ms);
        let now = self.now;
        self.mirrors[mirror].host.record(|karma| karma.handle_success(latency, false, now));
    }

    fn fail(&mut self, mirror: usize, times: u32) {
        let now = self.now;
        for _ in 0..times {
            let kind = FailureKind::NetworkError;
            let elapsed = Duration::from_millis(1);
            let host = &self.mirrors[mirror].host;
            host.record(|karma| karma.handle_failure(kind, elapsed, false, now));
        }
    }

    fn counts(&mut self, picks: usize) -> Vec<usize> {
        let mut counts = vec![0; self.mirrors.len()];
        for _ in 0..picks {
            counts[self.pick(&Tried::default()).expect("there are mirrors")] += 1;
        }
        counts
    }
}

/// Pearson's statistic against the stated shares, in percent.
fn chi_square(counts: &[usize], shares: &[f64]) -> f64 {
    let total: usize = counts.iter().sum();
    let term = |(&count, share): (&usize, &f64)| {
        let expected = total as f64 * share / 100.0;
        (count as f64 - expected).powi(2) / expected
    };
    counts.iter().zip(shares).map(term).sum()
}

/// The 99.9 % quantile for three degrees of freedom; the seed is fixed, so chance plays no part.
const CHI_SQUARE_MAX: f64 = 16.27;

#[test]
fn random_is_even() {
    let mut bed = Bed::new(HaStrategy::Random, 4);
    let counts = bed.counts(20_000);
    assert!(chi_square(&counts, &[25.0; 4]) < CHI_SQUARE_MAX, "{counts:?}");
}

#[test]
fn weighted_strategies_follow_the_manuals_example() {
    for strategy in [HaStrategy::NoDeads, HaStrategy::NoErrors] {
        let mut bed = Bed::new(strategy, 4);
        for (mirror, latency_ms) in [10, 5, 30, 3].into_iter().enumerate() {
            bed.succeed(mirror, latency_ms);
        }
        bed.pass(PERIOD / 2);
        let counts = bed.counts(20_000);
        let shares = [15.0, 30.0, 5.0, 50.0];
        assert!(chi_square(&counts, &shares) < CHI_SQUARE_MAX, "{strategy:?}: {counts:?}");
        let stated = bed.selector.shares(&bed.mirrors, bed.now);
        for (stated, share) in stated.iter().zip(shares) {
            assert!((stated - share).abs() < 1.0, "{strategy:?}: {stated} instead of {share}");
        }
    }
}

#[test]
fn weights_are_equal_until_half_a_period_has_passed() {
    let mut bed = Bed::new(HaStrategy::NoDeads, 2);
    bed.succeed(0, 100);
    bed.succeed(1, 1);
    assert_eq!(bed.selector.weights(&bed.mirrors, bed.now), [50.0, 50.0]);
    bed.pass(PERIOD / 2);
    assert!(bed.selector.weights(&bed.mirrors, bed.now)[1] > 98.0);
}

#[test]
fn a_slower_mirror_loses_its_share_and_gets_it_back() {
    for strategy in [HaStrategy::NoDeads, HaStrategy::NoErrors] {
        let mut bed = Bed::new(strategy, 2);
        let shares = |bed: &mut Bed, slow_ms: u64| {
            let steps = 240;
            let mut counts = [0; 2];
            for _ in 0..steps {
                bed.pass(PERIOD * 2 / steps);
                let mirror = bed.pick(&Tried::default()).unwrap();
                counts[mirror] += 1;
                bed.succeed(mirror, if mirror == 0 { slow_ms } else { 1 });
            }
            bed.selector.shares(&bed.mirrors, bed.now)
        };
        let slow = shares(&mut bed, 21);
        assert!(slow[0] < 5.0, "{strategy:?}: {slow:?}");
        let recovered = shares(&mut bed, 1);
        assert!(recovered[0] > 40.0, "{strategy:?}: {recovered:?}");
    }
}

#[test]
fn roundrobin_is_strict_over_the_living() {
    let mut bed = Bed::new(HaStrategy::RoundRobin, 4);
    let in_order: Vec<usize> = (0..8).filter_map(|_| bed.pick(&Tried::default())).collect();
    assert_eq!(in_order, [0, 1, 2, 3, 0, 1, 2, 3]);
    bed.fail(2, 4);
    let counts = bed.counts(300);
    assert_eq!(counts, [100, 100, 0, 100]);
}

#[test]
fn a_dead_mirror_gets_nothing_but_its_trial() {
    let strategies =
        [HaStrategy::Random, HaStrategy::RoundRobin, HaStrategy::NoDeads, HaStrategy::NoErrors];
    for strategy in strategies {
        let mut bed = Bed::new(strategy, 3);
        for mirror in 0..3 {
            bed.succeed(mirror, 1);
        }
        bed.fail(1, 4);
        assert_eq!(bed.counts(300)[1], 0, "{strategy:?}");
        bed.pass(TRIAL_PAUSE_MIN);
        let trials = (0..300)
            .filter_map(|_| {
                bed.selector.pick(&bed.mirrors, &Tried::default(), Trials::All, (None, 5), bed.now)
            })
            .filter(|pick| pick.on_trial)
            .count();
        assert_eq!(trials, 1, "{strategy:?}");
        bed.succeed(1, 1);
        // To noerrors the errors count as long as its window shows them.
        bed.pass(PERIOD * 2);
        assert!(bed.counts(300)[1] > 50, "{strategy:?} starves a mirror that is back");
    }
}

#[test]
fn noerrors_prefers_the_clean_and_ignores_three_percent() {
    let mut bed = Bed::new(HaStrategy::NoErrors, 3);
    for mirror in 0..3 {
        for _ in 0..97 {
            bed.succeed(mirror, 1);
        }
    }
    bed.fail(0, 3);
    bed.succeed(0, 1);
    bed.fail(1, 3);
    bed.fail(1, 2);
    for _ in 0..5 {
        bed.succeed(1, 1);
    }
    bed.pass(Duration::from_secs(2));
    let counts = bed.counts(1_000);
    assert!(counts[0] > 300 && counts[1] == 0 && counts[2] > 300, "{counts:?}");
}

#[test]
fn a_mirror_that_only_timed_out_never_attracts() {
    let mut bed = Bed::new(HaStrategy::NoDeads, 2);
    let now = bed.now;
    for _ in 0..3 {
        bed.mirrors[0].host.record(|karma| {
            karma.handle_failure(FailureKind::QueryTimeout, Duration::from_secs(3), false, now);
        });
        bed.succeed(1, 10);
    }
    bed.pass(PERIOD / 2);
    assert!(bed.selector.shares(&bed.mirrors, bed.now)[0] < 2.0);
}

#[test]
fn tried_mirrors_come_up_again_in_no_strategy() {
    let strategies =
        [HaStrategy::Random, HaStrategy::RoundRobin, HaStrategy::NoDeads, HaStrategy::NoErrors];
    for strategy in strategies {
        for dead in 0..=5 {
            let mut bed = Bed::new(strategy, 5);
            for mirror in 0..dead {
                bed.fail(mirror, 4 + mirror as u32);
            }
            let mut tried = Tried::default();
            for _ in 0..5 {
                let mirror = bed.pick(&tried).expect("one is left");
                assert!(!tried.contains(mirror));
                tried.insert(mirror);
            }
            assert_eq!(bed.pick(&tried), None, "{strategy:?} with {dead} dead");
        }
    }
}

#[test]
fn with_all_dead_the_least_bad_is_tried_first() {
    let mut bed = Bed::new(HaStrategy::NoDeads, 3);
    for (mirror, errors) in [(0, 9), (1, 5), (2, 7)] {
        bed.fail(mirror, errors);
    }
    assert_eq!(bed.pick(&Tried::default()), Some(1));
}

#[test]
fn a_thousand_mirrors_keep_fair_shares() {
    let mut bed = Bed::new(HaStrategy::NoDeads, 1_000);
    let counts = bed.counts(100_000);
    let shares = vec![0.1; 1_000];
    // About 1000 degrees of freedom: mean 999, deviation 45.
    assert!(chi_square(&counts, &shares) < 999.0 + 4.0 * 45.0);
}

const STRATEGIES: [HaStrategy; 4] =
    [HaStrategy::Random, HaStrategy::RoundRobin, HaStrategy::NoDeads, HaStrategy::NoErrors];

#[test]
fn a_new_mirror_gets_its_share_at_once() {
    for strategy in STRATEGIES {
        let mut bed = Bed::new(strategy, 3);
        bed.succeed(0, 10);
        bed.succeed(1, 10);
        bed.pass(PERIOD / 2);
        let counts = bed.counts(3_000);
        assert!(counts[2] > 900, "{strategy:?}: {counts:?}");
    }
}

#[test]
fn time_that_leaps_turns_no_pick_around() {
    for strategy in STRATEGIES {
        for minutes in [0, 1, 7, 60, 60 * 24] {
            let mut bed = Bed::new(strategy, 4);
            for _ in 0..100 {
                (0..4).for_each(|mirror| bed.succeed(mirror, 10));
            }
            bed.fail(3, 4);
            bed.pass(PERIOD / 2);
            let before = bed.counts(3_000);
            bed.pass(Duration::from_secs(60 * minutes));
            let after = bed.counts(3_000);
            for counts in [before, after] {
                let living = chi_square(&counts[..3], &[100.0 / 3.0; 3]);
                assert!(living < CHI_SQUARE_MAX, "{strategy:?}, {minutes} min: {counts:?}");
                assert_eq!(counts[3], 0, "{strategy:?}, {minutes} min: asks the dead");
            }
        }
    }
}

#[test]
fn timeouts_alone_never_attract() {
    for strategy in [HaStrategy::NoDeads, HaStrategy::NoErrors] {
        for healthy_ms in [1, 10, 500] {
            let mut bed = Bed::new(strategy, 2);
            let now = bed.now;
            for _ in 0..3 {
                bed.mirrors[0].host.record(|karma| {
                    karma.handle_failure(
                        FailureKind::QueryTimeout,
                        Duration::from_secs(3),
                        false,
                        now,
                    );
                });
                bed.succeed(1, healthy_ms);
            }
            bed.pass(PERIOD / 2);
            let counts = bed.counts(1_000);
            assert!(counts[0] < 200, "{strategy:?}, {healthy_ms} ms: {counts:?}");
        }
    }
}

/// Names of mirrors that a key's calls go to one after the other, each failing the one before.
fn order_of_key(bed: &Bed, key: MirrorKey) -> Vec<String> {
    let mut tried = Tried::default();
    let mut pick = || {
        let chance = (Some(key), 0);
        let picked = bed.selector.pick(&bed.mirrors, &tried, Trials::None, chance, bed.now)?;
        tried.insert(picked.mirror);
        Some(bed.mirrors[picked.mirror].host.name.clone())
    };
    std::iter::from_fn(&mut pick).collect()
}

#[test]
fn a_mirror_that_is_removed_moves_its_own_keys_only() {
    for mirrors in 2..=6 {
        for removed in 0..mirrors {
            let whole = Bed::new(HaStrategy::Random, mirrors);
            let mut less = Bed::new(HaStrategy::Random, mirrors);
            let gone = less.mirrors.remove(removed).host.name.clone();
            less.mirrors.reverse();
            let mut moved = 0;
            for number in 0..400 {
                let key = MirrorKey::new(format!("user {number}"));
                let mut before = order_of_key(&whole, key);
                assert_eq!(before.len(), mirrors);
                moved += usize::from(before[0] == gone);
                before.retain(|name| *name != gone);
                assert_eq!(order_of_key(&less, key), before, "the others keep their order");
            }
            let share = 400 / mirrors;
            assert!((share / 2..share * 2).contains(&moved), "{moved} of 400, {mirrors} mirrors");
        }
    }
}

#[test]
fn a_key_stays_until_its_mirror_dies_and_returns_to_it() {
    for strategy in [HaStrategy::Random, HaStrategy::RoundRobin, HaStrategy::NoErrors] {
        let mut bed = Bed::new(strategy, 3);
        let key = MirrorKey::new("session");
        let first = mirror_of_key(&bed.mirrors, key).expect("there are mirrors");
        let other = (first + 1) % 3;
        // It is slower than others, and has failed now and then.
        bed.succeed(first, 400);
        bed.succeed(other, 1);
        bed.fail(first, 2);
        bed.pass(PERIOD);
        let picked = |bed: &mut Bed, trials| {
            let chance = (Some(key), bed.random.u64(..));
            bed.selector.pick(&bed.mirrors, &Tried::default(), trials, chance, bed.now)
        };
        for _ in 0..50 {
            let pick = picked(&mut bed, Trials::All).expect("a pick");
            assert_eq!((pick.mirror, pick.on_trial), (first, false), "{strategy:?}");
        }
        bed.fail(first, 2);
        let next = picked(&mut bed, Trials::None).expect("a pick").mirror;
        assert_ne!(next, first);
        assert!((0..50).all(|_| picked(&mut bed, Trials::None).unwrap().mirror == next));
        // Another that is dead is none of its business.
        let last = 3 - first - next;
        bed.fail(last, 4);
        bed.pass(TRIAL_PAUSE_MIN);
        let trial = picked(&mut bed, Trials::All).expect("a pick");
        assert_eq!((trial.mirror, trial.on_trial), (first, true));
        let meanwhile = picked(&mut bed, Trials::All).expect("a pick");
        assert_eq!((meanwhile.mirror, meanwhile.on_trial), (next, false));
        bed.succeed(first, 1);
        let back = picked(&mut bed, Trials::All).expect("a pick");
        assert_eq!((back.mirror, back.on_trial), (first, false));
    }
}

#[test]
fn a_key_without_a_living_mirror_leaves_it_to_the_strategy() {
    let mut bed = Bed::new(HaStrategy::NoDeads, 2);
    bed.fail(0, 9);
    bed.fail(1, 4);
    for number in 0..20 {
        let chance = (Some(MirrorKey::new([number])), 0);
        let tried = Tried::default();
        let pick = bed.selector.pick(&bed.mirrors, &tried, Trials::None, chance, bed.now);
        assert_eq!(pick.map(|pick| pick.mirror), Some(1), "the least bad");
    }
}
