//! The engine in a simulated world: virtual time, mirrors that do everything wrong, one seed.
//!
//! A failing seed is printed; `HAMIRROR_SEED=n cargo test -p hamirror one_seed` runs it alone,
//! `HAMIRROR_SEEDS=n cargo test -p hamirror --release seeds` runs the first n.

mod check;
mod daemon;
mod world;

use world::World;

/// Ways to break the engine on purpose: the invariants have to notice each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sabotage {
    /// Timers never fire.
    DeafToTime,
    /// A connection whose reply is still to come goes to the next call.
    KeepsAbandoned,
    /// The first failure of a mirror ends the call.
    GivesUp,
    /// An end is reported twice.
    EndsTwice,
}

fn run(seed: u64, sabotage: Option<Sabotage>) -> Result<(), String> {
    World::new(seed, sabotage).run().map_err(|fault| format!("seed {seed}: {fault}"))
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
    assert_eq!(run(seed, None), Ok(()));
}

#[test]
fn a_broken_engine_is_noticed() {
    for (sabotage, word) in [
        (Sabotage::DeafToTime, "after its deadline"),
        (Sabotage::KeepsAbandoned, "reply of another"),
        (Sabotage::GivesUp, "lived and would have answered"),
        (Sabotage::EndsTwice, "ended twice"),
    ] {
        let fault = (0..SEEDS_TO_NOTICE).find_map(|seed| run(seed, Some(sabotage)).err());
        let fault = fault.unwrap_or_else(|| panic!("{sabotage:?} went unnoticed"));
        assert!(fault.contains(word), "{sabotage:?} was noticed for another reason: {fault}");
    }
}

#[test]
fn the_same_seed_is_the_same_world() {
    let trace = |seed| {
        let mut world = World::new(seed, None);
        world.run().expect("the seed passes");
        world.trace()
    };
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}

const SEEDS: u64 = 1_500;
const SEEDS_TO_NOTICE: u64 = 200;
