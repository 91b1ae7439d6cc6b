//! Kept connections of several drivers: handed over, retired together, closed while nobody asks.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hamirror::karma::Counter;
use hamirror::{Access, CallOptions, Client, ClientOptions, Config};
use hamirror_tests::echo::{EchoDaemon, Manners, client, request};

#[test]
fn an_idle_connection_goes_to_the_driver_that_needs_it() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let client = limited(&echo, 1)?;
    for round in 0..10_u8 {
        // Each has a driver of its own; the first is idle again when the second begins.
        for mut batch in [client.batch()?, client.batch()?] {
            let call = batch.add_agent("d", 0, &request(Access::Read, &[round]), &options())?;
            ensure!(batch.wait_all(None)?);
            ensure!(batch.take_reply(call)?.is_ok_and(|reply| reply.body == [round]));
        }
    }
    ensure!(echo.connections() == 1, "{} connections", echo.connections());
    ensure!(client.status().hosts[0].kept_connections == 1);
    Ok(())
}

#[test]
fn a_connection_that_died_idle_is_replaced_by_whoever_takes_it_over() -> Result<()> {
    let manners = Manners { replies_max: Some(1), ..Manners::default() };
    let echo = EchoDaemon::on("127.0.0.1", manners)?;
    let client = limited(&echo, 1)?;
    for round in 0..20_u8 {
        for mut batch in [client.batch()?, client.batch()?] {
            let call = batch.add_agent("d", 0, &request(Access::Read, &[round]), &options())?;
            ensure!(batch.wait_all(None)?);
            ensure!(batch.take_reply(call)?.is_ok_and(|reply| reply.body == [round]));
        }
    }
    let status = client.status();
    let record = &status.hosts[0].since_start;
    ensure!(record.errors() == 0 && record.get(Counter::SucceededQueries) == 40, "{record:?}");
    ensure!(status.hosts[0].kept_connections <= 1, "a place among the kept leaks");
    Ok(())
}

#[test]
fn connections_that_the_daemon_closed_are_not_held_by_idle_drivers() -> Result<()> {
    let manners = Manners { replies_max: Some(1), ..Manners::default() };
    let echo = EchoDaemon::on("127.0.0.1", manners)?;
    let client = limited(&echo, 8)?;
    let mut batches = (0..4).map(|_| client.batch()).collect::<Result<Vec<_>, _>>()?;
    for batch in &mut batches {
        batch.add_agent("d", 0, &request(Access::Read, b"x"), &options())?;
        batch.add_agent("d", 0, &request(Access::Read, b"x"), &options())?;
        ensure!(batch.wait_all(None)?);
    }
    drop(batches);
    ensure!(echo.connections() == 8);
    let start = Instant::now();
    while client.status().hosts[0].kept_connections > 0 {
        ensure!(start.elapsed() < Duration::from_secs(20), "{:?}", client.status().hosts[0]);
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[test]
fn a_waker_of_an_ended_batch_wakes_nobody() -> Result<()> {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let agent = format!("agent = {}:i", silent.local_addr()?);
    let client = client(&agent, "", ClientOptions::default())?;
    let mut batch = client.batch()?;
    let stale = batch.waker();
    drop(batch);
    batch = client.batch()?;
    batch.add_agent("d", 0, &request(Access::Read, b"x"), &options())?;
    stale.wake()?;
    let limit = Duration::from_millis(50);
    let start = Instant::now();
    ensure!(!batch.wait_all(Some(limit))? && start.elapsed() >= limit, "it was woken");
    batch.waker().wake()?;
    ensure!(!batch.wait_all(None)?, "its own waker wakes it");
    Ok(())
}

fn limited(echo: &EchoDaemon, limit: u32) -> Result<Client> {
    let text = format!(
        "searchd {{\n persistent_connections_limit = {limit}\n}}\n\
         index d {{\n type = distributed\n agent_persistent = {}:i\n}}\n",
        echo.name
    );
    Ok(Client::new(&Config::parse(&text, "test.conf")?)?)
}

fn options() -> CallOptions {
    CallOptions::default()
}
