//! Kept connections that something on the way forgot: no call is lost, and nobody is blamed.

use anyhow::{Result, ensure};
use hamirror_tests::alone;
use hamirror_tests::drills::forgotten;

#[test]
fn no_request_is_lost_with_its_connection() -> Result<()> {
    let _machine = alone::on_the_machine();
    for mirrors in [1, 2] {
        for threads in [1, 32] {
            let outcome = forgotten::forget(mirrors, threads)?;
            ensure!(outcome.is_well(), "{outcome:?}");
        }
    }
    Ok(())
}
