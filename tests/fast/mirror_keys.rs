//! Calls with a key stay with one mirror of each agent. Where a silent mirror may be left for
//! another, the clock would decide: such calls are made without failover.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use hamirror::search::{AgentOutcome, Search};
use hamirror::sphinxql::Parameters;
use hamirror::{CallOptions, Client, ClientOptions, Config};
use hamirror_tests::older::{Knows, VersionedDaemon};

const SPHINX: Knows = Knows { version: 0x11f, master: 14, is_manticore: false };

fn daemons<const N: usize>() -> Result<[VersionedDaemon; N]> {
    let daemons: Vec<_> = (0..N).map(|_| VersionedDaemon::start(SPHINX)).collect::<Result<_>>()?;
    daemons.try_into().ok().context("as many as were started")
}

fn client(mirrors: &[String], seed: u64) -> Result<Client> {
    let line = mirrors.join("|");
    let text = format!("index d\n{{\n type = distributed\nagent = {line}:i\n}}\n");
    let options = ClientOptions::default().background(false).seed(seed);
    Ok(Client::with_options(&Config::parse(&text, "test.conf")?, options)?)
}

fn ask(client: &Client, options: &CallOptions) -> Result<AgentOutcome> {
    let mut result = client.search_with("d", &Search::new("x"), options)?;
    result.outcomes.pop().context("an outcome")
}

#[test]
fn a_key_has_the_same_mirror_in_every_process_and_in_any_order() -> Result<()> {
    let daemons: [_; 3] = daemons()?;
    let mut names: Vec<String> = daemons.iter().map(VersionedDaemon::name).collect();
    let one = client(&names, 1)?;
    names.reverse();
    let other = client(&names, 2)?;
    let mut hosts = BTreeSet::new();
    for user in 0..24 {
        let options = CallOptions::default().failover(false).mirror_key(format!("user {user}"));
        let first = ask(&one, &options)?;
        ensure!(first.kept_mirror == Some(true) && first.is_complete(), "{first:?}");
        for client in [&one, &other, &one, &other] {
            let outcome = ask(client, &options)?;
            ensure!((&outcome.host, outcome.kept_mirror) == (&first.host, Some(true)), "{user}");
        }
        let answers = other.execute_with("SELECT * FROM d", &Parameters::default(), &options)?;
        let outcomes = &answers[0].result().context("a search")?.outcomes;
        ensure!(outcomes[0].host == first.host, "{user}");
        hosts.insert(first.host);
    }
    ensure!(hosts.len() == 3, "each mirror has keys: {hosts:?}");
    let without = ask(&one, &CallOptions::default())?;
    ensure!(without.kept_mirror.is_none(), "{without:?}");
    Ok(())
}

#[test]
fn a_result_says_when_a_key_was_not_kept_to() -> Result<()> {
    let daemons: [_; 2] = daemons()?;
    let names: Vec<String> = daemons.iter().map(VersionedDaemon::name).collect();
    let client = client(&names, 3)?;
    let options = CallOptions::default().mirror_key("session");
    let own = ask(&client, &options.failover(false))?.host.context("a host")?;
    let (gone, stays): (Vec<_>, Vec<_>) =
        daemons.into_iter().partition(|daemon| daemon.name() == own);
    drop(gone);
    // The listener goes with its thread, which nobody joins: until then it may take a connection.
    while std::net::TcpStream::connect(own.as_str()).is_ok() {}
    for _ in 0..8 {
        let outcome = ask(&client, &options)?;
        ensure!(outcome.kept_mirror == Some(false) && outcome.is_complete(), "{outcome:?}");
        ensure!(outcome.host == Some(stays[0].name()), "{outcome:?}");
        // Those that were tried before it are told, too.
        let tried = outcome.failed_attempts.iter().map(|failed| failed.host.as_str());
        ensure!(tried.clone().all(|host| host == own), "{outcome:?}");
        ensure!(tried.count() + 1 == outcome.attempts as usize, "{outcome:?}");
    }
    Ok(())
}
