//! A part of `cargo corpus`: queries of every kind, to hamirror and to a real 2.2.11 master over
//! the same agents.

use anyhow::{Result, ensure};
use clap::ValueEnum;
use hamirror_tests::differential::Outcome;
use hamirror_tests::differential::parties::Parties;
use hamirror_tests::differential::question::Kind;

#[test]
fn what_differs_from_a_master_is_documented() -> Result<()> {
    let mut parties = Parties::start(3_000, 1)?;
    let outcome = Outcome::of(&mut parties, Kind::value_variants(), 7, 800)?;
    let table = outcome.table();
    ensure!(outcome.faults.is_empty(), "{}\n{table}", outcome.faults.join("\n\n"));
    for tally in &outcome.tallies {
        let compared = tally.asked - tally.refused;
        ensure!(compared >= 20 && compared * 2 > tally.asked, "too tame: {tally:?}\n{table}");
    }
    ensure!(outcome.tallies.len() == Kind::value_variants().len(), "{table}");
    let counted = outcome.tallies.iter().map(|tally| tally.distinct);
    ensure!(counted.clone().all(|one| one.found == one.whole), "{table}");
    ensure!(counted.clone().any(|one| one.found < one.master), "a master is right\n{table}");
    Ok(())
}
