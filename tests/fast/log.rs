//! What a program's log sink hears.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hamirror::{Client, ClientOptions, Config, Level, LogSink};
use hamirror_tests::daemon::free_port;
use hamirror_tests::echo::{EchoDaemon, Manners, ask, client};
use parking_lot::Mutex;

#[test]
fn a_host_that_dies_and_returns_is_told_once_each() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let dead = format!("127.0.0.1:{}", free_port()?);
    let client = client(&format!("agent = {dead}:i"), "", ClientOptions::default())?;
    let lines = listen(&client, Level::Info);
    for _ in 0..8 {
        ensure!(ask(&client, b"x").is_err());
    }
    client.set_addresses(&dead, &[echo.name.parse()?])?;
    let start = Instant::now();
    while ask(&client, b"x").is_err() || lines.lock().len() < 5 {
        ensure!(start.elapsed() < Duration::from_secs(20), "{:?}", lines.lock());
        thread::sleep(Duration::from_millis(10));
    }
    client.reload(&Config::parse("index d {\n type = distributed\n agent = h:1:i\n}", "log")?);
    client.set_log(None);
    ensure!(ask(&client, b"x").is_err());
    let expected = [
        (
            Level::Warning,
            format!(
                "host {dead} found dead: 4 failures in a row, last: connect() failed: Connection \
                 refused (os error 111) (connect)"
            ),
        ),
        (Level::Warning, format!("index d agent 0 has no living mirror left: {dead}")),
        (Level::Info, format!("host {dead} is at {}", echo.name)),
        (Level::Info, format!("host {dead} answers again")),
        (Level::Info, "index d agent 0 has a living mirror again".to_owned()),
        (Level::Info, "configuration taken over: 1 indexes, 1 hosts".to_owned()),
    ];
    ensure!(*lines.lock() == expected, "{:#?}", lines.lock());
    Ok(())
}

#[test]
fn a_sink_may_use_the_client_and_hears_no_more_than_it_wants() -> Result<()> {
    let dead = format!("127.0.0.1:{}", free_port()?);
    let client = client(&format!("agent = {dead}:i"), "", ClientOptions::default())?;
    let lines = listen(&client, Level::Warning);
    ensure!(ask(&client, b"x").is_err() && lines.lock().is_empty(), "{:?}", lines.lock());

    let (heard, asked) = (Arc::new(Mutex::new(0)), client.clone());
    let counter = heard.clone();
    let sink = move |_: Level, line: &str| {
        let hosts = asked.status().hosts;
        *counter.lock() += usize::from(line.contains(&hosts[0].name));
    };
    let sink: Box<dyn LogSink> = Box::new(sink);
    client.set_log(Some((Level::Debug, sink)));
    ensure!(ask(&client, b"x").is_err() && *heard.lock() == 1);
    client.set_log(None);
    Ok(())
}

fn listen(client: &Client, level: Level) -> Arc<Mutex<Vec<(Level, String)>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = lines.clone();
    let sink = move |level: Level, line: &str| heard.lock().push((level, line.to_owned()));
    client.set_log(Some((level, Box::new(sink))));
    lines
}
