//! Excerpts go on to the next agent after a failure, unless the options say no to failover.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hamirror::command::ExcerptOptions;
use hamirror::sphinxql::Parameters;
use hamirror::{CallOptions, Client, ClientOptions, Config, Error};
use hamirror_tests::fake::{FakeDaemon, Fault};

/// An agent that breaks every connection, and one that cuts an excerpt; the first is asked first.
struct Cluster {
    config: Config,
    breaking: FakeDaemon,
    cutting: FakeDaemon,
}

impl Cluster {
    fn start() -> Result<Cluster> {
        let breaking = FakeDaemon::start(Fault::Greet { version: 1, reply: Some(Vec::new()) })?;
        let reply = [&[0, 0, 1, 4, 0, 0, 0, 7, 0, 0, 0, 3][..], b"cut"].concat();
        let cutting = FakeDaemon::start(Fault::Greet { version: 1, reply: Some(reply) })?;
        let (one, other) = (breaking.address(), cutting.address());
        let text =
            format!("index d\n{{\ntype = distributed\nagent = {one}:i\nagent = {other}:i\n}}");
        let config = Config::parse(&text, "test.conf")?;
        Ok(Cluster { config, breaking, cutting })
    }

    fn cut(&self, client: ClientOptions, call: &CallOptions) -> Result<Vec<Vec<u8>>, Error> {
        let client = Client::with_options(&self.config, client.background(false))?;
        client.excerpts("d", &["a text"], "text", &ExcerptOptions::new(), call)
    }
}

#[test]
fn excerpts_stay_with_an_agent_without_failover() -> Result<()> {
    let cluster = Cluster::start()?;
    let (client, call) = (ClientOptions::default(), CallOptions::default());
    for (client, call) in [(client, call.failover(false)), (client.failover(false), call)] {
        let error = cluster.cut(client, &call).err().context("the agent breaks connections")?;
        ensure!(matches!(error, Error::Unanswered { agents: 1, .. }), "{error}");
        ensure!(error.failures()[0].agent == 0, "{error}");
    }
    ensure!(cluster.breaking.connections() == 2 && cluster.cutting.connections() == 0);
    let excerpts = cluster.cut(client, &call)?;
    ensure!(excerpts == [b"cut"], "{excerpts:?}");
    Ok(())
}

#[test]
fn excerpts_with_wrong_options_are_refused_before_anything_is_sent() -> Result<()> {
    let cluster = Cluster::start()?;
    let refused =
        cluster.cut(ClientOptions::default(), &CallOptions::default().soft_timeout(0, 1));
    ensure!(matches!(&refused, Err(Error::Request(text)) if text.contains("soft time-out")));
    ensure!(cluster.breaking.connections() == 0 && cluster.cutting.connections() == 0);
    Ok(())
}

#[test]
fn a_command_without_calls_is_due_at_once_and_ends() -> Result<()> {
    let cluster = Cluster::start()?;
    let client = Client::new(&cluster.config)?;
    let (excerpt, call) = (ExcerptOptions::new(), CallOptions::default());
    let mut pending = client.start_excerpts("d", &[""], "text", &excerpt, &call)?;
    ensure!(pending.timeout() == Some(Duration::ZERO) && pending.fd().is_some());
    ensure!(pending.wait(Some(Duration::ZERO))? == Some(vec![Vec::new()]));
    ensure!(pending.timeout().is_none() && pending.fd().is_none());
    ensure!(matches!(pending.wait(None), Err(Error::Misuse(_))));

    let mut session = client.session();
    session.start("CALL SNIPPETS('', 'd', 'text')", &Parameters::none(), &call)?;
    let mut turns = 0;
    while session.wait(Some(Duration::ZERO))?.is_none() {
        ensure!(session.timeout() == Some(Duration::ZERO), "turn {turns} never ends");
        turns += 1;
    }
    ensure!(session.timeout().is_none() && session.fd().is_none());
    Ok(())
}
