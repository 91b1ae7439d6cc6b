//! hamirror over real daemons that die, hang and return.

use anyhow::{Result, ensure};
use hamirror::search::{Ranker, Sort};
use hamirror::{CallOptions, Client, Completeness, Config, Error, Search};
use hamirror_tests::alone;
use hamirror_tests::cluster::{Agents, Cluster, INDEX, MIRRORS};
use hamirror_tests::corpus::{self, WORDS};
use hamirror_tests::daemon::Daemon;
use hamirror_tests::fake::{FakeDaemon, Fault};
use hamirror_tests::load::Load;
use hamirror_tests::packages::{self, Tool};

#[test]
fn no_search_fails_while_mirrors_die_hang_and_return() -> Result<()> {
    let _machine = alone::on_the_machine();
    let mut cluster = Cluster::start(corpus::synthetic(2_000, 3), |_| {})?;
    // A search on a hung mirror waits this long for it before it asks the other one.
    let settings = "    agent_query_timeout = 500\n    ha_strategy = nodeads\n";
    for agents in [Agents::Persistent, Agents::Plain] {
        let text = cluster.config_text(agents, settings);
        let client = Client::new(&Config::parse(&text, "faults.conf")?)?;
        let searches = WORDS.iter().map(|word| Search::new(*word)).collect();
        let mut load = Load::start(&client, INDEX, searches, 4, "calm")?;
        load.run_searches(100)?;
        load.phase("0/0 killed");
        cluster.daemon(0, 0).kill()?;
        load.run_searches(300)?;
        load.phase("0/0 back");
        cluster.daemon(0, 0).restart()?;
        load.run_searches(300)?;
        load.phase("1/1 stopped");
        cluster.daemon(1, 1).pause()?;
        load.run_searches(100)?;
        load.phase("1/1 goes on");
        cluster.daemon(1, 1).resume()?;
        load.run_until_all_live()?;
        load.phase("all back");
        load.run_searches(300)?;
        let report = load.finish()?;
        ensure!(report.failed() == 0, "{agents:?}: {:?}\n{}", report.failures(), report.table());
        let last = &report.phases[report.phases.len() - 1].answers;
        let has_work = last.iter().all(|(_, answers)| *answers > 0);
        ensure!(has_work, "{agents:?}: a mirror stays left out\n{}", report.table());
    }
    Ok(())
}

#[test]
fn filters_hold_as_many_values_as_the_configuration_says() -> Result<()> {
    let _machine = alone::on_the_machine();
    packages::ensure(&[Tool::Searchd])?;
    let folder = tempfile::tempdir()?;
    let settings = "max_filter_values = 200000\n";
    let path = folder.path().display();
    let sections =
        format!("index p\n{{\ntype = rt\nrt_field = f\nrt_attr_uint = gid\npath = {path}/p\n}}\n");
    let daemon = Daemon::start(folder.path(), &sections, settings)?;
    let agent = format!("index d\n{{\ntype = distributed\nagent = {}:p\n}}\n", daemon.address());
    let client = |searchd: &str| {
        Client::new(&Config::parse(&format!("{agent}searchd\n{{\n{searchd}}}\n"), "c.conf")?)
    };
    let search = Search::new("").filter_values("gid", 0..200_000);
    let result = client(settings)?.search("d", &search)?;
    assert_eq!((result.total_found, result.agents_answered), (0, 1));
    let error = client("")?.search("d", &search).unwrap_err();
    ensure!(matches!(error, Error::Request(_)), "{error}");
    Ok(())
}

#[test]
fn a_dead_agent_is_a_warning_or_an_error_as_the_caller_likes() -> Result<()> {
    let _machine = alone::on_the_machine();
    let mut cluster = Cluster::start(corpus::synthetic(400, 4), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let everything = Search::new("");
    let whole = client.search(INDEX, &everything)?;
    assert_eq!((whole.total_found, whole.agents_answered, whole.agents), (400, 2, 2));
    assert_eq!(whole.warning, None);

    let dead = kill_agent(&mut cluster, 1)?;
    let rest = client.search(INDEX, &everything)?;
    assert_eq!((rest.total_found, rest.agents_answered, rest.agents), (200, 1, 2));
    let warning = rest.warning.unwrap_or_default();
    let is_named = |host: &String| warning.contains(host.as_str());
    assert!(dead.iter().any(is_named), "none of {dead:?} in '{warning}'");
    let attempts = rest.failures.iter().flat_map(|failure| &failure.attempts);
    let mut asked: Vec<String> = attempts.map(|attempt| attempt.host.clone()).collect();
    asked.sort();
    assert_eq!(asked, dead);
    for (completeness, suffices) in [
        (Completeness::All, false),
        (Completeness::AtLeast { percent: 51 }, false),
        (Completeness::AtLeast { percent: 50 }, true),
    ] {
        let options = CallOptions::default().completeness(completeness);
        let outcome = client.search_with(INDEX, &everything, &options);
        assert_eq!(outcome.is_ok(), suffices, "{completeness:?}: {outcome:?}");
    }

    let dead = [dead, kill_agent(&mut cluster, 0)?].concat();
    let outcome = client.search(INDEX, &everything);
    let Err(error @ Error::Unanswered { answered: 0, agents: 2, .. }) = outcome else {
        panic!("all agents are dead, but: {outcome:?}");
    };
    let text = error.to_string();
    for part in dead.iter().map(String::as_str).chain(["agent 0", "agent 1", "refused"]) {
        assert!(text.contains(part), "no '{part}' in '{text}'");
    }

    for mirror in 0..MIRRORS {
        cluster.daemon(0, mirror).restart()?;
        cluster.daemon(1, mirror).restart()?;
    }
    let whole = client.search(INDEX, &everything)?;
    assert_eq!((whole.total_found, whole.agents_answered), (400, 2));
    Ok(())
}

/// Kills every mirror of an agent and gives their addresses, sorted.
fn kill_agent(cluster: &mut Cluster, shard: usize) -> Result<Vec<String>> {
    let mut addresses = Vec::new();
    for mirror in 0..MIRRORS {
        let daemon = cluster.daemon(shard, mirror);
        addresses.push(daemon.address().to_string());
        daemon.kill()?;
    }
    addresses.sort();
    Ok(addresses)
}

/// Whoever listens as an agent gets no request from them.
#[test]
fn incomplete_searches_are_not_sent() -> Result<()> {
    let _machine = alone::on_the_machine();
    let listener = FakeDaemon::start(Fault::Greet { version: 1, reply: None })?;
    let sections = format!("index d {{\ntype = distributed\nagent = {}:i\n}}", listener.address());
    let client = Client::new(&Config::parse(&sections, "incomplete.conf")?)?;
    let incomplete = [
        (Search::new("x").sort(Sort::Extended(String::new())), "needs a clause"),
        (Search::new("x").sort(Sort::Expression(String::new())), "needs a clause"),
        (Search::new("x").ranker(Ranker::Expression(String::new())), "no expression"),
        (Search::new("x").ranker(Ranker::Export(String::new())), "no expression"),
        (Search::new("x").filter_values("gid", []), "no values"),
    ];
    for (search, expected) in incomplete {
        let outcome = client.search("d", &search);
        let Err(Error::Request(text)) = outcome else { panic!("{search:?}: {outcome:?}") };
        assert!(text.contains(expected), "{text}");
    }
    for percent in [0, 101, 255] {
        let completeness = Completeness::AtLeast { percent };
        let options = CallOptions::default().completeness(completeness);
        let outcome = client.search_with("d", &Search::new("x"), &options);
        let Err(Error::Request(text)) = outcome else { panic!("{percent}: {outcome:?}") };
        assert!(text.contains("is not 1 to 100 percent"), "{text}");
    }
    assert_eq!(listener.connections(), 0);
    Ok(())
}

/// A query error is the query's fault: it is told as it is, and no mirror is blamed.
#[test]
fn a_wrong_query_is_blamed_on_itself() -> Result<()> {
    let _machine = alone::on_the_machine();
    let cluster = Cluster::start(corpus::synthetic(100, 6), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let search = Search::new("@nosuchfield x");
    let outcome = client.search(INDEX, &search);
    let Err(error) = outcome else { panic!("a field that is not there: {outcome:?}") };
    assert!(error.is_query_error(), "{error}");
    assert!(error.to_string().contains("nosuchfield"), "{error}");
    let alive = client.search(INDEX, &Search::new(""))?;
    assert_eq!((alive.total_found, alive.agents_answered), (100, 2));
    Ok(())
}
