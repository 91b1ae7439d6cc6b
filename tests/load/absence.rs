//! Programs that are stopped and continued while they search: nothing is lost, and nobody is
//! blamed.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use hamirror_tests::alone;
use hamirror_tests::cluster::{Agents, Cluster};
use hamirror_tests::corpus;
use hamirror_tests::drills::stopped;

#[test]
fn a_program_that_was_stopped_loses_nothing() -> Result<()> {
    let _machine = alone::on_the_machine();
    let cluster = Cluster::start(corpus::synthetic(2_000, 3), |_| {})?;
    let program = Path::new(env!("CARGO_BIN_EXE_searching_client"));
    for agents in [Agents::Persistent, Agents::Plain] {
        for sleep_ms in [200, 1_200, 5_000] {
            let time = Duration::from_millis(sleep_ms);
            for outcome in stopped::stop(program, &cluster, agents, time)? {
                ensure!(outcome.is_well(), "{outcome:?}");
            }
        }
    }
    Ok(())
}
