//! Bad networks to both mirrors, or to one of them: no search is lost while one can be reached,
//! and no mirror that can be stays dead.

use std::io::{self, Write};

use anyhow::{Result, ensure};
use hamirror_tests::alone;
use hamirror_tests::drills::link::{Bench, FAULTS};
use hamirror_tests::drills::table;

#[test]
fn no_bad_network_loses_a_search_while_a_mirror_can_be_reached() -> Result<()> {
    let _machine = alone::on_the_machine();
    let bench = match Bench::start()? {
        Ok(bench) => bench,
        Err(refusal) => return say(&format!("not run: no network namespace: {refusal}")),
    };
    let mut outcomes = Vec::new();
    bench.run(&FAULTS, CALLS, |outcome| outcomes.push(outcome))?;
    say(&table(&outcomes).to_string())?;
    for outcome in outcomes {
        ensure!(outcome.is_well(), "{outcome:?}");
    }
    Ok(())
}

/// Not by `println`, which the test harness swallows when all is well.
fn say(text: &str) -> Result<()> {
    Ok(writeln!(io::stdout().lock(), "{text}")?)
}

/// `cargo chaos` makes 2,000.
const CALLS: usize = 300;
