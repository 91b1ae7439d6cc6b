//! Kept connections of several drivers: handed over, retired together, closed while nobody asks.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hamirror::request::Command;
use hamirror::status::Counter;
use hamirror::{
    Access, CallOptions, Client, ClientOptions, Config, Error, Reply, Request, Target, Verdict,
};
use hamirror_tests::alone;
use hamirror_tests::echo::{EchoDaemon, Manners, ask, client, request};

#[test]
fn an_idle_connection_goes_to_the_driver_that_needs_it() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let client = limited(&echo, 1)?;
    for round in 0..10_u8 {
        // Each has a driver of its own; the first is idle again when the second begins.
        for mut batch in [client.batch()?, client.batch()?] {
            let call =
                batch.add_agent_with("d", 0, &request(Access::Read, &[round]), &options())?;
            ensure!(batch.wait_all(None)?);
            ensure!(batch.take_reply(call).is_ok_and(|reply| reply.body == [round]));
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
            let call =
                batch.add_agent_with("d", 0, &request(Access::Read, &[round]), &options())?;
            ensure!(batch.wait_all(None)?);
            ensure!(batch.take_reply(call).is_ok_and(|reply| reply.body == [round]));
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
        batch.add_agent_with("d", 0, &request(Access::Read, b"x"), &options())?;
        batch.add_agent_with("d", 0, &request(Access::Read, b"x"), &options())?;
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
fn a_closed_connection_ends_though_a_forked_child_holds_a_copy() -> Result<()> {
    // A child of a shared process would hold copies of other tests' sockets, too.
    alone::in_own_process(|| {
        let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
        let client = limited(&echo, 1)?;
        ensure!(ask(&client, b"x")? == b"x" && echo.open() == 1);
        // SAFETY: the child calls nothing but what is async-signal-safe.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: as above.
            unsafe {
                libc::sleep(60);
                libc::_exit(0);
            }
        }
        drop(client);
        let start = Instant::now();
        while echo.open() > 0 && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(5));
        }
        // SAFETY: the child is this test's own, and nobody else waits for it.
        unsafe {
            libc::kill(child, libc::SIGKILL);
            libc::waitpid(child, std::ptr::null_mut(), 0);
        }
        ensure!(start.elapsed() < Duration::from_secs(10), "the daemon still has the connection");
        Ok(())
    })
}

#[test]
fn a_batch_that_lives_on_closes_connections_to_hosts_that_are_gone() -> Result<()> {
    let [goes, stays] = [0, 1].map(|_| EchoDaemon::on("127.0.0.1", Manners::default()));
    let (goes, stays) = (goes?, stays?);
    let client = limited(&goes, 1)?;
    let mut batch = client.batch()?;
    batch.add_agent_with("d", 0, &request(Access::Read, b"x"), &options())?;
    ensure!(batch.wait_all(None)? && goes.open() == 1);
    client.reload(&limited_config(&stays, 1)?);
    let start = Instant::now();
    while goes.open() > 0 {
        batch.drive()?;
        ensure!(start.elapsed() < Duration::from_secs(20), "it is still open");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[test]
fn a_batch_that_a_panic_ends_gives_its_places_back() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let client = limited(&echo, 1)?;
    for request in [Arc::new(Panics::Encoding) as Arc<dyn Request>, Arc::new(Panics::Judging)] {
        let asked = AssertUnwindSafe(|| {
            let mut batch = client.batch()?;
            let _held =
                batch.add_agent_with("d", 0, &self::request(Access::Read, b"x"), &options());
            batch.add_agent_with("d", 0, &request, &options())?;
            batch.wait_all(None)
        });
        ensure!(panic::catch_unwind(asked).is_err(), "it did not panic");
        let host = &client.status().hosts[0];
        let left = (host.kept_connections, host.busy_connections, host.in_flight);
        ensure!(left == (0, 0, 0), "kept, busy, in flight: {left:?}");
    }
    ensure!(ask(&client, b"y")? == b"y");
    ensure!(client.status().hosts[0].kept_connections == 1, "its place is lost");
    Ok(())
}

/// A request of a program with a fault of its own.
enum Panics {
    Encoding,
    Judging,
}

impl Request for Panics {
    fn command(&self) -> Command {
        Command { id: 99, version: 0x100 }
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, _: &Target<'_>, _: &mut Vec<u8>) -> Result<(), Error> {
        assert!(!matches!(self, Panics::Encoding), "as it should here");
        Ok(())
    }

    fn judge(&self, _: &mut Reply) -> Verdict {
        panic!("as it should here")
    }
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
    batch.add_agent_with("d", 0, &request(Access::Read, b"x"), &options())?;
    stale.wake()?;
    let limit = Duration::from_millis(50);
    let start = Instant::now();
    ensure!(!batch.wait_all(Some(limit))? && start.elapsed() >= limit, "it was woken");
    batch.waker().wake()?;
    ensure!(!batch.wait_all(None)?, "its own waker wakes it");
    Ok(())
}

fn limited(echo: &EchoDaemon, limit: u32) -> Result<Client> {
    Ok(Client::new(&limited_config(echo, limit)?)?)
}

fn limited_config(echo: &EchoDaemon, limit: u32) -> Result<Config> {
    let text = format!(
        "searchd {{\n persistent_connections_limit = {limit}\n}}\n\
         index d {{\n type = distributed\n agent_persistent = {}:i\n}}\n",
        echo.name
    );
    Ok(Config::parse(&text, "test.conf")?)
}

fn options() -> CallOptions {
    CallOptions::default()
}
