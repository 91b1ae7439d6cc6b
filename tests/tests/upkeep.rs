//! Pings and blackholes: by the background thread, by the program, or by nobody.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hamirror::{Access, CallOptions, Client, ClientOptions, Config, Error};
use hamirror_tests::daemon::free_port;
use hamirror_tests::echo::{EchoDaemon, Manners, client, request};

#[test]
fn a_program_that_drives_the_upkeep_needs_no_thread() -> Result<()> {
    let _alone = ALONE.lock();
    let [one, other, hole] = echoes()?;
    let agents =
        format!("agent = {}|{}:i\nagent_blackhole = {}:i", one.name, other.name, hole.name);
    let text = format!(
        "searchd {{\n ha_ping_interval = 50\n}}\nindex d {{\n type = distributed\n{agents}\n}}\n"
    );
    let options = ClientOptions { background: false, ..ClientOptions::default() };
    let client = Client::with_options(&Config::parse(&text, "upkeep.conf")?, options)?;
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
        ensure!(start.elapsed() < Duration::from_secs(20), "{} {}", one.pings(), other.pings());
    }
    ensure!(threads == self::threads()?, "a thread was started");
    drop(upkeep);
    ensure!(client.upkeep().is_ok());
    Ok(())
}

#[test]
fn the_background_thread_is_not_driven() -> Result<()> {
    let _alone = ALONE.lock();
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let client = client(&format!("agent = {}:i", echo.name), "", ClientOptions::default())?;
    ensure!(matches!(client.upkeep(), Err(Error::Misuse(_))));
    Ok(())
}

#[test]
fn a_bad_mirror_does_not_delay_the_pings_of_others() -> Result<()> {
    let _alone = ALONE.lock();
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let dead = free_port()?;
    let [one, other, _] = echoes()?;
    let agents = format!(
        "agent = {}|127.0.0.1:{dead}|{}:i\nagent = nosuchhost.invalid:1|{}:i",
        silent.local_addr()?,
        one.name,
        other.name
    );
    let text = format!(
        "searchd {{\n ha_ping_interval = 50\n}}\nindex d {{\n type = distributed\n{agents}\n}}\n"
    );
    let client = Client::new(&Config::parse(&text, "upkeep.conf")?)?;
    let _batch = client.batch()?;
    let start = Instant::now();
    while one.pings() < 5 || other.pings() < 5 {
        std::thread::sleep(Duration::from_millis(5));
        ensure!(start.elapsed() < Duration::from_secs(20), "{} {}", one.pings(), other.pings());
    }
    Ok(())
}

fn ask(client: &Client) -> Result<()> {
    let mut batch = client.batch()?;
    batch.add_index("d", &request(Access::Read, b"x"), &CallOptions::default())?;
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
    let timeout = upkeep.timeout().map_or(-1, |timeout| timeout.as_millis() as i32 + 1);
    let mut fd = libc::pollfd { fd: upkeep.fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, which lives through the call.
    unsafe { libc::poll(&mut fd, 1, timeout) };
}

/// Threads are counted, so the tests run one after the other.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
