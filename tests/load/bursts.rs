//! Bursts of searches beside frozen mirrors, on real daemons: none is lost while a mirror lives.

use anyhow::{Result, ensure};
use hamirror_tests::alone;
use hamirror_tests::drills::bursts::{Bench, Burst};

#[test]
fn no_burst_loses_a_search_while_a_mirror_lives() -> Result<()> {
    let _machine = alone::on_the_machine();
    let bench = Bench::start(4)?;
    for calls in [1, 10, 100, 200] {
        for (mirrors, frozen) in [(2, 1), (3, 2), (4, 3)] {
            for keeps in [false, true] {
                // What takes the machine longer than that is no matter of mirrors.
                let deadline_ms = 3_000;
                let burst = Burst { calls, mirrors, frozen, deadline_ms, keeps };
                let outcome = bench.burst(burst)?;
                ensure!(outcome.is_well(), "{outcome:?}");
            }
        }
    }
    Ok(())
}
