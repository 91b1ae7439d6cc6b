//! Lists of indexes, which are searched as one: each keeps its name and its times.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hamirror::search::Search;
use hamirror::{CallOptions, Client, ClientOptions, Completeness, Config, Reply};
use hamirror_tests::older::{Knows, ROW, VersionedDaemon};

const SPHINX: Knows = Knows { version: 0x11f, master: 14, is_manticore: false };

#[test]
fn failures_name_the_index_of_their_agent() -> Result<()> {
    let daemon = VersionedDaemon::start(SPHINX)?;
    let agent = format!("agent = {}:i", daemon.name());
    let client = client(&[("a", &agent), ("b", "agent = 127.0.0.1:1:i")])?;
    // One of them can't be reached, and the other passes over a setting of the second search.
    let searches = [Search::new("x"), Search::new("x").low_priority(true)];
    let results = client.search_all("a, b", &searches)?;
    let result = results[0].as_ref().map_err(Clone::clone)?;
    let names: Vec<_> = result.failures.iter().map(|failure| failure.index.as_str()).collect();
    ensure!(names == ["b"], "{names:?}");
    let error = results[1].as_ref().err().context("one refuses, one is not there")?;
    let names: Vec<_> = error.failures().iter().map(|failure| failure.index.as_str()).collect();
    ensure!(names == ["a", "b"], "{names:?}");
    Ok(())
}

#[test]
fn each_index_has_its_own_times() -> Result<()> {
    // The system takes connections; nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let agent = format!("agent = {}:i", silent.local_addr()?);
    let long = format!("{agent}\nagent_query_timeout = 3600000\nagent_connect_timeout = 3600000");
    let short = format!("{agent}\nagent_query_timeout = 20\nagent_connect_timeout = 20");
    let client = client(&[("a", &long), ("b", &short)])?;
    let mut batch = client.batch()?;
    let id = batch.add_search("a, b", &Search::new("x"))?;
    let calls: Vec<_> = batch.search_calls(id).context("calls")?.collect();
    let begun_at = Instant::now();
    while batch.reply(calls[1]).is_none() {
        ensure!(begun_at.elapsed() < LIMIT, "the times of the first are those of the second");
        batch.wait_any(Some(Duration::from_millis(5)))?;
    }
    ensure!(batch.reply(calls[0]).is_none(), "the times of the second are those of the first");
    let failure = batch.reply(calls[1]).and_then(Result::err).context("a failure")?;
    ensure!(failure.is_timeout() && failure.index == "b", "{failure}");
    Ok(batch.cancel_search(id)?)
}

#[test]
fn one_with_local_indexes_only_is_searched_beside_others() -> Result<()> {
    let daemon = VersionedDaemon::start(SPHINX)?;
    let agent = format!("agent = {}:i", daemon.name());
    let client = client(&[("a", &agent), ("b", "local = here"), ("c", "local = there")])?;
    let (search, options) = (Search::new("x"), CallOptions::default());
    let options = options.completeness(Completeness::All);
    let mut searched = Vec::new();
    let result = client.search_locals_with("a, b", &search, &options, |local, _| {
        searched.push(local.to_owned());
        Ok(Reply::new(0x11f, ROW.to_vec()))
    })?;
    ensure!(searched == ["here"] && result.agents_answered == 2, "{searched:?}");
    let mut ids: Vec<u64> = result.rows().map(|row| row.id()).collect();
    ids.sort_unstable();
    ensure!(ids == [7, 8], "{ids:?}");
    // By a search of the agents alone it is named as missing.
    let result = client.search("a, b", &search)?;
    let warning = result.warning.context("a warning")?;
    ensure!(warning.contains("local index here not searched"), "{warning}");
    let error = client.search("b, c", &search).err().context("nobody can be asked")?;
    ensure!(error.to_string().contains("'b, c' have local indexes only"), "{error}");
    Ok(())
}

fn client(indexes: &[(&str, &str)]) -> Result<Client> {
    let section = |(name, lines): &(&str, &str)| {
        format!("index {name}\n{{\n type = distributed\n{lines}\n}}\n")
    };
    let text: String = indexes.iter().map(section).collect();
    let options = ClientOptions::default().background(false);
    Ok(Client::with_options(&Config::parse(&text, "test.conf")?, options)?)
}

const LIMIT: Duration = Duration::from_secs(60);
