//! Pings and blackholes: by the background thread, by the program, or by nobody.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hamirror::{Access, Client, ClientOptions, Config, Error, Level};
use hamirror_tests::alone;
use hamirror_tests::daemon::free_port;
use hamirror_tests::echo::{EchoDaemon, Manners, client, request};
use hamirror_tests::fake::{FakeDaemon, Fault};

#[test]
fn a_program_that_drives_the_upkeep_needs_no_thread() -> Result<()> {
    // Threads of the whole process are counted.
    alone::in_own_process(|| {
        let [one, other, hole] = echoes()?;
        let agents =
            format!("agent = {}|{}:i\nagent_blackhole = {}:i", one.name, other.name, hole.name);
        let options = ClientOptions::default().background(false);
        let client = Client::with_options(&pinging(&agents, 50)?, options)?;
        let threads = threads()?;
        ask(&client)?;
        ensure!(client.status().blackhole_drops == 1, "nobody does the upkeep yet");

        let mut upkeep = client.upkeep()?;
        ensure!(matches!(client.upkeep(), Err(Error::Misuse(_))), "two drive it");
        ask(&client)?;
        let start = Instant::now();
        while one.pings() < 2 || other.pings() < 2 || hole.requests() < 1 {
            poll(&upkeep);
            upkeep.drive()?;
            ensure!(
                start.elapsed() < Duration::from_secs(20),
                "{} {}",
                one.pings(),
                other.pings()
            );
        }
        ensure!(threads == self::threads()?, "a thread was started");
        drop(upkeep);
        ensure!(client.upkeep().is_ok());
        Ok(())
    })
}

#[test]
fn an_upkeep_begins_pings_by_itself_and_so_does_the_next_one() -> Result<()> {
    let [one, other, _] = echoes()?;
    let agents = format!("agent = {}|{}:i", one.name, other.name);
    let options = ClientOptions::default().background(false);
    let client = Client::with_options(&pinging(&agents, 20)?, options)?;
    for round in 1..=2 {
        let mut upkeep = client.upkeep()?;
        let before = [one.pings(), other.pings()];
        let start = Instant::now();
        while one.pings() < before[0] + 2 || other.pings() < before[1] + 2 {
            poll(&upkeep);
            upkeep.drive()?;
            let pings = [one.pings(), other.pings()];
            ensure!(start.elapsed() < Duration::from_secs(20), "round {round}: {pings:?}");
        }
    }
    Ok(())
}

#[test]
fn pings_go_on_after_the_thread_was_ended_by_a_log_sink() -> Result<()> {
    // Threads of the whole process are counted.
    alone::in_own_process(|| {
        let [one, other, _] = echoes()?;
        let dead = free_port()?;
        let agents = format!("agent = {}|127.0.0.1:{dead}|{}:i", one.name, other.name);
        let client = Client::new(&pinging(&agents, 20)?)?;
        let panics = |_: Level, _: &str| panic!("a sink that panics, as it should here");
        client.set_log(Some((Level::Debug, Box::new(panics))));
        let start = Instant::now();
        let _batch = client.batch()?;
        while threads()? > 0 {
            ensure!(start.elapsed() < Duration::from_secs(20), "it did not panic");
            std::thread::sleep(Duration::from_millis(5));
        }
        client.set_log(None);
        let before = [one.pings(), other.pings()];
        while one.pings() < before[0] + 2 || other.pings() < before[1] + 2 {
            let _batch = client.batch()?;
            std::thread::sleep(Duration::from_millis(5));
            ensure!(
                start.elapsed() < Duration::from_secs(20),
                "{} {}",
                one.pings(),
                other.pings()
            );
        }
        Ok(())
    })
}

#[test]
fn who_needs_no_ping_gets_none() -> Result<()> {
    let [one, other, single] = echoes()?;
    let [hole, second_hole, _] = echoes()?;
    let mirrors = format!("agent = {}|{}:i", one.name, other.name);
    let others = format!(
        "agent = {}:i\nagent_blackhole = {}|{}:i",
        single.name, hole.name, second_hole.name
    );
    let client = Client::new(&pinging(&format!("{mirrors}\n{others}"), 20)?)?;
    let start = Instant::now();
    while one.pings() < 5 || other.pings() < 5 {
        ask(&client)?;
        std::thread::sleep(Duration::from_millis(5));
        ensure!(start.elapsed() < Duration::from_secs(20), "{} {}", one.pings(), other.pings());
    }
    let pinged = [single.pings(), hole.pings(), second_hole.pings()];
    ensure!(pinged == [0; 3], "{pinged:?}");
    client.reload(&pinging(&mirrors, 0)?);
    // Those on their way may still come.
    std::thread::sleep(Duration::from_millis(100));
    let before = [one.pings(), other.pings()];
    std::thread::sleep(Duration::from_millis(100));
    ensure!([one.pings(), other.pings()] == before, "pings go on though they are turned off");
    Ok(())
}

#[test]
fn the_background_thread_is_not_driven() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let client = client(&format!("agent = {}:i", echo.name), "", ClientOptions::default())?;
    ensure!(matches!(client.upkeep(), Err(Error::Misuse(_))));
    Ok(())
}

#[test]
fn a_bad_mirror_does_not_delay_the_pings_of_others() -> Result<()> {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let dead = free_port()?;
    let [one, other, _] = echoes()?;
    let agents = format!(
        "agent = {}|127.0.0.1:{dead}|{}:i\nagent = nosuchhost.invalid:1|{}:i",
        silent.local_addr()?,
        one.name,
        other.name
    );
    let client = Client::new(&pinging(&agents, 50)?)?;
    let _batch = client.batch()?;
    let start = Instant::now();
    while one.pings() < 5 || other.pings() < 5 {
        std::thread::sleep(Duration::from_millis(5));
        ensure!(start.elapsed() < Duration::from_secs(20), "{} {}", one.pings(), other.pings());
    }
    Ok(())
}

/// A configuration of one index, `d`, whose mirrors are pinged so often.
fn pinging(agents: &str, interval_ms: u32) -> Result<Config> {
    let searchd = format!("searchd {{\n ha_ping_interval = {interval_ms}\n}}\n");
    let index = format!("index d {{\n type = distributed\n{agents}\n}}\n");
    Ok(Config::parse(&(searchd + &index), "upkeep.conf")?)
}

#[test]
fn a_hung_blackhole_costs_few_sockets_and_no_other_blackhole_a_request() -> Result<()> {
    let hung = FakeDaemon::start(Fault::Silence)?;
    let [echo, hole, _] = echoes()?;
    let agents = format!(
        "agent = {}:i\nagent_blackhole = {}:i\nagent_blackhole = {}:i",
        echo.name,
        hung.address(),
        hole.name
    );
    let patient = "agent_query_timeout = 60000\nagent_connect_timeout = 60000";
    let client = client(&agents, patient, ClientOptions::default())?;
    for _ in 0..REQUESTS {
        ask(&client)?;
    }
    let start = Instant::now();
    while hole.requests() < REQUESTS {
        std::thread::sleep(Duration::from_millis(5));
        ensure!(start.elapsed() < Duration::from_secs(30), "{} came", hole.requests());
    }
    let (held, drops) = (hung.connections(), client.status().blackhole_drops);
    ensure!(held <= 8, "{held} connections to a blackhole that hangs");
    let waiting = 1_024 + held as u64;
    ensure!(drops + waiting >= REQUESTS as u64 && drops > 0, "{drops} drops");
    Ok(())
}

fn ask(client: &Client) -> Result<()> {
    let mut batch = client.batch()?;
    batch.add_index("d", &request(Access::Read, b"x"))?;
    ensure!(batch.wait_all(None)?);
    Ok(())
}

fn echoes() -> Result<[EchoDaemon; 3]> {
    let echo = || EchoDaemon::on("127.0.0.1", Manners::default());
    Ok([echo()?, echo()?, echo()?])
}

/// Threads of this process that belong to the library.
fn threads() -> Result<usize> {
    let names = std::fs::read_dir("/proc/self/task")?
        .map(|task| std::fs::read_to_string(task?.path().join("comm")))
        .filter(|name| name.as_ref().is_ok_and(|name| name.trim() == "hamirror"));
    Ok(names.count())
}

/// Waits as a host does: for the fd, or until the timeout.
fn poll(upkeep: &hamirror::Upkeep) {
    let timeout = upkeep.timeout().map_or(100, |timeout| timeout.as_millis() as i32 + 1);
    let mut fd = libc::pollfd { fd: upkeep.fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, which lives through the call.
    unsafe { libc::poll(&mut fd, 1, timeout) };
}

/// More than wait for one blackhole.
const REQUESTS: usize = 1_200;
