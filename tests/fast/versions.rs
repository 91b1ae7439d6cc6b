//! Agents of older and newer daemons, whose version is learned from what they say.

use anyhow::{Context, Result, ensure};
use hamirror::command::{ExcerptOptions, NewValue, Update};
use hamirror::search::{Condition, Search};
use hamirror::{CallOptions, Client, ClientOptions, Completeness, KeepConnections};
use hamirror_tests::echo::client;
use hamirror_tests::fake::{FakeDaemon, Fault};
use hamirror_tests::older::{Knows, ROW, Seen, VersionedDaemon};

/// What daemons are asked once they are known: the version, the master, and what they know.
const DAEMONS: [(Knows, (u16, u32)); 7] = [
    (sphinx(0x119, 1), (0x119, 1)),
    (sphinx(0x11a, 6), (0x11a, 6)),
    (sphinx(0x11d, 9), (0x11d, 6)),
    (sphinx(0x11e, 14), (0x11e, 14)),
    (sphinx(0x11e, 13), (0x11e, 6)),
    (sphinx(0x11f, 14), (0x11f, 14)),
    (sphinx(0x120, 14), (0x120, 14)),
];

#[test]
fn each_version_is_learned_and_the_first_search_is_answered() -> Result<()> {
    for (knows, asked) in DAEMONS {
        for keeps in [KeepConnections::Never, KeepConnections::Always] {
            let daemon = VersionedDaemon::start(knows)?;
            let client = once(&format!("agent = {}:i", daemon.name()), keeps)?;
            ids(&client, &Search::new("x")).with_context(|| format!("{knows:?} {keeps:?}"))?;
            let first = daemon.take_seen();
            ensure!(first.len() <= 3, "{} requests at first", first.len());
            // From now on it is known.
            ids(&client, &Search::new("x"))?;
            let seen = daemon.take_seen();
            let shown: Vec<_> = seen.iter().map(|seen| (seen.version, seen.master())).collect();
            ensure!(shown == [asked], "{knows:?} is asked {shown:x?}");
            is_blameless(&client)?;
        }
    }
    Ok(())
}

#[test]
fn one_cluster_mixes_them() -> Result<()> {
    let daemons: Vec<VersionedDaemon> = DAEMONS
        .into_iter()
        .map(|(knows, _)| VersionedDaemon::start(knows))
        .collect::<Result<_>>()?;
    let manticore = VersionedDaemon::start(manticore())?;
    let names = daemons.iter().chain([&manticore]).map(VersionedDaemon::name);
    let lines: Vec<String> = names.map(|name| format!("agent = {name}:i")).collect();
    let client = once(&lines.join("\n"), KeepConnections::Never)?;
    for _ in 0..2 {
        ids(&client, &Search::new("x").filter_values("tags", [1, 2]))?;
    }
    is_blameless(&client)
}

#[test]
fn one_that_refuses_its_own_version_is_not_asked_for_ever() -> Result<()> {
    let text = "client version is higher than daemon version (client is v.1.31, daemon is v.1.31)";
    // Nothing is learned from one that refuses its own version.
    let body = [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    let reply = [&[0, 1, 0, 0, 0, 0, 0, body.len() as u8][..], &body].concat();
    let fault = Fault::Greet { version: 1, reply: Some(reply) };
    let fake = FakeDaemon::start(fault)?;
    let client = once(&format!("agent = {}:i", fake.address()), KeepConnections::Never)?;
    let error = ids(&client, &Search::new("x")).err().context("it is refused")?;
    ensure!(error.to_string().contains(text), "{error}");
    ensure!(fake.connections() == 1, "{} connections", fake.connections());
    Ok(())
}

#[test]
fn what_an_older_daemon_would_pass_over_is_refused_by_name() -> Result<()> {
    let daemon = VersionedDaemon::start(sphinx(0x11a, 6))?;
    let client = once(&format!("agent = {}:i", daemon.name()), KeepConnections::Never)?;
    let cases = [
        (Search::new("x").boolean_simplify(true), "flags of the query"),
        (Search::new("x").token_filter("a.so", "b", ""), "plugins"),
        (
            Search::new("x").filter("m", Condition::any_of([1]).of_all_values()),
            "ALL() in a filter",
        ),
    ];
    for (search, what) in cases {
        let error = ids(&client, &search).err().context("it is refused")?.to_string();
        ensure!(error.contains(what) && error.contains("0x11a"), "{error}");
    }
    ensure!(ids(&client, &Search::new("x")).is_ok());
    Ok(())
}

#[test]
fn the_first_list_of_texts_finds_its_rows_on_manticore() -> Result<()> {
    for (keeps, connections) in [(KeepConnections::Never, 3), (KeepConnections::Always, 1)] {
        let daemon = VersionedDaemon::start(manticore())?;
        let client = once(&format!("agent = {}:i", daemon.name()), keeps)?;
        let search = Search::new("x").filter("s", Condition::any_text(["one"]));
        for _ in 0..2 {
            ids(&client, &search)?;
        }
        let is_quoted = |seen: &Seen| seen.body.windows(5).any(|bytes| bytes == b"'one'");
        let quoted: Vec<bool> = daemon.take_seen().iter().map(is_quoted).collect();
        ensure!(quoted == [true, false, false], "{quoted:?}");
        is_blameless(&client)?;
        ensure!(daemon.connections() == connections, "{} connections", daemon.connections());
    }
    Ok(())
}

#[test]
fn the_first_list_of_texts_finds_its_rows_in_a_local_index_that_reads_as_manticore() -> Result<()>
{
    let daemon = VersionedDaemon::start(manticore())?;
    let client =
        once(&format!("agent = {}:i\nlocal = here", daemon.name()), KeepConnections::Never)?;
    let search = Search::new("x").filter("s", Condition::any_text(["one"]));
    let options = CallOptions::default().completeness(Completeness::All);
    let mut asked = Vec::new();
    for _ in 0..2 {
        let result = client.search_locals_with("d", &search, &options, |_, body| {
            asked.push(body.windows(5).any(|bytes| bytes == b"'one'"));
            Ok(hamirror::Reply::new(0x128, ROW.to_vec()))
        })?;
        ensure!(result.agents_answered == 2 && result.warning.is_none(), "{:?}", result.warning);
    }
    ensure!(asked == [true, false, false], "{asked:?}");
    Ok(())
}

#[test]
fn an_answer_to_a_request_that_was_misread_is_not_taken_at_the_second_try() -> Result<()> {
    let client = once("agent = 127.0.0.1:1:i\nlocal = here", KeepConnections::Never)?;
    let search = Search::new("x").filter("s", Condition::any_text(["one"]));
    let mut batch = client.batch()?;
    let id = batch.add_search("d", &search)?;
    let answer = || Ok(hamirror::Reply::new(0x128, ROW.to_vec()));
    let misread = batch.local_request(id, "here")?;
    for _ in 0..2 {
        let error = batch.add_local(id, "here", answer()).expect_err("it was misread");
        ensure!(error.to_string().contains("take its request anew"), "{error}");
    }
    ensure!(batch.local_request(id, "here")? != misread);
    Ok(batch.add_local(id, "here", answer())?)
}

fn once(agents: &str, keeps: KeepConnections) -> Result<Client> {
    let options = ClientOptions::default().background(false).keep_connections(keeps);
    client(agents, "agent_retry_count = 0", options)
}

/// Searches once; every agent has to answer.
fn ids(client: &Client, search: &Search) -> Result<()> {
    let options = CallOptions::default().completeness(Completeness::All);
    let result = client.search_with("d", search, &options)?;
    let ids: Vec<u64> = result.rows().map(|row| row.id()).collect();
    ensure!(ids == [7], "{ids:?}");
    Ok(())
}

/// No attempt is booked as failed.
fn is_blameless(client: &Client) -> Result<()> {
    for host in &client.status().hosts {
        ensure!(host.last_failure.is_none(), "{}: {:?}", host.name, host.last_failure);
    }
    Ok(())
}

const fn sphinx(version: u16, master: u32) -> Knows {
    Knows { version, master, is_manticore: false }
}

const fn manticore() -> Knows {
    Knows { version: 0x128, master: 35, is_manticore: true }
}

#[test]
fn other_commands_are_asked_in_versions_that_older_daemons_take() -> Result<()> {
    for (knows, _) in DAEMONS {
        let daemon = VersionedDaemon::start(knows)?;
        let client = once(&format!("agent = {}:i", daemon.name()), KeepConnections::Never)?;
        let asked = CallOptions::default();
        let excerpts = client.excerpts("d", &["a"], "a", &ExcerptOptions::new(), &asked)?;
        ensure!(excerpts == [b"cut"], "{knows:?}");
        let update = Update::new(["gid"]).document(1, [NewValue::Uint(2)]);
        ensure!(client.update("d", &update, &asked)?.documents() == 1, "{knows:?}");
        ensure!(client.daemon_status("d", &asked)?.is_complete(), "{knows:?}");
        // Flags are what older ones do not have: they say so, and change nothing.
        let ignoring = client.update("d", &update.ignore_missing(true), &asked);
        ensure!(ignoring.is_err() == (knows.version < 0x11b), "{knows:?}: {ignoring:?}");
        if let Err(error) = ignoring {
            ensure!(error.to_string().contains("client version is higher"), "{error}");
            ensure!(!error.failures()[0].may_be_applied(), "{error}");
        }
    }
    Ok(())
}
