//! Searches that end before their deadline, because enough agents have answered. No clock decides:
//! the deadline is an hour away where one is to end early, and flags say what ended it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hamirror::search::{Search, SearchResult};
use hamirror::sphinxql::Parameters;
use hamirror::{CallOptions, Client, ClientOptions, Completeness, Config, Error};
use hamirror_tests::fake::{FakeDaemon, Fault};
use hamirror_tests::older::{Knows, VersionedDaemon};

const SPHINX: Knows = Knows { version: 0x11f, master: 14, is_manticore: false };
const HOUR: Duration = Duration::from_secs(3_600);

/// Two agents that answer, and one that is silent.
struct Cluster {
    client: Client,
    daemons: [VersionedDaemon; 2],
    silent: FakeDaemon,
}

impl Cluster {
    fn start() -> Result<Cluster> {
        let daemons = [VersionedDaemon::start(SPHINX)?, VersionedDaemon::start(SPHINX)?];
        let silent = FakeDaemon::start(Fault::Silence)?;
        let lines = format!(
            "agent = {}:i\nagent = {}:i\nagent = {}:i\n",
            daemons[0].name(),
            silent.address(),
            daemons[1].name()
        );
        let text = format!("index d\n{{\n type = distributed\n{lines}}}\n");
        let options = ClientOptions::default().background(false);
        let client = Client::with_options(&Config::parse(&text, "test.conf")?, options)?;
        Ok(Cluster { client, daemons, silent })
    }

    /// Says who answered and who is missing, and why.
    fn check(&self, result: &SearchResult) -> Result<()> {
        let told: Vec<_> = result
            .outcomes
            .iter()
            .map(|outcome| (outcome.index.as_str(), outcome.agent, outcome.host.as_deref()))
            .collect();
        let (first, last) = (self.daemons[0].name(), self.daemons[1].name());
        let expected = [("d", 0, Some(first.as_str())), ("d", 1, None), ("d", 2, Some(&last))];
        ensure!(told == expected, "{told:?}");
        let failure = result.failure_of(&result.outcomes[1]).context("a failure")?;
        ensure!(failure.soft_timeout_passed && !failure.deadline_passed, "{failure}");
        ensure!(failure.is_timeout() && failure.agent == 1, "{failure}");
        let host = self.silent.address().to_string();
        ensure!(failure.attempts.last().is_some_and(|last| last.host == host), "{failure}");
        ensure!(result.outcomes.iter().all(|outcome| outcome.attempts >= 1));
        let attempts = result.attempts().map(|attempt| {
            let is_within = attempt.began + attempt.elapsed <= attempt.outcome.elapsed;
            (attempt.outcome.agent, attempt.host.to_owned(), attempt.failure.is_none(), is_within)
        });
        let (answered, failed): (Vec<_>, Vec<_>) = attempts.partition(|attempt| attempt.2);
        ensure!(answered == [(0, first, true, true), (2, last, true, true)], "{answered:?}");
        ensure!(
            !failed.is_empty() && failed.iter().all(|attempt| attempt.1 == host),
            "{failed:?}"
        );
        let coverage = result.coverage();
        ensure!((coverage.complete, coverage.agents) == (2, 3), "{coverage:?}");
        ensure!(coverage.documents.is_none(), "{coverage:?}");
        let warning = result.warning.as_deref().context("a warning")?;
        ensure!(warning.contains(&host), "{warning}");
        Ok(())
    }
}

fn options() -> CallOptions {
    CallOptions::default().deadline(HOUR).query_timeout(HOUR).connect_timeout(HOUR)
}

#[test]
fn searches_of_all_kinds_end_once_enough_agents_have_answered() -> Result<()> {
    let cluster = Cluster::start()?;
    let Cluster { client, .. } = &cluster;
    let (search, soft) = (Search::new("x"), options().soft_timeout(60, 0));
    cluster.check(&client.search_with("d", &search, &soft)?)?;
    for result in client.search_all_with("d", &[search.clone(), Search::new("y")], &soft)? {
        cluster.check(&result?)?;
    }
    let mut batch = client.batch()?;
    let id = batch.add_search_with("d", &search, &soft)?;
    ensure!(batch.wait_all(None)?, "it is done");
    cluster.check(&batch.take_search(id)?)?;
    let answers = client.execute_with("SELECT * FROM d", &Parameters::default(), &soft)?;
    cluster.check(answers[0].result().context("a search")?)
}

#[test]
fn a_search_never_ends_early_without_enough_answers() -> Result<()> {
    let cluster = Cluster::start()?;
    let search = Search::new("x");
    let short = options().deadline(Duration::from_millis(300));
    // More than have answered, and fewer, where completeness demands more.
    let most = Completeness::AtLeast { percent: 67 };
    for options in [
        short.soft_timeout(67, 0),
        short.soft_timeout(100, 0),
        short.soft_timeout(1, 0).completeness(Completeness::All),
        short.soft_timeout(1, 0).completeness(most),
    ] {
        let failures = match cluster.client.search_with("d", &search, &options) {
            Ok(result) => result.failures,
            Err(error @ Error::Unanswered { .. }) => error.failures().to_vec(),
            Err(error) => return Err(error.into()),
        };
        ensure!(failures.len() == 1, "{failures:?}");
        ensure!(failures[0].deadline_passed && !failures[0].soft_timeout_passed, "{failures:?}");
    }
    Ok(())
}

#[test]
fn percentages_out_of_range_are_refused_before_anything_is_sent() -> Result<()> {
    let cluster = Cluster::start()?;
    for (percent, share) in [(0, 10), (101, 10), (50, 101)] {
        let options = options().soft_timeout(percent, share);
        let refused = cluster.client.search_with("d", &Search::new("x"), &options);
        let error = refused.err().context("it is refused")?;
        ensure!(
            matches!(&error, Error::Request(text) if text.contains("soft time-out")),
            "{error}"
        );
    }
    ensure!(cluster.silent.connections() == 0);
    Ok(())
}
