//! Daemons that say now and then that they are still at work (IN_PROGRESS,
//! core/docs/spec/protocol.md 1.5).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use hamirror::request::Command;
use hamirror::request::Raw;
use hamirror::{Access, AgentFailure, CallOptions, ClientOptions, FailureKind, Reply, Request};
use hamirror_tests::echo::{EchoDaemon, Manners, client, request};

#[test]
fn each_one_renews_the_query_timeout() -> Result<()> {
    for pieces in [1, 3, 24] {
        let reply = ask(optimize(), pieces, HEARTBEAT, &CallOptions::default())?;
        let reply = reply.map_err(|failure| anyhow::anyhow!("{failure}"))?;
        ensure!(reply.body == b"done", "{reply:?}");
    }
    Ok(())
}

#[test]
fn a_deadline_that_was_given_holds_all_the_same() -> Result<()> {
    let options = CallOptions::default().deadline(Some(Duration::from_millis(300)));
    let failure = ask(optimize(), 1, HEARTBEAT, &options)?.expect_err("it is not done by then");
    ensure!(failure.deadline_passed, "{failure}");
    Ok(())
}

#[test]
fn a_flood_ends_at_the_deadline_and_holds_up_no_other_agent() -> Result<()> {
    let flood = TcpListener::bind("127.0.0.1:0")?;
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let lines = format!("agent = {}:i\nagent = {}:i", flood.local_addr()?, echo.name);
    let client = client(&lines, "", ClientOptions::default())?;
    let deadline = Duration::from_millis(500);
    let options = CallOptions::default().deadline(Some(deadline));
    thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = flood.accept()?;
        stream.write_all(&[0, 0, 0, 1])?;
        let _ = stream.read(&mut [0; 64])?;
        let beats = HEARTBEAT.repeat(1 << 13);
        loop {
            stream.write_all(&beats)?;
        }
    });
    let mut batch = client.batch()?;
    let flooded = batch.add_agent_with("d", 0, &optimize_read(), &options)?;
    let begun = Instant::now();
    let mut turns = 0;
    while batch.reply(flooded).is_none() {
        // Another agent is asked in between, over the same driver.
        let other = batch.add_agent_with("d", 1, &request(Access::Read, b"x"), &options)?;
        while batch.reply(other).is_none() && batch.reply(flooded).is_none() {
            batch.wait_any(Some(Duration::from_millis(50)))?;
        }
        turns += usize::from(batch.reply(other).is_some_and(|reply| reply.is_ok()));
    }
    let took = begun.elapsed();
    let Some(Err(failure)) = batch.reply(flooded) else { bail!("it beats for ever") };
    ensure!(failure.deadline_passed, "{failure}");
    ensure!(turns > 0, "the other agent got no turn");
    // Without a bound there is no end; how late this one is depends on the machine alone.
    ensure!(took < deadline * 10, "{took:?}");
    Ok(())
}

#[test]
fn one_that_is_not_expected_or_says_something_is_a_wrong_reply() -> Result<()> {
    let talks = [&HEARTBEAT[..7], &[4], b"beat"].concat();
    for (request, heartbeat) in [(request(Access::Read, b"x"), HEARTBEAT), (optimize(), &talks)] {
        let failure = ask(request, 1, heartbeat, &CallOptions::default())?.expect_err("wrong");
        let kinds: Vec<_> = failure.attempts.iter().map(|attempt| attempt.kind).collect();
        ensure!(kinds == [FailureKind::WrongReply], "{failure}");
        ensure!(failure.to_string().contains("unexpected in-progress reply"), "{failure}");
    }
    Ok(())
}

/// Asks a daemon that beats for three query timeouts, and then is done.
fn ask(
    request: Arc<dyn Request>,
    pieces: usize,
    heartbeat: &[u8],
    options: &CallOptions,
) -> Result<Result<Reply, AgentFailure>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let agent = format!("agent = {}:i", listener.local_addr()?);
    let settings = "agent_query_timeout = 200";
    let client = client(&agent, settings, ClientOptions::default())?;
    let address = listener.local_addr()?;
    let heartbeat = heartbeat.to_vec();
    thread::scope(|scope| {
        let daemon = scope.spawn(move || serve(&listener, pieces, &heartbeat));
        let reply = client.call_with("d", 0, &request, options);
        drop(client);
        // A daemon that nobody has asked still waits.
        drop(TcpStream::connect(address));
        let _ = daemon.join();
        Ok(reply.map_err(|error| error.failures()[0].clone()))
    })
}

/// Answers one client; an error is the client's going.
fn serve(listener: &TcpListener, pieces: usize, heartbeat: &[u8]) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    stream.write_all(&[0, 0, 0, 1])?;
    // The client says all that it has to say in one go.
    let _ = stream.read(&mut [0; 64])?;
    for _ in 0..60 {
        for piece in heartbeat.chunks(heartbeat.len().div_ceil(pieces)) {
            stream.write_all(piece)?;
            thread::sleep(Duration::from_micros(200));
        }
        thread::sleep(Duration::from_millis(10));
    }
    // The last beat and the answer come together.
    stream.write_all(&[heartbeat, &[0, 0, 1, 1, 0, 0, 0, 4], b"done"].concat())
}

/// What expects heartbeats, and may be sent again.
fn optimize_read() -> Arc<dyn Request> {
    optimize_as(Access::Read)
}

fn optimize() -> Arc<dyn Request> {
    optimize_as(Access::Write)
}

fn optimize_as(access: Access) -> Arc<dyn Request> {
    let body = [&[0, 0, 0, 50][..], &[0, 0, 0, 2], b"oo", &[0, 0, 0, 1]].concat();
    let command = Command { id: 21, version: 0x101 };
    Arc::new(Raw { command, access, body })
}

const HEARTBEAT: &[u8] = &[0, 4, 1, 1, 0, 0, 0, 0];
