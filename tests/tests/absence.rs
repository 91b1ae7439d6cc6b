//! Programs that are stopped and continued while they search (Ctrl-Z and fg, a debugger, a
//! freezer): nothing is lost, and nobody is blamed.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::corpus;
use hamirror_tests::process;

#[test]
fn a_program_that_was_stopped_loses_nothing() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(2_000, 3), |_| {})?;
    let config = cluster.folder().join("absence.conf");
    for agents in [Agents::Persistent, Agents::Plain] {
        let text = cluster.config_text(agents, "    ha_strategy = nodeads\n");
        std::fs::write(&config, text)?;
        for way in ["calls", "batches", "loop"] {
            for sleep_ms in [200, 1_200, 5_000] {
                let mut program = Command::new(env!("CARGO_BIN_EXE_searching_client"));
                program.arg(&config).args([INDEX, way]);
                program.arg((1 + sleep_ms / 1_000).to_string());
                program.stdout(Stdio::piped()).stderr(Stdio::piped());
                let said = stopped(program, Duration::from_millis(sleep_ms))?;
                let expected = "0 failed, 0 hosts dead, 0 errors";
                ensure!(said.contains(expected), "{agents:?}, {way}, {sleep_ms} ms: {said}");
            }
        }
    }
    Ok(())
}

/// Runs a program that is stopped for some time; returns all that it says.
fn stopped(command: Command, time: Duration) -> Result<String> {
    let mut child = process::spawn_bound(command)?;
    let signal = |signal| {
        // SAFETY: the child was not waited for, so the number is its own.
        ensure!(unsafe { libc::kill(child.id() as i32, signal) } == 0, "it is gone");
        Ok(())
    };
    thread::sleep(WARM_UP);
    signal(libc::SIGSTOP)?;
    thread::sleep(time);
    signal(libc::SIGCONT)?;
    let mut said = String::new();
    child.stdout.take().context("its output")?.read_to_string(&mut said)?;
    child.stderr.take().context("its errors")?.read_to_string(&mut said)?;
    child.wait()?;
    Ok(said)
}

/// By then every thread of the program searches.
const WARM_UP: Duration = Duration::from_millis(500);
