//! Kept connections that something on the way forgot: no call is lost, and none waits for a
//! time-out.

use std::time::Duration;

use anyhow::{Result, ensure};
use hamirror_tests::drills::forgotten;

#[test]
fn no_request_is_lost_with_its_connection() -> Result<()> {
    for mirrors in [1, 2] {
        for threads in [1, 32] {
            let outcome = forgotten::forget(mirrors, threads)?;
            ensure!(outcome.is_well(), "{outcome:?}");
            // Far from the time-out of three seconds, on a busy machine too.
            let is_soon = outcome.slowest.is_some_and(|slowest| slowest < TIMEOUT / 2);
            ensure!(is_soon, "{outcome:?}");
        }
    }
    Ok(())
}

const TIMEOUT: Duration = Duration::from_secs(3);
