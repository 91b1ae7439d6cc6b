//! Asks while the process has no file descriptor left: it waits for one, for a socket or to look
//! a name up, and blames no mirror.

use std::fs::File;
use std::time::Duration;
use std::{env, thread};

use anyhow::{Context, Result, ensure};
use hamirror::status::Counter;
use hamirror::{Access, CallOptions, Client, ClientOptions, FailureKind, Phase};
use hamirror_tests::echo::{ask, client, request};

fn main() -> Result<()> {
    let agents = env::args().nth(1).context("usage: starved_client HOST|HOST")?;
    let options = ClientOptions::default().background(false);
    let client = client(&format!("agent = {agents}:i"), "", options)?;
    ensure!(ask(&client, b"before")? == b"before");
    // Names that were never looked up, and what a call needs beside a look-up and a socket.
    let names = agents.replace("127.0.0.1", "localhost");
    let named = self::client(&format!("agent = {names}:i"), "", options)?;
    let mut named_batch = named.batch()?;

    limit_descriptors(64)?;
    let hoard: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let short = CallOptions::default().deadline(Some(Duration::from_millis(100)));
    let starved = client.call_with("d", 0, &request(Access::Read, b"x"), &short);
    let error = starved.err().context("it was answered without a descriptor")?;
    let failure = error.failures().first().context("an agent's failure")?;
    let is_local = |kind| kind == FailureKind::Local;
    ensure!(failure.attempts.iter().all(|attempt| is_local(attempt.kind)), "{failure}");
    let call = named_batch.add_agent_with("d", 0, &request(Access::Read, b"x"), &short)?;
    named_batch.wait_all(None)?;
    let error = named_batch.take_reply(call).err().context("it was looked up with nothing")?;
    let failure = error.failures().first().context("an agent's failure")?;
    let is_lookup = |phase| phase == Phase::Resolve;
    let is_so = |kind, phase| is_local(kind) && is_lookup(phase);
    ensure!(failure.attempts.iter().all(|each| is_so(each.kind, each.phase)), "{failure}");

    let answer = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(50));
            drop(hoard);
        });
        ask(&client, b"after")
    })?;
    ensure!(answer == b"after");
    ensure!(ask(&named, b"after")? == b"after");
    check_blame(&client)?;
    check_blame(&named)
}

fn check_blame(client: &Client) -> Result<()> {
    for host in client.status().hosts {
        let failures = host.since_start.get(Counter::LocalFailures);
        ensure!(failures > 0 && host.since_start.errors() == 0 && host.is_living, "{host:?}");
    }
    Ok(())
}

fn limit_descriptors(count: u64) -> Result<()> {
    let limit = libc::rlimit { rlim_cur: count, rlim_max: count };
    // SAFETY: the limit lives through the call.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
    ensure!(set == 0, "{}", std::io::Error::last_os_error());
    Ok(())
}
