//! The driver over real sockets: every kind of address, kept connections, event loops, writes.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use hamirror::status::Counter;
use hamirror::{Access, Batch, Client, ClientOptions, Completed, Config, Error, KeepConnections};
use hamirror_tests::daemon::free_port;
use hamirror_tests::echo::{EchoDaemon, Manners, ask, client, request};
use hamirror_tests::process;

#[test]
fn every_kind_of_address_is_reached() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let inet = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let inet6 = EchoDaemon::on("::1", Manners::default())?;
    let unix = EchoDaemon::on_path(&folder.path().join("echo.sock"))?;
    let named = format!("localhost:{}", inet.port());
    for name in [&inet.name, &inet6.name, &unix.name, &named] {
        for background in [true, false] {
            let options = ClientOptions::default().background(background);
            let client = client(&format!("agent = {name}:i"), "", options)?;
            ensure!(ask(&client, b"hello")? == b"hello", "{name}");
        }
    }
    Ok(())
}

#[test]
fn a_name_without_an_address_is_a_state_of_its_mirror() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    for background in [true, false] {
        let options = ClientOptions::default().background(background);
        let agent = format!("agent = nosuchhost.invalid:9312|{}:i", echo.name);
        let client = client(&agent, "ha_strategy = roundrobin", options)?;
        for _ in 0..3 {
            ensure!(ask(&client, b"hello")? == b"hello");
        }
        // It was looked up beside the calls, which did not wait for that.
        let start = std::time::Instant::now();
        loop {
            let status = client.status();
            let host = status.host("nosuchhost.invalid:9312").expect("it is configured");
            ensure!(host.needs_lookup && host.since_start.errors() == 0, "{host:?}");
            if host.addresses.iter().any(|text| text.starts_with("none: ")) {
                break;
            }
            ensure!(start.elapsed() < Duration::from_secs(20), "{host:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    Ok(())
}

#[test]
fn a_kept_connection_serves_many_calls_on_any_daemon() -> Result<()> {
    for speaks_last in [false, true] {
        let manners = Manners { speaks_last, ..Manners::default() };
        let echo = EchoDaemon::on("127.0.0.1", manners)?;
        let client =
            client(&format!("agent_persistent = {}:i", echo.name), "", ClientOptions::default())?;
        for number in 0..20_u8 {
            ensure!(ask(&client, &[number])? == [number]);
        }
        ensure!(echo.connections() == 1, "{} connections", echo.connections());
    }
    Ok(())
}

#[test]
fn plain_lines_keep_connections_only_on_request() -> Result<()> {
    for (keep_connections, expected) in
        [(KeepConnections::ByLine, 5), (KeepConnections::Always, 1), (KeepConnections::Never, 5)]
    {
        let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
        let options = ClientOptions::default().keep_connections(keep_connections);
        let client = client(&format!("agent = {}:i", echo.name), "", options)?;
        for _ in 0..5 {
            ask(&client, b"x")?;
        }
        let connections = echo.connections();
        ensure!(connections == expected, "{keep_connections:?}: {connections}");
    }
    Ok(())
}

#[test]
fn a_kept_connection_that_the_daemon_closed_never_surfaces() -> Result<()> {
    let manners = Manners { replies_max: Some(3), ..Manners::default() };
    let echo = EchoDaemon::on("127.0.0.1", manners)?;
    let client =
        client(&format!("agent_persistent = {}:i", echo.name), "", ClientOptions::default())?;
    for number in 0..50_u8 {
        ensure!(ask(&client, &[number])? == [number]);
    }
    let record = &client.status().hosts[0].since_start;
    ensure!(record.errors() == 0, "{record:?}");
    ensure!(record.get(Counter::SucceededQueries) == 50, "{record:?}");
    Ok(())
}

#[test]
fn a_daemon_that_keeps_no_more_connections_is_asked_without() -> Result<()> {
    let manners = Manners { refuses_persist: true, ..Manners::default() };
    let echo = EchoDaemon::on("127.0.0.1", manners)?;
    let client =
        client(&format!("agent_persistent = {}:i", echo.name), "", ClientOptions::default())?;
    for _ in 0..3 {
        ensure!(ask(&client, b"x")? == b"x");
    }
    let status = client.status();
    ensure!(status.hosts[0].since_start.errors() == 0);
    ensure!(status.hosts[0].kept_connections == 0, "a place among the kept leaks");
    Ok(())
}

#[test]
fn the_limit_of_kept_connections_holds_over_threads() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let agent = format!("agent_persistent = {}:i", echo.name);
    let text = format!(
        "searchd {{\n persistent_connections_limit = 2\n}}\n\
         index d {{\n type = distributed\n {agent}\n}}\n"
    );
    let client = Client::new(&Config::parse(&text, "test.conf")?)?;
    let results: Vec<Result<usize>> = thread::scope(|scope| {
        let ask_often = || -> Result<usize> {
            let mut answers = 0;
            for number in 0..100_u8 {
                answers += usize::from(ask(&client, &[number])? == [number]);
                ensure!(client.status().hosts[0].kept_connections <= 2);
            }
            Ok(answers)
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask_often)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for answers in results {
        ensure!(answers? == 100);
    }
    Ok(())
}

#[test]
fn a_write_goes_to_every_mirror_and_each_outcome_is_named() -> Result<()> {
    let (one, other) = (
        EchoDaemon::on("127.0.0.1", Manners::default())?,
        EchoDaemon::on("127.0.0.1", Manners::default())?,
    );
    let dead = format!("127.0.0.1:{}", free_port()?);
    let agent = format!("agent = {}|{dead}|{}:i", one.name, other.name);
    let client = client(&agent, "", ClientOptions::default())?;
    let mut batch = client.batch()?;
    let calls = batch.add_index("d", &request(Access::Write, b"w"))?;
    ensure!(batch.wait_all(None)?);
    let mut outcomes = Vec::new();
    for call in calls {
        let host = batch.asked(call).expect("it was added").host;
        let answered = batch.reply(call).expect("it has ended").is_ok();
        outcomes.push((host.expect("a write is bound to its mirror").to_owned(), answered));
    }
    let expected = [(one.name.clone(), true), (dead, false), (other.name.clone(), true)].to_vec();
    ensure!(outcomes == expected, "{outcomes:?}");
    ensure!(one.requests() == 1 && other.requests() == 1);
    Ok(())
}

#[test]
fn blackholes_are_sent_to_and_never_waited_for() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let hole = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let dead = format!("127.0.0.1:{}", free_port()?);
    let agents = format!(
        "agent = {}:i\nagent_blackhole = {}:i\nagent_blackhole = {dead}:i",
        echo.name, hole.name
    );
    let client = client(&agents, "", ClientOptions::default())?;
    let mut batch = client.batch()?;
    let calls = batch.add_index("d", &request(Access::Read, b"x"))?;
    ensure!(calls.len() == 1, "a blackhole is waited for");
    ensure!(batch.wait_all(None)?);
    let reached = (0..500).any(|_| {
        thread::sleep(Duration::from_millis(10));
        hole.requests() == 1
    });
    ensure!(reached, "the blackhole got nothing");
    Ok(())
}

#[test]
fn a_batch_runs_in_the_hosts_own_loop() -> Result<()> {
    let echoes: Vec<EchoDaemon> =
        (0..3).map(|_| EchoDaemon::on("127.0.0.1", Manners::default())).collect::<Result<_>>()?;
    let lines: Vec<String> =
        echoes.iter().map(|echo| format!("agent_persistent = {}:i", echo.name)).collect();
    let client = client(&lines.join("\n"), "", ClientOptions::default())?;
    for round in 0..20_u8 {
        let mut batch = client.batch()?;
        let request = request(Access::Read, &[round]);
        let calls = batch.add_index("d", &request)?;
        let mut ended = Vec::new();
        while batch.pending() > 0 {
            poll(&batch);
            batch.drive()?;
            ended.extend(std::iter::from_fn(|| batch.next_completion()));
        }
        ended.sort();
        ensure!(ended == calls.clone().map(Completed::Call).collect::<Vec<_>>());
        ensure!(batch.timeout().is_none(), "nothing runs");
        for call in calls {
            let reply = batch.take_reply(call)?;
            ensure!(reply.body == [round]);
            ensure!(matches!(batch.take_reply(call), Err(Error::Misuse(_))));
        }
    }
    Ok(())
}

#[test]
fn a_thousand_agents_in_one_batch() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let lines = format!("agent = {}:i\n", echo.name).repeat(1_000);
    let client = client(
        &lines,
        "agent_connect_timeout = 30000\nagent_query_timeout = 30000",
        ClientOptions::default(),
    )?;
    let mut batch = client.batch()?;
    let calls = batch.add_index("d", &request(Access::Read, b"x"))?;
    ensure!(batch.wait_all(None)?);
    for call in calls {
        let reply = batch.take_reply(call)?;
        ensure!(reply.body == b"x");
    }
    Ok(())
}

#[test]
fn a_wait_is_ended_from_another_thread_and_a_call_cancelled() -> Result<()> {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let client =
        client(&format!("agent = {}:i", silent.local_addr()?), "", ClientOptions::default())?;
    let mut batch = client.batch()?;
    let call = batch.add_agent("d", 0, &request(Access::Read, b"x"))?;
    let waker = batch.waker();
    let ended = thread::scope(|scope| {
        scope.spawn(move || waker.wake());
        batch.wait_any(None)
    })?;
    ensure!(ended.is_none());
    batch.cancel(call)?;
    ensure!(batch.next_completion() == Some(Completed::Call(call)));
    let error = batch.take_reply(call).expect_err("it was cancelled");
    ensure!(error.failures()[0].cancelled && client.status().hosts[0].errors_in_row == 0);
    Ok(())
}

#[test]
fn a_reload_takes_over_without_stopping_what_is_under_way() -> Result<()> {
    let slow = std::net::TcpListener::bind("127.0.0.1:0")?;
    let [stays, goes, comes] = [0, 1, 2].map(|_| EchoDaemon::on("127.0.0.1", Manners::default()));
    let (stays, goes, comes) = (stays?, goes?, comes?);
    let config = |lines: &[String]| {
        let text = format!("index d\n{{\n type = distributed\n{}\n}}\n", lines.join("\n"));
        Config::parse(&text, "test.conf")
    };
    let line = |name: &str| format!("agent_persistent = {name}:i");
    let silent = slow.local_addr()?.to_string();
    let client = Client::new(&config(&[line(&stays.name), line(&goes.name), line(&silent)])?)?;
    let ask = |agent: usize| {
        let request = request(Access::Read, b"x");
        client.call("d", agent, &request)
    };
    ensure!(ask(0).is_ok() && ask(1).is_ok());
    let mut batch = client.batch()?;
    let call = batch.add_agent("d", 2, &request(Access::Read, b"x"))?;
    client.reload(&config(&[line(&comes.name), line(&stays.name)])?);
    ensure!(batch.pending() == 1, "the reload ended a call");
    ensure!(ask(0).is_ok() && ask(1).is_ok() && comes.requests() == 1);
    batch.cancel(call)?;
    drop(batch);
    ensure!(ask(1).is_ok() && stays.requests() == 3);
    let status = client.status();
    let hosts: Vec<&str> = status.hosts.iter().map(|host| host.name.as_str()).collect();
    ensure!(hosts == [comes.name.as_str(), stays.name.as_str()], "{hosts:?}");
    let record = &status.hosts[1].since_start;
    ensure!(record.get(Counter::SucceededQueries) == 3, "the record of a host was lost");
    ensure!(record.connect_count() <= 2, "its connections were lost: {record:?}");
    Ok(())
}

#[test]
fn a_reload_with_other_periods_keeps_connections_addresses_and_counts() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let config = |period: u32| {
        let text = format!(
            "searchd {{\n ha_period_karma = {period}\n}}\n\
             index d {{\n type = distributed\n agent_persistent = box.invalid:1:i\n}}\n"
        );
        Config::parse(&text, "test.conf")
    };
    let client = Client::new(&config(60)?)?;
    client.set_addresses("box.invalid:1", &[echo.name.parse()?])?;
    for round in 1..=3_u32 {
        ensure!(ask(&client, b"x")? == b"x");
        let host = &client.status().hosts[0];
        let count = host.since_start.get(Counter::SucceededQueries);
        ensure!((count, echo.connections()) == (round.into(), 1), "{host:?}");
        client.reload(&config(60 + round)?);
    }
    let windows = &client.status().hosts[0].windows;
    let queries = windows.iter().map(|window| window.get(Counter::SucceededQueries));
    ensure!(queries.sum::<u64>() == 0, "blocks of other periods are counted: {windows:?}");
    Ok(())
}

#[test]
fn a_forked_child_works_and_leaves_the_parents_sockets_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let echoes = [0, 1].map(|_| EchoDaemon::on("127.0.0.1", Manners::default()));
    let [one, other] = echoes;
    let (one, other) = (one?, other?);
    let path = folder.path().join("fork.conf");
    let line = format!("agent_persistent = {}|{}:i", one.name, other.name);
    std::fs::write(&path, format!("index d\n{{\n type = distributed\n {line}\n}}\n"))?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_fork_client"));
    process::run(program.arg(&path))?;
    let connections = one.connections() + other.connections();
    ensure!(connections >= 4, "{connections} connections for two mirrors and two processes");
    Ok(())
}

#[test]
fn a_process_without_descriptors_blames_no_mirror() -> Result<()> {
    let echoes = [0, 1].map(|_| EchoDaemon::on("127.0.0.1", Manners::default()));
    let [one, other] = echoes;
    let (one, other) = (one?, other?);
    let agents = format!("{}|{}", one.name, other.name);
    process::run(Command::new(env!("CARGO_BIN_EXE_starved_client")).arg(agents)).map(drop)
}

/// Waits as a host does: for the fd, or until the timeout.
fn poll(batch: &Batch) {
    let timeout = batch.timeout().map_or(-1, |timeout| timeout.as_millis() as i32 + 1);
    let mut fd = libc::pollfd { fd: batch.fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, which lives through the call.
    unsafe { libc::poll(&mut fd, 1, timeout) };
}
