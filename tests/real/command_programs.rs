//! Programs in C and C++ that ask beside searches, on real daemons; what they print is what Rust
//! is told.

use anyhow::{Result, ensure};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::command_listing::{Site, command_listing};
use hamirror_tests::corpus;
use hamirror_tests::program::Program;

#[test]
fn commands_are_the_same_in_c_and_cpp() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(300, 9), |_| {})?;
    let site = Site::over(&mut cluster)?;
    let expected = command_listing(&site.config, INDEX)?;
    for part in [
        "excerpt a <i>small</i> <b>library</b> of files\n",
        "keyword library library ",
        "update changed 2\n",
        &format!("mirror {} failed, applied false, attempts 1\n", site.dead),
        &format!("mirror {} failed, applied true, attempts 1\n", site.closing),
        ": it may have done it",
        "on agent complete true, without \n",
        "unanswered 0 of 1\nfailed, applied true, attempts 1\n",
        " uptime true\n",
    ] {
        ensure!(expected.contains(part), "{part} is not in {expected}");
    }
    let config = site.config.display().to_string();
    let waiting = [config.as_str(), INDEX];
    for program in [Program::c("commands")?, Program::cpp("commands")?] {
        for arguments in [&waiting[..], &[&config, INDEX, "started"]] {
            let printed = program.run_every_way(arguments)?;
            ensure!(printed == expected, "{arguments:?}: {printed}, not as Rust: {expected}");
        }
    }
    Ok(())
}
