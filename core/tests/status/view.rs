//! The typed view: states, latencies, what is under way.

use std::time::Duration;

use hamirror::FailureKind;
use hamirror::status::{HostState, HostStatus, Status};
use proptest::prelude::*;

use super::{PERIOD, World};

const CONFIG: &str = "
index d {
  type = distributed
  ha_strategy = nodeads
  agent = 127.0.0.1:1|127.0.0.1:2:i
}
searchd { }
";

const HOST: &str = "127.0.0.1:1";

fn first(status: &Status) -> &HostStatus {
    status.host(HOST).unwrap()
}

#[test]
fn a_host_lives_dies_is_tried_and_lives_again() {
    let world = World::new(CONFIG);
    let state = |second: f64| {
        let status = world.status(second);
        let host = first(&status);
        (host.state, host.state_for, host.dead_for.is_some(), host.is_living)
    };
    let seconds = Duration::from_secs_f64;
    assert_eq!(state(5.0), (HostState::Living, seconds(5.0), false, true));
    for _ in 0..4 {
        world.fail(HOST, FailureKind::ConnectFailure, 10, 6.0);
    }
    assert_eq!(state(8.0), (HostState::Dead, seconds(2.0), true, false));
    let claimed = world.host(HOST).record(|karma| karma.health_mut().claim_trial(world.at(9.0)));
    assert!(claimed);
    assert_eq!(state(9.0), (HostState::OnTrial, seconds(3.0), true, false));
    world.answer(HOST, 1_000, 10.0);
    assert_eq!(state(14.0), (HostState::Living, seconds(4.0), false, true));
    let status = world.status(14.0);
    let (failure, age) = first(&status).last_failure.as_ref().unwrap();
    assert_eq!((failure.kind, *age), (FailureKind::ConnectFailure, seconds(8.0)));
    assert_eq!(first(&status).addresses, [HOST]);
}

#[test]
fn a_dead_host_tells_when_it_is_tried_next() {
    let world = World::new(CONFIG);
    let next_trial = |second: f64| first(&world.status(second)).next_trial;
    let claim = |second: f64| {
        world.host(HOST).record(|karma| karma.health_mut().claim_trial(world.at(second)))
    };
    assert_eq!(next_trial(5.0), None);
    for _ in 0..4 {
        world.fail(HOST, FailureKind::ConnectFailure, 10, 6.0);
    }
    assert_eq!(next_trial(6.0), Some(Duration::from_millis(250)));
    assert_eq!(next_trial(6.125), Some(Duration::from_millis(125)));
    assert_eq!(next_trial(8.0), Some(Duration::ZERO));
    assert!(claim(8.0));
    assert_eq!(next_trial(8.0), None);
    world.answer(HOST, 1_000, 9.0);
    assert_eq!(next_trial(9.0), None);
}

#[test]
fn an_attempt_is_under_way_until_it_is_dropped() {
    let world = World::new(CONFIG);
    let begin = || world.host(HOST).record(|karma| karma.begin_attempt());
    let (one, other) = (begin(), begin());
    assert_eq!(first(&world.status(0.0)).in_flight, 2);
    drop(one);
    assert_eq!(first(&world.status(0.0)).in_flight, 1);
    drop(other);
    assert_eq!(first(&world.status(0.0)).in_flight, 0);
}

#[test]
fn latencies_have_windows_and_outlive_them() {
    let world = World::new(CONFIG);
    let period = PERIOD.as_secs_f64();
    for block in 0..40_u32 {
        let elapsed_us = if block < 20 { 8_000_000 } else { 1_000 * u64::from(block) };
        world.answer(HOST, elapsed_us, (f64::from(block) + 0.75) * period);
    }
    let status = world.status(39.9 * period);
    let host = first(&status);
    assert_eq!(host.latencies.each_ref().map(|latencies| latencies.count()), [1, 5, 15]);
    for latencies in &host.latencies {
        assert_eq!(latencies.max(), Some(Duration::from_millis(39)));
    }
    let median_ms = host.latencies[2].p50().unwrap().as_secs_f64() * 1e3;
    assert!((median_ms - 32.0).abs() <= 2.0, "{median_ms} ms");
    let all = &host.latencies_since_start;
    assert_eq!((all.count(), all.max()), (40, Some(Duration::from_secs(8))));
    assert_eq!(all.sum(), Duration::from_millis(20 * 8_000 + (20..40).sum::<u64>()));
    let much_later = world.status(400.0 * period);
    assert_eq!(first(&much_later).latencies[2].p99(), None);
    assert_eq!(first(&much_later).latencies_since_start.count(), 40);
}

#[test]
fn timeouts_show_in_latencies_and_refusals_do_not() {
    let world = World::new(CONFIG);
    world.fail(HOST, FailureKind::QueryTimeout, 3_000_000, 4.0);
    world.fail(HOST, FailureKind::ConnectFailure, 50, 5.0);
    let status = world.status(6.0);
    assert_eq!(first(&status).latencies[0].count(), 1);
    assert_eq!(first(&status).latencies[0].max(), Some(Duration::from_secs(3)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against a plain list of what was booked when.
    #[test]
    fn windows_hold_what_was_booked_in_their_time(
        queries in prop::collection::vec((0..40_u32, 1..60_000_000_u64), 1..60),
        half in 0..80_u32,
    ) {
        let world = World::new(CONFIG);
        let period = PERIOD.as_secs_f64();
        let (running, young) = (half / 2, half % 2 == 0);
        let mut queries: Vec<(u32, u64)> =
            queries.into_iter().filter(|(block, _)| *block <= running).collect();
        queries.sort_unstable();
        for (block, elapsed_us) in &queries {
            let elapsed = Duration::from_micros(*elapsed_us);
            let now = world.at((f64::from(*block) + 0.25) * period);
            world.host(HOST).record(|karma| karma.handle_success(elapsed, false, now));
        }
        let status = world.status((f64::from(half) + 0.6) * period / 2.0);
        let host = first(&status);
        for (periods, latencies) in [1, 5, 15].into_iter().zip(&host.latencies) {
            let reach = (periods + u32::from(young)).min(15);
            let mut inside: Vec<u64> = queries
                .iter()
                .filter(|(block, _)| block + reach > running)
                .map(|(_, elapsed_us)| *elapsed_us)
                .collect();
            inside.sort_unstable();
            prop_assert_eq!(latencies.count(), inside.len() as u64);
            for part in [0.5, 0.9, 0.99] {
                let rank = (part * inside.len() as f64).ceil() as usize;
                let Some(exact_us) = inside.get(rank.max(1) - 1) else {
                    prop_assert_eq!(latencies.quantile(part), None);
                    continue;
                };
                let found_us = latencies.quantile(part).unwrap().as_micros() as f64;
                let error_us = (found_us - *exact_us as f64).abs();
                prop_assert!(error_us <= (*exact_us as f64 / 16.0).max(2.0));
            }
        }
        let sum: u64 = queries.iter().map(|(_, elapsed_us)| elapsed_us).sum();
        prop_assert_eq!(host.latencies_since_start.count(), queries.len() as u64);
        prop_assert_eq!(host.latencies_since_start.sum(), Duration::from_micros(sum));
    }
}
