//! A program that is stopped and continued while it searches (Ctrl-Z and fg, a debugger, a
//! freezer).

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Outcome;
use crate::cluster::{Agents, Cluster, INDEX};
use crate::process;

/// Ways in which the program waits: blocking calls, batches, an event loop of its own.
pub const WAYS: [&str; 3] = ["calls", "batches", "loop"];

/// Runs the program `searching_client` over the cluster and stops it for so long, once in each of
/// the [`WAYS`], all at the same time.
pub fn stop(
    program: &Path,
    cluster: &Cluster,
    agents: Agents,
    time: Duration,
) -> Result<Vec<Outcome>> {
    let config = cluster.folder().join(format!("stopped-{agents:?}.conf"));
    std::fs::write(&config, cluster.config_text(agents, "    ha_strategy = nodeads\n"))?;
    let seconds = (time.as_secs() + 1).to_string();
    let outcomes: Result<Vec<Outcome>> = thread::scope(|scope| {
        let running = WAYS.map(|way| {
            let mut command = Command::new(program);
            command.arg(&config).args([INDEX, way, &seconds]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let name = format!("program stopped for {} ms: {way}, {agents:?}", time.as_millis());
            scope.spawn(move || outcome(name, &run(command, time)?))
        });
        running.into_iter().map(|each| each.join().expect("no panic")).collect()
    });
    outcomes
}

fn run(command: Command, time: Duration) -> Result<String> {
    let mut child = process::spawn_bound(command)?;
    let signal = |signal| {
        // SAFETY: the child was not waited for, so the number is its own.
        ensure!(unsafe { libc::kill(child.id() as i32, signal) } == 0, "the program is gone");
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

/// Reads what the program says at its end.
fn outcome(name: String, said: &str) -> Result<Outcome> {
    let first = said.lines().next().unwrap_or_default();
    let numbers: Vec<usize> =
        first.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
    let [calls, lost, dead] = numbers[..] else {
        anyhow::bail!("{name}: the program says {said:?}");
    };
    Ok(Outcome {
        name,
        calls,
        lost,
        slowest: None,
        p99: None,
        quiet_p99: None,
        extra: None,
        wrongly_dead: dead,
        failures: said.lines().skip(1).take(3).map(str::to_owned).collect(),
    })
}

/// By then every thread of the program searches.
const WARM_UP: Duration = Duration::from_millis(500);
