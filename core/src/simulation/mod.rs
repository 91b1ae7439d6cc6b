//! The engine in a simulated world: virtual time, mirrors that do everything wrong, one seed.
//!
//! A failing seed is printed; `HAMIRROR_SEED=n cargo test -p hamirror one_seed` runs it alone,
//! `HAMIRROR_SEEDS=n cargo test -p hamirror --release seeds` runs the first n.

mod addresses;
mod batches;
mod check;
mod cluster;
mod crowd;
mod daemon;
mod dials;
mod evidence;
mod extra_load;
mod lookups;
mod mishaps;
mod network;
mod plan;
mod retries;
mod silence;
mod site;
mod wakers;
mod world;

use std::panic::catch_unwind;
use std::time::Duration;

use daemon::Mode;
use plan::Plan;
use world::World;

use crate::karma::{Counter, Karma};

/// Ways to break the engine on purpose: the invariants have to notice each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// Timers never fire.
    DeafToTime,
    /// A connection whose reply is still to come goes from a cancelled call to the next one.
    KeepsAbandoned,
    /// The first connection that fails ends the call.
    GivesUp,
    /// An end is reported twice.
    EndsTwice,
    /// Nothing limits the connections that are kept.
    KeepsTooMany,
    /// Connections to hosts that a reload left out stay open.
    KeepsRemoved,
    /// Silent mirrors get company though the budget for it is used up.
    HedgesFreely,
    /// Dead hosts get no trial.
    NeverTries,
    /// Of a name's addresses only the first is tried.
    FirstAddressOnly,
    /// Names are looked up once, whatever happens to their hosts.
    ForgetsNames,
    /// Nobody remembers that a request is with the kernel: a write is sent again.
    ForgetsSending,
    /// An end is not reported.
    LosesEnds,
    /// A call that has ended counts as running.
    NeverEnds,
    /// A kept connection takes two places and gives one back.
    LeaksPlaces,
    /// A kept connection that is given back counts as busy.
    StaysBusy,
    /// An attempt that ended counts as under way.
    StaysInFlight,
}

fn run(seed: u64, sabotage: Option<Sabotage>) -> Result<(), String> {
    let ended = catch_unwind(|| World::new(seed, sabotage).run());
    let result = ended.unwrap_or_else(|_| Err("the engine or its world panicked".to_owned()));
    result.map_err(|fault| format!("seed {seed}: {fault}"))
}

fn number_from(variable: &str) -> Option<u64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "which seeds to run is up to who runs the tests"
    )]
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn seeds() {
    let seeds = number_from("HAMIRROR_SEEDS").unwrap_or(SEEDS);
    let faults: Vec<String> = (0..seeds).filter_map(|seed| run(seed, None).err()).collect();
    let shown = faults.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(faults.is_empty(), "{} of {seeds} seeds failed:\n{shown}", faults.len());
}

#[test]
fn one_seed() {
    let seed = number_from("HAMIRROR_SEED").unwrap_or(0);
    let mut world = World::new(seed, None);
    world.traces_actions = true;
    let result = world.run();
    for (time, text) in world.trace() {
        println!("{:>12.3} ms  {text}", time.as_secs_f64() * 1e3);
    }
    assert_eq!(result, Ok(()), "seed {seed}");
}

#[test]
fn a_broken_engine_is_noticed() {
    let cases: [(Sabotage, &[&str]); 16] = [
        (Sabotage::DeafToTime, &["after its deadline"]),
        (Sabotage::KeepsAbandoned, &["reply of another"]),
        (Sabotage::GivesUp, &["lived and would have answered"]),
        (Sabotage::EndsTwice, &["ended twice"]),
        (Sabotage::KeepsTooMany, &["above the limit"]),
        (Sabotage::KeepsRemoved, &["which was removed"]),
        (Sabotage::HedgesFreely, &["extra requests"]),
        (Sabotage::NeverTries, &["is starved"]),
        (Sabotage::FirstAddressOnly, &["lived and would have answered", "is starved"]),
        (Sabotage::ForgetsNames, &["is starved", "lived and would have answered"]),
        (Sabotage::ForgetsSending, &["was executed"]),
        (Sabotage::LosesEnds, &["never ended"]),
        (Sabotage::NeverEnds, &["has calls that run", "a call still runs"]),
        (Sabotage::LeaksPlaces, &["after the end"]),
        (Sabotage::StaysBusy, &["after the end"]),
        (Sabotage::StaysInFlight, &["after the end"]),
    ];
    for (sabotage, words) in cases {
        let fault = (0..SEEDS_TO_NOTICE).find_map(|seed| run(seed, Some(sabotage)).err());
        let fault = fault.unwrap_or_else(|| panic!("{sabotage:?} went unnoticed"));
        let is_expected = words.iter().any(|word| fault.contains(word));
        assert!(is_expected, "{sabotage:?} was noticed for another reason: {fault}");
    }
}

#[test]
fn the_same_seed_is_the_same_world() {
    let trace = |seed| {
        let mut world = World::new(seed, None);
        world.run().expect("the seed passes");
        world.trace().to_vec()
    };
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}

/// Queries of each site in some periods to come, in percent.
fn shares(world: &mut World, periods: u32) -> Vec<f64> {
    let before = world.executed.clone();
    world.run_for(world.topology.clock.period() * periods).expect("nothing goes wrong");
    let grown = world.executed.iter().zip(before).map(|(now, before)| (now - before) as f64);
    let total: f64 = grown.clone().sum();
    assert!(total > 500.0, "{total} queries say little");
    grown.map(|queries| 100.0 * queries / total).collect()
}

#[test]
fn a_mirror_that_slows_down_loses_its_queries_and_gets_them_back() {
    for strategy in ["nodeads", "noerrors"] {
        for seed in 0..5 {
            let random = fastrand::Rng::with_seed(seed);
            let mut world = World::with_plan(Plan::calm(strategy), random, None);
            let even = shares(&mut world, 2);
            assert!((40.0..60.0).contains(&even[0]), "{strategy}, seed {seed}: {even:?}");
            world.sites[0].lag = Duration::from_millis(20);
            shares(&mut world, 2);
            let slow = shares(&mut world, 2);
            assert!(slow[0] < 5.0, "{strategy}, seed {seed}: {slow:?} though it is slow");
            world.sites[0].lag = Duration::ZERO;
            shares(&mut world, 2);
            let back = shares(&mut world, 2);
            assert!((40.0..60.0).contains(&back[0]), "{strategy}, seed {seed}: {back:?}");
        }
    }
}

#[test]
fn a_mirror_that_answers_nothing_but_pings_is_found_dead_and_stays_so() {
    for strategy in ["random", "roundrobin", "nodeads", "noerrors"] {
        // Less than a query a second for each mirror, so that a ping comes after each.
        let plan = Plan { pause_us: 2_900_000..3_100_000, ..Plan::calm(strategy) };
        let mut world = World::with_plan(plan, fastrand::Rng::with_seed(1), None);
        let mut run = |seconds, mode| {
            let now = world.now;
            world.sites[0].change_mode(mode, now);
            world.run_for(Duration::from_secs(seconds)).expect("nothing goes wrong");
            let host = world.hosts.iter().find(|host| world.known[host.number].site == 0);
            let record = |karma: &Karma| {
                let window = karma.since_start();
                let failures = [Counter::Overtaken, Counter::QueryTimeouts];
                let failures = failures.iter().map(|counter| window.get(*counter)).sum::<u64>();
                (karma.health().is_living(), failures)
            };
            host.expect("both sites are known").read(record)
        };
        assert_eq!(run(60, Mode::Healthy), (true, 0), "{strategy}");
        let (is_living, failures) = run(150, Mode::AnswersPings);
        assert!(!is_living && failures >= 4, "{strategy}: {failures} failures");
        let trials = run(500, Mode::AnswersPings).1 - failures;
        assert!((5..=20).contains(&trials), "{strategy}: {trials} trials");
        assert!(run(100, Mode::Healthy).0, "{strategy}: it does not come back");
    }
}

const SEEDS: u64 = 1_000;
const SEEDS_TO_NOTICE: u64 = 3_000;
